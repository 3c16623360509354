// SPDX-License-Identifier: GPL-2.0
/*
 * Attaching to a ring set: a consumer gets the same cursor in all rings, a producer
 * a ring of its own, and neither can write, or a producer map, anything else.
 */
#include "set_test.h"
#include <stddef.h>

/* Can @size bytes at @offset be mapped? */
static bool can_map(int fd, uint64_t offset, size_t size, int prot)
{
	void *mem = mmap(NULL, size, prot, MAP_SHARED, fd, offset);

	if (mem == MAP_FAILED)
		return false;
	munmap(mem, size);
	return true;
}

#define WRITABLE	(PROT_READ | PROT_WRITE)

TEST_F(set, consumer_arguments)
{
	struct mmapshare_ring_attach_args at;
	const int fd = ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at);

	ASSERT_LE(0, fd);
	EXPECT_EQ((uint32_t)SET_MEMBERS, at.members);
	EXPECT_EQ(self->stride, at.stride);
	EXPECT_EQ(self->stride, at.map_size);
	EXPECT_EQ(SET_SIZE, at.data_size);
	EXPECT_EQ(0ULL, at.map_offset);
	EXPECT_EQ(0U, at.member);
	EXPECT_EQ(self->dev.page, at.own_size);
	EXPECT_EQ(self->dev.page * (1 + at.cursor), at.own_offset);
	close(fd);
}

/* A program that knows no sets gets none. */
TEST_F(set, first_version)
{
	struct mmapshare_ring_attach_args at = {
		.size = offsetof(struct mmapshare_ring_attach_args, map_offset),
		.flags = MMAPSHARE_RING_ATTACH_CONSUMER,
	};
	const int ring = ring_create_as(self->dev.fd, NULL, SET_SIZE, MMAPSHARE_RING, 1);
	int fd;

	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_RING_ATTACH, &at));
	EXPECT_EQ(EINVAL, errno);
	fd = ioctl(ring, MMAPSHARE_IOC_RING_ATTACH, &at);
	EXPECT_LE(0, fd);
	close(fd);
	close(ring);
}

/*
 * A sequence number is one of a single ring, and all rings have the same generation.
 */
TEST_F(set, where_to_begin)
{
	struct mmapshare_ring_attach_args at = {
		.size = sizeof(at),
		.flags = MMAPSHARE_RING_ATTACH_CONSUMER,
	};
	uint64_t generation;
	int fd;

	at.flags |= MMAPSHARE_RING_ATTACH_SEQ;
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_RING_ATTACH, &at));
	EXPECT_EQ(EOPNOTSUPP, errno);
	at.flags = MMAPSHARE_RING_ATTACH_CONSUMER | MMAPSHARE_RING_ATTACH_OLDEST;
	fd = ioctl(self->fd, MMAPSHARE_IOC_RING_ATTACH, &at);
	ASSERT_LE(0, fd);
	close(fd);
	generation = at.generation;
	EXPECT_NE(0ULL, generation);
	at.flags = MMAPSHARE_RING_ATTACH_CONSUMER | MMAPSHARE_RING_ATTACH_SEQ |
		   MMAPSHARE_RING_ATTACH_MEMBER;
	at.member = SET_MEMBERS - 1;
	fd = ioctl(self->fd, MMAPSHARE_IOC_RING_ATTACH, &at);
	ASSERT_LE(0, fd);
	close(fd);
	EXPECT_EQ(generation, at.generation);
	at.generation++;
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_RING_ATTACH, &at));
	EXPECT_EQ(ESTALE, errno);
}

/* In each ring a consumer writes the page of its cursor, and nothing else. */
TEST_F(set, consumer_rights)
{
	const size_t page = self->dev.page;
	uint64_t offset;

	ASSERT_EQ(0, set_attach(self->c, self->fd, 0));
	for (offset = 0; offset < SET_MEMBERS * self->stride; offset += page) {
		EXPECT_EQ(offset % self->stride == page,
			  can_map(self->c[0].fd, offset, page, WRITABLE))
			TH_LOG("offset %llu", (unsigned long long)offset);
		EXPECT_FALSE(can_map(self->c[0].fd, offset, 2 * page, WRITABLE));
	}
	EXPECT_TRUE(can_map(self->c[0].fd, 0, SET_MEMBERS * self->stride, PROT_READ));
	EXPECT_FALSE(can_map(self->c[0].fd, 0, SET_MEMBERS * self->stride, WRITABLE));
	set_detach(self->c, SET_MEMBERS);
}

