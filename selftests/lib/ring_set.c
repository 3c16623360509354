// SPDX-License-Identifier: GPL-2.0
/*
 * A consumer of a ring set in the library: the order of the records of all rings,
 * losses, waiting, and what a corrupt ring does.
 */
#include "lib_ring_test.h"
#include <time.h>

#define RINGS	3
#define HOUR	(3600ULL * SECOND)

FIXTURE(set) {
	struct device dev;
	struct mmapshare *region;
	struct mmapshare_endpoint *p[RINGS];
	struct mmapshare_set *c;
	const void *record;
	size_t length;
	unsigned int member;
	uint64_t now;
};

/* Replace the set of the fixture, and attach all. Returns 0 or a negative errno. */
static int make_set(FIXTURE_DATA(set) *self, unsigned int flags, uint64_t features)
{
	const struct mmapshare_create_args args = {
		.size = sizeof(args),
		.region_size = self->dev.page,
		.ring = MMAPSHARE_RING_SET | flags,
		.consumers = CONSUMERS,
		.features = features,
		.members = RINGS,
	};
	int i, ret;

	mmapshare_set_close(self->c);
	mmapshare_close(self->region);
	self->c = NULL;
	self->region = NULL;
	ret = mmapshare_ring_create_with(&self->region, NULL, &args);
	for (i = 0; i < RINGS && !ret; i++) {
		mmapshare_ring_close(self->p[i]);
		self->p[i] = NULL;
		ret = mmapshare_ring_attach(&self->p[i], self->region, PRODUCER);
	}
	return ret ? ret : mmapshare_set_attach(&self->c, self->region, 0);
}

FIXTURE_SETUP(set)
{
	struct timespec t;

	DEVICE_OPEN(&self->dev, O_RDWR);
	ASSERT_EQ(0, make_set(self, 0, MMAPSHARE_RING_FEAT_MONOTONIC));
	clock_gettime(CLOCK_MONOTONIC, &t);
	self->now = t.tv_sec * SECOND + t.tv_nsec;
}

FIXTURE_TEARDOWN(set)
{
	int i;

	for (i = 0; i < RINGS; i++)
		mmapshare_ring_close(self->p[i]);
	mmapshare_set_close(self->c);
	mmapshare_close(self->region);
	close(self->dev.fd);
}

/* Publish @value with the time stamp @time. Returns 0 or a negative errno. */
static int put(struct mmapshare_endpoint *p, uint64_t time, uint64_t value)
{
	struct mmapshare_record_info *info;
	uint64_t *record;
	int ret = mmapshare_ring_reserve(p, sizeof(*record), (void **)&record);

	if (ret)
		return ret;
	*record = value;
	info = (void *)((char *)record - sizeof(*info));
	if (mmapshare_ring_features(p))
		info->time = time;
	return mmapshare_ring_commit(p);
}

/* Take a record. Returns its value, or a negative errno. */
static int64_t take(FIXTURE_DATA(set) *self)
{
	int ret = mmapshare_set_next(self->c, &self->record, &self->length, &self->member);

	if (ret)
		return ret;
	return self->length == 8 ? *(const int64_t *)self->record : -1;
}

TEST_F(set, order)
{
	static const unsigned int times[RINGS][4] = {
		{ 1, 5, 6, 12 }, { 2, 3, 4, 11 }, { 7, 8, 9, 10 },
	};
	int64_t value;
	int i, n;

	for (i = 0; i < RINGS; i++)
		for (n = 0; n < 4; n++)
			ASSERT_EQ(0, put(self->p[i], times[i][n], times[i][n]));
	for (value = 1; value <= 12; value++) {
		EXPECT_EQ(value, take(self));
		EXPECT_EQ(value == 1 || value == 5 || value == 6 || value == 12 ? 0U :
			  value < 5 || value == 11 ? 1U : 2U, self->member);
	}
	EXPECT_EQ(-EAGAIN, take(self));
	EXPECT_EQ(-EBUSY, mmapshare_set_wait(self->c, 0, 0));
	EXPECT_EQ(0, mmapshare_set_release(self->c));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_set_wait(self->c, 0, 0));
}

