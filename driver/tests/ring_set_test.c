// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of ring sets whose producer is the kernel. Included by ring_source_set.c.
 */
#include <kunit/test.h>

#define SET_MEMBERS	3U

static struct mmapshare_set *create_set(struct kunit *test, unsigned int members,
					unsigned int flags)
{
	const struct mmapshare_params params = {
		.size = PAGE_SIZE,
		.consumers = 2,
		.features = MMAPSHARE_RING_FEAT_CPU,
		.members = members,
		.flags = flags,
	};
	struct mmapshare_set *set = mmapshare_set_create(&params);

	KUNIT_ASSERT_FALSE(test, IS_ERR(set));
	return set;
}

static void attach_set(struct kunit *test, struct mms_endpoint *ep, struct mmapshare_set *set)
{
	struct mms_start start = { };

	mms_set_init(ep, SET_MEMBERS, set->region, false, 0, false);
	KUNIT_ASSERT_EQ(test, 0, mms_set_attach(ep, &start));
}

static struct mms_endpoint *alloc_endpoints(struct kunit *test)
{
	struct mms_endpoint *ep = kunit_kcalloc(test, SET_MEMBERS, sizeof(*ep), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ep);
	return ep;
}

/* Each possible CPU has a ring; the one of this CPU is chosen. */
static void per_cpu_test(struct kunit *test)
{
	struct mmapshare_set *set = create_set(test, 0, MMAPSHARE_MULTI_PRODUCER);

	KUNIT_EXPECT_EQ(test, nr_cpu_ids, mmapshare_set_members(set));
	migrate_disable();
	KUNIT_EXPECT_PTR_EQ(test, mmapshare_set_member(set, smp_processor_id()),
			    mmapshare_set_this_cpu(set));
	KUNIT_EXPECT_EQ(test, 0, mmapshare_write(mmapshare_set_this_cpu(set), "x", 1));
	KUNIT_EXPECT_NE(test, 0ULL, mmapshare_set_this_cpu(set)->p->pos);
	migrate_enable();
	mmapshare_set_put(set);
}

/* With one ring all CPUs share it. */
static void shared_test(struct kunit *test)
{
	struct mmapshare_set *set = create_set(test, 1, MMAPSHARE_MULTI_PRODUCER);

	KUNIT_EXPECT_PTR_EQ(test, mmapshare_set_member(set, 0), mmapshare_set_this_cpu(set));
	mmapshare_set_put(set);
}

/*
 * Fill and overwrite the ring in the middle: records that cross its end continue in
 * its own mirror, and no byte of its neighbours changes.
 */
static void mirror_test(struct kunit *test)
{
	struct mmapshare_set *set = create_set(test, SET_MEMBERS, MMAPSHARE_OVERWRITE);
	struct mmapshare_source *middle = mmapshare_set_member(set, 1);
	const u64 bytes = set->region->size / SET_MEMBERS;
	void *vaddr = set->region->mem.vaddr;
	u32 first = mms_crc32c(0, vaddr, bytes), last = mms_crc32c(0, vaddr + 2 * bytes, bytes);
	u8 buf[108];
	unsigned int i;

	memset(buf, 0xa5, sizeof(buf));
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, 0, mmapshare_write(middle, buf, sizeof(buf)));
	KUNIT_EXPECT_EQ(test, first, mms_crc32c(0, vaddr, bytes));
	KUNIT_EXPECT_EQ(test, last, mms_crc32c(0, vaddr + 2 * bytes, bytes));
	KUNIT_EXPECT_EQ(test, 0, memcmp(middle->data, middle->data + PAGE_SIZE, PAGE_SIZE));
	mmapshare_set_put(set);
}

