# SPDX-License-Identifier: LGPL-2.1-or-later
# One Makefile for the library, the command and their tests.
#
#   make                 build/libdiskwright.a, .so and build/diskwright
#   make check           every test; see script/test for what they need
#   make check-asan      unit and fault tests under AddressSanitizer
#   make check-corpus CORPUS=DIR   foreign images
#   make fuzz TARGET=qcow2 FUZZ_SECONDS=60   libFuzzer; see tests/fuzz/README.md
#   make bench           side-by-side measurements; BENCH_PARTS chooses
#   make install DESTDIR= PREFIX=/usr/local
#
# V=1 shows the commands, BUILD=DIR builds elsewhere.

VERSION := 0.1.0
SOMAJOR := 0
BUILD   ?= build
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
BINDIR  ?= $(PREFIX)/bin
INCDIR  ?= $(PREFIX)/include
MANDIR  ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
CC      ?= cc
AR      ?= ar
PKG_CONFIG ?= pkg-config
CFLAGS  ?= -O2 -g

# The floors of the house, lowest first; see docs/architecture.md.
ROOMS := base dev formats part lvm md fs package stack boot kmod guest initrd job
LIBS  := ext2fs com_err blkid zlib liblzma libzstd liblz4 lzo2 libarchive
# ISA-L deflates seven times as fast as zlib and inflates three times as fast;
# ISAL= leaves it out.
ISAL  := $(shell $(PKG_CONFIG) --exists libisal && echo yes)
LIBS  += $(if $(ISAL),libisal)
TOOL_LIBS := json-c
TEST_LIBS := check

ifeq ($(V),1)
Q :=
else
Q := @
endif
say = $(if $(Q),@printf '  %-7s %s\n' '$(1)' '$(2)',@:)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wwrite-strings -Wvla -Wno-unused-parameter
DW_CFLAGS := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -fPIC -pthread \
	-fvisibility=hidden -DDW_VERSION='"$(VERSION)"' -Iinclude -Isrc \
	$(WARN) $(if $(ISAL),-DDW_HAVE_ISAL) $(shell $(PKG_CONFIG) --cflags $(LIBS) $(TOOL_LIBS))
# bzip2 has no file for pkg-config.
DW_LDLIBS := $(shell $(PKG_CONFIG) --libs $(LIBS)) -lbz2 -pthread

