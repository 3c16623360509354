// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: an endpoint's process is killed or forks, or the ring is
 * revoked: the peer is woken, with all records that were committed.
 */
#include "lib_ring_test.h"
#include <poll.h>

#define LENGTH	40

/* Start a process that attaches, calls @run, and waits to be killed. */
static pid_t start_endpoint(FIXTURE_DATA(ring) *self, unsigned int flags,
			    int (*run)(struct mmapshare_endpoint *))
{
	struct mmapshare_endpoint *ep;
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (pid) {
		close(ready[1]);
		if (read(ready[0], &byte, 1) != 1)
			pid = -1;
		close(ready[0]);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (attach(self, &ep, flags) || run(ep))
		_exit(1);
	if (write(ready[1], "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void kill_and_wait(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int put_ten_reserve_one(struct mmapshare_endpoint *p)
{
	void *record;
	int i, ret = 0;

	for (i = 0; i < 10 && !ret; i++)
		ret = put_record(p, i, LENGTH);
	if (!ret)
		ret = mmapshare_ring_reserve(p, LENGTH, &record);
	if (!ret)
		memset(record, 0xff, LENGTH / 2);
	return ret;
}

TEST_F(ring, killed_producer)
{
	struct pollfd p = { .events = POLLIN };
	pid_t pid;

	ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
	p.fd = mmapshare_ring_fd(self->c);
	/* before the first producer has attached: no -EPIPE */
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->c, 0, MS));
	pid = start_endpoint(self, PRODUCER, put_ten_reserve_one);
	ASSERT_LT(0, pid);
	kill_and_wait(pid);
	EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, NO_TIMEOUT));
	EXPECT_EQ(10, take_all(self->c, 0, LENGTH));
	EXPECT_EQ(-EPIPE, mmapshare_ring_wait(self->c, 0, NO_TIMEOUT));
	EXPECT_EQ(-EPIPE, mmapshare_ring_wait(self->c, 0, 0));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->c, MMAPSHARE_RING_WAIT_IGNORE_HUP, MS));
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLHUP, p.revents);
	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->c, 0, 0));
	ASSERT_EQ(0, put_record(self->p, 10, LENGTH));
	EXPECT_EQ(1, take_all(self->c, 10, LENGTH));
}

static void *kill_later(void *arg)
{
	sleep_ns(300 * MS);
	kill(*(pid_t *)arg, SIGKILL);
	return NULL;
}

TEST_F(ring, killed_producer_wakes_consumer)
{
	pthread_t thread;
	pid_t pid;

	ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
	pid = start_endpoint(self, PRODUCER, put_ten_reserve_one);
	ASSERT_LT(0, pid);
	EXPECT_EQ(10, take_all(self->c, 0, LENGTH));
	ASSERT_EQ(0, pthread_create(&thread, NULL, kill_later, &pid));
	EXPECT_EQ(-EPIPE, mmapshare_ring_wait(self->c, 0, 20 * SECOND));
	pthread_join(thread, NULL);
	waitpid(pid, NULL, 0);
}

/*
 * A producer of a lossless ring that needs free space stores oldest_pos, then
 * rereads the consumers' positions, and does not reuse the bytes if one of
 * these is before oldest_pos. If the producer is killed between the two steps,
 * the next producer does not reuse the bytes either.
 */
TEST_F(ring, killed_producer_after_oldest_pos)
{
	struct mmapshare_ring_producer producer, *page;
	struct mmapshare_ring ring;
	long n;

	ASSERT_EQ(0, attach_both(self));
	n = put_all(self->p, 0, LENGTH);
	ASSERT_LT(3, n);
	ASSERT_EQ(0, mmapshare_ring_stat(self->region, &ring, &producer, NULL, 0));
	page = mmap(NULL, self->dev.page, PROT_READ | PROT_WRITE, MAP_SHARED,
		    mmapshare_ring_fd(self->p), ring.producer_offset);
	ASSERT_NE(MAP_FAILED, page);
	page->oldest_pos += 3 * (8 + LENGTH);
	munmap(page, self->dev.page);
	mmapshare_ring_close(self->p);
	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	EXPECT_EQ(0, put_all(self->p, n, LENGTH));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->p, 0, 0));
	EXPECT_EQ(n, take_all(self->c, 0, LENGTH));
	EXPECT_EQ(n, put_all(self->p, n, LENGTH));
	EXPECT_EQ(n, take_all(self->c, n, LENGTH));
}

static int take_five(struct mmapshare_endpoint *c)
{
	const void *record;
	size_t length;
	int i, ret = 0;

	for (i = 0; i < 5 && !ret; i++)
		ret = mmapshare_ring_next(c, &record, &length);
	return ret ?: mmapshare_ring_release(c) ?: mmapshare_ring_next(c, &record, &length);
}

/* Records that the killed consumer has not released are retained. */
TEST_F(ring, killed_consumer)
{
	long n;
	pid_t pid;

	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	n = put_all(self->p, 0, LENGTH);
	pid = start_endpoint(self, CONSUMER, take_five);
	ASSERT_LT(0, pid);
	EXPECT_EQ(5, put_all(self->p, n, LENGTH));
	kill_and_wait(pid);
	EXPECT_EQ(-EPIPE, mmapshare_ring_wait(self->p, 0, NO_TIMEOUT));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->p, MMAPSHARE_RING_WAIT_IGNORE_HUP, MS));
	ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
	EXPECT_EQ(n, take_all(self->c, 5, LENGTH));
	EXPECT_EQ(0, mmapshare_ring_wait(self->p, 0, 0));
}

