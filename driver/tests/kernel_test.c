// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the kernel interface: regions, sources and sinks, and parameters that
 * are refused. Included by kernel.c.
 */
#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/file.h>
#include <linux/ktime.h>
#include <linux/pagemap.h>
#include <linux/string.h>

#define REGION	"kunit-region"

/*
 * The shortest name that is too long: there is no space for its terminating 0.
 */
static const char too_long[] =
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static_assert(sizeof(too_long) == MMAPSHARE_NAME_SIZE + 1);

static void region_refused_test(struct kunit *test)
{
	static const struct {
		struct mmapshare_params params;
		int error;
	} cases[] = {
		{ { .size = 0 }, -EINVAL },
		{ { .size = 1, .flags = MMAPSHARE_MULTI_PRODUCER }, -EINVAL },
		{ { .size = 1, .consumers = 1 }, -EINVAL },
		{ { .size = 1, .mode = 01777 }, -EINVAL },
		{ { .size = 1, .name = "" }, -EINVAL },
		{ { .size = 1, .name = "a/b" }, -EINVAL },
		{ { .size = 1, .name = too_long }, -EINVAL },
		{ { .size = MMS_REGION_MAX + 1 }, -ERANGE },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].error,
				    PTR_ERR(mmapshare_region_create(&cases[i].params)),
				    "case %zu", i);
}

static void region_test(struct kunit *test)
{
	const struct mmapshare_params params = { .size = PAGE_SIZE + 1 };
	struct mmapshare_region *region = mmapshare_region_create(&params);
	struct file *file;
	char *p;

	KUNIT_ASSERT_FALSE(test, IS_ERR(region));
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE, mmapshare_region_size(region));
	p = mmapshare_region_address(region);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, 2 * PAGE_SIZE));
	memset(p, 1, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 1ULL, mmapshare_region_notify(region));
	KUNIT_EXPECT_EQ(test, 2ULL, mmapshare_region_notify(region));
	file = mmapshare_region_file(region);
	KUNIT_EXPECT_FALSE(test, IS_ERR(file));
	mmapshare_region_put(region);
	/* the file keeps the memory */
	KUNIT_EXPECT_EQ(test, 1, p[PAGE_SIZE]);
	if (!IS_ERR(file))
		fput(file);
}

/*
 * An inode that is held after its region was freed has no page of the region.
 */
static void inode_test(struct kunit *test)
{
	const struct mmapshare_params params = { .size = PAGE_SIZE };
	struct mmapshare_region *region = mmapshare_region_create(&params);
	struct inode *inode;

	KUNIT_ASSERT_FALSE(test, IS_ERR(region));
	inode = mms_kernel_region_of(region)->inode;
	ihold(inode);
	mmapshare_region_put(region);
	KUNIT_EXPECT_TRUE(test, mapping_empty(inode->i_mapping));
	iput(inode);
}

/* A name is in use until mmapshare_region_put(). */
static void region_name_test(struct kunit *test)
{
	const struct mmapshare_params params = { .name = REGION, .mode = 0600, .size = 1 };
	struct mmapshare_region *region, *other;
	int i;

	for (i = 0; i < 2; i++) {
		region = mmapshare_region_create(&params);
		KUNIT_ASSERT_FALSE(test, IS_ERR(region));
		other = mmapshare_region_create(&params);
		KUNIT_EXPECT_EQ(test, -EEXIST, PTR_ERR(other));
		if (!IS_ERR(other))
			mmapshare_region_put(other);
		mmapshare_region_put(region);
	}
}

static void source_refused_test(struct kunit *test)
{
	static const struct {
		struct mmapshare_params params;
		int error;
	} cases[] = {
		{ { .size = 0, .consumers = 1 }, -EINVAL },
		{ { .size = 1, .consumers = 0 }, -EINVAL },
		{ { .size = 1, .consumers = MMAPSHARE_RING_CONSUMERS_MAX + 1 }, -EINVAL },
		{ { .size = 1, .consumers = 1, .name = "a b" }, -EINVAL },
		{ { .size = 1, .consumers = 1, .flags = ~0U }, -EINVAL },
		{ { .size = BIT_ULL(62), .consumers = 1 }, -ERANGE },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].error,
				    PTR_ERR(mmapshare_source_create(&cases[i].params)),
				    "case %zu", i);
}

