/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* Chapter 10: the page that the driver and a program share. */
#ifndef TUTORIAL_FEED_H
#define TUTORIAL_FEED_H

#include <linux/types.h>

#define FEED_SLOTS	512

/*
 * Positions count values and wrap around at 2^32. Value n is in slot
 * n % FEED_SLOTS.
 */
struct feed {
	/* stored by the driver, with release semantics: values before are there */
	__u32 head;
	/* stored by the driver: it has found a bad tail, and has ended */
	__u32 corrupt;
	/* stored by the program, with release semantics: slots before are free */
	__u32 tail;
	__u32 reserved;
	__u32 value[FEED_SLOTS];
};

#endif /* TUTORIAL_FEED_H */
