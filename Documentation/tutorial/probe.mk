# SPDX-License-Identifier: GPL-2.0
#
# Included by the Kbuild of chapters that use what only some kernels have:
# compile a few lines, and define HAVE_* if that works.

# $(call have,NAME,HEADERS,CODE); \043 is the number sign
have = $(shell printf '\043include <linux/%s.h>\n' $(2) | \
	{ cat; echo 'void probe(void); void probe(void) { $(3); }'; } | \
	$(CC) $(NOSTDINC_FLAGS) $(LINUXINCLUDE) $(KBUILD_CPPFLAGS) $(KBUILD_CFLAGS) \
		$(KBUILD_CFLAGS_MODULE) -c -x c -o /dev/null - 2>/dev/null && \
	echo -DHAVE_$(1))

# 6.3
ccflags-y += $(call have,VM_FLAGS_SET,mm,vm_flags_set((struct vm_area_struct *)0, VM_IO))
# 7.1: together with actions, and vm_ops->mapped
ccflags-y += $(call have,MMAP_PREPARE,fs mm,(void)(struct file_operations){ .mmap_prepare = 0 }; \
	mmap_action_remap_full((struct vm_area_desc *)0$(comma) 0))
# 6.4
ccflags-y += $(call have,VMA_LOCK,mm,(void)FAULT_FLAG_VMA_LOCK)
ifdef CONFIG_TRANSPARENT_HUGEPAGE
# 6.6 changed the second parameter; newer kernels have no pfn_t
ccflags-y += $(call have,HUGE_FAULT,mm huge_mm, \
	vm_fault_t (*f)(struct vm_fault *$(comma) unsigned int) = 0; \
	(void)(struct vm_operations_struct){ .huge_fault = f })
ccflags-y += $(call have,PFN_T,mm huge_mm pfn_t, \
	vmf_insert_pfn_pmd((struct vm_fault *)0$(comma) pfn_to_pfn_t(0)$(comma) false))
endif
ccflags-y += -I$(src)/..
