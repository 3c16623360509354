/* SPDX-License-Identifier: MIT */
/*
 * mmapshare-bench: experiments, the ways to do a thing that each compares, and
 * what goes from one process to another.
 *
 * Calls go from main.c to an experiment (log.c, bulk.c, ...), which hands groups
 * of contenders to compare() in run.c, which calls each of them again and
 * again; all it learns is in results, for output.c and plot.c.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define KIB		(1UL << 10)
#define MIB		(1UL << 20)
#define GIB		(1UL << 30)

#define METRICS_MAX	6
#define SIZES_MAX	16
#define RUNS_MAX	99

/**
 * struct options - what all experiments are told
 * @runs: how often each contender is measured
 * @seconds: how long a run is to last, at least
 * @records: of the log
 * @instructions: the clock counts instructions: do a fixed number of things, on
 *	one processor, and nothing whose number depends on who runs when
 * @quick: only see that it works
 * @sizes: instead of the experiments' own
 * @n_sizes: how many; 0 for none
 * @tmpfs: a directory on a tmpfs
 * @only: contenders' names, patterns for the shell with commas between; NULL for
 *	all
 */
struct options {
	unsigned int runs;
	double seconds;
	uint64_t records;
	bool instructions;
	bool quick;
	uint64_t sizes[SIZES_MAX];
	size_t n_sizes;
	const char *tmpfs;
	const char *only;
};

extern struct options options;

struct contender;

/**
 * struct group - what is measured side by side: a place on the x axis
 * @experiment: its name
 * @what: of several things that it measures
 * @size: in bytes, or what else the x axis says
 * @x: what @size is
 * @bytes: how many one operation moves; 0 if that is not what it is about
 * @contenders: what others are compared with first
 * @n_contenders: how many
 * @metrics: names of what a contender measures, at most METRICS_MAX, ends with
 *	NULL. The first is the one that counts
 * @parts: the first is the sum of that many that follow it
 */
struct group {
	const char *experiment;
	const char *what;
	uint64_t size;
	const char *x;
	uint64_t bytes;
	const struct contender *contenders;
	size_t n_contenders;
	const char * const *metrics;
	int parts;
};

/**
 * struct contender - one way to do it
 * @name: without spaces
 * @measure: set everything up, do it for some time, and store what each of the
 *	group's metrics was. Returns NULL, or why it cannot be done here
 * @kind: of memory, or what else @measure wants to know
 * @data: likewise
 */
struct contender {
	const char *name;
	const char *(*measure)(const struct contender *c, const struct group *g,
			       double *values);
	int kind;
	const void *data;
};

/**
 * struct experiment - a subcommand
 * @timed_only: to count its instructions would mean nothing
 */
struct experiment {
	const char *name;
	const char *doc;
	void (*run)(void);
	bool timed_only;
};

extern const struct experiment log_experiment, bulk_experiment, touch_experiment;
extern const struct experiment random_experiment, contend_experiment;
extern const struct experiment records_experiment, pingpong_experiment, kernel_experiment;

/* The metric of most experiments: nanoseconds, or instructions, for each. */
extern const char * const one_metric[];

/* run.c */
void compare(const struct group *g);
void count_only(bool on);
size_t choose_sizes(const uint64_t *own, size_t n, uint64_t most, uint64_t *sizes);
uint64_t ticks(void);
void settle(void);
double per_operation(void (*operation)(void *state), void *state, uint64_t bytes);
/* What every process ends with if something is not as it should be; errno may be 0. */
void fail(const char *what) __attribute__((noreturn, cold));
void clear_progress(void);

/* For each record, and so without a call where that would be a good part of it. */
static inline void check(const char *what, bool good)
{
	if (!good)
		fail(what);
}

/**
 * struct result - what came of one contender in one group
 * @values: by metric and run
 * @runs: how many there are
 * @why: why there are none, or NULL
 */
struct result {
	struct group group;
	const char *how;
	double (*values)[RUNS_MAX];
	unsigned int runs;
	const char *why;
};

extern struct result *results;
extern size_t n_results;

/* output.c */
struct summary {
	double median, q1, q3, least;
};

struct summary summarize(const struct result *r, int metric);
const char *unit_of(const char *metric);
void print_group(const struct result *first, size_t n);
void write_json(FILE *f);

/* plot.c */
int draw_plots(const char *dir);

/* memory.c */
enum memory_kind {
	FAULT, HUGE, VMALLOC, PFN,	/* as enum mmapshare_strategy */
	MALLOC, MEMFD, MEMFD_HUGE, TMPFS,
};

/**
 * struct memory - something with a descriptor that can be mapped
 * @fd: -1 for MALLOC
 * @at: where it is mapped, NULL if it is not
 */
struct memory {
	enum memory_kind kind;
	int fd;
	size_t size;
	char *at;
	struct mmapshare *region;
};

const char *memory_open(struct memory *m, enum memory_kind kind, size_t size);
const char *memory_map(struct memory *m, int flags);
void memory_unmap(struct memory *m);
void memory_close(struct memory *m);
void *private_memory(size_t size);
void private_memory_free(void *p, size_t size);
void *shared_memory(size_t size);

/* uring.c */
struct uring;

const char *uring_open(struct uring **ring, int fd, void *buffer, size_t size,
		       bool sqpoll);
void uring_begin(struct uring *ring, bool write, void *at, size_t length, uint64_t offset);
void uring_finish(struct uring *ring);
void uring_close(struct uring *ring);

/*
 * Ways from one process to another. A channel is made before fork(); the parent
 * puts, the child takes.
 */
#define LENGTH_MAX	65536
#define CHANNEL_SIZE	(1UL << 20)	/* of those that have a size */

struct channel;

/*
 * struct transport - a way for records
 * @make: for records of @length bytes each, a power of two
 * @put: waits for room
 * @flush: what was put is there for the other one
 * @take: waits for one; the record is there until the next call
 */
struct transport {
	const char *name;
	struct channel *(*make)(size_t length);
	void (*put)(struct channel *channel, const void *record, size_t length);
	void (*flush)(struct channel *channel);
	const void *(*take)(struct channel *channel, size_t *length);
	void (*close)(struct channel *channel);
};

/*
 * struct signaller - a way to wake the other one and to be woken
 * @wake, @sleep: @side is 0 for the parent and 1 for the child
 */
struct signaller {
	const char *name;
	struct channel *(*make)(void);
	void (*wake)(struct channel *channel, int side);
	void (*sleep)(struct channel *channel, int side);
	void (*close)(struct channel *channel);
};

extern const struct transport ring_transport, ring_by_16_transport, ring_by_1_transport;
extern const struct transport ring_eager_transport;
extern const struct transport queue_transport;
extern const struct transport pipe_transport, seqpacket_transport;
extern const struct signaller ring_signaller, futex_signaller, eventfd_signaller;

#endif /* BENCH_H */
