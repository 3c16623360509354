// SPDX-License-Identifier: GPL-2.0
/* doorbell_poll.c as a 32-bit program. */
#include "doorbell_poll.c"
