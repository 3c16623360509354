// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints that store invalid values into the pages they may write: every call
 * returns in time, and the valid endpoints of the ring keep working.
 */
#include "ring_test.h"
#include <poll.h>

static const uint64_t bad_words[] = {
	1, 4, 7, 8, RING_SIZE, RING_SIZE + 8, RING_SIZE * 2, 1ULL << 32, 1ULL << 62,
	1ULL << 63, (1ULL << 63) + 8, -1ULL, -RING_SIZE, -RING_SIZE - 8,
};

static short poll_endpoint(struct endpoint *ep)
{
	struct pollfd pfd = { .fd = ep->fd, .events = POLLIN | POLLOUT };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

/*
 * A consumer stores an invalid position: the producer's next RING_WAIT detaches
 * it.
 */
TEST_F(ring, corrupt_cursor)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad_words); i++) {
		struct endpoint good, bad;
		int n;

		ASSERT_EQ(0, make_ring(self, 0));
		ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
		ASSERT_EQ(0, endpoint_attach(&good, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
		ASSERT_EQ(0, endpoint_attach(&bad, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
		for (n = 0; n < 100; n++)
			ASSERT_TRUE(ring_put(&self->p, 120));
		for (n = 0; n < 100; n++)
			EXPECT_RECORD(self, &good, n, 120);
		/* the producer's position is 100 * (8 + 120) = 12800 */
		bad.c->pos = bad_words[i] == 8 ? 12808 : bad_words[i];
		EXPECT_EQ(0, endpoint_wait(&self->p, 0));
		EXPECT_EQ(1ULL, self->p.ring->consumers) TH_LOG("%#lx", (long)bad_words[i]);
		EXPECT_EQ(EBADMSG, endpoint_wait(&bad, NO_TIMEOUT));
		EXPECT_EQ(POLLERR | POLLHUP, poll_endpoint(&bad));
		/* it stays detached, even with a valid position */
		bad.c->pos = 12800;
		EXPECT_EQ(EBADMSG, endpoint_wait(&bad, 0));
		EXPECT_EQ(0, endpoint_notify(&bad));
		for (n = 100; n < 1000; n++) {
			ASSERT_TRUE(ring_put(&self->p, 120));
			EXPECT_RECORD(self, &good, n, 120);
		}
		endpoint_detach(&bad);
		EXPECT_EQ(1ULL, self->p.ring->consumers);
		endpoint_detach(&good);
		endpoint_detach(&self->p);
	}
}

/* The last consumer's position is invalid: all records are retained. */
TEST_F(ring, retained_pos_after_corrupt_cursor)
{
	RING_ATTACH_BOTH(self);
	ASSERT_TRUE(ring_put(&self->p, 10));
	ASSERT_TRUE(ring_put(&self->p, 11));
	self->c.c->pos = 1ULL << 40;
	endpoint_detach(&self->c);
	EXPECT_EQ(0ULL, self->p.ring->retained_pos);
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	EXPECT_RECORD(self, &self->c, 0, 10);
	endpoint_detach(&self->c);
	endpoint_detach(&self->p);
}

/*
 * A consumer's position is inside a record, where the bytes are no header. The
 * next consumer does not begin there, nor does oldest_pos move there.
 */
TEST_F(ring, cursor_inside_record)
{
	struct endpoint late;
	int n;

	RING_ATTACH_BOTH(self);
	ASSERT_TRUE(ring_put(&self->p, 120));
	memset(endpoint_record(&self->p, 0) + 1, 0xff, 120);
	self->c.c->pos = 64;
	ASSERT_EQ(0, endpoint_attach(&late, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	EXPECT_EQ(0ULL, late.pos);
	EXPECT_EQ(120, ring_take(&late, self->buf, sizeof(self->buf)));
	/* oldest_pos moves by whole records: it is behind the first one */
	for (n = 1; ring_put(&self->p, 120); n++)
		EXPECT_RECORD(self, &late, n, 120);
	EXPECT_EQ(128ULL, self->p.p->oldest_pos);
	endpoint_detach(&late);
	endpoint_detach(&self->c);
	/* retained_pos is not inside the record either */
	ASSERT_EQ(0, endpoint_attach(&late, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	EXPECT_EQ(128ULL, late.pos);
	endpoint_detach(&late);
	endpoint_detach(&self->p);
}

/*
 * A consumer's position is before the oldest one, inside a record, when the next
 * producer attaches. oldest_pos does not move there.
 */
TEST_F(ring, cursor_before_oldest_pos)
{
	struct endpoint late;
	int n;

	RING_ATTACH_BOTH(self);
	for (n = 0; n < 3; n++)
		ASSERT_TRUE(ring_put(&self->p, 120));
	self->p.p->oldest_pos = 256;
	self->c.c->pos = 64;
	endpoint_detach(&self->p);
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	EXPECT_EQ(256ULL, self->p.oldest_pos);
	ASSERT_EQ(0, endpoint_attach(&late, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	EXPECT_RECORD(self, &late, 2, 120);
	endpoint_detach(&late);
	/* the bytes from that position on are not reused */
	while (ring_put(&self->p, 120))
		;
	EXPECT_EQ(RING_SIZE, self->p.pos);
	endpoint_detach(&self->c);
	/* nothing before oldest_pos is retained */
	EXPECT_EQ(256ULL, self->p.ring->retained_pos);
	endpoint_detach(&self->p);
}

/* Call RING_NOTIFY, RING_WAIT and poll on both endpoints; attach consumers. */
static void call_all(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self)
{
	const uint32_t flags[] = { 0, MMAPSHARE_RING_ATTACH_LATEST };
	struct mmapshare_ring_attach_args at;
	size_t i;
	int fd;

	EXPECT_EQ(0, endpoint_notify(&self->p));
	EXPECT_EQ(0, endpoint_notify(&self->c));
	endpoint_wait(&self->p, MS / 10);
	endpoint_wait(&self->c, MS / 10);
	poll_endpoint(&self->p);
	poll_endpoint(&self->c);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		fd = ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER | flags[i], &at);
		EXPECT_TRUE(fd >= 0 || fd == -EBADMSG);
		if (fd >= 0)
			close(fd);
	}
}

/*
 * Store @word as pos if bit 0 of @which is set, as oldest_pos if bit 1 is, and
 * as bytes of records if bit 2 is.
 */
static void try_word(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
		     uint64_t word, unsigned int which)
{
	struct endpoint late;
	int error;

	RING_ATTACH_BOTH(self);
	ring_put(&self->p, 100);
	if (which & 1)
		self->p.p->pos = word;
	if (which & 2)
		self->p.p->oldest_pos = word;
	if (which & 4)
		memset(self->p.data, (int)word, RING_SIZE);
	call_all(_metadata, self);
	endpoint_detach(&self->p);
	endpoint_wait(&self->c, MS / 10);
	error = endpoint_attach(&late, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER);
	EXPECT_TRUE(!error || error == EBADMSG);
	if (!error)
		endpoint_detach(&late);
	endpoint_detach(&self->c);
}

TEST_F(ring, producer_words)
{
	unsigned int which;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad_words); i++) {
		for (which = 1; which < 8; which++) {
			ASSERT_EQ(0, make_ring(self, which & 1 ?
					       MMAPSHARE_RING_OVERWRITE : 0));
			try_word(_metadata, self, bad_words[i], which);
			ASSERT_EQ(0, make_ring(self, which & 1 ? 0 :
					       MMAPSHARE_RING_OVERWRITE));
			try_word(_metadata, self, bad_words[i], which);
		}
	}
}

/* Two threads per endpoint: store_bad_words() and call_in_loop(). */
struct racer {
	struct endpoint *ep;
	volatile uint64_t *targets[4];
	volatile bool stop;
};

static void *store_bad_words(void *arg)
{
	struct racer *racer = arg;
	unsigned int n = 0;

	while (!racer->stop) {
		uint64_t word = bad_words[n % ARRAY_SIZE(bad_words)] * (n % 3);

		*racer->targets[n++ % 4] = word;
	}
	return NULL;
}

static void *call_in_loop(void *arg)
{
	struct racer *racer = arg;

	while (!racer->stop) {
		endpoint_notify(racer->ep);
		endpoint_wait(racer->ep, 1000);
		poll_endpoint(racer->ep);
	}
	return NULL;
}

/*
 * Bad values are stored for a second, while other consumers attach and detach.
 */
TEST_F(ring, concurrent_stores)
{
	struct racer p = { .ep = &self->p }, c = { .ep = &self->c };
	pthread_t threads[4];
	int64_t end;
	size_t i;

	RING_ATTACH_BOTH(self);
	for (i = 0; i < 4; i++) {
		p.targets[i] = i < 3 ? (uint64_t *)self->p.p + i : (uint64_t *)self->p.data;
		c.targets[i] = (uint64_t *)self->c.c + i;
	}
	ASSERT_EQ(0, pthread_create(&threads[0], NULL, store_bad_words, &p));
	ASSERT_EQ(0, pthread_create(&threads[1], NULL, store_bad_words, &c));
	ASSERT_EQ(0, pthread_create(&threads[2], NULL, call_in_loop, &p));
	ASSERT_EQ(0, pthread_create(&threads[3], NULL, call_in_loop, &c));
	for (end = now() + SECOND; now() < end;) {
		struct mmapshare_ring_attach_args at;
		int fd = ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at);

		EXPECT_TRUE(fd >= 0 || fd == -EBADMSG) TH_LOG("%d", fd);
		if (fd >= 0)
			close(fd);
	}
	p.stop = true;
	c.stop = true;
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
	/* another ring is unaffected */
	ASSERT_EQ(0, make_ring(self, 0));
	RING_ATTACH_BOTH(self);
	ASSERT_TRUE(ring_put(&self->p, 10));
	EXPECT_RECORD(self, &self->c, 0, 10);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* Two processes consume with the same cursor: all calls return. */
TEST_F(ring, shared_cursor)
{
	pid_t pid;
	int status, n;

	RING_ATTACH_BOTH(self);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (n = 0; n < 2000; n++) {
			ring_take(&self->c, self->buf, sizeof(self->buf));
			endpoint_wait(&self->c, 1000);
		}
		_exit(0);
	}
	for (n = 0; n < 2000; n++) {
		ring_put(&self->p, 100);
		endpoint_wait(&self->p, 0);
		ring_take(&self->c, self->buf, sizeof(self->buf));
		endpoint_wait(&self->c, 0);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* Returns NULL, or the errno of an attach that failed unexpectedly. */
static void *attach_and_detach(void *arg)
{
	FIXTURE_DATA(ring) *self = arg;
	struct mmapshare_ring_attach_args at;
	int n, fd;

	for (n = 0; n < 1000; n++) {
		fd = ring_attach(self->fd, n & 1 ? MMAPSHARE_RING_ATTACH_CONSUMER :
				 MMAPSHARE_RING_ATTACH_PRODUCER, &at);
		if (fd >= 0)
			close(fd);
		else if (fd != -ENOSPC && fd != -EBUSY)
			return (void *)(long)-fd;
	}
	return NULL;
}

/* Other threads attach and detach; the records of two endpoints are intact. */
TEST_F(ring, concurrent_attach)
{
	pthread_t threads[3];
	unsigned long n;
	void *error;
	size_t i;

	RING_ATTACH_BOTH(self);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, attach_and_detach, self));
	for (n = 0; n < 20000; n++) {
		while (!ring_put(&self->p, n % 1000)) {
			self->p.p->wake_bytes = 1024;
			ASSERT_EQ(0, endpoint_wait(&self->p, 10 * SECOND));
		}
		EXPECT_RECORD(self, &self->c, n, n % 1000);
	}
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		pthread_join(threads[i], &error);
		EXPECT_EQ(NULL, error);
	}
	EXPECT_EQ(1ULL, self->p.ring->consumers);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

TEST_HARNESS_MAIN