LIB_SRC  := $(sort $(foreach r,$(ROOMS),$(wildcard src/$(r)/*.c)))
TOOL_SRC := $(sort $(wildcard tools/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
HELP_SRC := $(sort $(wildcard tests/unit/lib/*.c))

LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o) $(BUILD)/x86/code.o \
	$(BUILD)/init/code.o $(BUILD)/hook/texts.o
TOOL_OBJ := $(TOOL_SRC:%.c=$(BUILD)/%.o)
HELP_OBJ := $(HELP_SRC:%.c=$(BUILD)/%.o)
UNIT_BIN := $(UNIT_SRC:%.c=$(BUILD)/%)

STATIC := $(BUILD)/libdiskwright.a
SHARED := $(BUILD)/libdiskwright.so.$(VERSION)
SONAME := libdiskwright.so.$(SOMAJOR)
TOOL   := $(BUILD)/diskwright
PC     := $(BUILD)/diskwright.pc

.PHONY: all check check-asan check-corpus bench install clean
.DELETE_ON_ERROR:
all: $(STATIC) $(SHARED) $(if $(TOOL_SRC),$(TOOL)) $(PC)

$(BUILD)/%.o: %.c Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(DW_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The boot loader's code.  Where the compiler cannot make x86 code (another
# machine, clang) the copy in the tree is taken; "make x86-generated" renews
# that, and tests/boot/loader-generated.sh proves that it is no other.
X86CC ?= $(CC)
X86LD ?= ld
X86OBJCOPY ?= objcopy
X86 := $(BUILD)/x86
X86_FLAGS := -m32 -march=i386 -mregparm=3 -Os -std=gnu11 -ffreestanding \
	-fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fcf-protection=none -mno-sse -mno-mmx -mpreferred-stack-boundary=2 \
	-Wall -Wextra -Wno-unused-parameter -Wno-main \
	-Wa,--fatal-warnings -Isrc
X86_OBJ := $(patsubst src/boot/x86/%,$(X86)/%.o,$(basename \
	$(sort $(wildcard src/boot/x86/stage2/*.[cS]))))
X86_BIN := $(addprefix $(X86)/,mbr.bin record.bin stage2.bin)
X86_OK  := $(shell echo 'int x;' | $(X86CC) $(X86_FLAGS) -Werror -xc -c \
	-o /dev/null - 2>/dev/null && $(X86LD) -m elf_i386 -v >/dev/null 2>&1 \
	&& echo yes)

$(X86)/code.c: src/boot/x86/mkcode.sh $(X86_BIN)
	$(call say,GEN,$@)
	$(Q)$< $(X86CC) $(X86_BIN) > $@

$(X86)/code.o: $(if $(X86_OK),$(X86)/code.c,src/boot/x86/generated.c)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(DW_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(X86)/%.o: src/boot/x86/%.S Makefile
	$(call say,X86AS,$<)
	@mkdir -p $(@D)
	$(Q)$(X86CC) $(X86_FLAGS) -MMD -MP -c -o $@ $<

$(X86)/%.o: src/boot/x86/%.c Makefile
	$(call say,X86CC,$<)
	@mkdir -p $(@D)
	$(Q)$(X86CC) $(X86_FLAGS) -MMD -MP -c -o $@ $<

# A boot sector is linked where it runs: MBR_ADDR, BOOT_ADDR of memmap.h.
$(X86)/mbr.bin: X86_ADDR := 0x600
$(X86)/record.bin: X86_ADDR := 0x7c00
$(X86)/mbr.bin $(X86)/record.bin: $(X86)/%.bin: $(X86)/%.o
	$(call say,X86LD,$@)
	$(Q)$(X86LD) -m elf_i386 -Ttext=$(X86_ADDR) -e _start \
		--oformat binary -o $@ $<

$(X86)/stage2.elf: src/boot/x86/stage2/stage2.ld $(X86_OBJ)
	$(call say,X86LD,$@)
	$(Q)$(X86LD) -m elf_i386 -T $< -o $@ $(X86_OBJ)

$(X86)/stage2.bin: $(X86)/stage2.elf
	$(Q)$(X86OBJCOPY) -O binary -j .text $< $@

.PHONY: x86-generated
x86-generated: $(X86)/code.c
	cp $< src/boot/x86/generated.c

# The /init of initrds that are made anew: a static program without a C
# library, for both kinds of x86 kernels; kept as a copy as the loader is
# ("make init-generated", tests/boot/init-generated.sh).
INIT := $(BUILD)/init
INIT_FLAGS := -Os -std=gnu11 -ffreestanding -fno-pic -fno-pie \
	-fno-stack-protector -fno-asynchronous-unwind-tables \
	-fcf-protection=none -mgeneral-regs-only -Wall -Wextra \
	-Wno-unused-parameter -Wa,--fatal-warnings
INIT_I386 := -m32 -march=i486
INIT_X86_64 := -m64 -march=x86-64
INIT_LD := -nostdlib -static -s -z noseparate-code --build-id=none
INIT_NAMES := $(basename $(notdir $(sort $(filter-out %/generated.c,\
	$(wildcard src/initrd/init/*.[cS])))))
INIT_OK := $(if $(X86_OK),$(shell echo 'int x;' | $(X86CC) $(INIT_FLAGS) \
	$(INIT_X86_64) -Werror -xc -c -o /dev/null - 2>/dev/null && \
	$(X86LD) -m elf_x86_64 -v >/dev/null 2>&1 && echo yes))

$(INIT)/code.c: src/initrd/init/mkcode.sh $(INIT)/i386.elf $(INIT)/x86_64.elf
	$(call say,GEN,$@)
	$(Q)$< $(X86CC) $(INIT)/i386.elf $(INIT)/x86_64.elf > $@

$(INIT)/code.o: $(if $(INIT_OK),$(INIT)/code.c,src/initrd/init/generated.c)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(DW_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(INIT)/i386.elf: INIT_MODE := elf_i386
$(INIT)/x86_64.elf: INIT_MODE := elf_x86_64
$(INIT)/%.elf:
	$(call say,X86LD,$@)
	$(Q)$(X86LD) -m $(INIT_MODE) $(INIT_LD) -o $@ $^
$(INIT)/i386.elf: $(INIT_NAMES:%=$(INIT)/i386/%.o)
$(INIT)/x86_64.elf: $(INIT_NAMES:%=$(INIT)/x86_64/%.o)

init_cc = $(Q)mkdir -p $(@D) && $(X86CC) $(INIT_FLAGS) $(1) -MMD -MP -c \
	-o $@ $<
$(INIT)/i386/%.o: src/initrd/init/%.c Makefile
	$(call say,X86CC,$<)
	$(call init_cc,$(INIT_I386))
$(INIT)/i386/%.o: src/initrd/init/%.S Makefile
	$(call init_cc,$(INIT_I386))
$(INIT)/x86_64/%.o: src/initrd/init/%.c Makefile
	$(call say,X86CC,$<)
	$(call init_cc,$(INIT_X86_64))
$(INIT)/x86_64/%.o: src/initrd/init/%.S Makefile
	$(call init_cc,$(INIT_X86_64))

.PHONY: init-generated
init-generated: $(INIT)/code.c
	cp $< src/initrd/init/generated.c

# What is installed into guests, as it lies in the tree.
HOOK_TEXT := $(addprefix src/guest/hook/,update.sh run.sh pacman.hook)

$(BUILD)/hook/texts.c: src/guest/hook/mktexts.sh $(HOOK_TEXT)
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$< $(HOOK_TEXT) > $@

$(BUILD)/hook/texts.o: $(BUILD)/hook/texts.c
	$(call say,CC,$<)
	$(Q)$(CC) $(DW_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(STATIC): $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(SHARED): $(LIB_OBJ) src/libdiskwright.map
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) \
		-Wl,--version-script=src/libdiskwright.map -Wl,--no-undefined \
		$(CFLAGS) $(LDFLAGS) -o $@ $(LIB_OBJ) $(DW_LDLIBS)
	$(Q)ln -sf $(notdir $@) $(BUILD)/$(SONAME)
	$(Q)ln -sf $(notdir $@) $(BUILD)/libdiskwright.so

# The command carries the library in itself: one file to copy around.
$(TOOL): $(TOOL_OBJ) $(STATIC)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(TOOL_OBJ) $(STATIC) \
		$(DW_LDLIBS) $(shell $(PKG_CONFIG) --libs $(TOOL_LIBS))

pc_text = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	-e 's|@INCDIR@|$(INCDIR)|' -e 's|@VERSION@|$(VERSION)|' \
	-e 's|@LIBS@|$(LIBS)|' src/diskwright.pc.in

$(PC): src/diskwright.pc.in Makefile
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(pc_text) > $@

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(HELP_OBJ) $(STATIC)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(HELP_OBJ) $(STATIC) $(DW_LDLIBS) \
		$(shell $(PKG_CONFIG) --libs $(TEST_LIBS))

# Programs that shell tests use as a second opinion; none uses our library.
HELPER_BIN := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/helpers/*.c))
$(BUILD)/tests/helpers/%: tests/helpers/%.c Makefile
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) $(CFLAGS) -o $@ $< \
		$(HELPER_LIBS)
HELPER_LIBS = $(shell $(PKG_CONFIG) --cflags --libs ext2fs com_err)
# It runs in initrds, where no library is.
$(BUILD)/tests/helpers/nash: HELPER_LIBS := -static

# The loader's installer as a program, for the loader's tests.
# The second one installs the x86 code that is in the tree.
LAB_BIN := $(addprefix $(BUILD)/tests/boot/,loaderlab loaderlab-copy)
$(BUILD)/tests/boot/loaderlab-copy: $(X86)/copy.o
$(LAB_BIN): $(BUILD)/tests/boot/loaderlab.o $(STATIC)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(STATIC) \
		$(DW_LDLIBS)

$(X86)/copy.o: src/boot/x86/generated.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(DW_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Programs over single rooms, for shell tests.
TEST_TOOLS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/unit/*tool.c)))

# Fuzz targets: kept inputs go through them in every check, by a main of our
# own; with clang, "make fuzz" links the same objects with libFuzzer.
FUZZ_COMMON := image input libfuzzer lvmset pdata replay
FUZZ_TARGETS := $(filter-out $(FUZZ_COMMON),$(patsubst tests/fuzz/%.c,%,$(sort \
	$(wildcard tests/fuzz/*.c))))
FUZZ := $(BUILD)/tests/fuzz
REPLAY_BIN := $(FUZZ_TARGETS:%=$(FUZZ)/replay-%)
FUZZ_LINK = $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DW_LDLIBS)

$(REPLAY_BIN): $(FUZZ)/replay-%: $(FUZZ)/%.o $(FUZZ)/image.o \
		$(FUZZ)/input.o $(FUZZ)/lvmset.o $(FUZZ)/pdata.o \
		$(FUZZ)/replay.o $(STATIC)
	$(call say,LD,$@)
	$(Q)$(FUZZ_LINK)

$(FUZZ)/fuzz-%: $(FUZZ)/%.o $(FUZZ)/image.o $(FUZZ)/input.o \
		$(FUZZ)/lvmset.o $(FUZZ)/pdata.o $(FUZZ)/libfuzzer.o $(STATIC)
	$(call say,LD,$@)
	$(Q)$(FUZZ_LINK) -fsanitize=fuzzer

FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60
TARGET ?= $(FUZZ_TARGETS)
.PHONY: fuzz
fuzz: $(TOOL) $(REPLAY_BIN)
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)-fuzz CC=$(FUZZ_CC) \
		CFLAGS="-O1 -g -fno-omit-frame-pointer \
		-fsanitize=fuzzer-no-link,address,undefined \
		-fno-sanitize-recover=undefined" \
		$(TARGET:%=$(BUILD)-fuzz/tests/fuzz/fuzz-%)
	$(Q)BUILD=$(BUILD) SECONDS_EACH=$(FUZZ_SECONDS) tests/fuzz/run $(TARGET)

.PHONY: tests
tests: all $(UNIT_BIN) $(HELPER_BIN) $(LAB_BIN) $(TEST_TOOLS) $(REPLAY_BIN)

check: tests
	$(Q)BUILD=$(BUILD) tests/run $(GROUPS)

check-corpus: tests
	$(Q)BUILD=$(BUILD) CORPUS=$(abspath $(CORPUS)) tests/run corpus

# Fault sweeps and unit tests with every bad access and leak reported.
check-asan:
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)-asan \
		CFLAGS="-O1 -g -fno-omit-frame-pointer \
		-fsanitize=address,undefined -fno-sanitize-recover=undefined" \
		check GROUPS="unit cli fuzz"

bench: all $(HELPER_BIN)
	$(Q)BUILD=$(BUILD) tests/bench/run

.PHONY: unit
unit: $(UNIT_BIN) $(TEST_TOOLS)
	$(Q)set -e; for t in $(UNIT_BIN); do $$t; done

# The pkg-config file is made anew: PREFIX may differ from that of the build.
DEST = $(DESTDIR)$(1)
install: all
	$(call say,INSTALL,$(DESTDIR)$(PREFIX))
	$(Q)install -d $(call DEST,$(BINDIR)) $(call DEST,$(LIBDIR)/pkgconfig) \
		$(call DEST,$(INCDIR)/diskwright) $(call DEST,$(MANDIR)/man1) \
		$(call DEST,$(BASHDIR))
	$(Q)install -m 755 $(TOOL) $(call DEST,$(BINDIR))
	$(Q)install -m 644 $(STATIC) $(call DEST,$(LIBDIR))
	$(Q)install -m 755 $(SHARED) $(call DEST,$(LIBDIR))
	$(Q)ln -sf $(notdir $(SHARED)) $(call DEST,$(LIBDIR)/$(SONAME))
	$(Q)ln -sf $(notdir $(SHARED)) $(call DEST,$(LIBDIR)/libdiskwright.so)
	$(Q)install -m 644 include/diskwright.h $(call DEST,$(INCDIR))
	$(Q)install -m 644 $(wildcard include/diskwright/*.h) \
		$(call DEST,$(INCDIR)/diskwright)
	$(Q)install -m 644 man/diskwright.1 $(call DEST,$(MANDIR)/man1)
	$(Q)install -m 644 completion/diskwright.bash \
		$(call DEST,$(BASHDIR)/diskwright)
	$(Q)$(pc_text) > $(call DEST,$(LIBDIR)/pkgconfig/diskwright.pc)

clean:
	rm -rf $(BUILD)

.SECONDARY:
-include $(wildcard $(X86)/*.d $(X86)/stage2/*.d $(INIT)/*.d $(INIT)/*/*.d)
-include $(LIB_OBJ:.o=.d) $(TOOL_OBJ:.o=.d) $(HELP_OBJ:.o=.d) $(UNIT_BIN:=.d) \
	$(BUILD)/tests/boot/loaderlab.d \
	$(TEST_TOOLS:=.d) $(wildcard $(FUZZ)/*.d)
