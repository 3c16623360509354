/* SPDX-License-Identifier: MIT */
/*
 * mmapshare-bench: declarations shared by its files.
 *
 * main.c runs the selected experiments (log.c, bulk.c, ...). An experiment
 * passes groups of contenders to compare() in run.c, which measures each
 * contender several times and stores the values in results[] for output.c and
 * plot.c. report.c says on which machine that was.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define KIB		(1UL << 10)
#define MIB		(1UL << 20)
#define GIB		(1UL << 30)

#define METRICS_MAX	6
#define SIZES_MAX	16
#define RUNS_MAX	99

/**
 * struct options - options of the command line
 * @runs: number of times each contender is measured
 * @seconds: minimum duration of a run
 * @records: number of records that the log experiment writes
 * @instructions: the clock counts instructions, on one processor: do a fixed
 *	number of operations, and skip what depends on scheduling
 * @quick: only check that each experiment works
 * @memfd: rings are in a memfd, and the module is not used: memfd_ring.c
 * @sizes: sizes to measure instead of an experiment's own
 * @n_sizes: number of @sizes; 0: use the experiment's own
 * @tmpfs: a directory on a tmpfs
 * @only: shell patterns of contenders' names, separated by commas; NULL: all
 */
struct options {
	unsigned int runs;
	double seconds;
	uint64_t records;
	bool instructions;
	bool quick;
	bool memfd;
	uint64_t sizes[SIZES_MAX];
	size_t n_sizes;
	const char *tmpfs;
	const char *only;
};

extern struct options options;

/* The reason of contenders that are not measured because of --memory memfd. */
#define NEEDS_MODULE	"needs the module: run without --memory memfd"

struct contender;

/**
 * struct pair - two contenders of a group that publish and wake alike
 * @name: the name of one
 * @against: the name of the other, which the table compares it with
 */
struct pair {
	const char *name;
	const char *against;
};

/**
 * struct group - contenders measured side by side: one point on the x axis
 * @experiment: name of the experiment
 * @what: which of the experiment's measurements, "read" or "write" for example
 * @size: position on the x axis, in units of @x
 * @x: unit of @size
 * @bytes: bytes that one operation moves; 0 for an operation without a rate
 * @contenders: the ratios in the table are relative to the first one
 * @n_contenders: number of @contenders
 * @pairs: which of them are also compared with another one than the first;
 *	terminated by an empty entry. NULL if none is
 * @metrics: names of the metrics that a contender measures, at most
 *	METRICS_MAX, terminated by NULL. Contenders are compared by the first
 *	one
 * @n_parts: the first metric is the sum of the @n_parts metrics after it; 0 if
 *	it is not a sum
 */
struct group {
	const char *experiment;
	const char *what;
	uint64_t size;
	const char *x;
	uint64_t bytes;
	const struct contender *contenders;
	size_t n_contenders;
	const struct pair *pairs;
	const char * const *metrics;
	int n_parts;
};

/**
 * struct contender - one way to perform the operation that is measured
 * @name: contains no spaces
 * @measure: set up, repeat the operation, and store a value for each of the
 *	group's metrics. Returns NULL, or the reason why this machine cannot
 *	run it
 * @kind: argument of @measure; enum memory_kind where memory is compared
 * @data: another argument of @measure
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
 * @name: its name
 * @doc: its line in --help
 * @run: call compare() for each group
 * @timed_only: skip it when instructions are counted, because its count would
 *	be meaningless
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
extern const struct experiment readers_experiment;

/* The metric of most experiments: nanoseconds or instructions per operation. */
extern const char * const time_metric[];

/* run.c */
void compare(const struct group *g);
void set_count_only(bool on);
size_t choose_sizes(const uint64_t *own, size_t n, uint64_t max, uint64_t *sizes);
uint64_t read_clock(void);
void settle(void);
double per_operation(void (*operation)(void *state), void *state, uint64_t bytes);
/* Print @what, and errno unless it is 0, and exit. */
void fail(const char *what) __attribute__((noreturn, cold));
void clear_progress(void);

