/* SPDX-License-Identifier: GPL-2.0 */
/* BPF programs as producers of rings. */
#ifndef MMAPSHARE_RING_BPF_H
#define MMAPSHARE_RING_BPF_H

int mms_bpf_init(void);
void mms_bpf_exit(void);

/* The kernel calls it, and finds it by its name. */
void mmapshare_bpf_put_dtor(void *ring);

#endif /* MMAPSHARE_RING_BPF_H */