/* What is published after the look comes after what was there, whatever its time. */
TEST_F(set, late)
{
	ASSERT_EQ(0, put(self->p[0], 10, 10));
	ASSERT_EQ(0, put(self->p[0], 30, 30));
	EXPECT_EQ(10, take(self));
	ASSERT_EQ(0, put(self->p[1], 20, 20));
	ASSERT_EQ(0, put(self->p[0], 40, 40));
	EXPECT_EQ(30, take(self));
	EXPECT_EQ(20, take(self));
	EXPECT_EQ(40, take(self));
}

/* With a window it comes in the order of time. */
TEST_F(set, window)
{
	/* all records are younger, but those with a time of 0 */
	const uint64_t window = self->now + HOUR, old = 0;

	ASSERT_EQ(0, mmapshare_set_window(self->c, window));
	ASSERT_EQ(0, put(self->p[0], old, 10));
	ASSERT_EQ(0, put(self->p[0], self->now, 30));
	EXPECT_EQ(10, take(self));
	EXPECT_EQ(-EAGAIN, take(self));
	ASSERT_EQ(0, put(self->p[1], self->now - 1, 20));
	EXPECT_EQ(-EAGAIN, take(self));
	ASSERT_EQ(0, put(self->p[2], old, 11));
	EXPECT_EQ(11, take(self));
	EXPECT_EQ(-EAGAIN, take(self));
	ASSERT_EQ(0, mmapshare_set_release(self->c));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_set_wait(self->c, 0, 0));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_set_wait(self->c, 0, MS));
	ASSERT_EQ(0, mmapshare_set_window(self->c, 0));
	EXPECT_EQ(0, mmapshare_set_wait(self->c, 0, -1));
	EXPECT_EQ(20, take(self));
	EXPECT_EQ(30, take(self));
}

/* A time in the future holds back nothing for longer than the window. */
TEST_F(set, future)
{
	ASSERT_EQ(0, mmapshare_set_window(self->c, MS));
	ASSERT_EQ(0, put(self->p[0], UINT64_MAX, 1));
	ASSERT_EQ(0, put(self->p[1], self->now, 2));
	while (take(self) == -EAGAIN)
		ASSERT_EQ(0, mmapshare_set_wait(self->c, 0, -1));
	EXPECT_EQ(1U, self->member);
	ASSERT_EQ(0, mmapshare_set_release(self->c));
	while (take(self) == -EAGAIN)
		ASSERT_EQ(0, mmapshare_set_wait(self->c, 0, -1));
	EXPECT_EQ(0U, self->member);
}

/* A producer whose records all claim to be the first keeps no other from its turn. */
TEST_F(set, fair)
{
	int i, first = 0;

	ASSERT_EQ(0, put(self->p[1], 5, 1));
	ASSERT_EQ(0, put(self->p[0], 0, 0));
	for (i = 0; i < 1000 && take(self) == 0; i++) {
		first++;
		ASSERT_EQ(0, mmapshare_set_release(self->c));
		ASSERT_EQ(0, put(self->p[0], 0, 0));
	}
	EXPECT_EQ(1U, self->member);
	EXPECT_EQ(1, first);
}

TEST_F(set, no_clock)
{
	int i;

	ASSERT_EQ(0, make_set(self, 0, 0));
	EXPECT_EQ(-EOPNOTSUPP, mmapshare_set_window(self->c, 1));
	for (i = 0; i < 6; i++)
		ASSERT_EQ(0, put(self->p[i % RINGS], 0, i));
	for (i = 0; i < 6; i++)
		EXPECT_EQ(i, take(self));
	EXPECT_EQ(-EAGAIN, take(self));
}

