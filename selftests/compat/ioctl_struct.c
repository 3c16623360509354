// SPDX-License-Identifier: GPL-2.0
/* ioctl/struct.c as a 32-bit program. */
#include "../ioctl/struct.c"
