/* SPDX-License-Identifier: GPL-2.0 */
/* Threads that create or open a region by one name, and then remove it. */
#ifndef LIB_RACE_H
#define LIB_RACE_H

#include "lib_test.h"
#include <pthread.h>

#define THREADS	4
#define ROUNDS	150

/*
 * @remove closes @region and removes it: destroys its name, or revokes it.
 * Returns 1 if it succeeded, 0 if another thread was first, or a negative errno.
 */
struct race {
	const char *name;
	int (*remove)(struct mmapshare *region, const char *name);
	int created;		/* regions created by all threads */
	int removed;		/* regions removed by all threads */
	int error;		/* the last one, or 0 */
};

static inline void *race_thread(void *arg)
{
	struct race *race = arg;
	struct mmapshare *region;
	int i, created, removed;

	for (i = 0; i < ROUNDS; i++) {
		created = mmapshare_create_or_open(&region, race->name, 1, FAULT, 0600);
		removed = created < 0 ? created : race->remove(region, race->name);
		if (removed < 0) {
			__atomic_store_n(&race->error, removed, __ATOMIC_RELAXED);
			break;
		}
		__atomic_fetch_add(&race->created, created, __ATOMIC_RELAXED);
		__atomic_fetch_add(&race->removed, removed, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* create_or_open() returns a region while other threads remove it. */
static inline void run_race(struct __test_metadata *_metadata, struct race *race)
{
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, race_thread, race));
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	EXPECT_EQ(0, race->error);
	EXPECT_LT(0, race->removed);
}

#endif /* LIB_RACE_H */
