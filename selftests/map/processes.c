// SPDX-License-Identifier: GPL-2.0
/* Processes share an atomic counter and a spinlock through their mappings. */
#include "map_fixture.h"
#include <sched.h>

#define PROCESSES	6U
#define ROUNDS		5000U

struct shared {
	uint64_t counter;
	uint32_t lock;
	uint64_t locked;	/* changed under @lock */
};

/* Each process opens the device itself and maps it from another offset. */
static int count(void *arg)
{
	const size_t index = *(size_t *)arg;
	struct device dev;
	struct shared *s;
	size_t offset;
	char *mem;
	unsigned int i;

	if (!device_open(&dev, O_RDWR))
		return 1;
	offset = index * dev.page;
	mem = mmap(NULL, dev.size - offset, PROT_READ | PROT_WRITE, MAP_SHARED,
		   dev.fd, offset);
	if (mem == MAP_FAILED)
		return 2;
	close(dev.fd);
	s = (struct shared *)(mem + dev.size - offset - dev.page);
	for (i = 0; i < ROUNDS; i++) {
		__atomic_fetch_add(&s->counter, 1, __ATOMIC_RELAXED);
		while (__atomic_exchange_n(&s->lock, 1, __ATOMIC_ACQUIRE))
			sched_yield();
		s->locked++;
		__atomic_store_n(&s->lock, 0, __ATOMIC_RELEASE);
	}
	/* the test checks this byte after the process has exited */
	mem[dev.size - offset - 1 - index] = 'a' + index;
	return 0;
}

TEST_F(map, shared_counters)
{
	struct shared *s = (struct shared *)(self->mem + self->dev.size -
					     self->dev.page);
	size_t indices[PROCESSES], i;
	pid_t pids[PROCESSES];

	memset(s, 0, self->dev.page);
	for (i = 0; i < PROCESSES; i++) {
		indices[i] = i;
		pids[i] = start_child(count, &indices[i]);
		ASSERT_LT(0, pids[i]);
	}
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ(0, wait_child(pids[i]));
	EXPECT_EQ(PROCESSES * ROUNDS, s->counter);
	EXPECT_EQ(PROCESSES * ROUNDS, s->locked);
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ('a' + (int)i, self->mem[self->dev.size - 1 - i]);
	EXPECT_EQ(1, count_maps(self->dev.fd));
}

static int store_and_pause(void *arg)
{
	struct device dev;
	char *mem;

	if (!device_open(&dev, O_RDWR))
		return 1;
	mem = device_map(&dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (mem == MAP_FAILED)
		return 2;
	memset(mem + 1, 'k', dev.size - 1);
	__atomic_store_n(mem, 'k', __ATOMIC_RELEASE);
	for (;;)
		pause();
}

/* The stores of a killed process stay, its VMAs do not. */
TEST_F(map, killed)
{
	pid_t pid;
	size_t i;

	memset(self->mem, 0, self->dev.size);
	pid = start_child(store_and_pause, NULL);
	ASSERT_LT(0, pid);
	while (__atomic_load_n(self->mem, __ATOMIC_ACQUIRE) != 'k' &&
	       is_running(pid))
		sched_yield();
	kill(pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_child(pid));
	for (i = 0; i < self->dev.size; i += 1000)
		ASSERT_EQ('k', self->mem[i]);
	EXPECT_EQ(1, count_maps(self->dev.fd));
}

TEST_HARNESS_MAIN
