// SPDX-License-Identifier: GPL-2.0
/* ioctl_info.c as a 32-bit program. */
#include "ioctl_info.c"
