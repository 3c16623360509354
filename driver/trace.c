// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints, defined in a file that calls nothing, so that every layer
 * can use them.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"
