// SPDX-License-Identifier: GPL-2.0
/* A consumer that does not map the ring gets whole records by read(). */
#include "ring_test.h"
#include "uring_test.h"
#include <poll.h>
#include <sys/time.h>

/* The consumer of the fixture is its descriptor @self->c.fd, without a mapping. */
#define ATTACH_READER(self)						\
	do {								\
		ASSERT_EQ(0, endpoint_attach(&(self)->p, (self)->fd,	\
					     MMAPSHARE_RING_ATTACH_PRODUCER)); \
		(self)->c.fd = ring_attach((self)->fd, MMAPSHARE_RING_ATTACH_CONSUMER, \
					   &(self)->c.at);		\
		ASSERT_LE(0, (self)->c.fd);				\
	} while (0)

static size_t step_of(uint32_t length)
{
	return sizeof(struct mmapshare_record) + round8(length);
}

static int set_nonblock(int fd)
{
	return fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
}

/* Is the record at @buf number @seq, of @length bytes, and intact? */
static bool is_record(const char *buf, uint32_t length, uint32_t seq)
{
	struct mmapshare_record record;

	memcpy(&record, buf, sizeof(record));
	return record.length == length && record.seq == seq &&
	       same_bytes(buf + sizeof(record), length, 0, seq);
}

#define EXPECT_READ(self, want_length, want_seq)			\
	do {								\
		EXPECT_EQ((ssize_t)step_of(want_length),		\
			  read((self)->c.fd, (self)->buf, step_of(want_length))); \
		EXPECT_TRUE(is_record((self)->buf, want_length, want_seq)); \
	} while (0)

TEST_F(ring, several_records)
{
	static const uint32_t lengths[] = { 0, 20, 1001, 7 };
	size_t i, at = 0, size = 0;

	ATTACH_READER(self);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		ASSERT_TRUE(ring_put(&self->p, lengths[i]));
		size += step_of(lengths[i]);
	}
	EXPECT_EQ((ssize_t)size, read(self->c.fd, self->buf, sizeof(self->buf)));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_TRUE(is_record(self->buf + at, lengths[i], i));
		at += step_of(lengths[i]);
	}
	EXPECT_EQ(0, read(self->c.fd, self->buf, 0));
}

/* A record that does not fit stays, in whole. */
TEST_F(ring, whole_records)
{
	ATTACH_READER(self);
	ASSERT_TRUE(ring_put(&self->p, 100));
	ASSERT_TRUE(ring_put(&self->p, 100));
	EXPECT_EQ(-1, read(self->c.fd, self->buf, step_of(100) - 1));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ((ssize_t)step_of(100), read(self->c.fd, self->buf, 2 * step_of(100) - 1));
	EXPECT_TRUE(is_record(self->buf, 100, 0));
	EXPECT_READ(self, 100, 1);
}

TEST_F(ring, largest_record)
{
	char *buf = malloc(RING_SIZE);

	ATTACH_READER(self);
	ASSERT_NE(NULL, buf);
	ASSERT_TRUE(ring_put(&self->p, self->p.ring->record_max));
	EXPECT_EQ((ssize_t)step_of(self->p.ring->record_max), read(self->c.fd, buf, RING_SIZE));
	EXPECT_TRUE(is_record(buf, self->p.ring->record_max, 0));
	free(buf);
}

TEST_F(ring, nonblocking)
{
	ATTACH_READER(self);
	ASSERT_EQ(0, set_nonblock(self->c.fd));
	EXPECT_EQ(-1, read(self->c.fd, self->buf, sizeof(self->buf)));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_READ(self, 8, 0);
	EXPECT_EQ(-1, read(self->c.fd, self->buf, sizeof(self->buf)));
	EXPECT_EQ(EAGAIN, errno);
	endpoint_detach(&self->p);
	EXPECT_EQ(0, read(self->c.fd, self->buf, sizeof(self->buf)));
}

