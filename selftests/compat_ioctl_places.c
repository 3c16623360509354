// SPDX-License-Identifier: GPL-2.0
/* ioctl_places.c as a 32-bit program. */
#include "ioctl_places.c"
