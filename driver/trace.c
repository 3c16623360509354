// SPDX-License-Identifier: GPL-2.0
/*
 * Defines the tracepoints. This file calls no function of another one, so that
 * every layer can use tracepoints.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"
