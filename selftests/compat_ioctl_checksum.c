// SPDX-License-Identifier: GPL-2.0
/* ioctl_checksum.c as a 32-bit program. */
#include "ioctl_checksum.c"
