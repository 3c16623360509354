// SPDX-License-Identifier: GPL-2.0
/* ioctl_fill.c as a 32-bit program. */
#include "ioctl_fill.c"
