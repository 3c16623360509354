# SPDX-License-Identifier: GPL-2.0
#
# The front door; "make help" lists what there is.  Kbuild builds the module,
# selftests/vm does all that needs another kernel than the running one.  ARCH=
# is for both, and reaches them as every variable of the command line does.

KDIR ?= /lib/modules/$(shell uname -r)/build
KERNELS ?= 6.1 6.12 7.2
KERNEL ?= 6.12

export STRATEGIES TESTS ALL MEM TIMEOUT OPS SEED WORKERS ONLY LEGS

vm := selftests/vm
kbuild = $(MAKE) -C $(KDIR) M=$(CURDIR)

modules:	## build the module for the running kernel, or KDIR=; W=1 and C=1 work
	$(kbuild) modules

modules_install: modules	## install it for that kernel, with what other modules need
	$(kbuild) modules_install
	install -D -m 644 -t "$(INSTALL_MOD_PATH)/lib/modules/$$($(kbuild) -s kernelrelease)/mmapshare" \
		driver/include/mmapshare_ring.h Module.symvers

install:	## library, command, headers, manual pages; DESTDIR= prefix=/usr/local
	$(MAKE) -C userspace install

uninstall:	## remove what "make install" installed
	$(MAKE) -C userspace uninstall

clean:		## remove what "make modules" made
	$(kbuild) clean

check: deps	## run the selftests in VMs; KERNELS="6.1 6.12 7.2" STRATEGIES= TESTS= ALL=1 ARCH=
	@$(vm)/check $(KERNELS)

check-debug: deps ## the same on kernels with KASAN, lockdep, kmemleak, KCSAN; LEGS=
	@$(vm)/check-debug

kunit: deps	## run the KUnit tests of what is static in the module
	@$(vm)/kunit

coverage: deps	## which lines of the driver the selftests run (gcov)
	@$(vm)/coverage

lint:		## checkpatch, sparse, shellcheck, Sphinx, and warnings of gcc and clang
	@$(vm)/deps python3-sphinx
	@$(vm)/lint

docs:		## build Documentation/ as HTML, with the reference of the C interfaces
	@$(vm)/deps python3-sphinx
	@$(vm)/docs

litmus: deps	## try the rings' litmus tests against the kernel's memory model
	@$(vm)/litmus

torture: deps	## random operations on mappings; KERNEL=6.12 OPS= SECONDS= SEED= STRATEGIES=
	@TORTURE_SECONDS=$(SECONDS) $(vm)/torture $(KERNEL)

selfcheck: deps	## see that the VM runner notices what it should
	@$(vm)/selfcheck

bench:		## compare maps, calls, rings with what else there is, in a VM; KERNEL=6.12
	@$(vm)/deps gnuplot-nox
	@KERNEL=$(KERNEL) $(vm)/bench --runs 5 --time 0.02 all

bench-check: deps ## compare instructions for each operation with those before, run perf/; KERNEL=6.12
	@KERNEL=$(KERNEL) $(vm)/bench-check

demo: deps	## run the demonstration in a VM; KERNEL=6.12 ARCH=
	@if [ -t 1 ]; then color=1; else color=0; fi; \
	$(vm)/run --kernel $(KERNEL) --env MMAPSHARE_COLOR=$$color \
		-- userspace/examples/demo.sh

shell: deps	## a shell in a VM, with the module loaded; KERNEL=6.12 ARCH=
	@$(vm)/run --kernel $(KERNEL) --timeout 86400 --interactive -- bash

deps:		## install the Debian packages that these need, or say which
	@$(vm)/deps

help:		## this list
	@sed -n 's/^\([a-z_-]*\):[^#]*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | \
		expand -t 20

.PHONY: modules modules_install install uninstall clean check check-debug torture \
	kunit coverage lint docs litmus selfcheck bench bench-check demo shell deps help