static int do_nothing(struct mmapshare_endpoint *ep)
{
	return 0;
}

/* The producer is woken when the slowest of two consumers is killed. */
TEST_F(ring, killed_slowest_consumer)
{
	pthread_t thread;
	pid_t pid;
	long n;

	ASSERT_EQ(0, attach_both(self));
	pid = start_endpoint(self, CONSUMER, do_nothing);
	ASSERT_LT(0, pid);
	n = put_all(self->p, 0, LENGTH);
	EXPECT_EQ(n, take_all(self->c, 0, LENGTH));
	EXPECT_EQ(0, put_all(self->p, 0, LENGTH));
	ASSERT_EQ(0, pthread_create(&thread, NULL, kill_later, &pid));
	EXPECT_EQ(0, mmapshare_ring_wait(self->p, 0, 20 * SECOND));
	pthread_join(thread, NULL);
	waitpid(pid, NULL, 0);
	EXPECT_EQ(n, put_all(self->p, n, LENGTH));
	EXPECT_EQ(n, take_all(self->c, n, LENGTH));
}

/* After fork() the child closes the endpoints, or the parent does. */
TEST_F(ring, fork_one_closes)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, put_record(self->p, 0, LENGTH));
	pid = fork();
	if (!pid) {
		mmapshare_ring_close(self->p);
		mmapshare_ring_close(self->c);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, put_record(self->p, 1, LENGTH));
	EXPECT_EQ(2, take_all(self->c, 0, LENGTH));

	pid = fork();
	if (!pid) {
		mmapshare_ring_close(self->c);
		_exit(put_record(self->p, 2, LENGTH) || put_record(self->p, 3, LENGTH));
	}
	mmapshare_ring_close(self->p);
	self->p = NULL;
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(2, take_all(self->c, 2, LENGTH));
	EXPECT_EQ(-EPIPE, mmapshare_ring_wait(self->c, 0, NO_TIMEOUT));
}

/* An endpoint stays attached while a forked child has it. */
TEST_F(ring, fork_keeps_attached)
{
	pid_t pid;

	ASSERT_EQ(0, attach_both(self));
	pid = fork();
	if (!pid)
		for (;;)
			pause();
	mmapshare_ring_close(self->p);
	self->p = NULL;
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->c, 0, MS));
	kill_and_wait(pid);
	EXPECT_EQ(-EPIPE, mmapshare_ring_wait(self->c, 0, NO_TIMEOUT));
}

static void *revoke_later(void *arg)
{
	sleep_ns(300 * MS);
	region_revoke(mmapshare_fd(arg));
	return NULL;
}

static int take_one(void *c)
{
	const void *record;
	size_t length;

	return -mmapshare_ring_next(c, &record, &length);
}

TEST_F(ring, revoked_wakes_consumer)
{
	struct mmapshare_endpoint *late;
	pthread_t thread;
	void *record;

	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, put_record(self->p, 0, LENGTH));
	ASSERT_EQ(1, take_all(self->c, 0, LENGTH));
	ASSERT_EQ(0, pthread_create(&thread, NULL, revoke_later, self->region));
	EXPECT_EQ(-ENODEV, mmapshare_ring_wait(self->c, 0, 20 * SECOND));
	pthread_join(thread, NULL);
	/* the wait returned -ENODEV, and so do later calls: no SIGBUS */
	EXPECT_EQ(-ENODEV, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(-ENODEV, mmapshare_ring_release(self->c));
	EXPECT_EQ(-ENODEV, mmapshare_ring_wait(self->c, 0, NO_TIMEOUT));
	mmapshare_ring_set_wake_bytes(self->c, 1);
	/* an endpoint that waits first does not get SIGBUS either */
	EXPECT_EQ(-ENODEV, mmapshare_ring_wait(self->p, 0, 0));
	EXPECT_EQ(-ENODEV, mmapshare_ring_reserve(self->p, 1, &record));
	EXPECT_EQ(-ENODEV, mmapshare_ring_commit(self->p));
	EXPECT_EQ(-ENODEV, attach(self, &late, CONSUMER));
}

/*
 * An endpoint that accesses a revoked ring gets SIGBUS, unless it has called
 * mmapshare_ring_wait() before, by which the library detects the revocation.
 */
TEST_F(ring, revoked_poll)
{
	struct pollfd p = { .events = POLLIN };

	ASSERT_EQ(0, attach_both(self));
	p.fd = mmapshare_ring_fd(self->c);
	ASSERT_EQ(0, region_revoke(mmapshare_fd(self->region)));
	EXPECT_EQ(1, poll(&p, 1, 10000));
	EXPECT_EQ(POLLERR | POLLHUP, p.revents);
	EXPECT_EQ(SIGBUS, run_child(take_one, self->c));
	EXPECT_EQ(-ENODEV, mmapshare_ring_wait(self->c, 0, 0));
	EXPECT_EQ(-ENODEV, run_child(take_one, self->c));
}

TEST_HARNESS_MAIN