/* Inline, because a function call for each record would distort the result. */
static inline void check(const char *what, bool good)
{
	if (!good)
		fail(what);
}

/**
 * struct result - measured values of one contender in one group
 * @group: a copy of the group
 * @name: the contender's name
 * @values: indexed by metric and run
 * @runs: number of runs in @values
 * @reason: why there are no values, or NULL
 */
struct result {
	struct group group;
	const char *name;
	double (*values)[RUNS_MAX];
	unsigned int runs;
	const char *reason;
};

extern struct result *results;
extern size_t n_results;

/* output.c */
struct summary {
	double median, q1, q3, min;
};

struct summary summarize(const struct result *r, int metric);
const char *unit_of(const char *metric);
const char *against(const struct result *r);
void print_group(const struct result *first, size_t n);
void write_json(FILE *f);

/* report.c */
void begin_report(void);
void end_report(void);
void write_report(FILE *f);
void read_field(const char *path, const char *field, char *text, size_t size);

/* plot.c */
int draw_plots(const char *dir);

/* memory.c */
enum memory_kind {
	FAULT, HUGE, VMALLOC, PFN,	/* as enum mmapshare_strategy */
	MALLOC, MEMFD, MEMFD_HUGE, TMPFS,
};

/**
 * struct memory - memory of one kind, and its mapping
 * @kind: how it is allocated
 * @fd: descriptor to map, -1 for MALLOC
 * @size: bytes; MEMFD_HUGE rounds up to whole huge pages
 * @at: address of the mapping, NULL if there is none
 * @region: the region @fd belongs to, or NULL
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

/*
 * memfd_ring.c: the linker lets the library call __wrap_NAME() instead of NAME(),
 * which is __real_NAME() there.
 */
int __real_mms_ioctl(int fd, unsigned long request, void *arg);
int __wrap_mms_ioctl(int fd, unsigned long request, void *arg);
int __real_mms_control_ioctl(int flags, unsigned long request, void *arg);
int __wrap_mms_control_ioctl(int flags, unsigned long request, void *arg);

/* uring.c */
struct uring;

const char *uring_open(struct uring **ring, int fd, void *buffer, size_t size,
		       bool sqpoll);
void uring_begin(struct uring *ring, bool write, void *at, size_t length, uint64_t offset);
void uring_finish(struct uring *ring);
void uring_close(struct uring *ring);

/*
 * Channels between two processes. A channel is created before fork(). The
 * parent puts records into it, and the child takes them.
 */
#define LENGTH_MAX	65536
#define CHANNEL_SIZE	(1UL << 20)	/* bytes of rings and of the queue */
#define READERS_MAX	4

struct channel;

/**
 * struct transport - a kind of channel for records
 * @name: its name
 * @make: create a channel for records of @length bytes each, a power of two
 * @make_readers: create @n channels. A record that is put into the first one
 *	is taken from each of them. NULL if that is not possible
 * @put: add a record; waits for free space
 * @flush: make all records that were put visible to the child
 * @take: wait for a record; it is valid until the next call
 * @close: free the channel
 */
struct transport {
	const char *name;
	struct channel *(*make)(size_t length);
	void (*make_readers)(size_t length, struct channel **channels, int n);
	void (*put)(struct channel *channel, const void *record, size_t length);
	void (*flush)(struct channel *channel);
	const void *(*take)(struct channel *channel, size_t *length);
	void (*close)(struct channel *channel);
};

/* records.c */
pid_t fork_child(void);
void wait_for_child(pid_t pid);
bool take_record(const struct transport *t, struct channel *c, size_t expected);

/**
 * struct signaller - a kind of channel for wake-ups
 * @name: its name
 * @make: create a channel
 * @wake: wake the peer; @side is the caller's: 0 the parent, 1 the child
 * @sleep: sleep until the peer calls @wake; @side as for @wake
 * @close: free the channel
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
extern const struct transport queue_transport, queue_by_16_transport;
extern const struct transport queue_futex_transport, queue_eventfd_transport;
extern const struct transport pipe_transport, seqpacket_transport;
extern const struct signaller ring_signaller, futex_signaller, eventfd_signaller;

#endif /* BENCH_H */
