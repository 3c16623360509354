// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: add and query seals; a sealed region keeps its bytes. */
#include "lib_test.h"

#define WRITE	MMAPSHARE_SEAL_WRITE
#define FUTURE	MMAPSHARE_SEAL_FUTURE_WRITE
#define SEAL	MMAPSHARE_SEAL_SEAL

/* Returns the seals, or minus errno. */
static int get_seals(const struct mmapshare *region)
{
	unsigned int seals = ~0U;
	int ret = mmapshare_seal(region, 0, &seals);

	return ret ? ret : (int)seals;
}

TEST_F(lib, add_and_query)
{
	unsigned int seals = ~0U;

	EXPECT_EQ(0, get_seals(self->region));
	EXPECT_EQ(0, mmapshare_seal(self->region, FUTURE, &seals));
	EXPECT_EQ(FUTURE, seals);
	EXPECT_EQ(0, mmapshare_seal(self->region, WRITE, NULL));
	EXPECT_EQ(0, mmapshare_seal(self->region, WRITE, &seals));
	EXPECT_EQ(FUTURE | WRITE, seals);
	EXPECT_EQ(0, mmapshare_seal(self->region, SEAL, NULL));
	EXPECT_EQ(FUTURE | WRITE | SEAL, (unsigned int)get_seals(self->region));
}

TEST_F(lib, refused)
{
	struct mmapshare *reader;
	unsigned int seals = 99;

	ASSERT_EQ(0, mmapshare_create(&reader, self->name, 1, FAULT, 0600));
	mmapshare_close(reader);
	ASSERT_EQ(0, mmapshare_open(&reader, self->name, MMAPSHARE_READ));
	EXPECT_EQ(-EBADF, mmapshare_seal(reader, WRITE, &seals));
	EXPECT_EQ(-EINVAL, mmapshare_seal(self->region, WRITE | 1U << 31, &seals));
	EXPECT_EQ(0, mmapshare_seal(self->region, SEAL, NULL));
	EXPECT_EQ(-EPERM, mmapshare_seal(self->region, WRITE, &seals));
	EXPECT_EQ(99U, seals);
	/* a read-only handle can query the seals */
	EXPECT_EQ(0, get_seals(reader));
	EXPECT_EQ(SEAL, (unsigned int)get_seals(self->region));
	EXPECT_EQ(1, mmapshare_write(self->region, 0, "x", 1));
	mmapshare_close(reader);
}

static int seal_as_nobody(void *region)
{
	if (setgid(65534) || setuid(65534))
		return 255;
	return -mmapshare_seal(region, WRITE, NULL);
}

TEST_F(lib, other_user)
{
	if (geteuid())
		SKIP(return, "needs root");
	EXPECT_EQ(-EPERM, run_child(seal_as_nobody, self->region));
	EXPECT_EQ(0, get_seals(self->region));
}

/* Returns 0 if all functions that write fail, else the failed check. */
static int check_no_writes(const struct mmapshare *region)
{
	void *p = NULL;

	if (mmapshare_write(region, 0, "x", 1) != -EPERM)
		return 1;
	if (mmapshare_fill(region, 0, 1, "x", 1) != -EPERM)
		return 2;
	if (mmapshare_map(region, MMAPSHARE_WRITE, 0, 0, &p) != -EPERM || p)
		return 3;
	return 0;
}

/* Returns 0, or the number of the failed check. */
static int check_reads(const struct mmapshare *region, char expected)
{
	char byte = 0, *p;

	if (mmapshare_read(region, 0, &byte, 1) != 1 || byte != expected)
		return 1;
	if (mmapshare_map(region, MMAPSHARE_READ, 0, 1, (void **)&p))
		return 2;
	if (*p != expected || run_child(store_byte, p) != SIGSEGV)
		return 3;
	if (mprotect(p, 1, PROT_READ | PROT_WRITE) != -1 || errno != EACCES)
		return 4;
	mmapshare_unmap(p, 1);
	if (mmapshare_map(region, MMAPSHARE_COPY, 0, 1, (void **)&p))
		return 5;
	*p = 'c';
	mmapshare_unmap(p, 1);
	return mmapshare_read(region, 0, &byte, 1) == 1 && byte == expected ? 0 : 6;
}

TEST_F(lib, seal_write)
{
	void *p;

	ASSERT_EQ(0, mmapshare_map(self->region, MMAPSHARE_WRITE, 0, 0, &p));
	*(char *)p = 'l';
	EXPECT_EQ(-EBUSY, mmapshare_seal(self->region, WRITE, NULL));
	EXPECT_EQ(0, get_seals(self->region));
	ASSERT_EQ(0, mmapshare_unmap(p, REGION_SIZE));
	ASSERT_EQ(0, mmapshare_seal(self->region, WRITE, NULL));
	EXPECT_EQ(0, check_no_writes(self->region));
	EXPECT_EQ(0, check_reads(self->region, 'l'));
}

/* The mapping that existed before stays writable. */
TEST_F(lib, seal_future_write)
{
	char *p;

	ASSERT_EQ(0, mmapshare_map(self->region, MMAPSHARE_WRITE, 0, 0, (void **)&p));
	ASSERT_EQ(0, mmapshare_seal(self->region, FUTURE, NULL));
	EXPECT_EQ(0, check_no_writes(self->region));
	*p = 'm';
	EXPECT_EQ(0, check_reads(self->region, 'm'));
	EXPECT_EQ(-EBUSY, mmapshare_seal(self->region, WRITE, NULL));
	mmapshare_unmap(p, REGION_SIZE);
}

/* The doorbell of a sealed region works, so that writers can notify readers. */
TEST_F(lib, doorbell)
{
	uint64_t count = 0;

	ASSERT_EQ(0, mmapshare_notify(self->region));
	/* the writable mapping of the doorbell page is no reason for -EBUSY */
	ASSERT_EQ(0, mmapshare_seal(self->region, WRITE, NULL));
	ASSERT_EQ(0, mmapshare_notify(self->region));
	EXPECT_EQ(0, mmapshare_wait(self->region, &count, 0));
	EXPECT_EQ(2U, count);
}

TEST_HARNESS_MAIN