static int produce(void *arg)
{
	FIXTURE_DATA(ring) *self = arg;
	struct endpoint p;
	int i;

	if (endpoint_attach(&p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER))
		return 1;
	/* three times the size of the ring */
	for (i = 0; i < 200; i++)
		while (!ring_put(&p, 1000))
			if (endpoint_wait(&p, -1))
				return 2;
	return 0;
}

/* Both sides sleep; the end of the stream is 0. */
TEST_F(ring, wakes)
{
	uint32_t seq = 0;
	pid_t pid;

	self->c.fd = ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &self->c.at);
	ASSERT_LE(0, self->c.fd);
	pid = start_child(produce, self);
	ASSERT_LT(0, pid);
	for (; seq < 200; seq++)
		EXPECT_READ(self, 1000, seq);
	EXPECT_EQ(0, wait_child(pid));
	EXPECT_EQ(0, read(self->c.fd, self->buf, sizeof(self->buf)));
}

static void ignore(int signal)
{
}

TEST_F(ring, signal)
{
	/* repeated: the first one may come before the call sleeps */
	struct itimerval timer = {
		.it_value.tv_usec = 10000,
		.it_interval.tv_usec = 10000,
	};
	const struct sigaction action = { .sa_handler = ignore };

	ATTACH_READER(self);
	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &timer, NULL));
	EXPECT_EQ(-1, read(self->c.fd, self->buf, sizeof(self->buf)));
	EXPECT_EQ(EINTR, errno);
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Discard @n records, which the next one publishes. Returns whether there was space. */
static bool discard(FIXTURE_DATA(ring) *self, unsigned int n)
{
	while (n--) {
		if (!ring_reserve(&self->p, 8))
			return false;
		endpoint_record(&self->p, self->p.pos)->length |= MMAPSHARE_RECORD_DISCARD;
		self->p.pos += step_of(8);
		endpoint_record(&self->p, self->p.pos)->seq = ++self->p.seq;
	}
	return true;
}

TEST_F(ring, discarded)
{
	ATTACH_READER(self);
	ASSERT_TRUE(discard(self, 200));
	ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_READ(self, 8, 200);
}

/* EAGAIN means that there is no record, however many were discarded. */
TEST_F(ring, discarded_nonblocking)
{
	ATTACH_READER(self);
	ASSERT_EQ(0, set_nonblock(self->c.fd));
	ASSERT_TRUE(discard(self, RING_SIZE / step_of(8) - 2));
	ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_READ(self, 8, RING_SIZE / step_of(8) - 2);
	EXPECT_EQ(-1, read(self->c.fd, self->buf, sizeof(self->buf)));
	EXPECT_EQ(EAGAIN, errno);
}

/* What the producer has stored is checked. */
TEST_F(ring, corrupt_header)
{
	static const uint32_t bad[] = {
		MMAPSHARE_RECORD_BUSY | 8,
		RING_SIZE,
		16,
		MMAPSHARE_RECORD_LENGTH,
		MMAPSHARE_RECORD_DISCARD | 16,
	};
	struct mmapshare_record *record;
	size_t i;

	ATTACH_READER(self);
	record = endpoint_record(&self->p, 0);
	ASSERT_TRUE(ring_put(&self->p, 8));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		record->length = bad[i];
		EXPECT_EQ(-1, read(self->c.fd, self->buf, sizeof(self->buf)));
		EXPECT_EQ(EBADMSG, errno);
	}
	record->length = 8;
	record->seq = 1;
	EXPECT_EQ(-1, read(self->c.fd, self->buf, sizeof(self->buf)));
	EXPECT_EQ(EBADMSG, errno);
	record->seq = 0;
	EXPECT_READ(self, 8, 0);
}

/* As are the positions, that of a program which has mapped its cursor included. */
TEST_F(ring, corrupt_position)
{
	RING_ATTACH_BOTH(self);
	ASSERT_TRUE(ring_put(&self->p, 8));
	self->c.c->pos = 4;
	EXPECT_EQ(-1, read(self->c.fd, self->buf, sizeof(self->buf)));
	EXPECT_EQ(EBADMSG, errno);
	self->c.c->pos = 1024;
	EXPECT_EQ(-1, read(self->c.fd, self->buf, sizeof(self->buf)));
	EXPECT_EQ(EBADMSG, errno);
}

