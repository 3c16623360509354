// SPDX-License-Identifier: GPL-2.0
/* A mapping permits exactly the accesses that open mode and PROT_* permit. */
#include "mmapshare_test.h"

FIXTURE(access) {
	struct device dev;
	char *map;
	int error;
};

FIXTURE_VARIANT(access) {
	int flags;
	int prot;
	int map_errno;
	int store_signal;
	int rw_errno;
};

FIXTURE_VARIANT_ADD(access, rdonly_read) {
	.flags = O_RDONLY, .prot = PROT_READ,
	.store_signal = SIGSEGV, .rw_errno = EACCES,
};

FIXTURE_VARIANT_ADD(access, rdonly_write) {
	.flags = O_RDONLY, .prot = PROT_READ | PROT_WRITE,
	.map_errno = EACCES,
};

FIXTURE_VARIANT_ADD(access, wronly_write) {
	.flags = O_WRONLY, .prot = PROT_WRITE,
	.map_errno = EACCES,
};

FIXTURE_VARIANT_ADD(access, rdwr_read) {
	.flags = O_RDWR, .prot = PROT_READ,
	.store_signal = SIGSEGV,
};

FIXTURE_VARIANT_ADD(access, rdwr_write) {
	.flags = O_RDWR, .prot = PROT_READ | PROT_WRITE,
};

FIXTURE_SETUP(access)
{
	DEVICE_OPEN(&self->dev, variant->flags);
	self->map = device_map(&self->dev, variant->prot, MAP_SHARED);
	self->error = errno;
}

FIXTURE_TEARDOWN(access)
{
	if (self->map != MAP_FAILED)
		munmap(self->map, self->dev.size);
	close(self->dev.fd);
}

TEST_F(access, map_shared)
{
	if (variant->map_errno) {
		ASSERT_EQ(MAP_FAILED, self->map);
		EXPECT_EQ(variant->map_errno, self->error);
		return;
	}
	ASSERT_NE(MAP_FAILED, self->map);
	EXPECT_EQ(0, run_child(load_byte, self->map));
	EXPECT_EQ(variant->store_signal, run_child(store_byte, self->map));
}

TEST_F(access, mprotect_to_write)
{
	if (variant->map_errno)
		return;
	ASSERT_NE(MAP_FAILED, self->map);
	if (variant->rw_errno) {
		EXPECT_EQ(-1, mprotect(self->map, self->dev.page,
				       PROT_READ | PROT_WRITE));
		EXPECT_EQ(variant->rw_errno, errno);
		return;
	}
	EXPECT_EQ(0, mprotect(self->map, self->dev.page,
			      PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, run_child(store_byte, self->map));
}

TEST_HARNESS_MAIN
