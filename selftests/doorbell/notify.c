// SPDX-License-Identifier: GPL-2.0
/* MMAPSHARE_IOC_NOTIFY: counting, MMAPSHARE_NOTIFY_COUNTED, and errors. */
#include "doorbell_test.h"

TEST_F(bell, increments_the_count)
{
	int other = bell_open(self, O_WRONLY);
	int64_t n;

	ASSERT_LE(0, other);
	for (n = 1; n <= 100; n++) {
		ASSERT_EQ(n, bell_notify(n % 2 ? self->fd : other, 0));
		ASSERT_EQ((uint64_t)n, bell_count(self->bell));
	}
	close(other);
}

TEST_F(bell, counted_only_wakes)
{
	EXPECT_EQ(0, bell_notify(self->fd, MMAPSHARE_NOTIFY_COUNTED));
	__atomic_fetch_add(&self->bell->count, 1, __ATOMIC_SEQ_CST);
	EXPECT_EQ(1, bell_notify(self->fd, MMAPSHARE_NOTIFY_COUNTED));
	EXPECT_EQ(1U, bell_count(self->bell));
}

TEST_F(bell, regions_are_independent)
{
	int other = region_create(self->dev.fd, NULL);

	ASSERT_LE(0, other);
	EXPECT_EQ(1, bell_notify(other, 0));
	EXPECT_EQ(2, bell_notify(other, 0));
	EXPECT_EQ(0U, bell_count(self->bell));
	close(other);
}

TEST_F(bell, needs_write_access)
{
	int reader = bell_open(self, O_RDONLY);

	ASSERT_LE(0, reader);
	EXPECT_EQ(-EBADF, bell_notify(reader, 0));
	EXPECT_EQ(-EBADF, bell_notify(reader, MMAPSHARE_NOTIFY_COUNTED));
	EXPECT_EQ(0U, bell_count(self->bell));
	close(reader);
}

TEST_F(bell, unknown_flags)
{
	int bit;

	for (bit = 1; bit < 32; bit++)
		EXPECT_EQ(-EINVAL, bell_notify(self->fd, 1U << bit));
	EXPECT_EQ(0U, bell_count(self->bell));
}

/* The count wraps; 0 is a count like any other. */
TEST_F(bell, count_wraps)
{
	uint64_t count = UINT64_MAX;

	self->bell->count = UINT64_MAX;
	EXPECT_EQ(0, bell_notify(self->fd, 0));
	EXPECT_EQ(0, bell_wait(self->fd, &count, 0));
	EXPECT_EQ(0U, count);
}

/* If the copy to userspace fails with EFAULT, peers were notified anyway. */
TEST_F(bell, read_only_argument)
{
	struct mmapshare_notify_args *notify = mmap(NULL, self->dev.page,
		PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, notify);
	notify->size = sizeof(*notify);
	ASSERT_EQ(0, mprotect(notify, self->dev.page, PROT_READ));
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_NOTIFY, notify));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(1U, bell_count(self->bell));
	munmap(notify, self->dev.page);
}

TEST_F(bell, count_survives_last_close)
{
	int other;

	EXPECT_EQ(1, bell_notify(self->fd, 0));
	munmap(self->bell, self->dev.page);
	close(self->fd);
	other = bell_open(self, O_RDWR);
	ASSERT_LE(0, other);
	EXPECT_EQ(2, bell_notify(other, 0));
	self->fd = other;
	self->bell = bell_map(other, PROT_READ);
}

struct ringer {
	struct mmapshare_doorbell *bell;
	uint64_t rings;
	bool end;
};

/* No task waits, so bell_ring() only adds and needs no descriptor. */
static void *ring_until_end(void *arg)
{
	struct ringer *r = arg;

	run_on(1);
	while (!__atomic_load_n(&r->end, __ATOMIC_RELAXED)) {
		bell_ring(r->bell, -1);
		r->rings++;
	}
	return NULL;
}

/* Concurrent additions by a program and by the kernel: none is lost. */
TEST_F(bell, concurrent_additions)
{
	struct ringer ringer = { .bell = self->bell };
	const int64_t end = now() + SECOND;
	uint64_t calls = 0;
	pthread_t thread;

	run_on(0);
	pthread_create(&thread, NULL, ring_until_end, &ringer);
	for (; calls < 3000 || now() < end; calls++)
		ASSERT_LT(0, bell_notify(self->fd, 0));
	__atomic_store_n(&ringer.end, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_EQ(calls + ringer.rings, bell_count(self->bell));
	TH_LOG("%llu calls, %llu additions", (unsigned long long)calls,
	       (unsigned long long)ringer.rings);
}

TEST_HARNESS_MAIN