/* Through an endpoint the doorbell can be read, but not written. */
TEST_F(set, doorbell)
{
	struct mmapshare_info info = { .size = sizeof(info) };

	ASSERT_EQ(0, ioctl(self->fd, MMAPSHARE_IOC_INFO, &info));
	ASSERT_EQ(0, set_attach(self->c, self->fd, 0));
	ASSERT_EQ(0, set_attach_producer(&self->p[0], self->fd));
	EXPECT_FALSE(can_map(self->c[0].fd, info.doorbell_offset, self->dev.page, WRITABLE));
	EXPECT_FALSE(can_map(self->p[0].fd, info.doorbell_offset, self->dev.page, WRITABLE));
	EXPECT_TRUE(can_map(self->c[0].fd, info.doorbell_offset, self->dev.page, PROT_READ));
	EXPECT_TRUE(can_map(self->p[0].fd, info.doorbell_offset, self->dev.page, PROT_READ));
	endpoint_detach(&self->p[0]);
	set_detach(self->c, SET_MEMBERS);
}

/* Of the other rings a producer cannot even read the records. */
TEST_F(set, producer_rights)
{
	const size_t page = self->dev.page;
	const uint64_t own = (1 + SET_CONSUMERS) * page;
	uint64_t offset;

	ASSERT_EQ(0, set_attach_producer(&self->p[0], self->fd));
	ASSERT_EQ(0, set_attach_producer(&self->p[1], self->fd));
	EXPECT_EQ(0U, self->p[0].at.member);
	EXPECT_EQ(1U, self->p[1].at.member);
	EXPECT_EQ(self->stride, self->p[1].at.map_offset);
	EXPECT_EQ(0U, self->p[1].at.members);
	EXPECT_EQ(1U, self->p[1].ring->member);
	for (offset = 0; offset < SET_MEMBERS * self->stride; offset += page) {
		const bool mine = offset / self->stride == 1;

		EXPECT_EQ(mine, can_map(self->p[1].fd, offset, page, PROT_READ))
			TH_LOG("offset %llu", (unsigned long long)offset);
		EXPECT_EQ(mine && offset % self->stride >= own,
			  can_map(self->p[1].fd, offset, page, WRITABLE));
	}
	EXPECT_FALSE(can_map(self->p[1].fd, self->stride - page, 2 * page, PROT_READ));
	EXPECT_FALSE(can_map(self->p[1].fd, 2 * self->stride - page, 2 * page, PROT_READ));
	EXPECT_FALSE(can_map(self->p[1].fd, 2 * self->stride - page, 2 * page, WRITABLE));
	endpoint_detach(&self->p[0]);
	endpoint_detach(&self->p[1]);
}

/* A producer gets the first ring that has none. */
TEST_F(set, producers)
{
	struct endpoint extra;
	int i;

	for (i = 0; i < SET_MEMBERS; i++) {
		ASSERT_EQ(0, set_attach_producer(&self->p[i], self->fd));
		EXPECT_EQ(i, (int)self->p[i].at.member);
	}
	EXPECT_EQ(EBUSY, set_attach_producer(&extra, self->fd));
	endpoint_detach(&self->p[1]);
	ASSERT_EQ(0, set_attach_producer(&self->p[1], self->fd));
	EXPECT_EQ(1, (int)self->p[1].at.member);
	for (i = 0; i < SET_MEMBERS; i++)
		endpoint_detach(&self->p[i]);
}

/* A ring that its producer has left corrupt is passed over. */
TEST_F(set, corrupt_ring)
{
	ASSERT_EQ(0, set_attach_producer(&self->p[0], self->fd));
	self->p[0].p->pos = 12345;
	endpoint_detach(&self->p[0]);
	ASSERT_EQ(0, set_attach_producer(&self->p[0], self->fd));
	EXPECT_EQ(1, (int)self->p[0].at.member);
	endpoint_detach(&self->p[0]);
}

/* Nor does a consumer of all rings fail because of it: it gets the others' records. */
TEST_F(set, consumer_corrupt_ring)
{
	char buf[8];
	int i;

	for (i = 0; i < SET_MEMBERS; i++)
		ASSERT_EQ(0, set_attach_producer(&self->p[i], self->fd));
	ASSERT_TRUE(ring_put(&self->p[2], sizeof(buf)));
	self->p[1].p->pos = -8ULL;
	ASSERT_EQ(0, set_attach(self->c, self->fd, 0));
	EXPECT_EQ(1ULL, self->c[0].ring->consumers);
	EXPECT_EQ(0ULL, self->c[1].ring->consumers);
	EXPECT_EQ(0, endpoint_wait(&self->c[0], 0));
	EXPECT_EQ((int)sizeof(buf), ring_take(&self->c[2], buf, sizeof(buf)));
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c[0], 0));
	set_detach(self->c, SET_MEMBERS);
	self->p[0].p->pos = -8ULL;
	self->p[2].p->pos = -8ULL;
	EXPECT_EQ(EBADMSG, set_attach(self->c, self->fd, 0));
	for (i = 0; i < SET_MEMBERS; i++) {
		EXPECT_EQ(0ULL, self->p[i].ring->consumers);
		endpoint_detach(&self->p[i]);
	}
}