/* Each ring that overwrites records counts exactly those that were not taken. */
TEST_F(set, losses)
{
	uint64_t taken[RINGS] = { 0 };
	int i, n;

	ASSERT_EQ(0, make_set(self, OVERWRITE, MMAPSHARE_RING_FEAT_MONOTONIC));
	for (n = 0; n < 1000; n++)
		for (i = 0; i < RINGS - 1; i++) {
			ASSERT_EQ(0, put(self->p[i], n, i));
			if (n % 300 || take(self) < 0)
				continue;
			EXPECT_EQ(0, mmapshare_set_check(self->c));
			taken[self->member]++;
			EXPECT_EQ(0, mmapshare_set_release(self->c));
		}
	while (take(self) >= 0) {
		EXPECT_EQ(0, mmapshare_set_check(self->c));
		taken[self->member]++;
		EXPECT_EQ(0, mmapshare_set_release(self->c));
	}
	for (i = 0; i < RINGS - 1; i++) {
		EXPECT_LT(0ULL, taken[i]);
		EXPECT_EQ(1000ULL, taken[i] +
			  mmapshare_ring_lost(mmapshare_set_member(self->c, i)));
	}
	EXPECT_EQ(2000ULL, taken[0] + taken[1] + mmapshare_set_lost(self->c));
	EXPECT_EQ(0ULL, mmapshare_ring_lost(mmapshare_set_member(self->c, 2)));
}

/* A record that is overwritten while it is in use counts once. */
TEST_F(set, stale)
{
	struct mmapshare_record_info info;
	uint64_t taken = 0;
	int n;

	ASSERT_EQ(0, make_set(self, OVERWRITE, MMAPSHARE_RING_FEAT_MONOTONIC));
	EXPECT_EQ(-EINVAL, mmapshare_set_check(self->c));
	EXPECT_EQ(-EINVAL, mmapshare_set_record_info(self->c, &info));
	ASSERT_EQ(0, put(self->p[1], 7, 1));
	EXPECT_EQ(1, take(self));
	EXPECT_EQ(0, mmapshare_set_record_info(self->c, &info));
	EXPECT_EQ(7ULL, info.time);
	for (n = 0; n < 999; n++)
		ASSERT_EQ(0, put(self->p[1], 8, 1));
	EXPECT_EQ(-ESTALE, mmapshare_set_check(self->c));
	EXPECT_EQ(-ESTALE, mmapshare_set_record_info(self->c, &info));
	EXPECT_EQ(1ULL, mmapshare_set_lost(self->c));
	EXPECT_EQ(0, mmapshare_set_release(self->c));
	while (take(self) >= 0) {
		taken++;
		EXPECT_EQ(0, mmapshare_set_release(self->c));
	}
	EXPECT_EQ(1000ULL, taken + mmapshare_set_lost(self->c));
}

/* A producer that stores nonsense ends its own ring, which is reported once. */
TEST_F(set, corrupt)
{
	struct mmapshare_ring_attach_args at = {
		.size = sizeof(at), .flags = PRODUCER | MMAPSHARE_RING_ATTACH_MEMBER, .member = 1
	};
	struct mmapshare_record *record;
	int fd;

	mmapshare_ring_close(self->p[1]);
	self->p[1] = NULL;
	fd = ioctl(mmapshare_fd(self->region), MMAPSHARE_IOC_RING_ATTACH, &at);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, put(self->p[0], 1, 1));
	ASSERT_EQ(0, put(self->p[2], 2, 2));
	record = mmap(NULL, at.own_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at.own_offset);
	ASSERT_NE(MAP_FAILED, record);
	/* the records follow the producer's page; more bytes than were published */
	((struct mmapshare_record *)((char *)record + self->dev.page))->length = 4000;
	((struct mmapshare_ring_producer *)record)->pos = 16;
	EXPECT_EQ(-EBADMSG, take(self));
	EXPECT_EQ(1U, self->member);
	EXPECT_EQ(1, take(self));
	EXPECT_EQ(2, take(self));
	EXPECT_EQ(-EAGAIN, take(self));
	ASSERT_EQ(0, mmapshare_set_release(self->c));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_set_wait(self->c, 0, MS));
	ASSERT_EQ(0, put(self->p[2], 3, 3));
	EXPECT_EQ(0, mmapshare_set_wait(self->c, 0, -1));
	EXPECT_EQ(3, take(self));
	munmap(record, at.own_size);
	close(fd);
}

