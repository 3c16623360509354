// SPDX-License-Identifier: GPL-2.0
/*
 * The strategy table of Documentation/abi.rst is correct for this strategy.
 * MMAPSHARE_ABI_RST is the path of that file.
 */
#include "mmapshare_test.h"
#include <linux/futex.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define COLUMNS	4

static bool find_table(FILE *f)
{
	char line[128];

	while (fgets(line, sizeof(line), f))
		if (strstr(line, "strategy-table-begin"))
			return true;
	return false;
}

/* Read the next line of the table. Returns the number of cells; 0: the end. */
static int next_row(FILE *f, char cells[COLUMNS + 1][16])
{
	char line[128];

	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, "strategy-table-end"))
			return 0;
		if (*line != '=' &&
		    sscanf(line, "%15s %15s %15s %15s %15s", cells[0], cells[1],
			   cells[2], cells[3], cells[4]) == COLUMNS + 1)
			return COLUMNS + 1;
	}
	return 0;
}

/* try_*(): use a feature. Returns 0 or the errno with which it fails. */
static int try_cow(struct device *dev, char *mem)
{
	char *p = device_map(dev, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, dev->size);
	return 0;
}

static int try_gup(struct device *dev, char *mem)
{
	char buf[16];
	struct iovec local = { buf, sizeof(buf) }, remote = { mem, sizeof(buf) };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) < 0 ?
	       errno : 0;
}

static int try_dontneed(struct device *dev, char *mem)
{
	return madvise(mem, dev->size, MADV_DONTNEED) ? errno : 0;
}

static int try_futex(struct device *dev, char *mem)
{
	/* EAGAIN: the futex was found and has another value */
	*(volatile int *)mem = 1;
	syscall(SYS_futex, mem, FUTEX_WAIT, 2, NULL, NULL, 0);
	return errno == EAGAIN ? 0 : errno;
}

static const struct {
	const char *name;
	uint64_t feature;
	int (*try)(struct device *dev, char *mem);
} rows[] = {
	{ "COW", MMAPSHARE_FEAT_COW, try_cow },
	{ "GUP", MMAPSHARE_FEAT_GUP, try_gup },
	{ "DONTNEED", MMAPSHARE_FEAT_DONTNEED, try_dontneed },
	{ "FUTEX", MMAPSHARE_FEAT_FUTEX, try_futex },
	{ "DUMP", MMAPSHARE_FEAT_DUMP, NULL },
	{ "HUGE", MMAPSHARE_FEAT_HUGE, NULL },
	{ "REVOKE", MMAPSHARE_FEAT_REVOKE, NULL },
};

/* What the table must contain. */
static const char *cell_of(const struct device *dev, uint64_t feature, int error)
{
	if (has_feature(dev, feature))
		return error ? "reported, but fails" : "yes";
	return error == EINVAL ? "EINVAL" : error == EFAULT ? "EFAULT" : "no";
}

TEST(table)
{
	const char *path = getenv("MMAPSHARE_ABI_RST");
	char head[COLUMNS + 1][16], row[COLUMNS + 1][16], strategy[16] = "";
	size_t i, checked = 0;
	struct device dev;
	int column;
	char *mem;
	FILE *f;

	if (!path)
		SKIP(return, "MMAPSHARE_ABI_RST is not set");
	DEVICE_OPEN(&dev, O_RDWR);
	f = fopen("/sys/module/mmapshare/parameters/strategy", "r");
	ASSERT_NE(NULL, f);
	ASSERT_EQ(1, fscanf(f, "%15s", strategy));
	fclose(f);
	mem = device_map(&dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, mem);

	f = fopen(path, "r");
	ASSERT_NE(NULL, f);
	ASSERT_TRUE(find_table(f));
	ASSERT_EQ(COLUMNS + 1, next_row(f, head));
	for (column = 1; column <= COLUMNS; column++)
		if (!strcmp(head[column], strategy))
			break;
	ASSERT_GE(COLUMNS, column);

	while (next_row(f, row)) {
		for (i = 0; i < ARRAY_SIZE(rows); i++)
			if (!strcmp(rows[i].name, row[0]))
				break;
		ASSERT_GT(ARRAY_SIZE(rows), i);
		EXPECT_STREQ(cell_of(&dev, rows[i].feature, rows[i].try ?
				     rows[i].try(&dev, mem) : 0), row[column]);
		checked++;
	}
	EXPECT_EQ(ARRAY_SIZE(rows), checked);
	fclose(f);
	close(dev.fd);
}

TEST_HARNESS_MAIN
