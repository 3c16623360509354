// SPDX-License-Identifier: GPL-2.0
/* ioctl/race.c as a 32-bit program. */
#include "../ioctl/race.c"
