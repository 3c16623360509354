// SPDX-License-Identifier: GPL-2.0
/* A child shares the mapping of its parent and may outlive it. */
#include "map_fixture.h"
#include <sched.h>

/* The mapping, for functions that run in a child. */
static volatile char *mem;

static int store_and_answer(void *arg)
{
	if (mem[0] != 'p')
		return 1;
	mem[1] = 'c';
	while (__atomic_load_n(&mem[2], __ATOMIC_ACQUIRE) != 'g')
		sched_yield();
	return 0;
}

TEST_F(map, child_shares_mapping)
{
	pid_t pid;

	mem = self->mem;
	mem[0] = 'p';
	mem[1] = 0;
	mem[2] = 0;
	pid = start_child(store_and_answer, NULL);
	ASSERT_LT(0, pid);
	while (__atomic_load_n(&mem[1], __ATOMIC_ACQUIRE) != 'c' &&
	       is_running(pid))
		sched_yield();
	EXPECT_EQ(2, count_maps(self->dev.fd));
	__atomic_store_n(&mem[2], 'g', __ATOMIC_RELEASE);
	EXPECT_EQ(0, wait_child(pid));
	EXPECT_EQ(1, count_maps(self->dev.fd));
}

/* In a child without the descriptor. The parent may have accessed the pages. */
static int touch_all(void *arg)
{
	const struct device *dev = arg;
	size_t pos;

	close(dev->fd);
	for (pos = 0; pos < dev->size; pos += dev->page) {
		if (mem[pos] != 'k')
			return 1;
		mem[pos] = 'c';
	}
	return 0;
}

TEST_F(map, pages_not_accessed)
{
	mem = self->mem;
	ASSERT_EQ(0, kernel_fill(self->dev.fd, 0, self->dev.size, 'k'));
	EXPECT_EQ(0, run_child(touch_all, &self->dev));
	EXPECT_EQ('c', self->mem[0]);
	EXPECT_EQ('c', self->mem[self->dev.size - self->dev.page]);
}

TEST_F(map, pages_accessed)
{
	mem = self->mem;
	memset(self->mem, 'k', self->dev.size);
	EXPECT_EQ(0, run_child(touch_all, &self->dev));
	EXPECT_EQ('c', self->mem[self->dev.size - self->dev.page]);
}

/* Fork a grandchild that stores after its parent has exited. */
static int leave_a_grandchild(void *arg)
{
	const struct device *dev = arg;
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return 1;
	if (pid)
		return 0;
	alarm(20);
	while (getppid() == parent)
		sched_yield();
	mem[dev->size - 1] = mem[0] + 1;
	__atomic_store_n(&mem[1], 'g', __ATOMIC_RELEASE);
	_exit(0);
}

TEST_F(map, child_outlives_parent)
{
	mem = self->mem;
	mem[0] = 'p';
	mem[1] = 0;
	ASSERT_EQ(0, run_child(leave_a_grandchild, &self->dev));
	while (__atomic_load_n(&mem[1], __ATOMIC_ACQUIRE) != 'g')
		sched_yield();
	EXPECT_EQ('q', mem[self->dev.size - 1]);
}

TEST_HARNESS_MAIN
