# SPDX-License-Identifier: LGPL-2.1-or-later
# One Makefile for the library, the command and their tests.
#
#   make                 build/libdiskwright.a, .so and build/diskwright
#   make check           every test; see script/test for what they need
#   make check-asan      unit and fault tests under AddressSanitizer
#   make check-corpus CORPUS=DIR   foreign images
#   make bench           side-by-side measurements
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
CC      ?= cc
AR      ?= ar
PKG_CONFIG ?= pkg-config
CFLAGS  ?= -O2 -g

# The floors of the house, lowest first; see docs/architecture.md.
ROOMS := base dev formats part lvm fs stack boot guest job
LIBS  := ext2fs com_err blkid zlib liblzma libzstd liblz4
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
	$(WARN) $(shell $(PKG_CONFIG) --cflags $(LIBS) $(TOOL_LIBS))
DW_LDLIBS := $(shell $(PKG_CONFIG) --libs $(LIBS)) -pthread

LIB_SRC  := $(sort $(foreach r,$(ROOMS),$(wildcard src/$(r)/*.c)))
TOOL_SRC := $(sort $(wildcard tools/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
HELP_SRC := $(sort $(wildcard tests/unit/lib/*.c))

LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
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

$(PC): src/diskwright.pc.in Makefile
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
		-e 's|@INCDIR@|$(INCDIR)|' -e 's|@VERSION@|$(VERSION)|' \
		-e 's|@LIBS@|$(LIBS)|' $< > $@

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(HELP_OBJ) $(STATIC)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(HELP_OBJ) $(STATIC) $(DW_LDLIBS) \
		$(shell $(PKG_CONFIG) --libs $(TEST_LIBS))

.PHONY: unit
unit: $(UNIT_BIN)
	$(Q)set -e; for t in $(UNIT_BIN); do $$t; done

clean:
	rm -rf $(BUILD)

.SECONDARY:
-include $(LIB_OBJ:.o=.d) $(TOOL_OBJ:.o=.d) $(HELP_OBJ:.o=.d) $(UNIT_BIN:=.d)
