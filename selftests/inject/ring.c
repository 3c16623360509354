// SPDX-License-Identifier: GPL-2.0
/*
 * Creating a ring, and attaching to it: a failed attach leaves no cursor in
 * use, and no producer attached.
 */
#include "inject.h"
#include "ring_test.h"

struct target {
	int fd;			/* the device, or a ring */
	uint32_t role;
};

static long create(void *arg)
{
	struct target *t = arg;

	return ring_create_as(t->fd, NULL, RING_SIZE, MMAPSHARE_RING, RING_CONSUMERS);
}

static const char *check_create(void *arg, long ret)
{
	struct mmapshare_info info;
	const char *error = NULL;

	if (ret < 0)
		return NULL;
	if (device_info(ret, &info) || info.ring != MMAPSHARE_RING)
		error = "the descriptor is not a ring";
	close(ret);
	return error;
}

static long attach(void *arg)
{
	struct target *t = arg;
	struct mmapshare_ring_attach_args at;

	return ring_attach(t->fd, t->role, &at);
}

/* Once an attach has failed or its file is closed, the next gets cursor 0. */
static const char *check_attach(void *arg, long ret)
{
	struct target *t = arg;
	struct mmapshare_ring_attach_args at;
	const char *error = NULL;
	int again;

	if (ret >= 0)
		close(ret);
	again = ring_attach(t->fd, t->role, &at);
	if (again < 0)
		return "cannot attach again";
	if (at.cursor)
		error = "the first consumer slot is still in use";
	close(again);
	return error;
}

static void sweep(struct __test_metadata *_metadata, struct inject *in,
		  struct inject_case *c)
{
	c->errnos = inject_efault;
	EXPECT_STREQ("", inject_sweep(in, c));
	EXPECT_LT(0, in->failed);
}

TEST_F_TIMEOUT(inject, create, INJECT_TIMEOUT)
{
	struct target t = { .fd = self->dev.fd };
	struct inject_case c = { .call = create, .after = check_create, .arg = &t };

	sweep(_metadata, &self->in, &c);
}

TEST_F_TIMEOUT(inject, attach, INJECT_TIMEOUT)
{
	static const uint32_t roles[] = {
		MMAPSHARE_RING_ATTACH_PRODUCER, MMAPSHARE_RING_ATTACH_CONSUMER,
	};
	struct target t = { .fd = self->dev.fd };
	struct inject_case c = { .call = attach, .after = check_attach, .arg = &t };
	size_t i;

	t.fd = create(&t);
	ASSERT_LE(0, t.fd);
	for (i = 0; i < ARRAY_SIZE(roles); i++) {
		t.role = roles[i];
		sweep(_metadata, &self->in, &c);
	}
	close(t.fd);
}

TEST_HARNESS_MAIN
