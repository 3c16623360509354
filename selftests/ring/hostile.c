// SPDX-License-Identifier: GPL-2.0
/*
 * What a program stores is its own business and its peers': the kernel answers
 * every call, in time, and honest ones keep going.
 */
#include "ring_test.h"
#include <poll.h>

static const uint64_t words[] = {
	1, 4, 7, 8, RING_SIZE, RING_SIZE + 8, RING_SIZE * 2, 1ULL << 32, 1ULL << 62,
	1ULL << 63, (1ULL << 63) + 8, -1ULL, -RING_SIZE, -RING_SIZE - 8,
};

static short poll_of(struct endpoint *ep)
{
	struct pollfd pfd = { .fd = ep->fd, .events = POLLIN | POLLOUT };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

/* A position that cannot be: the producer asks, and is rid of that consumer. */
TEST_F(ring, impossible_cursor)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		struct endpoint honest, bad;
		int n;

		ASSERT_EQ(0, make_ring(self, 0));
		ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
		ASSERT_EQ(0, endpoint_attach(&honest, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
		ASSERT_EQ(0, endpoint_attach(&bad, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
		for (n = 0; n < 100; n++)
			ASSERT_TRUE(ring_put(&self->p, 120));
		for (n = 0; n < 100; n++)
			EXPECT_RECORD(self, &honest, n, 120);
		/* 12,800 is where the producer is */
		bad.c->pos = words[i] == 8 ? 12808 : words[i];
		EXPECT_EQ(0, endpoint_wait(&self->p, 0));
		EXPECT_EQ(1ULL, self->p.ring->consumers) TH_LOG("%#lx", (long)words[i]);
		EXPECT_EQ(EBADMSG, endpoint_wait(&bad, FOREVER));
		EXPECT_EQ(POLLERR | POLLHUP, poll_of(&bad));
		/* and is not believed any more, whatever it says */
		bad.c->pos = 12800;
		EXPECT_EQ(EBADMSG, endpoint_wait(&bad, 0));
		EXPECT_EQ(0, endpoint_notify(&bad));
		for (n = 100; n < 1000; n++) {
			ASSERT_TRUE(ring_put(&self->p, 120));
			EXPECT_RECORD(self, &honest, n, 120);
		}
		endpoint_detach(&bad);
		EXPECT_EQ(1ULL, self->p.ring->consumers);
		endpoint_detach(&honest);
		endpoint_detach(&self->p);
	}
}

/* The last one to go was not to be believed: all is kept for the next. */
TEST_F(ring, kept)
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

/* In the middle of a record: that is its own affair, and not of who comes next. */
TEST_F(ring, between_records)
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
	/* nor does the producer go there */
	for (n = 1; ring_put(&self->p, 120); n++)
		EXPECT_RECORD(self, &late, n, 120);
	EXPECT_EQ(0ULL, self->p.p->oldest_pos);
	endpoint_detach(&late);
	endpoint_detach(&self->c);
	/* nor who comes when it has gone */
	ASSERT_EQ(0, endpoint_attach(&late, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	EXPECT_EQ(0ULL, late.pos);
	endpoint_detach(&late);
	endpoint_detach(&self->p);
}

/* Everybody calls, whatever there is; and others come. */
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
	poll_of(&self->p);
	poll_of(&self->c);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		fd = ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER | flags[i], &at);
		EXPECT_TRUE(fd >= 0 || fd == -EBADMSG);
		if (fd >= 0)
			close(fd);
	}
}

/* Every word that a producer can store to. */
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

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		for (which = 1; which < 8; which++) {
			ASSERT_EQ(0, make_ring(self, which & 1 ?
					       MMAPSHARE_RING_OVERWRITE : 0));
			try_word(_metadata, self, words[i], which);
			ASSERT_EQ(0, make_ring(self, which & 1 ? 0 :
					       MMAPSHARE_RING_OVERWRITE));
			try_word(_metadata, self, words[i], which);
		}
	}
}

struct racer {
	struct endpoint *ep;
	volatile uint64_t *words[4];
	volatile bool stop;
};

static void *scribble(void *arg)
{
	struct racer *racer = arg;
	unsigned int n = 0;

	while (!racer->stop) {
		uint64_t word = words[n % ARRAY_SIZE(words)] * (n % 3);

		*racer->words[n++ % 4] = word;
	}
	return NULL;
}

static void *call(void *arg)
{
	struct racer *racer = arg;

	while (!racer->stop) {
		endpoint_notify(racer->ep);
		endpoint_wait(racer->ep, 1000);
		poll_of(racer->ep);
	}
	return NULL;
}

/* All at once, for a second, and others come and go. */
TEST_F(ring, scribblers)
{
	struct racer p = { .ep = &self->p }, c = { .ep = &self->c };
	pthread_t threads[4];
	int64_t end;
	size_t i;

	RING_ATTACH_BOTH(self);
	for (i = 0; i < 4; i++) {
		p.words[i] = i < 3 ? (uint64_t *)self->p.p + i : (uint64_t *)self->p.data;
		c.words[i] = (uint64_t *)self->c.c + i;
	}
	ASSERT_EQ(0, pthread_create(&threads[0], NULL, scribble, &p));
	ASSERT_EQ(0, pthread_create(&threads[1], NULL, scribble, &c));
	ASSERT_EQ(0, pthread_create(&threads[2], NULL, call, &p));
	ASSERT_EQ(0, pthread_create(&threads[3], NULL, call, &c));
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
	/* and another ring does what it should */
	ASSERT_EQ(0, make_ring(self, 0));
	RING_ATTACH_BOTH(self);
	ASSERT_TRUE(ring_put(&self->p, 10));
	EXPECT_RECORD(self, &self->c, 0, 10);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* Two that think that the cursor is theirs are wrong, and that is all. */
TEST_F(ring, two_on_one_cursor)
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

/* Comers and goers, in several threads, do not disturb those who stay. */
static void *come_and_go(void *arg)
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

TEST_F(ring, comers_and_goers)
{
	pthread_t threads[3];
	unsigned long n;
	void *error;
	size_t i;

	RING_ATTACH_BOTH(self);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, come_and_go, self));
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