/* A consumer that attaches later learns of such a ring in the same way. */
TEST_F(set, corrupt_before)
{
	struct mmapshare_ring_attach_args at = {
		.size = sizeof(at), .flags = PRODUCER | MMAPSHARE_RING_ATTACH_MEMBER, .member = 1
	};
	struct mmapshare_ring_producer *p;
	int fd;

	mmapshare_ring_close(self->p[1]);
	self->p[1] = NULL;
	fd = ioctl(mmapshare_fd(self->region), MMAPSHARE_IOC_RING_ATTACH, &at);
	ASSERT_LE(0, fd);
	p = mmap(NULL, self->dev.page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at.own_offset);
	ASSERT_NE(MAP_FAILED, (void *)p);
	p->pos = -8ULL;
	mmapshare_set_close(self->c);
	ASSERT_EQ(0, mmapshare_set_attach(&self->c, self->region, 0));
	ASSERT_EQ(0, put(self->p[2], 1, 1));
	EXPECT_EQ(-EBADMSG, take(self));
	EXPECT_EQ(1U, self->member);
	EXPECT_EQ(1, take(self));
	EXPECT_EQ(-EAGAIN, take(self));
	munmap(p, self->dev.page);
	close(fd);
}

/* Space that is released is there for the producer of its ring. */
TEST_F(set, release)
{
	int n = 0, taken = 0;

	while (!put(self->p[1], n, n))
		n++;
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->p[1], 0, 0));
	while (take(self) >= 0)
		taken++;
	EXPECT_EQ(n, taken);
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->p[1], 0, 0));
	EXPECT_EQ(0, mmapshare_set_release(self->c));
	EXPECT_EQ(0, mmapshare_ring_wait(self->p[1], 0, 0));
	EXPECT_EQ(0, put(self->p[1], 1, 1));
}

TEST_F(set, read)
{
	struct mmapshare_record_info info;
	uint64_t value;

	ASSERT_EQ(0, put(self->p[2], 7, 1));
	ASSERT_EQ(0, put(self->p[2], 9, 2));
	ASSERT_EQ(0, put(self->p[1], 8, 3));
	EXPECT_EQ(-EMSGSIZE, mmapshare_set_read(self->c, &value, 4, NULL, NULL));
	EXPECT_EQ(8, mmapshare_set_read(self->c, &value, 8, &info, &self->member));
	EXPECT_EQ(1ULL, value);
	EXPECT_EQ(7ULL, info.time);
	EXPECT_EQ(2U, self->member);
	EXPECT_EQ(0ULL, mmapshare_set_seq(self->c));
	EXPECT_EQ(8, mmapshare_set_read(self->c, &value, 8, NULL, NULL));
	EXPECT_EQ(3ULL, value);
	EXPECT_EQ(2, take(self));
	EXPECT_EQ(1ULL, mmapshare_set_seq(self->c));
	EXPECT_EQ(-EBUSY, mmapshare_set_read(self->c, &value, 8, NULL, NULL));
}