TEST_F(ring, overwritten)
{
	const uint64_t capacity = (RING_SIZE - 8) / step_of(1000);
	uint64_t n;

	ASSERT_EQ(0, make_ring(self, MMAPSHARE_RING_OVERWRITE));
	ATTACH_READER(self);
	for (n = 0; n < 3 * capacity; n++)
		ASSERT_TRUE(ring_put(&self->p, 1000));
	for (n = 2 * capacity; n < 3 * capacity; n++)
		EXPECT_READ(self, 1000, n);
	EXPECT_EQ(2 * capacity, endpoint_cursor(&self->p, 0)->lost);
	/* a producer that stores an impossible oldest position */
	ASSERT_TRUE(ring_put(&self->p, 8));
	self->p.p->oldest_pos = self->p.pos + 8;
	EXPECT_EQ(-1, read(self->c.fd, self->buf, sizeof(self->buf)));
	EXPECT_EQ(EBADMSG, errno);
}

/*
 * Records that were released before a consumer that may lose them took them: if
 * there are no others, the consumer waits.
 */
TEST_F(ring, reclaimed)
{
	struct pollfd p = { .events = POLLIN };

	RING_ATTACH_BOTH(self);
	p.fd = ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER |
			   MMAPSHARE_RING_ATTACH_MAY_LOSE, &self->c.at);
	ASSERT_LE(0, p.fd);
	ASSERT_EQ(0, set_nonblock(p.fd));
	while (ring_put(&self->p, 1000))
		;
	while (ring_take(&self->c, self->buf, sizeof(self->buf)) >= 0)
		;
	/* makes space by reclaiming all */
	ASSERT_NE(NULL, ring_reserve(&self->p, 1000));
	EXPECT_EQ(self->p.pos, self->p.p->oldest_pos);
	EXPECT_EQ(-1, read(p.fd, self->buf, sizeof(self->buf)));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(0, poll(&p, 1, 0));
	EXPECT_EQ(self->p.seq, endpoint_cursor(&self->p, 1)->lost);
	ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ((ssize_t)step_of(8), read(p.fd, self->buf, sizeof(self->buf)));
	EXPECT_TRUE(is_record(self->buf, 8, self->p.seq - 1));
	close(p.fd);
}

#define RECORDS	100000

static int overwrite(void *arg)
{
	FIXTURE_DATA(ring) *self = arg;
	int i;

	for (i = 0; i < RECORDS; i++)
		if (!ring_put(&self->p, 100))
			return 1;
	return 0;
}

/* While records are overwritten, none is torn, and all are accounted for. */
TEST_F(ring, overwritten_meanwhile)
{
	uint64_t taken = 0, next = 0;
	struct mmapshare_record record;
	ssize_t n, at;
	pid_t pid;

	ASSERT_EQ(0, make_ring(self, MMAPSHARE_RING_OVERWRITE));
	ATTACH_READER(self);
	pid = start_child(overwrite, self);
	ASSERT_LT(0, pid);
	while (next < RECORDS) {
		n = read(self->c.fd, self->buf, sizeof(self->buf));
		ASSERT_LT(0, n);
		for (at = 0; at < n; at += step_of(100), taken++) {
			memcpy(&record, self->buf + at, sizeof(record));
			ASSERT_LE(next, record.seq);
			ASSERT_TRUE(is_record(self->buf + at, 100, record.seq));
			next = record.seq + 1;
		}
	}
	EXPECT_EQ(0, wait_child(pid));
	EXPECT_EQ(RECORDS - taken, endpoint_cursor(&self->p, 0)->lost);
}

