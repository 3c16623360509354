// SPDX-License-Identifier: GPL-2.0
/* ioctl/info_syzkaller.c as a 32-bit program. */
#include "../ioctl/info_syzkaller.c"
