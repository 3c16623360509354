// SPDX-License-Identifier: MIT
/*
 * bulk: so many bytes from memory of the program's own to what is shared, and
 * back. All pages are there before, and mapped.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "bench.h"

#define PIECES	4	/* of readv and writev */
#define AT_ONCE	(1 * MIB)	/* of io_uring's requests, and of a pipe */

struct bulk {
	struct memory memory;
	char *buffer;
	size_t size;
	bool write;
	struct uring *ring;
	int pipe[2];
	size_t room;
};

struct way {
	void (*operation)(void *state);
	bool map, uring, pipe;
};

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void by_copy(void *state)
{
	struct bulk *b = state;

	if (b->write)
		memcpy(b->memory.at, b->buffer, b->size);
	else
		memcpy(b->buffer, b->memory.at, b->size);
	/* somebody else may look at any time */
	__asm__ volatile("" : : : "memory");
}

static void complete(const struct bulk *b, ssize_t done)
{
	check(b->write ? "write" : "read", done == (ssize_t)b->size);
}

static void by_call(void *state)
{
	struct bulk *b = state;

	check("lseek", !lseek(b->memory.fd, 0, SEEK_SET));
	complete(b, b->write ? write(b->memory.fd, b->buffer, b->size) :
			       read(b->memory.fd, b->buffer, b->size));
}

static void by_call_at(void *state)
{
	struct bulk *b = state;

	complete(b, b->write ? pwrite(b->memory.fd, b->buffer, b->size, 0) :
			       pread(b->memory.fd, b->buffer, b->size, 0));
}

static void by_vector(void *state)
{
	struct bulk *b = state;
	struct iovec iov[PIECES];
	int i;

	for (i = 0; i < PIECES; i++)
		iov[i] = (struct iovec){
			.iov_base = b->buffer + b->size / PIECES * i,
			.iov_len = b->size / PIECES,
		};
	complete(b, b->write ? pwritev(b->memory.fd, iov, PIECES, 0) :
			       preadv(b->memory.fd, iov, PIECES, 0));
}

static void by_uring(void *state)
{
	struct bulk *b = state;
	size_t at;

	for (at = 0; at < b->size; at += AT_ONCE)
		uring_begin(b->ring, b->write, b->buffer + at,
			    least(b->size - at, AT_ONCE), at);
	uring_finish(b->ring);
}

/* What goes into the pipe comes out at once: there is room for all of it. */
static void splice_piece(struct bulk *b, size_t at, size_t length)
{
	struct iovec iov = { .iov_base = b->buffer + at, .iov_len = length };
	loff_t offset = at;
	ssize_t n;

	if (b->write)
		n = vmsplice(b->pipe[1], &iov, 1, 0);
	else
		n = splice(b->memory.fd, &offset, b->pipe[1], NULL, length, 0);
	check("splice to a pipe", n == (ssize_t)length);
	while (length) {
		if (b->write)
			n = splice(b->pipe[0], NULL, b->memory.fd, &offset, length, 0);
		else
			n = read(b->pipe[0], b->buffer + at, length);
		check("splice from a pipe", n > 0);
		at += n;
		length -= n;
	}
}

static void by_splice(void *state)
{
	struct bulk *b = state;
	size_t at;

	for (at = 0; at < b->size; at += b->room)
		splice_piece(b, at, least(b->size - at, b->room));
}

/* Both ends of it, which are two programs' otherwise. */
static void by_pipe(void *state)
{
	struct bulk *b = state;
	size_t at, n;

	for (at = 0; at < b->size; at += n) {
		n = least(b->size - at, b->room);
		check("write", write(b->pipe[1], b->memory.at + at, n) == (ssize_t)n);
		check("read", read(b->pipe[0], b->buffer + at, n) == (ssize_t)n);
	}
}

static void open_pipe(struct bulk *b)
{
	check("pipe", !pipe2(b->pipe, O_CLOEXEC));
	/* as much as it gets */
	fcntl(b->pipe[0], F_SETPIPE_SZ, AT_ONCE);
	b->room = fcntl(b->pipe[0], F_GETPIPE_SZ);
}

static void fill(const struct bulk *b)
{
	memset(b->buffer, 'x', b->size);
	if (b->memory.at)
		memset(b->memory.at, 'y', b->size);
	else
		check("pwrite", pwrite(b->memory.fd, b->buffer, b->size, 0) ==
		      (ssize_t)b->size);
}

