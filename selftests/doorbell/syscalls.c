// SPDX-License-Identifier: GPL-2.0
/*
 * Ringing makes no system call while no task waits. A ptrace tracer counts the
 * system calls of the ringing process.
 */
#include "doorbell_test.h"
#include "map_fixture.h"
#include "syscalls_test.h"

#define RINGS	1000000

static int ring_doorbell(void *arg, long rings)
{
	const FIXTURE_DATA(bell) *self = arg;

	while (rings--)
		bell_ring(self->bell, self->fd);
	return 0;
}

TEST_F(bell, none_without_waiters)
{
	long ioctls;

	EXPECT_EQ(0, count_calls(ring_doorbell, self, RINGS, &ioctls));
	EXPECT_EQ((uint64_t)RINGS, bell_count(self->bell));
}

/* A waiter that was woken leaves the doorbell disarmed. */
TEST_F(bell, none_after_wake_up)
{
	uint64_t count = 0;
	pid_t pid = fork();
	long ioctls;

	if (!pid)
		_exit(bell_wait(self->fd, &count, NO_TIMEOUT));
	ASSERT_TRUE(falls_asleep(pid));
	EXPECT_EQ(1, count_calls(ring_doorbell, self, 1, &ioctls));
	EXPECT_EQ(1, ioctls);
	EXPECT_EQ(0, wait_child(pid));
	EXPECT_EQ(0, count_calls(ring_doorbell, self, 1000, &ioctls));
}

/* A waiter that timed out leaves the doorbell armed: one superfluous call. */
TEST_F(bell, one_after_a_timeout)
{
	uint64_t count = 0;
	long ioctls;

	EXPECT_EQ(ETIMEDOUT, bell_wait(self->fd, &count, MS));
	EXPECT_EQ(1, count_calls(ring_doorbell, self, 1000, &ioctls));
	EXPECT_EQ(1, ioctls);
	EXPECT_EQ(0, count_calls(ring_doorbell, self, 1000, &ioctls));
}

TEST_HARNESS_MAIN
