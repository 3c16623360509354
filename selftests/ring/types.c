// SPDX-License-Identifier: GPL-2.0
/* A producer sees in the first page which types of records the consumers want. */
#include "named_test.h"
#include <stddef.h>

#define ALL	UINT64_MAX

/* Replace the ring of the fixture. Returns 0 or an errno. */
static int make_typed(FIXTURE_DATA(ring) *self, uint32_t flags, uint64_t features)
{
	struct mmapshare_create_args create = {
		.region_size = RING_SIZE,
		.strategy = MMAPSHARE_STRATEGY_FAULT,
		.mode = 0600,
		.ring = MMAPSHARE_RING | flags,
		.consumers = RING_CONSUMERS,
		.features = features,
	};

	region_destroy(self->dev.fd, self->name);
	close(self->fd);
	self->fd = region_create_by(self->dev.fd, &create, self->name);
	return self->fd < 0 ? -self->fd : 0;
}

/* Returns 0 or an errno. */
static int attach_typed(FIXTURE_DATA(ring) *self, struct endpoint *c, uint32_t flags,
			uint64_t types)
{
	const struct mmapshare_ring_attach_args at = { .types = types };

	return endpoint_attach_with(c, self->fd, flags, &at);
}

static void check_types(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
			uint32_t flags)
{
	struct endpoint d;

	ASSERT_EQ(0, make_typed(self, flags, MMAPSHARE_RING_FEAT_TYPE));
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	EXPECT_EQ(0ULL, self->p.ring->types);
	ASSERT_EQ(0, attach_typed(self, &self->c, CONSUMER, 6));
	EXPECT_EQ(6ULL, self->p.ring->types);
	ASSERT_EQ(0, attach_typed(self, &d, CONSUMER | MMAPSHARE_RING_ATTACH_MAY_LOSE, 1ULL << 63));
	EXPECT_EQ(6ULL | 1ULL << 63, self->p.ring->types);
	endpoint_detach(&self->c);
	EXPECT_EQ(1ULL << 63, self->p.ring->types);
	ASSERT_EQ(0, attach_typed(self, &self->c, CONSUMER, 0));
	EXPECT_EQ(ALL, self->p.ring->types);
	endpoint_detach(&self->c);
	EXPECT_EQ(1ULL << 63, self->p.ring->types);
	endpoint_detach(&d);
	EXPECT_EQ(0ULL, self->p.ring->types);
	endpoint_detach(&self->p);
}

TEST_F(ring, lossless)
{
	check_types(_metadata, self, 0);
}

TEST_F(ring, overwriting)
{
	check_types(_metadata, self, MMAPSHARE_RING_OVERWRITE);
}

/* A consumer that the kernel has found corrupt does not count any more. */
TEST_F(ring, corrupt)
{
	ASSERT_EQ(0, make_typed(self, 0, MMAPSHARE_RING_FEAT_TYPE));
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, attach_typed(self, &self->c, CONSUMER, 6));
	self->c.c->pos = 1;
	endpoint_wait(&self->p, 0);
	EXPECT_EQ(0ULL, self->p.ring->types);
	endpoint_detach(&self->c);
	endpoint_detach(&self->p);
}

/* A name that keeps records counts, any other one does not. */
TEST_F(ring, names)
{
	struct mmapshare_ring_attach_args at = named_args("a", MMAPSHARE_RING_KEEP_ALL, 0);

	ASSERT_EQ(0, make_typed(self, 0, MMAPSHARE_RING_FEAT_TYPE));
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	at.types = 8;
	ASSERT_EQ(0, endpoint_attach_with(&self->c, self->fd, CONSUMER, &at));
	EXPECT_EQ(8ULL, self->p.ring->types);
	endpoint_detach(&self->c);
	EXPECT_EQ(8ULL, self->p.ring->types);
	at.types = 16;
	ASSERT_EQ(0, endpoint_attach_with(&self->c, self->fd, CONSUMER, &at));
	EXPECT_EQ(16ULL, self->p.ring->types);
	endpoint_detach(&self->c);
	EXPECT_EQ(16ULL, self->p.ring->types);
	EXPECT_EQ(0, remove_name(self->fd, "a"));
	EXPECT_EQ(0ULL, self->p.ring->types);
	at.keep_ns = 0;
	ASSERT_EQ(0, endpoint_attach_with(&self->c, self->fd, CONSUMER, &at));
	endpoint_detach(&self->c);
	EXPECT_EQ(0ULL, self->p.ring->types);
	endpoint_detach(&self->p);
}

TEST_F(ring, refused)
{
	struct mmapshare_ring_attach_args at = { .types = 1 };

	EXPECT_EQ(EINVAL, attach_typed(self, &self->c, CONSUMER, 1));
	ASSERT_EQ(0, make_typed(self, 0, MMAPSHARE_RING_FEAT_MONOTONIC));
	EXPECT_EQ(EINVAL, attach_typed(self, &self->c, CONSUMER, 1));
	ASSERT_EQ(0, make_typed(self, 0, MMAPSHARE_RING_FEAT_TYPE));
	EXPECT_EQ(-EINVAL, ring_attach_with(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER, &at));
	/* the structure without the member is that of a program that wants all */
	at = (struct mmapshare_ring_attach_args){
		.size = offsetof(struct mmapshare_ring_attach_args, types), .flags = CONSUMER,
	};
	self->c.fd = ioctl(self->fd, MMAPSHARE_IOC_RING_ATTACH, &at);
	ASSERT_LE(0, self->c.fd);
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	EXPECT_EQ(ALL, self->p.ring->types);
	endpoint_detach(&self->p);
	close(self->c.fd);
}

TEST_HARNESS_MAIN
