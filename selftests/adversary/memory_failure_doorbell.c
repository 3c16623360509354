// SPDX-License-Identifier: GPL-2.0
/*
 * Memory failure of the doorbell's page: no mapping shows it, and the ioctls
 * continue with another count.
 */
#include "doorbell_test.h"
#include "failure_test.h"
#include <poll.h>

static short poll_priority(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLPRI };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

TEST_F(bell, ioctls)
{
	const char *reason = no_failures(self->bell);
	uint64_t count = 0, known;
	int64_t notified;
	int other;

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(1, bell_notify(self->fd, 0));
	ASSERT_EQ(0, bell_wait(self->fd, &count, 0));
	ASSERT_EQ(0, fail_page(self->bell, self->dev.page, true));
	EXPECT_TRUE(is_refused((char *)self->bell));

	/* the new count differs from every old one, so that each wait ends */
	EXPECT_EQ(POLLPRI, poll_priority(self->fd));
	known = count;
	EXPECT_EQ(0, bell_wait(self->fd, &count, NO_TIMEOUT));
	EXPECT_LT(known, count);
	known = 0;
	EXPECT_EQ(0, bell_wait(self->fd, &known, NO_TIMEOUT));
	EXPECT_EQ(count, known);

	EXPECT_EQ(ETIMEDOUT, bell_wait(self->fd, &count, 0));
	EXPECT_EQ(0, poll_priority(self->fd));
	other = bell_open(self, O_RDWR);
	ASSERT_LE(0, other);
	notified = bell_notify(other, 0);
	EXPECT_EQ((int64_t)count + 1, notified);
	EXPECT_EQ(POLLPRI, poll_priority(self->fd));
	EXPECT_EQ(0, bell_wait(self->fd, &count, NO_TIMEOUT));
	EXPECT_EQ(notified, (int64_t)count);
	close(other);
	EXPECT_TRUE(is_refused((char *)self->bell));
}

TEST_HARNESS_MAIN
