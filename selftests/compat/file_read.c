// SPDX-License-Identifier: GPL-2.0
/* file/read.c as a 32-bit program. */
#include "../file/read.c"
