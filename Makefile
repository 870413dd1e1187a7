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
