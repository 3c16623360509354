// SPDX-License-Identifier: GPL-2.0
/* Each strategy reports the features listed in Documentation/abi.rst. */
#include "mmapshare_test.h"
#include <stdio.h>

/* Other tests ask the device for its features: only this one has the table. */
static const struct {
	const char *name;
	uint32_t id;
	uint64_t features;
} strategies[] = {
	{
		"fault", MMAPSHARE_STRATEGY_FAULT,
		MMAPSHARE_FEAT_COW | MMAPSHARE_FEAT_GUP |
		MMAPSHARE_FEAT_DONTNEED | MMAPSHARE_FEAT_FUTEX |
		MMAPSHARE_FEAT_DUMP | MMAPSHARE_FEAT_REVOKE,
	}, {
		"huge", MMAPSHARE_STRATEGY_HUGE,
		MMAPSHARE_FEAT_COW | MMAPSHARE_FEAT_GUP |
		MMAPSHARE_FEAT_DONTNEED | MMAPSHARE_FEAT_FUTEX |
		MMAPSHARE_FEAT_DUMP | MMAPSHARE_FEAT_HUGE |
		MMAPSHARE_FEAT_REVOKE,
	}, {
		"vmalloc", MMAPSHARE_STRATEGY_VMALLOC,
		MMAPSHARE_FEAT_COW | MMAPSHARE_FEAT_GUP |
		MMAPSHARE_FEAT_DONTNEED | MMAPSHARE_FEAT_FUTEX |
		MMAPSHARE_FEAT_DUMP,
	}, {
		"pfn", MMAPSHARE_STRATEGY_PFN,
		0,
	},
};

TEST(table)
{
	const char *path = "/sys/module/mmapshare/parameters/strategy";
	char name[32] = "";
	struct device dev;
	size_t i;
	FILE *f;

	DEVICE_OPEN(&dev, O_RDONLY);
	f = fopen(path, "r");
	ASSERT_NE(NULL, f);
	ASSERT_EQ(1, fscanf(f, "%31s", name));
	fclose(f);
	TH_LOG("strategy %s, features %#llx", name,
	       (unsigned long long)dev.info.features);
	for (i = 0; i < ARRAY_SIZE(strategies); i++)
		if (!strcmp(name, strategies[i].name))
			break;
	ASSERT_GT(ARRAY_SIZE(strategies), i);
	EXPECT_EQ(strategies[i].id, dev.info.strategy);
	EXPECT_EQ(strategies[i].features, dev.info.features);
	close(dev.fd);
}

TEST_HARNESS_MAIN
