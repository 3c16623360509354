// SPDX-License-Identifier: GPL-2.0
/* A mapping outlives the descriptor it was made with, and pins the module. */
#include "map_fixture.h"
#include <sys/syscall.h>

/* Reference count of the module, or -1. */
static int module_refs(void)
{
	FILE *f = fopen("/sys/module/mmapshare/refcnt", "r");
	int refs = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%d", &refs) != 1)
		refs = -1;
	fclose(f);
	return refs;
}

TEST_F(map, mapping_outlives_descriptor)
{
	struct device dev;
	char *mem;

	ASSERT_TRUE(device_open(&dev, O_RDWR));
	mem = device_map(&dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, close(dev.fd));
	/* first access after the close */
	mem[dev.size - 1] = 'x';
	EXPECT_EQ('x', self->mem[dev.size - 1]);
	ASSERT_EQ(0, kernel_fill(self->dev.fd, 0, 1, 'k'));
	EXPECT_EQ('k', mem[0]);
	EXPECT_EQ(2, count_maps(self->dev.fd));
	munmap(mem, dev.size);
}

TEST_F(map, mapping_pins_module)
{
	const int refs = module_refs();
	struct device dev;
	char *mem, *p;

	ASSERT_LE(1, refs);
	ASSERT_TRUE(device_open(&dev, O_RDWR));
	EXPECT_EQ(refs + 1, module_refs());
	mem = device_map(&dev, PROT_READ, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, close(dev.fd));
	EXPECT_EQ(refs + 1, module_refs());
	/* each VMA that is left of the mapping keeps the module in use */
	ASSERT_EQ(0, munmap(mem + dev.page, dev.size - 2 * dev.page));
	EXPECT_EQ(refs + 1, module_refs());
	ASSERT_EQ(0, munmap(mem, dev.page));
	EXPECT_EQ(refs + 1, module_refs());
	ASSERT_EQ(0, munmap(mem + dev.size - dev.page, dev.page));
	EXPECT_EQ(refs, module_refs());
	/*
	 * no reference is added by a refused mapping, or another one of the
	 * same file
	 */
	EXPECT_EQ(ENXIO, errno_of(mmap(NULL, dev.page, PROT_READ, MAP_SHARED,
				       self->dev.fd, dev.size)));
	p = mmap(NULL, dev.page, PROT_READ, MAP_SHARED, self->dev.fd, 0);
	EXPECT_NE(MAP_FAILED, p);
	EXPECT_EQ(refs, module_refs());
}

/* rmmod fails while only a mapping is left. */
TEST_F(map, rmmod_is_refused)
{
	if (geteuid())
		SKIP(return, "only root may remove a module");
	ASSERT_EQ(0, close(self->dev.fd));
	EXPECT_EQ(EAGAIN, errno_of(syscall(SYS_delete_module, "mmapshare",
					   O_NONBLOCK)));
	self->mem[0] = 'x';
	EXPECT_EQ('x', self->mem[0]);
}

TEST_HARNESS_MAIN
