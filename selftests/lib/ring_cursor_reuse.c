// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: a producer that makes space while the last consumer detaches, and
 * one that may lose records gets the same cursor, keeps what the former has not
 * released. The producer is stopped after more and more instructions.
 */
#include "lib_ring_test.h"
#include "ring_protocol.h"
#include <sys/ptrace.h>
#include <sys/wait.h>

#define LENGTH		56
#define RELEASED	(2 * (8 + LENGTH))
#define STRIDE		3	/* fewer than there are between two loads */

/* The producer finds that the ring is full. The consumer's file is the parent's. */
static void reserve(FIXTURE_DATA(ring) *self)
{
	void *record;

	mmapshare_ring_close(self->c);
	if (ptrace(PTRACE_TRACEME, 0, 0, 0))
		_exit(1);
	raise(SIGSTOP);
	_exit(mmapshare_ring_reserve(self->p, self->size / 4, &record) != -EAGAIN);
}

/* Let the task execute @steps instructions. Returns whether it is still there. */
static bool step(pid_t pid, int steps)
{
	int status;

	while (steps--) {
		ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
		waitpid(pid, &status, 0);
		if (!WIFSTOPPED(status))
			return false;
	}
	return true;
}

static bool release_some(struct mmapshare_endpoint *c)
{
	const void *record;
	size_t length, n;

	for (n = 0; n < RELEASED / (8 + LENGTH); n++)
		if (mmapshare_ring_next(c, &record, &length))
			return false;
	return !mmapshare_ring_release(c);
}

TEST_F_TIMEOUT(ring, stopped_anywhere, 300)
{
	struct endpoint reader;
	int steps, status;
	pid_t pid;

	ASSERT_EQ(0, attach_both(self));
	put_all(self->p, 0, LENGTH);
	ASSERT_TRUE(release_some(self->c));
	for (steps = 0;; steps += STRIDE) {
		pid = fork();
		if (!pid)
			reserve(self);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSTOPPED(status));
		if (!step(pid, steps))
			break;
		mmapshare_ring_close(self->c);
		ASSERT_EQ(0, endpoint_attach(&reader, mmapshare_fd(self->region),
					     CONSUMER | MMAPSHARE_RING_ATTACH_MAY_LOSE));
		ASSERT_EQ(0U, reader.at.cursor);
		__atomic_store_n(&reader.c->pos, reader.p->pos, __ATOMIC_RELEASE);
		ptrace(PTRACE_DETACH, pid, 0, 0);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status);
		ASSERT_GE((unsigned int)RELEASED, reader.p->oldest_pos) {
			TH_LOG("stopped after %d instructions", steps);
		}
		endpoint_detach(&reader);
		ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
	}
	EXPECT_LT(100, steps);
}

TEST_HARNESS_MAIN
