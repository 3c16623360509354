/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between Linux 6.1 and 7.3. probe.mk defines HAVE_*.
 */
#ifndef TUTORIAL_COMPAT_H
#define TUTORIAL_COMPAT_H

#include <linux/huge_mm.h>
#include <linux/mm.h>
#ifdef HAVE_PFN_T
#include <linux/pfn_t.h>
#endif

#ifndef HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* Does the fault handler run under the lock of the VMA only? */
static inline bool fault_holds_vma_lock(const struct vm_fault *vmf)
{
#ifdef HAVE_VMA_LOCK
	return vmf->flags & FAULT_FLAG_VMA_LOCK;
#else
	return false;
#endif
}

#ifdef HAVE_HUGE_FAULT
static inline vm_fault_t insert_pfn_pmd(struct vm_fault *vmf, unsigned long pfn)
{
	bool write = vmf->flags & FAULT_FLAG_WRITE;

#ifdef HAVE_PFN_T
	return vmf_insert_pfn_pmd(vmf, pfn_to_pfn_t(pfn), write);
#else
	return vmf_insert_pfn_pmd(vmf, pfn, write);
#endif
}
#endif

#endif /* TUTORIAL_COMPAT_H */