/* Each ring on its own, with the functions of rings. */
TEST_F(set, members)
{
	struct mmapshare_endpoint *ep;
	uint64_t value;
	int i;

	EXPECT_EQ((unsigned int)RINGS, mmapshare_set_members(self->c));
	EXPECT_EQ(NULL, mmapshare_set_member(self->c, RINGS));
	for (i = RINGS - 1; i >= 0; i--) {
		ep = mmapshare_set_member(self->c, i);
		ASSERT_EQ(0, put(self->p[i], 1, i));
		EXPECT_EQ(0, mmapshare_set_wait(self->c, 0, -1));
		EXPECT_EQ(8, mmapshare_ring_read(ep, &value, sizeof(value)));
		EXPECT_EQ((uint64_t)i, value);
		EXPECT_EQ(-ETIMEDOUT, mmapshare_set_wait(self->c, 0, 0));
	}
}

TEST_F(set, attach)
{
	struct mmapshare_endpoint *ep;
	struct mmapshare *ring;
	struct mmapshare_set *set;

	EXPECT_EQ(-EOPNOTSUPP, mmapshare_ring_attach(&ep, self->region, CONSUMER));
	EXPECT_EQ(-EBUSY, mmapshare_ring_attach(&ep, self->region, PRODUCER));
	EXPECT_EQ(-EINVAL, mmapshare_ring_attach_member(&ep, self->region, CONSUMER, RINGS));
	EXPECT_EQ(-EINVAL, mmapshare_set_attach(&set, self->region, CONSUMER));
	ASSERT_EQ(0, mmapshare_ring_attach_member(&ep, self->region, CONSUMER, 1));
	ASSERT_EQ(0, put(self->p[0], 1, 0));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(ep, 0, 0));
	ASSERT_EQ(0, put(self->p[1], 1, 1));
	EXPECT_EQ(0, mmapshare_ring_wait(ep, 0, 0));
	mmapshare_ring_close(ep);
	ASSERT_EQ(0, mmapshare_ring_create(&ring, NULL, 1, 0, 1, 0));
	EXPECT_EQ(-EOPNOTSUPP, mmapshare_set_attach(&set, ring, 0));
	mmapshare_close(ring);
}

/* A consumer goes on in each ring where the last one of its name has released. */
TEST_F(set, named)
{
	struct mmapshare_ring_attach_args at = {
		.size = sizeof(at), .flags = CONSUMER, .name = "log",
		.keep_ns = MMAPSHARE_RING_KEEP_ALL,
	};
	struct mmapshare_ring_name info;
	struct mmapshare_endpoint *ep;
	int i;

	/* one ring alone has no name, nor is one created */
	EXPECT_EQ(-EOPNOTSUPP, mmapshare_ring_attach_with(&ep, self->region, &at));
	EXPECT_EQ(-ENOENT, mmapshare_ring_find_name(self->region, "log", &info));
	mmapshare_set_close(self->c);
	ASSERT_EQ(0, mmapshare_set_attach_with(&self->c, self->region, &at));
	EXPECT_EQ(0, mmapshare_ring_resumed(mmapshare_set_member(self->c, 0)));
	for (i = 0; i < RINGS; i++) {
		ASSERT_EQ(0, put(self->p[i], i, 0));
		ASSERT_EQ(0, put(self->p[i], RINGS + i, 1));
	}
	/* the first records are released, the fourth is taken only */
	for (i = 0; i < RINGS; i++)
		ASSERT_EQ(0, mmapshare_set_next(self->c, &self->record, &self->length,
						&self->member));
	EXPECT_EQ(0, mmapshare_set_release(self->c));
	ASSERT_EQ(0, mmapshare_set_next(self->c, &self->record, &self->length, &self->member));
	mmapshare_set_close(self->c);
	self->c = NULL;
	ASSERT_EQ(0, mmapshare_set_attach_with(&self->c, self->region, &at));
	EXPECT_EQ(1, mmapshare_ring_resumed(mmapshare_set_member(self->c, RINGS - 1)));
	for (i = RINGS; i < 2 * RINGS; i++)
		EXPECT_EQ(0, mmapshare_set_next(self->c, &self->record, &self->length,
						&self->member));
	EXPECT_EQ(-EAGAIN, mmapshare_set_next(self->c, &self->record, &self->length,
					      &self->member));
	EXPECT_EQ(0, mmapshare_set_find_name(self->region, "log", RINGS - 1, &info));
	EXPECT_NE(0U, info.state & MMAPSHARE_RING_NAME_HELD);
	EXPECT_EQ(-EINVAL, mmapshare_set_find_name(self->region, "log", RINGS, &info));
	EXPECT_EQ(-EBUSY, mmapshare_ring_remove_name(self->region, "log"));
	mmapshare_set_close(self->c);
	self->c = NULL;
	EXPECT_EQ(0, mmapshare_ring_remove_name(self->region, "log"));
	EXPECT_EQ(-ENOENT, mmapshare_set_find_name(self->region, "log", 1, &info));
}

