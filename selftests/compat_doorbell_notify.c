// SPDX-License-Identifier: GPL-2.0
/* doorbell_notify.c as a 32-bit program. */
#include "doorbell_notify.c"
