// SPDX-License-Identifier: GPL-2.0
/* file/write.c as a 32-bit program. */
#include "../file/write.c"
