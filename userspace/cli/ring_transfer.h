/* SPDX-License-Identifier: MIT */
/* What "ring write", "ring read" and "ring follow" have in common. */
#ifndef MMAPSHARE_CLI_RING_TRANSFER_H
#define MMAPSHARE_CLI_RING_TRANSFER_H

#include <argp.h>
#include "ring.h"

enum format {
	TEXT,
	HEX,
	RAW,
	JSON,
};

struct transfer {
	const char *name;
	enum format format;
	bool all;
	bool drop;
	bool follow;
	bool hang_up;
	bool info;
	bool has_type;
	uint16_t type;
	uint64_t count;		/* UINT64_MAX: unlimited */
	double timeout;		/* seconds; negative: none */
	struct mmapshare_endpoint *ep;	/* of a consumer of a set: in the first ring */
	struct mmapshare_set *set;	/* NULL if it is none */
	double window;			/* seconds */
	struct mmapshare_record_info record_info;
	unsigned int member;		/* of the last record */
	uint64_t dropped;
	uint64_t lost;		/* reported so far */
	struct mmapshare_ring_attach_args at;
};

#define TRANSFER_DEFAULTS	{							\
		.count = UINT64_MAX,							\
		.timeout = -1,								\
		.at = { .size = sizeof(struct mmapshare_ring_attach_args) },		\
	}

/* The parser of the options of all three; state->input is a struct transfer. */
error_t transfer_parse(int key, char *arg, struct argp_state *state);

/*
 * Attach as @flags say, MMAPSHARE_RING_ATTACH_*, and as the options say. Exits with a
 * message on failure.
 */
void transfer_attach(struct transfer *t, unsigned int flags);

/* Wait for records or free space. Returns an exit status. */
int transfer_wait(struct transfer *t);

#endif /* MMAPSHARE_CLI_RING_TRANSFER_H */
