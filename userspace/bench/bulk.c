// SPDX-License-Identifier: MIT
/*
 * bulk: copy bytes between private memory and shared memory or a file. All
 * pages have been allocated and mapped before.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "bench.h"

#define PIECES	4	/* iovecs of preadv and pwritev */
#define CHUNK	(1 * MIB)	/* of an io_uring request; wanted size of the pipe */

struct bulk {
	struct memory memory;
	char *buffer;
	size_t size;
	bool write;	/* to the shared memory */
	struct uring *ring;
	int pipe[2];
	size_t pipe_size;
};

struct method {
	void (*operation)(void *state);
	bool map, uring, pipe;
};

static size_t min_size(size_t a, size_t b)
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
	/* keep the copy: other processes may access the memory at any time */
	__asm__ volatile("" : : : "memory");
}

static void check_count(const struct bulk *b, ssize_t done)
{
	check(b->write ? "write" : "read", done == (ssize_t)b->size);
}

static void by_call(void *state)
{
	struct bulk *b = state;

	check("lseek", !lseek(b->memory.fd, 0, SEEK_SET));
	check_count(b, b->write ? write(b->memory.fd, b->buffer, b->size) :
			       read(b->memory.fd, b->buffer, b->size));
}

static void by_call_at(void *state)
{
	struct bulk *b = state;

	check_count(b, b->write ? pwrite(b->memory.fd, b->buffer, b->size, 0) :
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
	check_count(b, b->write ? pwritev(b->memory.fd, iov, PIECES, 0) :
			       preadv(b->memory.fd, iov, PIECES, 0));
}

static void by_uring(void *state)
{
	struct bulk *b = state;
	size_t at;

	for (at = 0; at < b->size; at += CHUNK)
		uring_begin(b->ring, b->write, b->buffer + at,
			    min_size(b->size - at, CHUNK), at);
	uring_finish(b->ring);
}

/* @length is at most the pipe's size, so that filling it does not block. */
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

	for (at = 0; at < b->size; at += b->pipe_size)
		splice_piece(b, at, min_size(b->size - at, b->pipe_size));
}

/* Both ends of the pipe are used by this process. */
static void by_pipe(void *state)
{
	struct bulk *b = state;
	size_t at, n;

	for (at = 0; at < b->size; at += n) {
		n = min_size(b->size - at, b->pipe_size);
		check("write", write(b->pipe[1], b->memory.at + at, n) == (ssize_t)n);
		check("read", read(b->pipe[0], b->buffer + at, n) == (ssize_t)n);
	}
}

static void open_pipe(struct bulk *b)
{
	check("pipe", !pipe2(b->pipe, O_CLOEXEC));
	/* if a limit forbids this size, use the default one */
	fcntl(b->pipe[0], F_SETPIPE_SZ, CHUNK);
	b->pipe_size = fcntl(b->pipe[0], F_GETPIPE_SZ);
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
	const struct method *method = c->data;
	struct bulk b = {
		.size = g->size,
		.write = !strcmp(g->what, "write"),
		.pipe = { -1, -1 },
	};
	const char *reason = memory_open(&b.memory, c->kind, b.size);

	b.buffer = private_memory(b.size);
	if (!reason && method->map)
		reason = memory_map(&b.memory, 0);
	if (!reason && method->uring)
		reason = uring_open(&b.ring, b.memory.fd, b.buffer, b.size, false);
	if (method->pipe)
		open_pipe(&b);
	if (!reason) {
		fill(&b);
		*values = per_operation(method->operation, &b, b.size);
	}
	if (b.ring)
		uring_close(b.ring);
	if (method->pipe) {
		close(b.pipe[0]);
		close(b.pipe[1]);
	}
	memory_close(&b.memory);
	private_memory_free(b.buffer, b.size);
	return reason;
}

static const struct method copy_method = { .operation = by_copy, .map = true };
static const struct method call_method = { .operation = by_call };
static const struct method call_at_method = { .operation = by_call_at };
static const struct method vector_method = { .operation = by_vector };
static const struct method uring_method = { .operation = by_uring, .uring = true };
static const struct method splice_method = { .operation = by_splice, .pipe = true };
static const struct method pipe_method = { .operation = by_pipe, .map = true, .pipe = true };

static const struct contender readers[] = {
	{ "map", measure, FAULT, &copy_method },
	{ "map-huge", measure, HUGE, &copy_method },
	{ "memfd", measure, MEMFD, &copy_method },
	{ "read-device", measure, FAULT, &call_method },
	{ "read-tmpfs", measure, TMPFS, &call_method },
	{ "pread-device", measure, FAULT, &call_at_method },
	{ "pread-tmpfs", measure, TMPFS, &call_at_method },
	{ "preadv-device", measure, FAULT, &vector_method },
	{ "preadv-tmpfs", measure, TMPFS, &vector_method },
	{ "uring-device", measure, FAULT, &uring_method },
	{ "uring-tmpfs", measure, TMPFS, &uring_method },
	{ "splice-device", measure, FAULT, &splice_method },
	{ "splice-tmpfs", measure, TMPFS, &splice_method },
	{ "pipe", measure, MALLOC, &pipe_method },
};

static const struct contender writers[] = {
	{ "map", measure, FAULT, &copy_method },
	{ "map-huge", measure, HUGE, &copy_method },
	{ "memfd", measure, MEMFD, &copy_method },
	{ "write-device", measure, FAULT, &call_method },
	{ "write-tmpfs", measure, TMPFS, &call_method },
	{ "pwrite-device", measure, FAULT, &call_at_method },
	{ "pwrite-tmpfs", measure, TMPFS, &call_at_method },
	{ "pwritev-device", measure, FAULT, &vector_method },
	{ "pwritev-tmpfs", measure, TMPFS, &vector_method },
	{ "uring-device", measure, FAULT, &uring_method },
	{ "uring-tmpfs", measure, TMPFS, &uring_method },
	{ "splice-device", measure, FAULT, &splice_method },
	{ "splice-tmpfs", measure, TMPFS, &splice_method },
	{ "pipe", measure, MALLOC, &pipe_method },
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
		.metrics = time_metric,
	};
	size_t i;
	int write;

	for (write = 0; write < 2; write++) {
		g.what = write ? "write" : "read";
		g.contenders = write ? writers : readers;
		g.n_contenders = write ? ARRAY_SIZE(writers) : ARRAY_SIZE(readers);
		for (i = 0; i < n; i++) {
			g.size = sizes[i];
			g.bytes = sizes[i];
			compare(&g);
		}
	}
}

const struct experiment bulk_experiment = {
	.name = "bulk",
	.doc = "copy to and from shared memory: maps, calls, io_uring, splice, a pipe",
	.run = run,
};
