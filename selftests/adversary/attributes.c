// SPDX-License-Identifier: GPL-2.0
/*
 * All users can read a region's attributes in sysfs only if they can read its
 * node.
 */
#include "region_test.h"

#define OWNER	1000
#define OTHER	1001

struct reader {
	uid_t uid;
	char path[128];
};

static int read_attribute(void *arg)
{
	const struct reader *r = arg;

	if (setgid(r->uid) || setuid(r->uid))
		return 255;
	return open(r->path, O_RDONLY) < 0 ? errno : 0;
}

static int read_as(uid_t uid, const char *name, const char *attribute)
{
	struct reader r = { .uid = uid };

	snprintf(r.path, sizeof(r.path), "/sys/class/mmapshare/mmapshare-%s/%s", name,
		 attribute);
	return -run_child(read_attribute, &r);
}

TEST(modes)
{
	static const char * const attributes[] = {
		"size", "strategy", "files", "maps", "faults", "notifications", "seals",
		"ring",
	};
	char secret[32], public[32];
	struct device dev;
	size_t i;

	DEVICE_OPEN(&dev, O_RDWR);
	snprintf(secret, sizeof(secret), "secret.%d", getpid());
	snprintf(public, sizeof(public), "public.%d", getpid());
	ASSERT_EQ(0, seteuid(OWNER));
	ASSERT_LE(0, region_create_as(dev.fd, secret, REGION_SIZE,
				      MMAPSHARE_STRATEGY_FAULT, 0600));
	ASSERT_LE(0, region_create_as(dev.fd, public, REGION_SIZE,
				      MMAPSHARE_STRATEGY_FAULT, 0644));
	ASSERT_EQ(0, seteuid(0));
	for (i = 0; i < ARRAY_SIZE(attributes); i++) {
		EXPECT_EQ(0, read_as(0, secret, attributes[i]));
		EXPECT_EQ(EACCES, read_as(OTHER, secret, attributes[i]));
		EXPECT_EQ(0, read_as(OTHER, public, attributes[i]));
	}
	EXPECT_EQ(0, region_destroy(dev.fd, secret));
	EXPECT_EQ(0, region_destroy(dev.fd, public));
	close(dev.fd);
}

TEST_HARNESS_MAIN
