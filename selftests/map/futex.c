// SPDX-License-Identifier: GPL-2.0
/*
 * Process-shared futexes work if the core can identify the page, which needs
 * page->mapping (MMAPSHARE_FEAT_FUTEX). Otherwise they get EFAULT.
 */
#include "map_fixture.h"
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>

static long futex(uint32_t *word, int op, uint32_t val)
{
	return syscall(SYS_futex, word, op, val, NULL, NULL, 0);
}

/* Open the device and map the same words at another address. */
static uint32_t *own_map(void)
{
	struct device dev;
	char *mem;

	if (!device_open(&dev, O_RDWR))
		return NULL;
	mem = mmap(NULL, dev.page, PROT_READ | PROT_WRITE, MAP_SHARED, dev.fd,
		   dev.size - dev.page);
	return mem == MAP_FAILED ? NULL : (uint32_t *)mem;
}

static int wait_once(void *arg)
{
	uint32_t *words = own_map();

	if (!words)
		return 1;
	if (futex(&words[3], FUTEX_WAIT, 7))
		return 2;
	return words[4] == 8 ? 0 : 3;
}

FIXTURE(futex) {
	struct device dev;
	uint32_t *words;
};

FIXTURE_SETUP(futex)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->words = own_map();
	ASSERT_NE(NULL, self->words);
	memset(self->words, 0, self->dev.page);
}

FIXTURE_TEARDOWN(futex)
{
	munmap(self->words, self->dev.page);
	close(self->dev.fd);
}

TEST_F(futex, wait_and_wake)
{
	pid_t pid;

	self->words[3] = 7;
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_FUTEX)) {
		EXPECT_EQ(EFAULT, errno_of(futex(self->words, FUTEX_WAIT, 0)));
		EXPECT_EQ(EFAULT, errno_of(futex(self->words, FUTEX_WAKE, 1)));
		return;
	}
	/* EAGAIN: the word has another value */
	EXPECT_EQ(EAGAIN, errno_of(futex(&self->words[3], FUTEX_WAIT, 8)));
	pid = start_child(wait_once, NULL);
	ASSERT_LT(0, pid);
	self->words[4] = 8;
	/* a wake-up of another word wakes no waiter */
	EXPECT_EQ(0, futex(&self->words[4], FUTEX_WAKE, INT_MAX));
	while (futex(&self->words[3], FUTEX_WAKE, 1) == 0 && is_running(pid))
		sched_yield();
	EXPECT_EQ(0, wait_child(pid));
}

/* Waiters move from one word to another: both words have a futex key. */
TEST_F(futex, requeue)
{
	pid_t pid;

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_FUTEX)) {
		EXPECT_EQ(EFAULT, errno_of(syscall(SYS_futex, self->words,
						   FUTEX_REQUEUE, 0, 1,
						   self->words + 1, 0)));
		return;
	}
	self->words[3] = 7;
	self->words[4] = 8;
	pid = start_child(wait_once, NULL);
	ASSERT_LT(0, pid);
	while (syscall(SYS_futex, &self->words[3], FUTEX_REQUEUE, 0, 1,
		       &self->words[9], 0) == 0 && is_running(pid))
		sched_yield();
	EXPECT_EQ(0, futex(&self->words[3], FUTEX_WAKE, 1));
	EXPECT_EQ(1, futex(&self->words[9], FUTEX_WAKE, 1));
	EXPECT_EQ(0, wait_child(pid));
}

/* A private futex is identified by its address alone: every strategy works. */
TEST_F(futex, private)
{
	EXPECT_EQ(EAGAIN, errno_of(futex(self->words, FUTEX_WAIT_PRIVATE, 1)));
	EXPECT_EQ(0, futex(self->words, FUTEX_WAKE_PRIVATE, 1));
}

TEST_HARNESS_MAIN
