// SPDX-License-Identifier: GPL-2.0
/* ioctl/fill.c as a 32-bit program. */
#include "../ioctl/fill.c"
