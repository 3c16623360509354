// SPDX-License-Identifier: GPL-2.0
/*
 * All ioctls accept older and newer versions of their structures, and refuse
 * structures in inaccessible memory.
 */
#include "region_test.h"

FIXTURE(structure)
{
	struct device dev;
	size_t page_size;
	uint8_t *page;		/* followed by an unmapped page */
	uint32_t *first;	/* start of the page */
	uint8_t *last;		/* a structure that ends with the page */
};

FIXTURE_VARIANT(structure)
{
	unsigned int cmd;
	uint32_t size;
	uint32_t first_size;	/* of the first version */
	uint32_t flags;		/* the flags that exist */
	bool is_fill;
	bool is_wait;
	bool writes_back;
};

FIXTURE_VARIANT_ADD(structure, info) {
	.cmd = MMAPSHARE_IOC_INFO,
	.size = sizeof(struct mmapshare_info),
	.first_size = 56,
	.writes_back = true,
};

FIXTURE_VARIANT_ADD(structure, fill) {
	.cmd = MMAPSHARE_IOC_FILL,
	.size = sizeof(struct mmapshare_fill_args),
	.first_size = sizeof(struct mmapshare_fill_args),
	.is_fill = true,
};

FIXTURE_VARIANT_ADD(structure, checksum) {
	.cmd = MMAPSHARE_IOC_CHECKSUM,
	.size = sizeof(struct mmapshare_checksum_args),
	.first_size = sizeof(struct mmapshare_checksum_args),
	.writes_back = true,
};

FIXTURE_VARIANT_ADD(structure, notify) {
	.cmd = MMAPSHARE_IOC_NOTIFY,
	.size = sizeof(struct mmapshare_notify_args),
	.first_size = sizeof(struct mmapshare_notify_args),
	.flags = MMAPSHARE_NOTIFY_COUNTED,
	.writes_back = true,
};

FIXTURE_VARIANT_ADD(structure, wait) {
	.cmd = MMAPSHARE_IOC_WAIT,
	.size = sizeof(struct mmapshare_wait_args),
	.first_size = sizeof(struct mmapshare_wait_args),
	.is_wait = true,
	.writes_back = true,
};

/* Queries the seals. */
FIXTURE_VARIANT_ADD(structure, seal) {
	.cmd = MMAPSHARE_IOC_SEAL,
	.size = sizeof(struct mmapshare_seal_args),
	.first_size = sizeof(struct mmapshare_seal_args),
	.writes_back = true,
};

/* The descriptors it returns are closed when the test exits. */
FIXTURE_VARIANT_ADD(structure, read_only) {
	.cmd = MMAPSHARE_IOC_READ_ONLY,
	.size = sizeof(struct mmapshare_read_only_args),
	.first_size = sizeof(struct mmapshare_read_only_args),
	.flags = MMAPSHARE_READ_ONLY_CLOEXEC,
};

/* Each call gets a new region: REVOKE refuses the default one. */
FIXTURE_VARIANT_ADD(structure, revoke) {
	.cmd = MMAPSHARE_IOC_REVOKE,
	.size = sizeof(struct mmapshare_revoke_args),
	.first_size = sizeof(struct mmapshare_revoke_args),
};

FIXTURE_SETUP(structure)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->page_size = self->dev.page;
	self->page = mmap(NULL, 2 * self->page_size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->page);
	ASSERT_EQ(0, munmap(self->page + self->page_size, self->page_size));
	self->first = (void *)self->page;
	self->last = self->page + self->page_size - variant->size;
}

FIXTURE_TEARDOWN(structure)
{
	munmap(self->page, self->page_size);
	close(self->dev.fd);
}

/* Clear the page and put a structure at @place, valid except for its size. */
static void put_struct(FIXTURE_DATA(structure) *self,
		       const FIXTURE_VARIANT(structure) *variant, void *place,
		       uint32_t size)
{
	union {
		uint32_t size;
		struct mmapshare_fill_args fill;
		struct mmapshare_wait_args wait;
		uint8_t bytes[256];
	} s = { .size = size };

	if (variant->is_fill)
		s.fill.pattern_len = 1;
	if (variant->is_wait)	/* differs from the count: no wait */
		s.wait.count = UINT64_MAX;
	memset(self->page, 0, self->page_size);
	memcpy(place, &s, variant->size);
}

static int call_ioctl(FIXTURE_DATA(structure) *self,
		      const FIXTURE_VARIANT(structure) *variant, void *arg)
{
	int fd = self->dev.fd, error;

	if (variant->cmd == MMAPSHARE_IOC_REVOKE)
		fd = region_create(self->dev.fd, NULL);
	error = ioctl(fd, variant->cmd, arg) < 0 ? errno : 0;
	if (fd != self->dev.fd)
		close(fd);
	return error;
}