static int attach_member(int fd, uint32_t flags, uint32_t member,
			 struct mmapshare_ring_attach_args *at)
{
	int ret;

	*at = (struct mmapshare_ring_attach_args){
		.size = sizeof(*at),
		.flags = flags | MMAPSHARE_RING_ATTACH_MEMBER,
		.member = member,
	};
	ret = ioctl(fd, MMAPSHARE_IOC_RING_ATTACH, at);
	return ret < 0 ? -errno : ret;
}

/* One ring of the set, which has more consumers than the others then. */
TEST_F(set, member)
{
	struct mmapshare_ring_attach_args at;
	const int c = attach_member(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, 2, &at);
	int p;

	ASSERT_LE(0, c);
	EXPECT_EQ(0U, at.members);
	EXPECT_EQ(2U, at.member);
	EXPECT_EQ(2 * self->stride, at.map_offset);
	EXPECT_EQ(2 * self->stride + self->dev.page, at.own_offset);
	EXPECT_TRUE(can_map(c, at.own_offset, self->dev.page, WRITABLE));
	EXPECT_FALSE(can_map(c, self->dev.page, self->dev.page, WRITABLE));
	EXPECT_FALSE(can_map(c, 0, self->dev.page, PROT_READ));
	p = attach_member(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER, 2, &at);
	ASSERT_LE(0, p);
	EXPECT_EQ(2U, at.member);
	EXPECT_EQ(-EBUSY, attach_member(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER, 2, &at));
	/* cursor 0 is free in the first two rings, and not in the third */
	ASSERT_EQ(0, set_attach(self->c, self->fd, 0));
	EXPECT_EQ(1U, self->c[0].at.cursor);
	EXPECT_EQ(2ULL, self->c[0].ring->consumers);
	EXPECT_EQ(2ULL, self->c[1].ring->consumers);
	EXPECT_EQ(3ULL, self->c[2].ring->consumers);
	set_detach(self->c, SET_MEMBERS);
	close(p);
	close(c);
}

TEST_F(set, member_refused)
{
	struct mmapshare_ring_attach_args at;
	const int ring = ring_create_as(self->dev.fd, NULL, SET_SIZE, MMAPSHARE_RING, 1);

	EXPECT_EQ(-EINVAL, attach_member(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER,
					 SET_MEMBERS, &at));
	EXPECT_EQ(-EINVAL, attach_member(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, ~0U, &at));
	EXPECT_EQ(-EINVAL, attach_member(ring, MMAPSHARE_RING_ATTACH_CONSUMER, 0, &at));
	at = (struct mmapshare_ring_attach_args){
		.size = sizeof(at), .flags = MMAPSHARE_RING_ATTACH_CONSUMER, .member = 1
	};
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_RING_ATTACH, &at));
	EXPECT_EQ(EINVAL, errno);
	close(ring);
}

/* If the last ring has no free cursor, those of the others are free again. */
TEST_F(set, no_cursor)
{
	struct mmapshare_ring_attach_args at;
	int fds[SET_CONSUMERS], i;

	for (i = 0; i < SET_CONSUMERS; i++) {
		fds[i] = attach_member(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER,
				       SET_MEMBERS - 1, &at);
		ASSERT_LE(0, fds[i]);
	}
	EXPECT_EQ(ENOSPC, set_attach(self->c, self->fd, 0));
	close(fds[2]);
	ASSERT_EQ(0, set_attach(self->c, self->fd, 0));
	EXPECT_EQ(2U, self->c[0].at.cursor);
	for (i = 0; i < SET_MEMBERS - 1; i++)
		EXPECT_EQ(4ULL, self->c[i].ring->consumers);
	set_detach(self->c, SET_MEMBERS);
	for (i = 0; i < SET_CONSUMERS; i++)
		close(fds[i]);
}

/* read() of a consumer of all rings has no order that it could keep. */
TEST_F(set, read)
{
	char buf[256];

	ASSERT_EQ(0, set_attach(self->c, self->fd, 0));
	EXPECT_EQ(-1, read(self->c[0].fd, buf, sizeof(buf)));
	EXPECT_EQ(EOPNOTSUPP, errno);
	set_detach(self->c, SET_MEMBERS);
}

TEST_HARNESS_MAIN