TEST_F(set, end)
{
	int i;

	ASSERT_EQ(0, put(self->p[2], 1, 5));
	for (i = 0; i < RINGS; i++) {
		EXPECT_EQ(0, mmapshare_set_wait(self->c, 0, 0));
		mmapshare_ring_close(self->p[i]);
		self->p[i] = NULL;
	}
	EXPECT_EQ(5, take(self));
	EXPECT_EQ(0, mmapshare_set_release(self->c));
	EXPECT_EQ(-EPIPE, mmapshare_set_wait(self->c, 0, -1));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_set_wait(self->c, MMAPSHARE_RING_WAIT_IGNORE_HUP, 0));
}

/* After ENODEV no access to a record that was taken raises a signal. */
TEST_F(set, revoke)
{
	ASSERT_EQ(0, put(self->p[2], 1, 5));
	EXPECT_EQ(5, take(self));
	ASSERT_EQ(0, mmapshare_revoke(self->region));
	EXPECT_EQ(-ENODEV, mmapshare_set_wait(self->c, 0, 0));
	EXPECT_EQ(0LL, *(const int64_t *)self->record);
	EXPECT_EQ(-ENODEV, take(self));
	EXPECT_EQ(-ENODEV, mmapshare_set_check(self->c));
	EXPECT_EQ(-ENODEV, mmapshare_set_release(self->c));
}

struct writer {
	struct mmapshare_endpoint *p;
	uint64_t records;
	pthread_t thread;
	int error;
};

static void *write_thread(void *arg)
{
	struct writer *w = arg;
	uint64_t i;

	for (i = 0; i < w->records && !w->error; i++) {
		while ((w->error = mmapshare_ring_write(w->p, &i, sizeof(i))) == -EAGAIN)
			if (mmapshare_ring_wait(w->p, 0, -1))
				break;
	}
	return NULL;
}

/* Three producers at once, in lossless rings: each record arrives, in its order. */
TEST_F_TIMEOUT(set, race, 240)
{
	struct writer w[RINGS] = { 0 };
	uint64_t next[RINGS] = { 0 }, total = 0;
	int i;

	ASSERT_EQ(0, mmapshare_set_window(self->c, MS / 10));
	for (i = 0; i < RINGS; i++) {
		w[i].p = self->p[i];
		w[i].records = 20000;
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, write_thread, &w[i]));
	}
	while (total < RINGS * 20000) {
		const int64_t value = take(self);

		if (value == -EAGAIN) {
			ASSERT_EQ(0, mmapshare_set_release(self->c));
			ASSERT_EQ(0, mmapshare_set_wait(self->c, 0, -1));
			continue;
		}
		ASSERT_EQ((int64_t)next[self->member], value);
		next[self->member]++;
		total++;
	}
	for (i = 0; i < RINGS; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(0, w[i].error);
		EXPECT_EQ(20000ULL, next[i]);
	}
	EXPECT_EQ(0ULL, mmapshare_set_lost(self->c));
}

TEST_HARNESS_MAIN
