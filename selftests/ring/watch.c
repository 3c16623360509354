// SPDX-License-Identifier: GPL-2.0
/*
 * mmapshare_source_watch() calls a driver when the first consumer attaches and
 * when the last one detaches: one call at a time, alternating, at most 100 in a
 * second, and no program waits for it.
 */
#include "helper_module.h"
#include "ring_test.h"

#define MODULE	"mmapshare_watch"
#define NODE	DEVICE "-watch"

FIXTURE(watch) {
	int fd;
	struct endpoint c, d;
};

FIXTURE_VARIANT(watch) {
	const char *params;
	bool overwrite;
};

FIXTURE_VARIANT_ADD(watch, lossless) { .params = "" };
FIXTURE_VARIANT_ADD(watch, overwrite) { .params = "overwrite=1", .overwrite = true };

static unsigned long count(const char *parameter)
{
	return strtoul(helper_get(MODULE, parameter), NULL, 0);
}

/* Wait until the count is @n. */
static bool becomes(const char *parameter, unsigned long n)
{
	const int64_t end = now() + 20 * SECOND;

	while (count(parameter) != n && now() < end)
		sleep_ns(MS);
	return count(parameter) == n;
}

/* Wait until the calls say that there is a consumer (@n is 1) or none (0). */
static bool comes_to(unsigned long n)
{
	const int64_t end = now() + 20 * SECOND;

	while (count("attached") - count("detached") != n && now() < end)
		sleep_ns(MS);
	return now() < end;
}

