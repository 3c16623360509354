// SPDX-License-Identifier: GPL-2.0
/*
 * A region that cannot be made leaves no name, no node and no charge; one that
 * cannot be found, asked about or taken away is as it was.
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

/* No node without a name, and no name without a node. */
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

static const char *uncreate(void *arg, long ret)
{
	struct target *t = arg;
	struct mmapshare_info info;
	const char *wrong = NULL;

	if (ret < 0)
		return is_gone(t) ? NULL : "something is left";
	if (device_info(ret, &info) || info.region_size != REGION_SIZE)
		wrong = "what was made is not the region";
	else if (t->name && !exists(t))
		wrong = "it has no name";
	else if (t->name && region_destroy(t->control, NAME))
		wrong = "its name stays";
	close(ret);
	return wrong;
}

static long destroy(void *arg)
{
	struct target *t = arg;

	return -region_destroy(t->control, NAME);
}

static const char *create_again(void *arg, long ret)
{
	struct target *t = arg;

	if (ret < 0)
		return exists(t) ? NULL : "it is gone nevertheless";
	return is_gone(t) && !close(create(t)) ? NULL : "it is not gone";
}

static long query(void *arg)
{
	struct target *t = arg;
	struct mmapshare_query facts;

	return -region_query(t->control, NAME, &facts);
}

static const char *still_there(void *arg, long ret)
{
	return exists(arg) ? NULL : "it is gone";
}

static long open_node(void *arg)
{
	return result_of(open(region_node(NAME), O_RDWR | O_CLOEXEC));
}

static const char *close_node(void *arg, long ret)
{
	struct mmapshare_info info;

	if (ret < 0)
		return NULL;
	if (device_info(ret, &info) || info.region_size != REGION_SIZE)
		return "what was opened is not the region";
	close(ret);
	return NULL;
}

static long lend(void *arg)
{
	struct target *t = arg;

	return region_read_only(t->control);
}

static const char *take_back(void *arg, long ret)
{
	const char *wrong = NULL;

	if (ret < 0)
		return NULL;
	if (write(ret, "x", 1) != -1 || errno != EBADF)
		wrong = "it is not for reading alone";
	close(ret);
	return wrong;
}

FIXTURE_VARIANT(inject)
{
	long (*call)(void *arg);
	const char *(*after)(void *arg, long ret);
	bool anonymous;
	bool exists;
};

FIXTURE_VARIANT_ADD(inject, create) {
	.call = create, .after = uncreate,
};

FIXTURE_VARIANT_ADD(inject, create_anonymous) {
	.call = create, .after = uncreate, .anonymous = true,
};

FIXTURE_VARIANT_ADD(inject, destroy) {
	.call = destroy, .after = create_again, .exists = true,
};

FIXTURE_VARIANT_ADD(inject, query) {
	.call = query, .after = still_there, .exists = true,
};

FIXTURE_VARIANT_ADD(inject, open) {
	.call = open_node, .after = close_node, .exists = true,
};

FIXTURE_VARIANT_ADD(inject, read_only) {
	.call = lend, .after = take_back,
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
