// SPDX-License-Identifier: GPL-2.0
/* doorbell_hangup.c as a 32-bit program. */
#include "doorbell_hangup.c"