/* The space of a discarded record can be reserved again. */
static void source_test(struct kunit *test)
{
	const struct mmapshare_params params = { .size = 1, .consumers = 1 };
	struct mmapshare_source *source = mmapshare_source_create(&params);
	unsigned int n, again;
	struct file *file;

	KUNIT_ASSERT_FALSE(test, IS_ERR(source));
	KUNIT_EXPECT_FALSE(test, mmapshare_source_wanted(source));
	KUNIT_EXPECT_EQ(test, -EMSGSIZE, PTR_ERR(mmapshare_reserve(source, PAGE_SIZE)));
	for (n = 0; !mmapshare_write(source, "record", 6); n++)
		;
	KUNIT_EXPECT_GT(test, n, 0U);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, mmapshare_source_wait(source, 6, 0));
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, mmapshare_source_wait(source, 6, NSEC_PER_MSEC));
	file = mmapshare_source_file(source);
	KUNIT_EXPECT_FALSE(test, IS_ERR(file));
	if (!IS_ERR(file))
		fput(file);
	mmapshare_source_put(source);

	source = mmapshare_source_create(&params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(source));
	for (again = 0; again < 2 * n; again++) {
		void *record = mmapshare_reserve(source, 6);

		KUNIT_ASSERT_FALSE(test, IS_ERR(record));
		mmapshare_discard(source, record);
	}
	for (again = 0; !mmapshare_write(source, "record", 6); again++)
		;
	KUNIT_EXPECT_EQ(test, n, again);
	mmapshare_source_put(source);
}

/* A program that has the ring open can attach after mmapshare_sink_put(). */
static void attach_after_sink(struct kunit *test, struct mms_region *r)
{
	struct mms_endpoint p = { };

	mms_endpoint_init(&p, r, true);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&p, false));
	mms_ring_detach(&p);
}

static void sink_test(struct kunit *test)
{
	const struct mmapshare_params params = { .size = 1 };
	struct mmapshare_sink *sink = mmapshare_sink_create(&params, 8, NULL, NULL);
	struct file *file;
	char record[8];

	KUNIT_ASSERT_FALSE(test, IS_ERR(sink));
	KUNIT_EXPECT_EQ(test, -EAGAIN, mmapshare_sink_read(sink, record, sizeof(record)));
	file = mmapshare_sink_file(sink);
	KUNIT_EXPECT_FALSE(test, IS_ERR(file));
	mmapshare_sink_put(sink);
	if (!IS_ERR(file)) {
		attach_after_sink(test, mms_region_of(file));
		fput(file);
	}
}

/*
 * The memory of a page fails while a record is available: it is not read, and
 * no endpoint can use the ring any more.
 */
static void check_failed_sink(struct kunit *test, struct mmapshare_sink *sink,
			      struct mms_region *r)
{
	struct mms_endpoint p = { };
	char record[8];

	mms_endpoint_init(&p, r, true);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&p, false));
	mms_record(r->ring, 0)->length = 0;
	r->ring->p->pos = 8;
	r->ops->memory_failed(r);
	KUNIT_EXPECT_EQ(test, -EAGAIN, mmapshare_sink_read(sink, record, sizeof(record)));
	KUNIT_EXPECT_EQ(test, 0ULL, mms_cursor(r->ring, 0)->pos);
	KUNIT_EXPECT_EQ(test, -EIO, mms_endpoint_check(&p));
	mms_ring_detach(&p);
	KUNIT_EXPECT_EQ(test, -EIO, mms_ring_attach(&p, false));
}

static void sink_memory_failed_test(struct kunit *test)
{
	const struct mmapshare_params params = { .size = 1 };
	struct mmapshare_sink *sink = mmapshare_sink_create(&params, 8, NULL, NULL);
	struct file *file;

	KUNIT_ASSERT_FALSE(test, IS_ERR(sink));
	file = mmapshare_sink_file(sink);
	KUNIT_EXPECT_FALSE(test, IS_ERR(file));
	if (!IS_ERR(file)) {
		check_failed_sink(test, sink, mms_region_of(file));
		fput(file);
	}
	mmapshare_sink_put(sink);
}

static struct kunit_case kernel_cases[] = {
	KUNIT_CASE(region_refused_test),
	KUNIT_CASE(region_test),
	KUNIT_CASE(inode_test),
	KUNIT_CASE(region_name_test),
	KUNIT_CASE(source_refused_test),
	KUNIT_CASE(source_test),
	KUNIT_CASE(sink_test),
	KUNIT_CASE(sink_memory_failed_test),
	{ }
};

static struct kunit_suite kernel_suite = {
	.name = "mmapshare-kernel",
	.test_cases = kernel_cases,
};

kunit_test_suite(kernel_suite);
