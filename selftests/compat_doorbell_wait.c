// SPDX-License-Identifier: GPL-2.0
/* doorbell_wait.c as a 32-bit program. */
#include "doorbell_wait.c"