/* A buffer that is not mapped yet, or not writable. A failed call takes nothing. */
TEST_F(ring, buffer)
{
	const size_t size = 4 * self->dev.page;
	char *buf = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ATTACH_READER(self);
	ASSERT_NE(MAP_FAILED, buf);
	ASSERT_TRUE(ring_put(&self->p, 2 * self->dev.page));
	EXPECT_EQ(-1, read(self->c.fd, buf, size));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, mprotect(buf, size / 2, PROT_READ | PROT_WRITE));
	EXPECT_EQ(-1, read(self->c.fd, buf, size));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, mprotect(buf, size, PROT_READ | PROT_WRITE));
	EXPECT_EQ((ssize_t)step_of(2 * self->dev.page), read(self->c.fd, buf, size));
	EXPECT_TRUE(is_record(buf, 2 * self->dev.page, 0));
	munmap(buf, size);
}

/* A page that is not mapped yet does not end the call between two records. */
TEST_F(ring, pages_of_buffer)
{
	const size_t size = 8 * self->dev.page, step = step_of(self->dev.page);
	char *buf = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	ATTACH_READER(self);
	ASSERT_NE(MAP_FAILED, buf);
	for (i = 0; i < 4; i++)
		ASSERT_TRUE(ring_put(&self->p, self->dev.page));
	EXPECT_EQ((ssize_t)(4 * step), read(self->c.fd, buf, size));
	for (i = 0; i < 4; i++)
		EXPECT_TRUE(is_record(buf + i * step, self->dev.page, i));
	/* A page without access ends the call. */
	ASSERT_EQ(0, mprotect(buf + 2 * self->dev.page, self->dev.page, PROT_NONE));
	for (i = 0; i < 2; i++)
		ASSERT_TRUE(ring_put(&self->p, self->dev.page));
	EXPECT_EQ((ssize_t)step, read(self->c.fd, buf, size));
	EXPECT_TRUE(is_record(buf, self->dev.page, 4));
	EXPECT_EQ((ssize_t)step, read(self->c.fd, buf, step));
	EXPECT_TRUE(is_record(buf, self->dev.page, 5));
	munmap(buf, size);
}

TEST_F(ring, refused)
{
	ATTACH_READER(self);
	EXPECT_EQ(-1, read(self->p.fd, self->buf, sizeof(self->buf)));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, pread(self->c.fd, self->buf, sizeof(self->buf), 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(-1, read(self->c.fd, self->buf, sizeof(self->buf)));
	EXPECT_EQ(ENODEV, errno);
}

TEST_F(ring, splice)
{
	int pipefd[2];

	ATTACH_READER(self);
	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_TRUE(ring_put(&self->p, 100));
	ASSERT_TRUE(ring_put(&self->p, 100));
	EXPECT_EQ((ssize_t)(2 * step_of(100)),
		  splice(self->c.fd, NULL, pipefd[1], NULL, 16384, 0));
	EXPECT_EQ((ssize_t)(2 * step_of(100)), read(pipefd[0], self->buf, sizeof(self->buf)));
	EXPECT_TRUE(is_record(self->buf, 100, 0));
	EXPECT_TRUE(is_record(self->buf + step_of(100), 100, 1));
	close(pipefd[0]);
	close(pipefd[1]);
}

/* io_uring waits by poll(), and reads then. */
TEST_F(ring, io_uring)
{
	struct io_uring_sqe *sqe;
	struct io_uring uring;

	ATTACH_READER(self);
	URING_SETUP(&uring);
	sqe = io_uring_get_sqe(&uring);
	io_uring_prep_read(sqe, self->c.fd, self->buf, sizeof(self->buf), 0);
	ASSERT_EQ(1, io_uring_submit(&uring));
	EXPECT_EQ(-ETIME, wait_for_completion(&uring, NULL, 10 * MS));
	ASSERT_TRUE(ring_put(&self->p, 100));
	EXPECT_EQ((int)step_of(100), wait_for_completion(&uring, NULL, 60000 * MS));
	EXPECT_TRUE(is_record(self->buf, 100, 0));
	io_uring_queue_exit(&uring);
}

TEST_HARNESS_MAIN