static const char *measure(const struct contender *c, const struct group *g,
			   double *values)
{
	const struct way *way = c->data;
	struct bulk b = {
		.size = g->size,
		.write = !strcmp(g->what, "write"),
		.pipe = { -1, -1 },
	};
	const char *why = memory_open(&b.memory, c->kind, b.size);

	b.buffer = private_memory(b.size);
	if (!why && way->map)
		why = memory_map(&b.memory, 0);
	if (!why && way->uring)
		why = uring_open(&b.ring, b.memory.fd, b.buffer, b.size, false);
	if (way->pipe)
		open_pipe(&b);
	if (!why) {
		fill(&b);
		*values = per_operation(way->operation, &b, b.size);
	}
	if (b.ring)
		uring_close(b.ring);
	if (way->pipe) {
		close(b.pipe[0]);
		close(b.pipe[1]);
	}
	memory_close(&b.memory);
	private_memory_free(b.buffer, b.size);
	return why;
}

static const struct way copy = { .operation = by_copy, .map = true };
static const struct way call = { .operation = by_call };
static const struct way call_at = { .operation = by_call_at };
static const struct way vector = { .operation = by_vector };
static const struct way uring = { .operation = by_uring, .uring = true };
static const struct way by_pipes = { .operation = by_splice, .pipe = true };
static const struct way through = { .operation = by_pipe, .map = true, .pipe = true };

static const struct contender readers[] = {
	{ "map", measure, FAULT, &copy },
	{ "map-huge", measure, HUGE, &copy },
	{ "memfd", measure, MEMFD, &copy },
	{ "read-device", measure, FAULT, &call },
	{ "read-tmpfs", measure, TMPFS, &call },
	{ "pread-device", measure, FAULT, &call_at },
	{ "pread-tmpfs", measure, TMPFS, &call_at },
	{ "preadv-device", measure, FAULT, &vector },
	{ "preadv-tmpfs", measure, TMPFS, &vector },
	{ "uring-device", measure, FAULT, &uring },
	{ "uring-tmpfs", measure, TMPFS, &uring },
	{ "splice-device", measure, FAULT, &by_pipes },
	{ "splice-tmpfs", measure, TMPFS, &by_pipes },
	{ "pipe", measure, MALLOC, &through },
};

static const struct contender writers[] = {
	{ "map", measure, FAULT, &copy },
	{ "map-huge", measure, HUGE, &copy },
	{ "memfd", measure, MEMFD, &copy },
	{ "write-device", measure, FAULT, &call },
	{ "write-tmpfs", measure, TMPFS, &call },
	{ "pwrite-device", measure, FAULT, &call_at },
	{ "pwrite-tmpfs", measure, TMPFS, &call_at },
	{ "pwritev-device", measure, FAULT, &vector },
	{ "pwritev-tmpfs", measure, TMPFS, &vector },
	{ "uring-device", measure, FAULT, &uring },
	{ "uring-tmpfs", measure, TMPFS, &uring },
	{ "splice-device", measure, FAULT, &by_pipes },
	{ "splice-tmpfs", measure, TMPFS, &by_pipes },
	{ "pipe", measure, MALLOC, &through },
};

static void run(void)
{
	static const uint64_t own[] = {
		64, 512, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB,
		256 * MIB,
	};
	uint64_t sizes[SIZES_MAX];
	const size_t n = choose_sizes(own, ARRAY_SIZE(own), 4 * MIB, sizes);
	struct group g = {
		.experiment = "bulk",
		.x = "bytes",
		.metrics = one_metric,
	};
	size_t i;
	int way;

	for (way = 0; way < 2; way++) {
		g.what = way ? "write" : "read";
		g.contenders = way ? writers : readers;
		g.n_contenders = way ? ARRAY_SIZE(writers) : ARRAY_SIZE(readers);
		for (i = 0; i < n; i++) {
			g.size = sizes[i];
			g.bytes = sizes[i];
			compare(&g);
		}
	}
}

const struct experiment bulk_experiment = {
	.name = "bulk",
	.doc = "bytes to what is shared, and back: maps, calls, io_uring, splice, pipe",
	.run = run,
};
