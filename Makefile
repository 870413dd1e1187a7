# crust-run - one file, no recursion; everything made lands in $(B). `make help` lists the targets.

VERSION := 0.1.0
B       ?= build
CC      ?= cc
PREFIX  ?= /usr/local
DESTDIR ?=

PKGS := yaml-0.1 libpcre2-8 libcjson
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)

WARN := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wformat=2 \
	-Wundef -Wimplicit-fallthrough -Wnull-dereference
ifneq ($(findstring clang,$(CC)),clang)
# Texts for people are cut on purpose where they do not fit.
WARN += -Wlogical-op -Wno-format-truncation
endif
ifeq ($(WERROR),1)
WARN += -Werror
endif

HARDEN := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
ifeq ($(shell uname -m),x86_64)
HARDEN += -fcf-protection
endif
OPT     ?= -O2 -g
SAN     :=
ifeq ($(SANITIZE),1)
# ASan and UBSan replace FORTIFY, which hides the calls they watch.
SAN    := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
HARDEN :=
OPT    := -O1 -g
endif
CPPFLAGS += -D_GNU_SOURCE -I. -I$(B)/gen -DCRUST_VERSION='"$(VERSION)"' $(PKG_CFLAGS)
CFLAGS   += -std=gnu17 $(OPT) $(WARN) $(HARDEN) $(SAN)
LDFLAGS  += -Wl,-z,relro -Wl,-z,now $(SAN)

