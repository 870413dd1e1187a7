# crust-run - one file, no recursion; everything made lands in $(B). `make help` lists the targets.

VERSION := 0.1.0
B       ?= build
CC      ?= cc
HOSTCC  ?= cc
PREFIX  ?= /usr/local
DESTDIR ?=

PKGS := yaml-0.1 libpcre2-8 libcjson libutf8proc
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
ifeq ($(FUZZING),1)
SAN += -fsanitize=fuzzer-no-link
endif
CPPFLAGS += -D_GNU_SOURCE -I. -I$(B)/gen -DCRUST_VERSION='"$(VERSION)"' \
	-DCRUST_PREFIX='"$(PREFIX)"' $(PKG_CFLAGS)
CFLAGS   += -std=gnu17 $(OPT) $(WARN) $(HARDEN) $(SAN)
LDFLAGS  += -Wl,-z,relro -Wl,-z,now -Wl,--build-id $(SAN)

SRC_BASE     := $(wildcard base/*.c)
SRC_TEXT     := $(wildcard text/*.c)
SRC_SHELL    := $(wildcard shell/*.c)
SRC_POLICY   := $(wildcard policy/*.c)
SRC_AUDIT    := $(wildcard audit/*.c)
SRC_SECCOMP  := $(wildcard seccomp/*.c)
SRC_LAUNCHER := $(filter-out launcher/main-%.c,$(wildcard launcher/*.c))
SRC_LIB      := $(SRC_BASE) $(SRC_TEXT) $(SRC_SHELL) $(SRC_POLICY) $(SRC_AUDIT) $(SRC_SECCOMP) $(SRC_LAUNCHER)
OBJ_LIB      := $(SRC_LIB:%.c=$(B)/%.o)
UNIT_BIN     := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ_NAMES   := $(patsubst fuzz/fuzz_%.c,%,$(wildcard fuzz/fuzz_*.c))
REPLAY_BIN   := $(FUZZ_NAMES:%=$(B)/fuzz/replay_%)
GEN          := $(patsubst %,$(B)/gen/%.inc,builtin_policy confusables commands code_calls bip39)
PROGRAMS     := $(B)/crust-run $(B)/crust $(B)/libcrust-preload.so $(B)/libasan.so.d

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

# The characters that look like ASCII, from ICU's data; it is not needed to run.
$(B)/gen/confusables.inc: scripts/gen-confusables.c
	@mkdir -p $(@D)
	$(HOSTCC) -std=gnu17 -O1 -Wall -Wextra -o $(@D)/gen-confusables $< $$(pkg-config --cflags --libs icu-i18n)
	$(@D)/gen-confusables > $@

# What programs do with their operands, as C.
$(B)/gen/commands.inc: shell/commands.tab scripts/gen-commands
	@mkdir -p $(@D)
	scripts/gen-commands $< > $@

$(B)/gen/code_calls.inc: shell/code.tab scripts/gen-code
	@mkdir -p $(@D)
	scripts/gen-code $< > $@

# The word lists of BIP 39, as a table of hashes.
$(B)/gen/bip39.inc: scripts/gen-bip39 Makefile
	@mkdir -p $(@D)
	scripts/gen-bip39 > $@

$(B)/libcrust.a: $(OBJ_LIB)
	rm -f $@ && ar qcs $@ $^

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

# See launcher/site.c: a second name of the folder, for gcc's AddressSanitizer.
$(B)/libasan.so.d: | $(B)/libcrust-preload.so
	ln -sfn . $@

$(B)/tests/unit/%: tests/unit/%.c tests/unit/tap.h $(B)/libcrust.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fPIE -MMD -MP $(LDFLAGS) -pie -o $@ $< $(B)/libcrust.a $(PKG_LIBS) -lpthread

BENCH_OBJ := $(addprefix $(B)/tests/bench/,bench.o decide.o pipeline.o content.o start.o)

$(B)/tests/bench/bench: $(BENCH_OBJ) $(B)/libcrust.a
	$(CC) $(LDFLAGS) -pie -o $@ $^ $(PKG_LIBS) -lpthread

# Each fuzz target twice: with libFuzzer (scripts/fuzz), and with a main() that runs files (make check).
$(B)/fuzz/fuzz_%: fuzz/fuzz_%.c $(B)/libcrust.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fPIE $(LDFLAGS) -pie -fsanitize=fuzzer -o $@ $< $(B)/libcrust.a $(PKG_LIBS) -lpthread

$(B)/fuzz/replay_%: fuzz/fuzz_%.c $(B)/fuzz/replay.o $(B)/libcrust.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fPIE $(LDFLAGS) -pie -o $@ $^ $(PKG_LIBS) -lpthread

-include $(OBJ_LIB:.o=.d) $(BENCH_OBJ:.o=.d) $(B)/launcher/main-crust-run.d $(B)/launcher/main-crust.d

# ---- tests ---------------------------------------------------------------------------------------
# scripts/suite runs one suite within a time limit and keeps its TAP in $(B)/tap; scripts/summary counts.
SUITE  := B=$(B) scripts/suite
RACE_N ?= 20000

.PHONY: deps check check-unit check-static check-compilers check-asan check-e2e check-acceptance check-programs check-agents race demo lint fmt \
	bench fuzz install clean
deps: ## Install what building and checking needs (Debian), or print the one command that does
	@scripts/deps.sh build check

check: deps ## Build, then run every test that needs no big download; the last line counts them
	@rm -rf $(B)/tap
	@$(MAKE) --no-print-directory -j2 all
	@$(MAKE) --no-print-directory check-unit check-static check-compilers check-asan check-e2e
	@scripts/summary $(B)/tap/*.tap

check-unit: $(UNIT_BIN) $(REPLAY_BIN) $(PROGRAMS)
	@for t in $(notdir $(UNIT_BIN)); do $(SUITE) unit-$$t 120 $(B)/tests/unit/$$t; done
	@for t in $(FUZZ_NAMES); do \
		$(SUITE) replay-$$t 60 $(B)/fuzz/replay_$$t fuzz/corpus/$$t fuzz/crashes/$$t; done

check-static:
	@$(SUITE) layers 120 scripts/check-layers
	@$(SUITE) docs 60 scripts/check-docs

check-compilers:
	@$(SUITE) compilers 600 scripts/check-compilers $(B)

check-asan:
	@$(MAKE) --no-print-directory -j2 B=$(B)/asan SANITIZE=1 asan-programs
	@for t in $(notdir $(UNIT_BIN)); do \
		[ $$t = test_policy_time ] || $(SUITE) asan-$$t 300 $(B)/asan/tests/unit/$$t; done
	@for t in $(FUZZ_NAMES); do \
		$(SUITE) asan-replay-$$t 120 $(B)/asan/fuzz/replay_$$t fuzz/corpus/$$t fuzz/crashes/$$t; done
	@$(SUITE) asan-session 180 scripts/check-asan $(B)/asan

asan-programs: $(UNIT_BIN) $(REPLAY_BIN) $(PROGRAMS)

# The two long suites run side by side, the others before them.
check-e2e: $(PROGRAMS)
	@$(SUITE) check 120 env CRUST=$(abspath $(B))/crust tests/e2e/check.sh
	@$(SUITE) rules 120 env CRUST=$(abspath $(B))/crust tests/e2e/rules.sh
	@$(SUITE) cases 60 env CRUST=$(abspath $(B))/crust tests/e2e/cases.sh
	@$(SUITE) badinput 180 env CRUST=$(abspath $(B))/crust tests/e2e/badinput.sh
	@$(SUITE) preload 120 tests/preload/run.sh $(abspath $(B))/libcrust-preload.so
	@$(SUITE) launcher 300 env CRUST_RUN=$(abspath $(B))/crust-run tests/e2e/launcher.sh
	@$(SUITE) jobcontrol 120 env CRUST_RUN=$(abspath $(B))/crust-run python3 tests/e2e/jobcontrol.py
	@$(MAKE) --no-print-directory -j2 check-acceptance check-programs

check-acceptance: $(PROGRAMS)
	@$(SUITE) acceptance 900 env RACE_N=$(RACE_N) tests/e2e/acceptance.sh

check-programs: $(PROGRAMS)
	@$(SUITE) programs 1800 tests/e2e/programs.sh

check-agents: ## Run Claude Code, Codex, Gemini CLI, OpenCode and Chromium (about 1 GB) under crust-run
	@scripts/deps.sh build check agents
	@$(MAKE) --no-print-directory -j2 all
	@$(SUITE) agents 1500 tests/e2e/agents.sh
	@scripts/summary $(B)/tap/agents.tap

race: RACE_N = 1000000
race: $(PROGRAMS) ## Every race, RACE_N (a million) attempts each
	@$(SUITE) race 7200 env RACE_N=$(RACE_N) tests/e2e/acceptance.sh races
	@scripts/summary $(B)/tap/race.tap

bench: $(PROGRAMS) $(B)/tests/bench/bench ## Measure the figures that have targets (BENCH: only these groups); also to build/bench.json
	@B=$(abspath $(B)) $(B)/tests/bench/bench $(B)/bench.json $(BENCH)

fuzz: ## Fuzz every parser for FUZZ_S (60) seconds each, or those that FUZZ names
	@MAKE="$(MAKE)" scripts/fuzz $(B)/fuzzing $(or $(FUZZ_S),$(FUZZ_SECONDS),60) $(FUZZ)

lint: ## clang-tidy and cppcheck; each exception with its reason in .clang-tidy and scripts/lint
	scripts/lint

fmt: ## Lay out the C files
	clang-format -i base/*.[ch] text/*.[ch] shell/*.[ch] policy/*.[ch] audit/*.[ch] seccomp/*.[ch] launcher/*.[ch] preload/*.[ch]

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
