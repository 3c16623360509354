// SPDX-License-Identifier: GPL-2.0
/*
 * A revoked region uses no memory and is not charged to its owner, even if
 * peers still have it open or mapped.
 */
#include "limits_test.h"
#include "ring_test.h"

#define SIZE	(64 * MB)
#define SHARE	(96 * MB)
#define SLACK	(24 * MB)

FIXTURE(revoked) {
	struct device dev;
	unsigned long saved[LIMITS];
	unsigned long before;
};

FIXTURE_VARIANT(revoked) {
	bool ring;
};

FIXTURE_VARIANT_ADD(revoked, plain) { .ring = false };
FIXTURE_VARIANT_ADD(revoked, ring) { .ring = true };

FIXTURE_SETUP(revoked)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	if (geteuid())
		SKIP(return, "needs root");
	limits_save(self->saved);
	ASSERT_EQ(0, limit_set("max_user_bytes", SHARE));
	self->before = mem_available();
	ASSERT_EQ(0, seteuid(USER));
}

FIXTURE_TEARDOWN(revoked)
{
	seteuid(0);
	limits_restore(self->saved);
	close(self->dev.fd);
}

static int create(FIXTURE_DATA(revoked) *self, size_t size, bool ring)
{
	if (ring)
		return ring_create_as(self->dev.fd, NULL, size, MMAPSHARE_RING, 1);
	return region_create_as(self->dev.fd, NULL, size, MMAPSHARE_STRATEGY_FAULT, 0);
}

TEST_F(revoked, share_is_free)
{
	int fd = create(self, SIZE, variant->ring), peer, again;
	char *mem;

	ASSERT_LE(0, fd);
	peer = region_read_only(fd);
	ASSERT_LE(0, peer);
	mem = mmap(NULL, SIZE, PROT_READ, MAP_SHARED | MAP_POPULATE, peer, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_GT(self->before - SIZE + SLACK, mem_available());
	EXPECT_GT(0, create(self, SIZE, variant->ring));

	ASSERT_EQ(0, region_revoke(fd));
	close(fd);
	EXPECT_TRUE(mem_becomes_available(self->before - SLACK));
	again = create(self, SIZE, variant->ring);
	EXPECT_LE(0, again);
	EXPECT_EQ(SIGBUS, run_child(load_byte, mem));
	EXPECT_EQ(-1, pread(peer, &again, 1, 0));
	munmap(mem, SIZE);
	close(peer);
	close(again);
}

/* A revoked region does not count as one of its owner's regions. */
TEST_F(revoked, number_is_free)
{
	int peers[8], fd;
	unsigned int i;

	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, limit_set("max_user_regions", 1));
	ASSERT_EQ(0, seteuid(USER));
	for (i = 0; i < 8; i++) {
		fd = create(self, MB, variant->ring);
		ASSERT_LE(0, fd) TH_LOG("region %u", i);
		peers[i] = region_read_only(fd);
		EXPECT_EQ(-EDQUOT, create(self, MB, variant->ring));
		ASSERT_EQ(0, region_revoke(fd));
		close(fd);
	}
	for (i = 0; i < 8; i++)
		close(peers[i]);
}

TEST_HARNESS_MAIN
