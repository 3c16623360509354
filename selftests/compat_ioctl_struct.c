// SPDX-License-Identifier: GPL-2.0
/* ioctl_struct.c as a 32-bit program. */
#include "ioctl_struct.c"
