// SPDX-License-Identifier: GPL-2.0
/* Unrelated processes count on one word, and lock with one spinlock. */
#include "map_fixture.h"
#include <sched.h>

#define PROCESSES	6U
#define ROUNDS		5000U

struct shared {
	uint64_t counter;
	uint32_t lock;
	uint64_t locked;	/* changed under @lock */
};

/* Each opens the device itself, and maps another part of it. */
static int count(void *arg)
{
	const size_t number = *(size_t *)arg;
	struct device dev;
	struct shared *s;
	size_t offset;
	char *mem;
	unsigned int i;

	if (!device_open(&dev, O_RDWR))
		return 1;
	offset = number * dev.page;
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
	/* what one leaves behind the others find */
	mem[dev.size - offset - 1 - number] = 'a' + number;
	return 0;
}

TEST_F(map, count_together)
{
	struct shared *s = (struct shared *)(self->mem + self->dev.size -
					     self->dev.page);
	size_t numbers[PROCESSES], i;
	pid_t pids[PROCESSES];

	memset(s, 0, self->dev.page);
	for (i = 0; i < PROCESSES; i++) {
		numbers[i] = i;
		pids[i] = start_child(count, &numbers[i]);
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

/* A process that is killed leaves its stores, and no map. */
static int store_and_hang(void *arg)
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

TEST_F(map, killed)
{
	pid_t pid;
	size_t i;

	memset(self->mem, 0, self->dev.size);
	pid = start_child(store_and_hang, NULL);
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
