# SPDX-License-Identifier: GPL-2.0
#
# Entry points; "make help" lists them.  Kbuild builds the module, selftests/vm
# runs everything that needs another kernel than the running one.  make passes
# ARCH= and other variables of the command line on to both.

KDIR ?= /lib/modules/$(shell uname -r)/build
KERNELS ?= 6.1 6.12 7.2 7.3
KERNEL ?= 6.12

export STRATEGIES TESTS ALL MEM TIMEOUT OPS SEED WORKERS ONLY LEGS

vm := selftests/vm
# "+" has make share its jobs with this make
kbuild = +$(MAKE) -C $(KDIR) M=$(CURDIR)
headers := $(wildcard $(KDIR)/.config)
no_headers = no headers of a kernel in $(KDIR); \
	install the package linux-headers-$(shell uname -r), or set KDIR

# where "make modules_install" stages files; DESTDIR as for "make install"
INSTALL_MOD_PATH := $(or $(INSTALL_MOD_PATH),$(DESTDIR))
# Debian's headers have no System.map, without which kbuild does not run depmod.
depmod = [ -n "$(INSTALL_MOD_PATH)" ] || PATH=$$PATH:/usr/sbin:/sbin depmod
# For Debian's 6.1, "make kernelrelease" prints another name than "uname -r".
utsrelease = sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h
kernelrelease = $$($(if $(headers),$(utsrelease),uname -r))

all: programs	## build the programs and, if the kernel's headers are there, the module
ifneq ($(headers),)
all: modules
else
	@echo "mmapshare: the module was not built: $(no_headers)" >&2
endif

programs:	## build library, command, examples and benchmark
	$(MAKE) -C userspace

modules:	## build the module for the running kernel or KDIR=; accepts W=1 and C=1
	$(if $(headers),,@echo "mmapshare: $(no_headers)" >&2; exit 1)
	$(kbuild) modules

btf:		## add BTF to the module, for BPF programs that call it; VMLINUX=
	driver/btf.sh $(KDIR) $(or $(VMLINUX),/sys/kernel/btf/vmlinux) mmapshare.ko

modules_install: modules ## install the module, and files to build other modules with; DESTDIR=
	$(kbuild) INSTALL_MOD_PATH="$(INSTALL_MOD_PATH)" modules_install
	+release=$(kernelrelease) && \
	dir="$(INSTALL_MOD_PATH)/lib/modules/$$release/mmapshare" && \
	install -D -m 644 -t "$$dir" driver/include/mmapshare_ring.h Module.symvers && \
	install -D -m 644 -t "$$dir/linux" uapi/linux/mmapshare.h && \
	{ $(depmod) $$release; }

modules_uninstall: ## remove the files of "make modules_install"
	+release=$(kernelrelease) && cd "$(INSTALL_MOD_PATH)/lib/modules/$$release" && \
	for dir in $(INSTALL_MOD_DIR) updates extra; do \
		rm -f $$dir/mmapshare.ko* $$dir/driver/examples/mmapshare_*.ko*; \
	done && \
	rm -f mmapshare/mmapshare_ring.h mmapshare/linux/mmapshare.h mmapshare/Module.symvers && \
	{ [ ! -d mmapshare/linux ] || rmdir mmapshare/linux; } && \
	{ [ ! -d mmapshare ] || rmdir mmapshare; } && \
	{ $(depmod) $$release; }

install:	## install library, command, headers, manual; DESTDIR= prefix=/usr/local
	$(MAKE) -C userspace install

uninstall:	## remove the files of "make install"
	$(MAKE) -C userspace uninstall

clean:		## remove the files that "make" built
	$(MAKE) -C userspace clean
	$(if $(headers),$(kbuild) clean)

check: deps	## run the selftests in VMs; KERNELS="6.1 6.12 7.2 6.12-rt" STRATEGIES= TESTS= ALL=1
	@$(vm)/check $(KERNELS)

