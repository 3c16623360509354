// SPDX-License-Identifier: GPL-2.0
/*
 * To ring the doorbell of a region, also one that was revoked, takes memory the
 * first time. Without any it is done again until there is some, by the kernel:
 * whoever rings sees no signal, and is counted once.
 */
#include "inject.h"
#include "region_test.h"

struct ringing {
	const struct device *dev;
	bool revoked;
	int fd;
	struct mmapshare_doorbell *bell;
};

/* One that nobody has touched, and for which page tables are missing. */
static const char *get_doorbell(struct ringing *r)
{
	struct mmapshare_info info;

	r->fd = region_create_as(r->dev->fd, NULL, r->dev->page,
				 r->dev->info.strategy, 0);
	if (r->fd < 0 || device_info(r->fd, &info))
		return "no region to try it with";
	r->bell = mmap(INJECT_FAR, r->dev->page, PROT_READ | PROT_WRITE, MAP_SHARED,
		       r->fd, info.doorbell_offset);
	if (r->bell == MAP_FAILED)
		return "its doorbell cannot be mapped";
	return r->revoked && region_revoke(r->fd) ? "cannot be revoked" : NULL;
}

static void put_doorbell(const struct ringing *r)
{
	munmap(r->bell, r->dev->page);
	close(r->fd);
}

static long ring(void *arg)
{
	struct ringing *r = arg;

	__atomic_fetch_add(&r->bell->count, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static const char *check(void *arg, long ret)
{
	struct ringing *r = arg;

	if (r->bell->count != 1)
		return "not counted, or not once";
	if (r->bell->armed != r->revoked)
		return r->revoked ? "looks alive" : "looks as if somebody waits";
	put_doorbell(r);
	return get_doorbell(r);
}

FIXTURE_VARIANT(inject)
{
	bool revoked;
};

FIXTURE_VARIANT_ADD(inject, alive) { .revoked = false, };
FIXTURE_VARIANT_ADD(inject, dead) { .revoked = true, };

TEST_F_TIMEOUT(inject, ring, INJECT_TIMEOUT)
{
	static const int none[] = { 0 };
	struct ringing r = { .dev = &self->dev, .revoked = variant->revoked };
	struct inject_case c = {
		.call = ring,
		.after = check,
		.arg = &r,
		.errnos = none,
	};

	ASSERT_EQ(NULL, get_doorbell(&r));
	EXPECT_STREQ("", inject_sweep(&self->in, &c));
	put_doorbell(&r);
}

TEST_HARNESS_MAIN
