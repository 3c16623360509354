// SPDX-License-Identifier: GPL-2.0
/* ioctl_race.c as a 32-bit program. */
#include "ioctl_race.c"
