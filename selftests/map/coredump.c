// SPDX-License-Identifier: GPL-2.0
/*
 * A core dump contains the mapping if coredump_filter selects it and the
 * strategy supports it. gdb then shows the bytes at the time of the crash, not
 * those of the device.
 */
#include "map_fixture.h"
#include "region_test.h"
#include <elf.h>

#define PATTERN	"/proc/sys/kernel/core_pattern"
#define CORE	"/tmp/mmapshare-core"
#define PAGES	16

FIXTURE(core) {
	struct device dev;
	char name[32];
	int fd;			/* open for writing */
	size_t size;
	char *mem;
	char pattern[256];
};

FIXTURE_VARIANT(core) {
	int flags;		/* of open() */
	unsigned int filter;	/* /proc/PID/coredump_filter */
	bool touched;
	bool destroyed;		/* a region whose node was removed */
	bool dumped;
};

/* Bit 3 selects shared file mappings. */
FIXTURE_VARIANT_ADD(core, shared) {
	.flags = O_RDWR, .filter = 0x08, .touched = true, .dumped = true,
};

FIXTURE_VARIANT_ADD(core, untouched) {
	.flags = O_RDWR, .filter = 0x3f, .dumped = true,
};

FIXTURE_VARIANT_ADD(core, all) {
	.flags = O_RDWR, .filter = 0x3f, .touched = true, .dumped = true,
};

FIXTURE_VARIANT_ADD(core, not_selected) {
	.flags = O_RDWR, .filter = 0x37, .touched = true,
};

FIXTURE_VARIANT_ADD(core, default_filter) {
	.flags = O_RDWR, .filter = 0x33, .touched = true,
};

/*
 * Mappings of a file open for reading only lack VM_SHARED: bit 2, private file
 * mappings, selects them.
 */
FIXTURE_VARIANT_ADD(core, read_only) {
	.flags = O_RDONLY, .filter = 0x04, .touched = true, .dumped = true,
};

FIXTURE_VARIANT_ADD(core, read_only_not_selected) {
	.flags = O_RDONLY, .filter = 0x3b, .touched = true,
};

/*
 * A mapping of a file without links counts as shared anonymous memory, which
 * bit 1 selects.
 */
FIXTURE_VARIANT_ADD(core, destroyed) {
	.flags = O_RDWR, .filter = 0x33, .touched = true, .destroyed = true, .dumped = true,
};

FIXTURE_VARIANT_ADD(core, destroyed_not_selected) {
	.flags = O_RDWR, .filter = 0x3d, .touched = true, .destroyed = true,
};

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	const ssize_t len = strlen(text);
	bool ok = fd >= 0 && write(fd, text, len) == len;

	close(fd);
	return ok;
}

FIXTURE_SETUP(core)
{
	size_t length;
	FILE *f;
	int fd;

	DEVICE_OPEN(&self->dev, O_RDWR);
	length = PAGES * self->dev.page;
	snprintf(self->name, sizeof(self->name), "core.%d", getpid());
	self->fd = variant->destroyed ? region_create_own(&self->dev, self->name) :
		   dup(self->dev.fd);
	ASSERT_LE(0, self->fd);
	self->size = lseek(self->fd, 0, SEEK_END);
	f = fopen(PATTERN, "r");
	ASSERT_NE(NULL, f);
	ASSERT_NE(NULL, fgets(self->pattern, sizeof(self->pattern), f));
	fclose(f);
	if (!write_file(PATTERN, CORE))
		SKIP(return, "only root may write " PATTERN);
	fd = open(variant->destroyed ? region_node(self->name) : DEVICE, variant->flags);
	self->mem = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, self->size - length);
	ASSERT_NE(MAP_FAILED, self->mem);
	close(fd);
	if (variant->destroyed)
		ASSERT_EQ(0, region_destroy(self->dev.fd, self->name));
}

FIXTURE_TEARDOWN(core)
{
	write_file(PATTERN, self->pattern);
	unlink(CORE);
	close(self->fd);
	close(self->dev.fd);
}

struct crash {
	const char *mem;
	unsigned int filter;
	bool touched;
};

static int crash(void *arg)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	const struct crash *c = arg;
	char filter[16];

	snprintf(filter, sizeof(filter), "%#x", c->filter);
	if (setrlimit(RLIMIT_CORE, &unlimited) ||
	    !write_file("/proc/self/coredump_filter", filter))
		return 1;
	if (c->touched)
		(void)*(volatile const char *)c->mem;
	signal(SIGABRT, SIG_DFL);
	abort();
}

/*
 * Read the dumped bytes of the mapping at @mem to @buf. Returns their number,
 * -1 if the dump has no such segment, -2 or -3 if there is no valid dump.
 */
static ssize_t find_segment(const char *mem, char *buf, size_t size)
{
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;
	int fd = open(CORE, O_RDONLY | O_CLOEXEC), i;
	ssize_t found = -1;

	if (fd < 0)
		return -2;
	if (pread(fd, &ehdr, sizeof(ehdr), 0) != SSIZEOF(ehdr) ||
	    memcmp(ehdr.e_ident, ELFMAG, SELFMAG))
		found = -3;
	for (i = 0; found == -1 && i < ehdr.e_phnum; i++) {
		if (pread(fd, &phdr, sizeof(phdr),
			  ehdr.e_phoff + i * sizeof(phdr)) != SSIZEOF(phdr))
			break;
		if (phdr.p_type != PT_LOAD || phdr.p_vaddr != (uintptr_t)mem)
			continue;
		found = pread(fd, buf, phdr.p_filesz < size ? phdr.p_filesz :
			      size, phdr.p_offset);
	}
	close(fd);
	return found;
}

/*
 * Returns the first 8 bytes of the mapping as gdb shows them; 0 if gdb fails.
 */
static uint64_t read_with_gdb(const char *mem)
{
	unsigned long long value = 0;
	char command[256];
	FILE *gdb;

	snprintf(command, sizeof(command),
		 "gdb -nx -batch /proc/%d/exe %s -ex 'output/x *(unsigned long *)%p' 2>/dev/null",
		 getpid(), CORE, mem);
	gdb = popen(command, "r");
	while (gdb && fgets(command, sizeof(command), gdb))
		sscanf(command, "0x%llx", &value);
	if (gdb)
		pclose(gdb);
	return value;
}

TEST_F(core, dump)
{
	struct crash c = { self->mem, variant->filter, variant->touched };
	const ssize_t length = PAGES * self->dev.page;
	const size_t at = self->size - length;
	const uint64_t other = 0x1122334455667788;
	char *buf = malloc(length);

	make_bytes(buf, length, at, 1);
	ASSERT_EQ(length, pwrite(self->fd, buf, length, at));
	memset(buf, 0, length);
	unlink(CORE);
	ASSERT_EQ(SIGABRT, run_child(crash, &c));
	if (!variant->dumped || !has_feature(&self->dev, MMAPSHARE_FEAT_DUMP)) {
		/* the segment is listed, but empty */
		EXPECT_EQ(0, find_segment(self->mem, buf, length));
		return;
	}
	EXPECT_EQ(length, find_segment(self->mem, buf, length));
	EXPECT_TRUE(same_bytes(buf, length, at, 1));
	/* gdb knows no format of a core dump by User-mode Linux */
	if (kernel_is_uml() || system("gdb --version >/dev/null 2>&1"))
		return;
	ASSERT_EQ(SSIZEOF(other), pwrite(self->fd, &other, sizeof(other), at));
	EXPECT_EQ(*(uint64_t *)buf, read_with_gdb(self->mem));
}

TEST_HARNESS_MAIN
