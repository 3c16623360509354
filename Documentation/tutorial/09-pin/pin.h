/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* Chapter 9: the interface of the driver. */
#ifndef TUTORIAL_PIN_H
#define TUTORIAL_PIN_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct pin_buffer {
	__u64 addr;
	__u64 len;
};

/* Pin this buffer; an open file has one at most. */
#define PIN_BUFFER	_IOW('T', 0, struct pin_buffer)
/* Store this byte in the whole buffer. */
#define PIN_FILL	_IO('T', 1)

#endif /* TUTORIAL_PIN_H */
