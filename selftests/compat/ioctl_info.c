// SPDX-License-Identifier: GPL-2.0
/* ioctl/info.c as a 32-bit program. */
#include "../ioctl/info.c"
