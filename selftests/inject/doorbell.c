// SPDX-License-Identifier: GPL-2.0
/*
 * The first store to the doorbell page, of a live or revoked region, allocates
 * memory. If that fails the kernel retries the fault: the notifying program
 * gets no signal, and its notification is counted once.
 */
#include "inject.h"
#include "region_test.h"

struct ringing {
	const struct device *dev;
	bool revoked;
	int fd;
	struct mmapshare_doorbell *bell;
};

/* Map the doorbell of a new region where no page table exists. */
static const char *create_doorbell(struct ringing *r)
{
	struct mmapshare_info info;

	r->fd = region_create_as(r->dev->fd, NULL, r->dev->page,
				 r->dev->info.strategy, 0);
	if (r->fd < 0 || device_info(r->fd, &info))
		return "cannot create the region";
	r->bell = mmap(INJECT_FAR, r->dev->page, PROT_READ | PROT_WRITE, MAP_SHARED,
		       r->fd, info.doorbell_offset);
	if (r->bell == MAP_FAILED)
		return "cannot map the doorbell";
	return r->revoked && region_revoke(r->fd) ? "cannot revoke the region" : NULL;
}

static void destroy_doorbell(const struct ringing *r)
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
		return "the count is not 1";
	if (r->bell->armed != r->revoked)
		return r->revoked ? "revoked, but not armed" : "armed without a waiter";
	destroy_doorbell(r);
	return create_doorbell(r);
}

FIXTURE_VARIANT(inject)
{
	bool revoked;
};

FIXTURE_VARIANT_ADD(inject, live) { .revoked = false, };
FIXTURE_VARIANT_ADD(inject, revoked) { .revoked = true, };

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

	if (variant->revoked && !has_feature(&self->dev, MMAPSHARE_FEAT_REVOKE))
		SKIP(return, "REVOKE gets EOPNOTSUPP with this strategy");
	ASSERT_EQ(NULL, create_doorbell(&r));
	EXPECT_STREQ("", inject_sweep(&self->in, &c));
	destroy_doorbell(&r);
}

TEST_HARNESS_MAIN
