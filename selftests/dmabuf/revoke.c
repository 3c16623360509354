// SPDX-License-Identifier: GPL-2.0
/*
 * After a revocation no use of a dma-buf begins. A device that has the pages keeps
 * them, and their user remains charged for them.
 */
#include "dmabuf_test.h"
#include "doorbell_test.h"
#include "limits_test.h"

#define SIZE	(16 * MB)
#define SHARE	(24 * MB)

FIXTURE(revoked) {
	struct device dev;
	unsigned long saved[LIMITS];
	int fd;
	int dmabuf;
};

FIXTURE_SETUP(revoked)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	IMPORTER_NEEDED();
	limits_save(self->saved);
	ASSERT_EQ(0, limit_set("max_user_bytes", SHARE));
	ASSERT_EQ(0, seteuid(USER));
	self->fd = region_create_as(self->dev.fd, NULL, SIZE, MMAPSHARE_STRATEGY_FAULT, 0);
	ASSERT_LE(0, self->fd);
	self->dmabuf = dmabuf_get(self->fd, 0, SIZE, MMAPSHARE_DMABUF_WRITABLE);
	if (self->dmabuf == -EOPNOTSUPP)
		SKIP(return, "the kernel has no dma-bufs");
	ASSERT_LE(0, self->dmabuf);
	ASSERT_EQ(0, seteuid(0));
}

FIXTURE_TEARDOWN(revoked)
{
	seteuid(0);
	limits_restore(self->saved);
	IMPORTER_GONE();
	close(self->dmabuf);
	close(self->fd);
	close(self->dev.fd);
}

static int create(FIXTURE_DATA(revoked) *self)
{
	int fd;

	if (seteuid(USER))
		return -errno;
	fd = region_create_as(self->dev.fd, NULL, SIZE, MMAPSHARE_STRATEGY_FAULT, 0);
	return seteuid(0) ? -errno : fd;
}

/* The charge ends some time after the last use. */
static bool becomes_free(FIXTURE_DATA(revoked) *self)
{
	const int64_t end = now() + 60 * SECOND;
	int fd;

	while ((fd = create(self)) < 0 && now() < end)
		sleep_ns(10 * MS);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

TEST_F(revoked, new_uses)
{
	char *mem = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, self->dmabuf, 0);

	ASSERT_NE(MAP_FAILED, mem);
	(void)*(volatile char *)mem;
	ASSERT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(SIGBUS, run_child(load_byte, mem));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ, MAP_SHARED, self->dmabuf, 0));
	EXPECT_EQ(ENODEV, errno);
	ASSERT_EQ(0, import_attach(self->dmabuf));
	EXPECT_EQ(ENODEV, import_set("map", "both"));
	/* the driver gets a page in which its bytes are lost */
	EXPECT_EQ(0, import_set("vmap", "1"));
	EXPECT_EQ(0, import_set("vstore", "1"));
	EXPECT_EQ(0, import_set("vmap", "0"));
	EXPECT_EQ(-ENODEV, dmabuf_get(self->fd, 0, SIZE, 0));
	munmap(mem, SIZE);
}

TEST_F(revoked, device_keeps_pages)
{
	ASSERT_EQ(0, kernel_fill(self->fd, 0, SIZE, 1));
	ASSERT_EQ(0, import_attach(self->dmabuf));
	ASSERT_EQ(0, import_set("map", "both"));
	ASSERT_EQ(0, import_set("vmap", "1"));
	ASSERT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(SIZE, import_sum());
	EXPECT_EQ(0, import_set("vstore", "2"));
	EXPECT_EQ(2UL * SIZE, import_sum());
	EXPECT_GT(0, create(self));

	EXPECT_EQ(0, import_set("vmap", "0"));
	EXPECT_GT(0, create(self));
	EXPECT_EQ(0, import_set("map", "no"));
	EXPECT_TRUE(becomes_free(self));
}

TEST_HARNESS_MAIN
