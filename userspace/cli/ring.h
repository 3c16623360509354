/* SPDX-License-Identifier: MIT */
/* Declarations shared by the commands of "mmapshare ring". */
#ifndef MMAPSHARE_CLI_RING_H
#define MMAPSHARE_CLI_RING_H

#include "cli.h"

int ring_create(int argc, char **argv);
int ring_put(int argc, char **argv);
int ring_cat(int argc, char **argv);
int ring_tail(int argc, char **argv);
int ring_stat(int argc, char **argv);
int ring_bench(int argc, char **argv);
int ring_cursors(int argc, char **argv);
int ring_record(int argc, char **argv);
int ring_dump(int argc, char **argv);
int ring_replay(int argc, char **argv);

/* Store the one NAME argument; exits with STATUS_USAGE if it is invalid. */
void set_name(const char **name, const char *arg);

/* The name of feature number @n of those in MMAPSHARE_RING_FEAT_* @bits, or NULL. */
const char *feature_name(uint64_t bits, unsigned int n);

/* Print the members of @info that the MMAPSHARE_RING_FEAT_* @features have. */
void print_record_info(uint64_t features, const struct mmapshare_record_info *info, bool json);
void print_hex(const unsigned char *record, size_t length);

#endif /* MMAPSHARE_CLI_RING_H */