FIXTURE_SETUP(watch)
{
	int error;

	if (geteuid() || !getenv("MMAPSHARE_KO"))
		SKIP(return, "needs root, and MMAPSHARE_KO");
	/* a failed test may have left it loaded */
	helper_set(MODULE, "blocked", "0");
	helper_unload(MODULE);
	error = helper_load(MODULE, variant->params);
	if (error == ENOENT)
		SKIP(return, "needs " MODULE ".ko");
	ASSERT_EQ(0, error);
	self->fd = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(watch)
{
	helper_set(MODULE, "blocked", "0");
	EXPECT_EQ(0UL, count("wrong"));
	close(self->fd);
	EXPECT_EQ(0, helper_unload(MODULE));
}

#define ATTACH(ep) \
	ASSERT_EQ(0, endpoint_attach(ep, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER))

TEST_F(watch, first_and_last)
{
	int i;

	for (i = 1; i <= 3; i++) {
		ATTACH(&self->c);
		ASSERT_TRUE(becomes("attached", i));
		ATTACH(&self->d);
		endpoint_detach(&self->c);
		ATTACH(&self->c);
		endpoint_detach(&self->d);
		EXPECT_EQ(i - 1UL, count("detached"));
		endpoint_detach(&self->c);
		ASSERT_TRUE(becomes("detached", i));
		EXPECT_EQ(2UL * i, count("entered"));
	}
}

/* A consumer that may lose records is one, too. */
TEST_F(watch, may_lose)
{
	const int fd = open(NODE, O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, endpoint_attach(&self->c, fd, MMAPSHARE_RING_ATTACH_CONSUMER |
				     MMAPSHARE_RING_ATTACH_MAY_LOSE));
	EXPECT_TRUE(becomes("attached", 1));
	endpoint_detach(&self->c);
	EXPECT_TRUE(becomes("detached", 1));
	close(fd);
}

/*
 * The callback does not return: programs attach and detach nevertheless. When it
 * returns, the changes in between are not reported.
 */
TEST_F(watch, blocked)
{
	int i;

	ASSERT_TRUE(helper_set(MODULE, "blocked", "1"));
	for (i = 0; i < 1000; i++) {
		ATTACH(&self->c);
		if (!i)
			ASSERT_TRUE(becomes("entered", 1));
		endpoint_detach(&self->c);
	}
	ATTACH(&self->c);
	EXPECT_EQ(1UL, count("entered"));
	EXPECT_EQ(0UL, count("attached"));
	ASSERT_TRUE(helper_set(MODULE, "blocked", "0"));
	ASSERT_TRUE(becomes("attached", 1));
	endpoint_detach(&self->c);
	ASSERT_TRUE(becomes("detached", 1));
	EXPECT_EQ(2UL, count("entered"));
}

/*
 * A program attaches and detaches all the time: there are at most 100 calls in a
 * second.
 */
TEST_F(watch, storm)
{
	const int64_t start = now();
	unsigned long calls;
	int i;

	for (i = 0; i < 5000; i++) {
		ATTACH(&self->c);
		endpoint_detach(&self->c);
	}
	calls = count("entered");
	EXPECT_GE((unsigned long)((now() - start) / (10 * MS)) + 2, calls);
	ATTACH(&self->c);
	ASSERT_TRUE(comes_to(1));
	endpoint_detach(&self->c);
	EXPECT_TRUE(comes_to(0));
}

/* A program that stores an impossible position is no consumer any more. */
TEST_F(watch, corrupt)
{
	if (variant->overwrite)
		SKIP(return, "an overwriting ring does not check positions");
	ATTACH(&self->c);
	ASSERT_TRUE(becomes("attached", 1));
	self->c.c->pos = 3;
	/* positions are checked when another consumer attaches */
	ATTACH(&self->d);
	endpoint_detach(&self->d);
	EXPECT_TRUE(becomes("detached", 1));
	ATTACH(&self->d);
	EXPECT_TRUE(becomes("attached", 2));
	endpoint_detach(&self->d);
	endpoint_detach(&self->c);
}

TEST_F(watch, revoked)
{
	ATTACH(&self->c);
	ASSERT_TRUE(becomes("attached", 1));
	EXPECT_EQ(0, region_revoke(self->fd));
	EXPECT_TRUE(becomes("detached", 1));
	endpoint_detach(&self->c);
	EXPECT_EQ(2UL, count("entered"));
}

static bool put_returns(void)
{
	const int64_t end = now() + 20 * SECOND;

	while (strcmp(helper_get(MODULE, "gone"), "Y") && now() < end)
		sleep_ns(MS);
	return now() < end;
}

/* mmapshare_source_put() waits for the callback, and calls it a last time. */
TEST_F(watch, put)
{
	ATTACH(&self->c);
	ASSERT_TRUE(becomes("attached", 1));
	ASSERT_TRUE(helper_set(MODULE, "blocked", "1"));
	endpoint_detach(&self->c);
	ASSERT_TRUE(becomes("entered", 2));
	ATTACH(&self->c);
	ASSERT_TRUE(helper_set(MODULE, "put", "1"));
	sleep_ns(50 * MS);
	EXPECT_STREQ("N", helper_get(MODULE, "gone"));
	ASSERT_TRUE(helper_set(MODULE, "blocked", "0"));
	ASSERT_TRUE(put_returns());
	/* it was or was not told meanwhile that there is a consumer again */
	EXPECT_EQ(count("attached"), count("detached"));
	EXPECT_EQ(EPIPE, endpoint_wait(&self->c, NO_TIMEOUT));
	endpoint_detach(&self->c);
	EXPECT_EQ(count("entered"), count("attached") + count("detached"));
}

/* With a consumer, and nothing in progress */
TEST_F(watch, put_attached)
{
	ATTACH(&self->c);
	ASSERT_TRUE(becomes("attached", 1));
	ASSERT_TRUE(helper_set(MODULE, "put", "1"));
	ASSERT_TRUE(put_returns());
	EXPECT_EQ(1UL, count("detached"));
	endpoint_detach(&self->c);
	EXPECT_EQ(2UL, count("entered"));
}

/* The driver knows at once which types of records the consumers want. */
TEST_F(watch, types)
{
	const struct mmapshare_ring_attach_args some = { .types = 0x8000000000000005 };
	const struct mmapshare_ring_attach_args other = { .types = 2 };
	const uint32_t consumer = MMAPSHARE_RING_ATTACH_CONSUMER;

	EXPECT_EQ(0UL, count("types"));
	ASSERT_EQ(0, endpoint_attach_with(&self->c, self->fd, consumer, &some));
	EXPECT_EQ(some.types, count("types"));
	ASSERT_EQ(0, endpoint_attach_with(&self->d, self->fd, consumer, &other));
	EXPECT_EQ(some.types | other.types, count("types"));
	endpoint_detach(&self->c);
	EXPECT_EQ(other.types, count("types"));
	/* this one wants all, and may lose */
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd,
				     consumer | MMAPSHARE_RING_ATTACH_MAY_LOSE));
	EXPECT_EQ(UINT64_MAX, count("types"));
	endpoint_detach(&self->c);
	EXPECT_EQ(other.types, count("types"));
	endpoint_detach(&self->d);
	EXPECT_EQ(0UL, count("types"));
}

TEST_HARNESS_MAIN