check-debug: deps ## run the selftests on kernels with KASAN, kmemleak, KCSAN, lockdep on RT; LEGS=
	@$(vm)/check-debug

check-native: deps ## run the selftests in User-mode Linux; KERNELS=uml-kmemleak TESTS= STRATEGIES=
	@STRATEGIES="$(or $(STRATEGIES),fault vmalloc pfn)" \
		$(vm)/check $(or $(filter uml%,$(KERNELS)),uml)

kunit: deps	## run the KUnit tests of the module's static functions
	@$(vm)/kunit

coverage: deps	## measure the selftests' line coverage of the driver (gcov)
	@$(vm)/coverage

check-beyond: deps ## kill bridges and servers; panic PANICS=100 times; KERNELS=6.12
	@TESTS="bridge/*" STRATEGIES=fault $(vm)/check 6.12
	@$(vm)/panics --panics $(or $(PANICS),100) $(filter-out 6.1 7.3,$(KERNELS))

lint:		## run static checks: checkpatch, sparse, shellcheck, Sphinx, gcc, clang, ...
	@$(vm)/deps fish kmod python3-sphinx rpm rpmlint universal-ctags zsh
	@$(vm)/lint

docs:		## build Documentation/ as HTML, with the reference of the C interfaces
	@$(vm)/deps python3-sphinx
	@$(vm)/docs

check-docs:	## open each page of the documents in a browser: width, contrast, links, search
	@$(vm)/deps chromium chromium-driver python3-selenium python3-sphinx
	@$(vm)/docs-check

litmus:		## check the rings' litmus tests and models (herd7, spin); TESTS="edge* wakeup"
	@$(vm)/deps spin
	@set -f; $(vm)/litmus $(TESTS)

torture: deps	## do random operations on mappings; KERNEL=6.12 OPS= SECONDS= SEED= STRATEGIES=
	@TORTURE_SECONDS=$(SECONDS) $(vm)/torture $(KERNEL)

selfcheck: deps	## check that the VM runner reports failures
	@$(vm)/selfcheck

check-fresh:	## build, install and remove it on new Debian 12 and 13 trees; needs root; SHORT=1
	@$(vm)/fresh $(if $(SHORT),--short)

bench:		## run mmapshare-bench in a VM; KERNEL=6.12
	@$(vm)/deps gnuplot-nox
	@KERNEL=$(KERNEL) $(vm)/bench --runs 5 --time 0.02 all

bench-native: deps ## measure without emulation: in User-mode Linux, and without the module
	@$(vm)/bench-native

bench-check: deps ## compare instruction counts with the recorded ratios, run perf/; KERNEL=6.12
	@KERNEL=$(KERNEL) $(vm)/bench-check

demo: deps	## run the demonstration in a VM; KERNEL=6.12 ARCH=
	@if [ -t 1 ]; then color=1; else color=0; fi; \
	NO_SELFTESTS=1 $(vm)/run --kernel $(KERNEL) --env MMAPSHARE_COLOR=$$color \
		-- userspace/examples/demo.sh

shell: deps	## start a shell in a VM, with the module loaded; KERNEL=6.12 ARCH=
	@$(vm)/run --kernel $(KERNEL) --timeout 86400 --interactive -- bash

tutorial: deps	## run the tutorial's chapters in a VM; N=3 SOLUTION=1 ALL=1 KERNEL=6.12 V=1
	@$(vm)/tutorial --kernel $(KERNEL) $(if $(V),-v) $(if $(ALL),--all) \
		$(if $(SOLUTION),--solution) $(N)

deps:		## install the Debian packages these targets need, or print how
	@$(vm)/deps

help:		## print this list
	@sed -n 's/^\([a-z_-]*\):[^#]*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | \
		expand -t 20

.PHONY: all programs modules btf modules_install modules_uninstall install uninstall clean \
	check check-beyond check-debug check-native torture kunit coverage lint docs litmus \
	selfcheck check-docs check-fresh bench bench-native bench-check demo shell tutorial deps \
	help
