/* SPDX-License-Identifier: MIT */
/* What the files of "mmapshare ring" know of each other. */
#ifndef MMAPSHARE_CLI_RING_H
#define MMAPSHARE_CLI_RING_H

#include "cli.h"

int ring_put(int argc, char **argv);
int ring_cat(int argc, char **argv);
int ring_tail(int argc, char **argv);
int ring_stat(int argc, char **argv);
int ring_bench(int argc, char **argv);

/* For parsers of commands that take one NAME. */
void take_name(const char **name, const char *arg);

#endif /* MMAPSHARE_CLI_RING_H */
