// SPDX-License-Identifier: GPL-2.0
/* file/lseek.c as a 32-bit program. */
#include "../file/lseek.c"
