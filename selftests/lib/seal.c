// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: seals are added, told, and hold; the last bytes stay. */
#include "lib_test.h"

#define WRITE	MMAPSHARE_SEAL_WRITE
#define FUTURE	MMAPSHARE_SEAL_FUTURE_WRITE
#define SEAL	MMAPSHARE_SEAL_SEAL

/* Those that there are, or a negative errno. */
static int seals_of(const struct mmapshare *region)
{
	unsigned int seals = ~0U;
	int ret = mmapshare_seal(region, 0, &seals);

	return ret ? ret : (int)seals;
}

TEST_F(lib, added_and_told)
{
	unsigned int seals = ~0U;

	EXPECT_EQ(0, seals_of(self->region));
	EXPECT_EQ(0, mmapshare_seal(self->region, FUTURE, &seals));
	EXPECT_EQ(FUTURE, seals);
	EXPECT_EQ(0, mmapshare_seal(self->region, WRITE, NULL));
	EXPECT_EQ(0, mmapshare_seal(self->region, WRITE, &seals));
	EXPECT_EQ(FUTURE | WRITE, seals);
	EXPECT_EQ(0, mmapshare_seal(self->region, SEAL, NULL));
	EXPECT_EQ(FUTURE | WRITE | SEAL, (unsigned int)seals_of(self->region));
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
	/* who may not add may ask */
	EXPECT_EQ(0, seals_of(reader));
	EXPECT_EQ(SEAL, (unsigned int)seals_of(self->region));
	EXPECT_EQ(1, mmapshare_write(self->region, 0, "x", 1));
	mmapshare_close(reader);
}

static int seal_as_nobody(void *region)
{
	if (setgid(65534) || setuid(65534))
		return 255;
	return -mmapshare_seal(region, WRITE, NULL);
}

TEST_F(lib, another_users)
{
	if (geteuid())
		SKIP(return, "needs root");
	EXPECT_EQ(-EPERM, run_child(seal_as_nobody, self->region));
	EXPECT_EQ(0, seals_of(self->region));
}

/* Not a byte changes, by whatever function. */
static int no_function_stores(const struct mmapshare *region)
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

static int can_be_read(const struct mmapshare *region, char wanted)
{
	char byte = 0, *p;

	if (mmapshare_read(region, 0, &byte, 1) != 1 || byte != wanted)
		return 1;
	if (mmapshare_map(region, MMAPSHARE_READ, 0, 1, (void **)&p))
		return 2;
	if (*p != wanted || run_child(store_byte, p) != SIGSEGV)
		return 3;
	if (mprotect(p, 1, PROT_READ | PROT_WRITE) != -1 || errno != EACCES)
		return 4;
	mmapshare_unmap(p, 1);
	if (mmapshare_map(region, MMAPSHARE_COPY, 0, 1, (void **)&p))
		return 5;
	*p = 'c';
	mmapshare_unmap(p, 1);
	return mmapshare_read(region, 0, &byte, 1) == 1 && byte == wanted ? 0 : 6;
}

TEST_F(lib, nobody_stores)
{
	void *p;

	ASSERT_EQ(0, mmapshare_map(self->region, MMAPSHARE_WRITE, 0, 0, &p));
	*(char *)p = 'l';
	EXPECT_EQ(-EBUSY, mmapshare_seal(self->region, WRITE, NULL));
	EXPECT_EQ(0, seals_of(self->region));
	ASSERT_EQ(0, mmapshare_unmap(p, REGION_SIZE));
	ASSERT_EQ(0, mmapshare_seal(self->region, WRITE, NULL));
	EXPECT_EQ(0, no_function_stores(self->region));
	EXPECT_EQ(0, can_be_read(self->region, 'l'));
}

TEST_F(lib, nobody_else_stores)
{
	char *p;

	ASSERT_EQ(0, mmapshare_map(self->region, MMAPSHARE_WRITE, 0, 0, (void **)&p));
	ASSERT_EQ(0, mmapshare_seal(self->region, FUTURE, NULL));
	EXPECT_EQ(0, no_function_stores(self->region));
	*p = 'm';
	EXPECT_EQ(0, can_be_read(self->region, 'm'));
	EXPECT_EQ(-EBUSY, mmapshare_seal(self->region, WRITE, NULL));
	mmapshare_unmap(p, REGION_SIZE);
}

/* Who reads a sealed region can still be told of it. */
TEST_F(lib, can_be_notified)
{
	uint64_t count = 0;

	ASSERT_EQ(0, mmapshare_notify(self->region));
	/* the doorbell is mapped now, and no reason to be busy */
	ASSERT_EQ(0, mmapshare_seal(self->region, WRITE, NULL));
	ASSERT_EQ(0, mmapshare_notify(self->region));
	EXPECT_EQ(0, mmapshare_wait(self->region, &count, 0));
	EXPECT_EQ(2U, count);
}

TEST_HARNESS_MAIN
