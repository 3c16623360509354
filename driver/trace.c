// SPDX-License-Identifier: GPL-2.0
/*
 * Defines the tracepoints. This file calls no other, so that every layer can
 * use them.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"