#define IOCTL_ERRNO(arg)	call_ioctl(self, variant, arg)

TEST_F(structure, larger)
{
	const uint32_t sizes[] = { variant->size + 1, variant->size + 8, self->page_size };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		put_struct(self, variant, self->page, sizes[i]);
		EXPECT_EQ(0, IOCTL_ERRNO(self->page));
		EXPECT_EQ(sizes[i], *self->first);
		for (j = variant->size; j < self->page_size; j++)
			ASSERT_EQ(0, self->page[j]);

		/* bytes that this kernel does not know must be 0 */
		put_struct(self, variant, self->page, sizes[i]);
		self->page[sizes[i] - 1] = 1;
		EXPECT_EQ(E2BIG, IOCTL_ERRNO(self->page));
		put_struct(self, variant, self->page, sizes[i]);
		self->page[variant->size] = 1;
		EXPECT_EQ(E2BIG, IOCTL_ERRNO(self->page));
		EXPECT_EQ(1, self->page[variant->size]);
	}
}

TEST_F(structure, too_large)
{
	const uint32_t sizes[] = { self->page_size + 1, INT32_MAX, 1U << 31, UINT32_MAX };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		put_struct(self, variant, self->page, sizes[i]);
		EXPECT_EQ(E2BIG, IOCTL_ERRNO(self->page));
	}
}

TEST_F(structure, too_small)
{
	uint32_t size;

	for (size = 0; size < variant->first_size; size++) {
		put_struct(self, variant, self->page, size);
		EXPECT_EQ(EINVAL, IOCTL_ERRNO(self->page));
	}
}

/* A smaller structure gets its fields; the bytes after it do not change. */
TEST_F(structure, older)
{
	uint8_t whole[256], before[256];
	uint32_t size;

	put_struct(self, variant, self->page, variant->size);
	ASSERT_EQ(0, IOCTL_ERRNO(self->page));
	memcpy(whole, self->page, variant->size);
	for (size = variant->first_size; size < variant->size; size++) {
		put_struct(self, variant, self->page, size);
		memset(self->page + size, 0x5a, sizeof(whole) - size);
		memcpy(before, self->page, sizeof(before));
		ASSERT_EQ(0, IOCTL_ERRNO(self->page));
		ASSERT_EQ(size, *self->first);
		ASSERT_EQ(0, memcmp(whole + 4, self->page + 4, size - 4));
		ASSERT_EQ(0, memcmp(before + size, self->page + size,
				    sizeof(before) - size));
	}
}

TEST_F(structure, unknown_flags)
{
	int bit;

	for (bit = 0; bit < 32; bit++) {
		if (variant->flags & 1U << bit)
			continue;
		put_struct(self, variant, self->page, variant->size);
		self->first[1] = 1U << bit;
		EXPECT_EQ(EINVAL, IOCTL_ERRNO(self->page));
	}
}

/* The kernel does not access bytes past the size. */
TEST_F(structure, at_the_end_of_a_page)
{
	put_struct(self, variant, self->last, variant->size);
	EXPECT_EQ(0, IOCTL_ERRNO(self->last));
}

TEST_F(structure, beyond_the_end_of_a_page)
{
	uint32_t *last_word = (void *)(self->page + self->page_size - 4);

	put_struct(self, variant, self->last, variant->size + 1);
	EXPECT_EQ(EFAULT, IOCTL_ERRNO(self->last));
	memset(self->page, 0, self->page_size);
	*last_word = variant->size;
	EXPECT_EQ(EFAULT, IOCTL_ERRNO(last_word));
	/* a wrong size is reported even if only the size is accessible */
	*last_word = variant->first_size - 1;
	EXPECT_EQ(EINVAL, IOCTL_ERRNO(last_word));
	*last_word = self->page_size + 1;
	EXPECT_EQ(E2BIG, IOCTL_ERRNO(last_word));
	EXPECT_EQ(EFAULT, IOCTL_ERRNO(self->page + self->page_size - 3));
}

TEST_F(structure, bad_pointer)
{
	EXPECT_EQ(EFAULT, IOCTL_ERRNO(NULL));
	EXPECT_EQ(EFAULT, IOCTL_ERRNO((void *)8));
	EXPECT_EQ(EFAULT, IOCTL_ERRNO((void *)-(long)self->page_size));
}

TEST_F(structure, read_only_memory)
{
	put_struct(self, variant, self->page, variant->size);
	ASSERT_EQ(0, mprotect(self->page, self->page_size, PROT_READ));
	EXPECT_EQ(variant->writes_back ? EFAULT : 0, IOCTL_ERRNO(self->page));
}

TEST_F(structure, unaligned)
{
	put_struct(self, variant, self->page + 3, variant->size);
	EXPECT_EQ(0, IOCTL_ERRNO(self->page + 3));
}

TEST_HARNESS_MAIN
