// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: list and query named regions; paths and strategy names. */
#include "lib_test.h"

#define NAMES	20

static const char *name_of(int i)
{
	static char name[32];

	snprintf(name, sizeof(name), "list.%d.%d", getpid(), i);
	return name;
}

/* Count in @seen how often each region is listed. Returns 0 or minus errno. */
static int count_listed(int seen[NAMES])
{
	struct mmapshare_query query = { .size = sizeof(query) };
	struct mmapshare_list *list;
	int i, ret;

	memset(seen, 0, NAMES * sizeof(*seen));
	ret = mmapshare_list_open(&list);
	if (ret)
		return ret;
	while ((ret = mmapshare_list_next(list, &query)) == 1)
		for (i = 0; i < NAMES; i++)
			seen[i] += !strcmp(query.name, name_of(i));
	/* a further call at the end returns 0, too */
	if (!ret)
		ret = mmapshare_list_next(list, &query);
	mmapshare_list_close(list);
	return ret;
}

TEST_F(lib, list)
{
	struct mmapshare *region;
	int i, seen[NAMES];

	for (i = 0; i < NAMES; i++) {
		ASSERT_EQ(0, mmapshare_create(&region, name_of(i), 1, FAULT, 0600));
		mmapshare_close(region);
	}
	EXPECT_EQ(0, mmapshare_destroy(name_of(3), 0));
	EXPECT_EQ(0, count_listed(seen));
	for (i = 0; i < NAMES; i++)
		EXPECT_EQ(i != 3, seen[i]);
	for (i = 0; i < NAMES; i++)
		EXPECT_EQ(i == 3 ? -ENOENT : 0, mmapshare_destroy(name_of(i), 0));
	EXPECT_EQ(0, count_listed(seen));
	for (i = 0; i < NAMES; i++)
		EXPECT_EQ(0, seen[i]);
}

TEST_F(lib, query)
{
	struct mmapshare_query query;
	struct mmapshare *region;

	ASSERT_EQ(0, mmapshare_create(&region, self->name, REGION_SIZE, FAULT, 0604));
	memset(&query, 0xff, sizeof(query));
	query.size = sizeof(query);
	ASSERT_EQ(0, mmapshare_query_name(self->name, &query));
	EXPECT_EQ(sizeof(query), query.size);
	EXPECT_EQ(REGION_SIZE, query.region_size);
	EXPECT_EQ(0604U, query.mode);
	EXPECT_EQ(geteuid(), query.uid);
	EXPECT_EQ(1U, query.files);
	EXPECT_STREQ(self->name, query.name);
	mmapshare_close(region);

	query.size = sizeof(query);
	EXPECT_EQ(-ENOENT, mmapshare_query_name("no-such-region", &query));
	query.size = sizeof(query);
	EXPECT_EQ(-EINVAL, mmapshare_query_name("", &query));
	EXPECT_EQ(-EINVAL, mmapshare_query_name(NULL, &query));
	query.size = 4;
	EXPECT_EQ(-EINVAL, mmapshare_query_name(self->name, &query));
}

TEST_F(lib, structure_sizes)
{
	struct mmapshare_list *list;
	struct {
		struct mmapshare_query query;
		char more[8];
	} large;

	memset(&large, 0xff, sizeof(large));
	large.query.size = sizeof(large);
	EXPECT_EQ(-ENOENT, mmapshare_query_name("no-such-region", &large.query));
	EXPECT_EQ(0, large.more[7]);
	ASSERT_EQ(0, mmapshare_list_open(&list));
	large.query.size = 8;
	EXPECT_EQ(-EINVAL, mmapshare_list_next(list, &large.query));
	mmapshare_list_close(list);
	mmapshare_list_close(NULL);
}

TEST(names)
{
	char path[80], name[MMAPSHARE_NAME_SIZE + 1] = "";
	const char *strategy_name;
	int strategy;

	for (strategy = 0; strategy <= MMAPSHARE_STRATEGY_RESERVED; strategy++) {
		strategy_name = mmapshare_strategy_name(strategy);
		ASSERT_NE(NULL, strategy_name);
		EXPECT_EQ(strategy, mmapshare_strategy_by_name(strategy_name));
	}
	EXPECT_EQ(NULL, mmapshare_strategy_name(5));
	EXPECT_EQ(-EINVAL, mmapshare_strategy_by_name("faul"));
	EXPECT_STREQ(MMAPSHARE_VERSION, mmapshare_version());

	ASSERT_EQ(0, mmapshare_path(NULL, path, sizeof(path)));
	EXPECT_STREQ("/dev/mmapshare", path);
	ASSERT_EQ(0, mmapshare_path("a", path, 17));
	EXPECT_STREQ("/dev/mmapshare-a", path);
	EXPECT_EQ(-ERANGE, mmapshare_path("a", path, 16));
	memset(name, 'n', MMAPSHARE_NAME_SIZE - 1);
	EXPECT_EQ(0, mmapshare_path(name, path, sizeof(path)));
	EXPECT_EQ(-EINVAL, mmapshare_path("../x", path, sizeof(path)));
}

TEST_HARNESS_MAIN
