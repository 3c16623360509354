// SPDX-License-Identifier: GPL-2.0
/* file_lseek.c as a 32-bit program. */
#include "file_lseek.c"