/* A record in any ring is there for the consumer, which sleeps in all of them. */
static void wake_test(struct kunit *test)
{
	struct mmapshare_set *set = create_set(test, SET_MEMBERS, 0);
	struct mms_endpoint *ep = alloc_endpoints(test);
	unsigned int i;

	attach_set(test, ep, set);
	KUNIT_EXPECT_EQ(test, -EAGAIN, mms_set_arm(ep));
	for (i = 0; i < SET_MEMBERS; i++) {
		KUNIT_EXPECT_TRUE(test, ep[i].armed);
		KUNIT_EXPECT_PTR_EQ(test, &ep->own_waiters, ep[i].waiters);
	}
	KUNIT_EXPECT_EQ(test, 0, mmapshare_write(mmapshare_set_member(set, 2), "x", 1));
	irq_work_sync(&mmapshare_set_member(set, 2)->ep.notify);
	KUNIT_EXPECT_FALSE(test, ep[2].armed);
	KUNIT_EXPECT_TRUE(test, ep[0].armed);
	KUNIT_EXPECT_EQ(test, 0, mms_endpoint_wait(ep, false, -1));
	mms_set_detach(ep);
	mmapshare_set_put(set);
}

/* A consumer that cannot attach to the last ring leaves no trace in the others. */
static void no_cursor_test(struct kunit *test)
{
	struct mmapshare_set *set = create_set(test, SET_MEMBERS, 0);
	struct mms_endpoint *ep = alloc_endpoints(test), *last = alloc_endpoints(test);
	struct mms_start start = { };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		mms_set_init(&last[i], 1, set->region, false, 2, false);
		KUNIT_EXPECT_EQ(test, 0, mms_set_attach(&last[i], &start));
	}
	mms_set_init(ep, SET_MEMBERS, set->region, false, 0, false);
	KUNIT_EXPECT_EQ(test, -ENOSPC, mms_set_attach(ep, &start));
	for (i = 0; i < SET_MEMBERS - 1; i++) {
		KUNIT_EXPECT_EQ(test, 0ULL, ep[i].ring->active);
		KUNIT_EXPECT_EQ(test, 0ULL, ep[i].ring->head->consumers);
		KUNIT_EXPECT_NULL(test, ep[i].ring->consumers[0]);
	}
	for (i = 0; i < 2; i++)
		mms_set_detach(&last[i]);
	attach_set(test, ep, set);
	mms_set_detach(ep);
	mmapshare_set_put(set);
}

/* The memory of one page fails: the whole set ends. */
static void memory_failed_test(struct kunit *test)
{
	struct mmapshare_set *set = create_set(test, SET_MEMBERS, 0);
	struct mms_endpoint *ep = alloc_endpoints(test);
	unsigned int i;

	attach_set(test, ep, set);
	set->region->ops->memory_failed(set->region);
	KUNIT_EXPECT_EQ(test, -EIO, mms_endpoint_wait(ep, false, -1));
	for (i = 0; i < SET_MEMBERS; i++)
		KUNIT_EXPECT_EQ(test, -EIO, mmapshare_write(mmapshare_set_member(set, i), "x", 1));
	mms_set_detach(ep);
	mmapshare_set_put(set);
}

static void refused_test(struct kunit *test)
{
	struct mmapshare_params params = {
		.size = PAGE_SIZE, .consumers = 1, .members = MMAPSHARE_RING_MEMBERS_MAX + 1
	};

	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(mmapshare_set_create(&params)));
	params.members = 1;
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(mmapshare_source_create(&params)));
	params.consumers = 0;
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(mmapshare_set_create(&params)));
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(mmapshare_region_create(&params)));
}

static struct kunit_case set_cases[] = {
	KUNIT_CASE(per_cpu_test),
	KUNIT_CASE(shared_test),
	KUNIT_CASE(mirror_test),
	KUNIT_CASE(wake_test),
	KUNIT_CASE(no_cursor_test),
	KUNIT_CASE(memory_failed_test),
	KUNIT_CASE(refused_test),
	{ }
};

static struct kunit_suite set_suite = {
	.name = "mmapshare-set",
	.test_cases = set_cases,
};

kunit_test_suite(set_suite);
