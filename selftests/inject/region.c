// SPDX-License-Identifier: GPL-2.0
/*
 * A failed CREATE leaves no name, node or charge. A failed DESTROY, QUERY, open
 * or READ_ONLY leaves the region unchanged.
 */
#include "inject.h"
#include "region_test.h"

#define NAME	"inject"

struct target {
	int control;
	uint32_t strategy;
	const char *name;
};

static bool exists(const struct target *t)
{
	struct mmapshare_query query;
	int error = region_query(t->control, NAME, &query);

	return !error && !access(region_node(NAME), F_OK);
}

/* Neither the name nor the node exists. */
static bool is_gone(const struct target *t)
{
	struct mmapshare_query query;

	return region_query(t->control, NAME, &query) == ENOENT &&
	       access(region_node(NAME), F_OK);
}

static long create(void *arg)
{
	struct target *t = arg;

	return region_create_as(t->control, t->name, REGION_SIZE, t->strategy,
				t->name ? 0600 : 0);
}

static const char *check_create(void *arg, long ret)
{
	struct target *t = arg;
	struct mmapshare_info info;
	const char *error = NULL;

	if (ret < 0)
		return is_gone(t) ? NULL : "the name or the node is left";
	if (device_info(ret, &info) || info.region_size != REGION_SIZE)
		error = "the descriptor is not the region";
	else if (t->name && !exists(t))
		error = "the name or the node is missing";
	else if (t->name && region_destroy(t->control, NAME))
		error = "cannot destroy the region";
	close(ret);
	return error;
}

static long destroy(void *arg)
{
	struct target *t = arg;

	return -region_destroy(t->control, NAME);
}

static const char *check_destroy(void *arg, long ret)
{
	struct target *t = arg;

	if (ret < 0)
		return exists(t) ? NULL : "destroyed although the call failed";
	return is_gone(t) && !close(create(t)) ? NULL : "cannot create the region again";
}

static long query(void *arg)
{
	struct target *t = arg;
	struct mmapshare_query result;

	return -region_query(t->control, NAME, &result);
}

static const char *check_query(void *arg, long ret)
{
	return exists(arg) ? NULL : "the region is gone";
}

static long open_node(void *arg)
{
	return result_of(open(region_node(NAME), O_RDWR | O_CLOEXEC));
}

static const char *check_open(void *arg, long ret)
{
	struct mmapshare_info info;

	if (ret < 0)
		return NULL;
	if (device_info(ret, &info) || info.region_size != REGION_SIZE)
		return "the descriptor is not the region";
	close(ret);
	return NULL;
}

static long make_read_only(void *arg)
{
	struct target *t = arg;

	return region_read_only(t->control);
}

static const char *check_read_only(void *arg, long ret)
{
	const char *error = NULL;

	if (ret < 0)
		return NULL;
	if (write(ret, "x", 1) != -1 || errno != EBADF)
		error = "the descriptor is writable";
	close(ret);
	return error;
}

FIXTURE_VARIANT(inject)
{
	long (*call)(void *arg);
	const char *(*after)(void *arg, long ret);
	bool anonymous;
	bool exists;
};

FIXTURE_VARIANT_ADD(inject, create) {
	.call = create, .after = check_create,
};

FIXTURE_VARIANT_ADD(inject, create_anonymous) {
	.call = create, .after = check_create, .anonymous = true,
};

FIXTURE_VARIANT_ADD(inject, destroy) {
	.call = destroy, .after = check_destroy, .exists = true,
};

FIXTURE_VARIANT_ADD(inject, query) {
	.call = query, .after = check_query, .exists = true,
};

FIXTURE_VARIANT_ADD(inject, open) {
	.call = open_node, .after = check_open, .exists = true,
};

FIXTURE_VARIANT_ADD(inject, read_only) {
	.call = make_read_only, .after = check_read_only,
};

TEST_F_TIMEOUT(inject, region, INJECT_TIMEOUT)
{
	struct target t = {
		.control = self->dev.fd,
		.strategy = self->dev.info.strategy,
		.name = variant->anonymous ? NULL : NAME,
	};
	struct inject_case c = {
		.call = variant->call,
		.after = variant->after,
		.arg = &t,
		.errnos = inject_efault,
	};

	if (variant->exists)
		ASSERT_EQ(0, close(create(&t)));
	EXPECT_STREQ("", inject_sweep(&self->in, &c));
	EXPECT_LT(0, self->in.failed);
	if (variant->exists)
		EXPECT_EQ(0, region_destroy(t.control, NAME));
	EXPECT_TRUE(is_gone(&t));
}

TEST_HARNESS_MAIN
