# SPDX-License-Identifier: GPL-2.0
#
# Included by the Makefiles of all folders: each .c file is a test program, each
# .sh file a test script, except *_lib.sh.  Before the include, a Makefile may
# set
#
#	EXCLUDE		.c files (names or patterns without .c) that are no programs
#	EXTENDED	programs that are built and installed, but are no tests
#
# After it, a Makefile adds rules for single programs.

KSFT ?= ../..
UAPI ?= ../../uapi
# libmmapshare; without it, its tests are not built.
LIB ?= ../../userspace/lib
README := ../../README.md

CFLAGS += -O2 -g -Wall -Wextra -Wno-unused-parameter -Wno-clobbered
CFLAGS += -I../include -I$(KSFT) -I$(UAPI) $(KHDR_INCLUDES)
LDFLAGS += $(if $(STATIC),-static)

LDLIBS += -lpthread

progs := $(filter-out $(EXCLUDE),$(patsubst %.c,%,$(sort $(wildcard *.c))))
# sourced by test scripts
libs := $(wildcard *_lib.sh)

TEST_GEN_PROGS := $(filter-out $(EXTENDED),$(progs))
TEST_GEN_PROGS_EXTENDED := $(EXTENDED)
TEST_PROGS := $(filter-out $(libs),$(sort $(wildcard *.sh)))
TEST_FILES := $(libs)
LOCAL_HDRS += $(wildcard *.h ../include/*.h $(UAPI)/linux/mmapshare.h)

include $(KSFT)/lib.mk

# Extract a program from the README.  Fails if it is missing or has more than 20
# lines.
define from_readme =
	awk -v program="<!-- $(@F) -->" -v fence='```$(1)' \
		'/^```/ { on = at && $$0 == fence; at = on } \
		$$0 == program { at = 1 } on && !/^```/ { print; lines++ } \
		END { exit !lines || lines > 20 }' $< >$@ || { rm $@; exit 1; }
endef
