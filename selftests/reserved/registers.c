// SPDX-License-Identifier: GPL-2.0
/*
 * A PCI BAR as a region: the registers of QEMU's device "edu" are mapped uncached, and
 * only mappings access them.
 */
#include "reserved_test.h"
#include <dirent.h>

/* The device, and two of its registers: see docs/specs/edu.rst in QEMU. */
#define EDU_ID		"0x11e8\n"
#define REG_ID		0	/* 0xRRrr00ed: revision, and "edu" */
#define REG_LIVENESS	1	/* stores a value, loads its complement */

static bool read_file(const char *device, const char *name, char *text, size_t size)
{
	char path[512];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", device, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Enable the device's memory, and find its address. Returns 0 if there is none. */
static unsigned long find_edu(void)
{
	unsigned long address = 0;
	char text[256], path[512];
	struct dirent *e;
	DIR *dir = opendir("/sys/bus/pci/devices");

	while (dir && !address && (e = readdir(dir))) {
		int fd;

		if (!read_file(e->d_name, "device", text, sizeof(text)) || strcmp(text, EDU_ID))
			continue;
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/enable", e->d_name);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (write(fd, "1", 1) == 1 &&
		    read_file(e->d_name, "resource", text, sizeof(text)))
			address = strtoul(text, NULL, 16);
		close(fd);
	}
	if (dir)
		closedir(dir);
	return address;
}

FIXTURE(edu)
{
	int control;
	int fd;
};

FIXTURE_SETUP(edu)
{
	char parameters[128];
	unsigned long address;

	if (geteuid() || !getenv("MMAPSHARE_KO"))
		SKIP(return, "needs root, and MMAPSHARE_KO");
	address = find_edu();
	if (!address)
		SKIP(return, "no PCI device edu: run --device edu");
	snprintf(parameters, sizeof(parameters), "size=8M ranges=edu:1M@%#lx:uc", address);
	ASSERT_EQ(0, reload(parameters));
	self->control = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->control, 0);
	self->fd = reserved_create(self->control, "edu", 0, 0);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(edu)
{
	close(self->fd);
	region_destroy(self->control, "edu");
	close(self->control);
	/* so that the memory of the device is free again */
	reload("size=8M");
}

TEST_F(edu, registers_answer)
{
	volatile uint32_t *regs = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED,
				       self->fd, 0);
	uint32_t i;

	ASSERT_NE(MAP_FAILED, (void *)regs);
	EXPECT_EQ(0xedU, regs[REG_ID] & 0xff);
	for (i = 1; i; i <<= 1) {
		regs[REG_LIVENESS] = i;
		EXPECT_EQ(~i, regs[REG_LIVENESS]);
	}
	/* the attribute survives mprotect() */
	ASSERT_EQ(0, mprotect((void *)regs, getpagesize(), PROT_READ));
	ASSERT_EQ(0, mprotect((void *)regs, getpagesize(), PROT_READ | PROT_WRITE));
	regs[REG_LIVENESS] = 7;
	EXPECT_EQ(~7U, regs[REG_LIVENESS]);
	EXPECT_TRUE(fdinfo_has(self->fd, "mmapshare-range-cache:\tuc\n"));
}

TEST_F(edu, the_kernel_does_not_copy_registers)
{
	struct mmapshare_checksum_args sum = { .size = sizeof(sum), .length = 4 };
	struct mmapshare_fill_args fill = {
		.size = sizeof(fill), .length = 4, .pattern = "a", .pattern_len = 1,
	};
	uint32_t word = 0;

	EXPECT_EQ(-1, pread(self->fd, &word, 4, 0));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, pwrite(self->fd, &word, 4, 0));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_CHECKSUM, &sum));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_FILL, &fill));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-ENODATA, ({
		close(self->fd);
		region_destroy(self->control, "edu");
		reserved_create(self->control, "edu", 0, MMAPSHARE_RING);
	}));
	self->fd = -1;
}

TEST_HARNESS_MAIN
