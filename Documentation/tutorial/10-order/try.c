// SPDX-License-Identifier: GPL-2.0
/* Chapter 10: take values from the driver, and then attack it. */
#include "../try.h"
#include <sched.h>
#include "feed.h"

#define DEVICE	"/dev/tutorial-feed"
#define BOTH	(PROT_READ | PROT_WRITE)

/* Wait for a value after those before @tail. */
static void wait_for(struct feed *s, uint32_t tail)
{
	/* Pairs with the release by the driver. */
	while (__atomic_load_n(&s->head, __ATOMIC_ACQUIRE) == tail)
		sched_yield();
}

static uint32_t take(struct feed *s, uint32_t *tail)
{
	uint32_t value;

	wait_for(s, *tail);
	value = s->value[*tail % FEED_SLOTS];
	/* Pairs with the acquire by the driver: the load above is done. */
	__atomic_store_n(&s->tail, ++*tail, __ATOMIC_RELEASE);
	return value;
}

int main(void)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd = open_device(DEVICE, O_RDWR);
	uint32_t tail = 0, wrong = 0;
	struct feed *s;

	plan(5);
	check(open(DEVICE, O_RDWR) == -1 && errno == EBUSY, "a second open is EBUSY");
	s = (struct feed *)map(fd, page, BOTH, MAP_SHARED, 0);
	for (uint32_t i = 0; i < 20000; i++)
		wrong += take(s, &tail) != i * 3;
	check(wrong == 0, "20000 values arrive, each once, in order");

	/* The driver has a head of its own. */
	__atomic_store_n(&s->head, tail + 1000000, __ATOMIC_RELAXED);
	__atomic_store_n(&s->tail, tail += 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&s->head, __ATOMIC_ACQUIRE) - tail > FEED_SLOTS)
		sched_yield();
	wrong = 0;
	for (uint32_t i = tail; i < 30000; i++)
		wrong += take(s, &tail) != i * 3;
	check(wrong == 0, "a bad head harms only the program, until the next value");

	__atomic_store_n(&s->tail, tail - 1000000, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&s->corrupt, __ATOMIC_ACQUIRE))
		sched_yield();
	check(true, "a bad tail ends the feed");
	munmap(s, page);
	close(fd);
	fd = open_device(DEVICE, O_RDWR);
	s = (struct feed *)map(fd, page, BOTH, MAP_SHARED, 0);
	tail = 0;
	check(take(s, &tail) == 0, "the next open starts a new one");
	return done();
}