SRC_BASE     := $(wildcard base/*.c)
SRC_POLICY   := $(wildcard policy/*.c)
SRC_AUDIT    := $(wildcard audit/*.c)
SRC_SECCOMP  := $(wildcard seccomp/*.c)
SRC_LAUNCHER := $(filter-out launcher/main-%.c,$(wildcard launcher/*.c))
SRC_LIB      := $(SRC_BASE) $(SRC_POLICY) $(SRC_AUDIT) $(SRC_SECCOMP) $(SRC_LAUNCHER)
OBJ_LIB      := $(SRC_LIB:%.c=$(B)/%.o)
UNIT_BIN     := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
LIVE_BIN     := $(patsubst tests/live/%.c,$(B)/tests/live/%,$(wildcard tests/live/*.c))
FUZZ_BIN     := $(patsubst fuzz/%.c,$(B)/fuzz/%,$(wildcard fuzz/fuzz_*.c))
GEN          := $(B)/gen/builtin_policy.inc
PROGRAMS     := $(B)/crust-run $(B)/crust $(B)/libcrust-preload.so

.DELETE_ON_ERROR:
.PHONY: all help
all: $(PROGRAMS) ## Build crust-run, crust and the preload library into build/

help: ## List the targets
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(B)/%.o: %.c $(GEN) Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fPIE -MMD -MP -c -o $@ $<

# The built-in rules are YAML like anybody's; the program carries them as text.
$(B)/gen/builtin_policy.inc: policy/builtin.yaml Makefile
	@mkdir -p $(@D)
	od -An -v -tx1 $< | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g' > $@

$(B)/libcrust.a: $(OBJ_LIB)
	rm -f $@ && ar rcs $@ $^

$(B)/crust-run: $(B)/launcher/main-crust-run.o $(B)/libcrust.a
	$(CC) $(LDFLAGS) -pie -o $@ $^ $(PKG_LIBS) -lpthread

$(B)/crust: $(B)/launcher/main-crust.o $(B)/libcrust.a
	$(CC) $(LDFLAGS) -pie -o $@ $^ $(PKG_LIBS) -lpthread

# The preload library lives in other people's processes: no sanitizer, nothing exported but its hooks.
$(B)/libcrust-preload.so: preload/preload.c $(wildcard preload/*.h) preload/exports.map Makefile
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -I. -std=gnu17 -O2 -g $(WARN) -fPIC -fvisibility=hidden \
		-fstack-protector-strong -shared -Wl,-z,relro -Wl,-z,now -Wl,--version-script=preload/exports.map \
		-o $@ $<

$(B)/tests/unit/%: tests/unit/%.c tests/unit/tap.h $(B)/libcrust.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fPIE -MMD -MP $(LDFLAGS) -pie -o $@ $< $(B)/libcrust.a $(PKG_LIBS) -lpthread

# Live tests are programs that run under crust-run: they link nothing of ours.
$(B)/tests/live/%: tests/live/%.c tests/unit/tap.h
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -I. -std=gnu17 -O1 -g $(WARN) -o $@ $< -lpthread

-include $(OBJ_LIB:.o=.d) $(B)/launcher/main-crust-run.d $(B)/launcher/main-crust.d

# ---- tests ---------------------------------------------------------------------------------------
# Every suite prints TAP into $(B)/tap; scripts/summary adds them up and fails if one failed.
TAP  := $(B)/tap
E2E  := tests/e2e
RUNNER ?= $(B)/crust-run -q --

.PHONY: deps unit check check-agents check-asan check-compilers check-static e2e race escape demo lint fmt fuzz install clean bench
deps: ## Install what building and checking needs (Debian), or print the one command that does
	scripts/deps.sh check

unit: $(PROGRAMS) $(UNIT_BIN) ## Unit tests of this build
	@mkdir -p $(TAP)
	@for t in $(UNIT_BIN); do $$t > $(TAP)/unit-$$(basename $$t).tap 2>&1; echo "# exit $$?" >> $(TAP)/unit-$$(basename $$t).tap; done

check-static: ## Layers, headers and docs hold what they say
	@mkdir -p $(TAP)
	@scripts/check-layers > $(TAP)/layers.tap; scripts/check-docs > $(TAP)/docs.tap; true

check-compilers: ## gcc and clang without a warning; the aarch64 sources compile
	@mkdir -p $(TAP)
	@scripts/check-compilers $(B) > $(TAP)/compilers.tap; true

check-asan: ## The unit tests and a session under ASan and UBSan
	@$(MAKE) --no-print-directory B=$(B)/asan SANITIZE=1 TAP=$(TAP)/asan unit
	@mkdir -p $(TAP)
	@scripts/check-asan $(B)/asan > $(TAP)/asan-session.tap 2>&1; true

e2e: $(PROGRAMS) $(LIVE_BIN) ## Real programs, acceptance, launcher, crust check, preload
	@mkdir -p $(TAP)
	@for t in check launcher acceptance programs; do \
		echo "# $$t"; BUILD=$(abspath $(B)) $(E2E)/$$t.sh > $(TAP)/$$t.tap 2>$(TAP)/$$t.err || true; done
	@tests/preload/run.sh $(abspath $(B))/libcrust-preload.so > $(TAP)/preload.tap 2>$(TAP)/preload.err || true

check: deps ## Everything that needs no big download (under 10 minutes)
	@rm -rf $(TAP)
	@$(MAKE) --no-print-directory -j2 all
	@$(MAKE) --no-print-directory unit check-static check-compilers check-asan e2e
	@scripts/summary $(TAP)

check-agents: ## Install the pinned agents and Chromium (about 1 GB) and run them under crust-run
	scripts/deps.sh agents
	@$(MAKE) --no-print-directory all
	@mkdir -p $(TAP)-agents
	@BUILD=$(abspath $(B)) $(E2E)/agents.sh > $(TAP)-agents/agents.tap || true
	@scripts/summary $(TAP)-agents

race: $(PROGRAMS) $(LIVE_BIN) ## A million attempts of each race
	RACE_N=1000000 BUILD=$(abspath $(B)) $(E2E)/acceptance.sh

fuzz: ## Fuzz every parser for FUZZ_SECONDS (60) each, from the seed corpus
	scripts/fuzz $(B)/fuzz $(or $(FUZZ_SECONDS),60)

lint: ## clang-tidy and cppcheck; each exception with its reason in .clang-tidy and scripts/lint
	scripts/lint

fmt: ## Lay out the C files
	clang-format -i base/*.[ch] policy/*.[ch] audit/*.[ch] seccomp/*.[ch] launcher/*.[ch] preload/*.[ch]

demo: ## Install what is missing, build, and show a session under enforcement
	scripts/demo.sh

# ---- installation --------------------------------------------------------------------------------
install: all ## Install below PREFIX (DESTDIR is put in front)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/crust $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/man/man5
	install -m 755 $(B)/crust-run $(B)/crust $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(B)/libcrust-preload.so $(DESTDIR)$(PREFIX)/lib/crust
	ln -sfn . $(DESTDIR)$(PREFIX)/lib/crust/libasan.so.d
	install -m 644 docs/crust-run.1 docs/crust.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 docs/crust-policy.5 $(DESTDIR)$(PREFIX)/share/man/man5

clean: ## Remove what was built
	rm -rf $(B)
