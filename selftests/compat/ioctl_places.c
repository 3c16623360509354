// SPDX-License-Identifier: GPL-2.0
/* ioctl/places.c as a 32-bit program. */
#include "../ioctl/places.c"
