// SPDX-License-Identifier: GPL-2.0
/* ioctl/checksum.c as a 32-bit program. */
#include "../ioctl/checksum.c"
