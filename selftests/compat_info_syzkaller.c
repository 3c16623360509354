// SPDX-License-Identifier: GPL-2.0
/* info_syzkaller.c as a 32-bit program. */
#include "info_syzkaller.c"
