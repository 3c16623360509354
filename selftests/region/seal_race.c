// SPDX-License-Identifier: GPL-2.0
/*
 * Threads write with write(), FILL and mappings while the region is sealed: once
 * MMAPSHARE_SEAL_WRITE has succeeded, no byte changes.
 */
#include "map_fixture.h"
#include "region_test.h"
#include <pthread.h>

#define ROUNDS	8

FIXTURE(race) {
	struct device dev;
	size_t size;
	int fd;
	int end;
};

FIXTURE_SETUP(race)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->size = own_size(&self->dev);
}

FIXTURE_TEARDOWN(race)
{
	close(self->dev.fd);
}

static bool is_over(FIXTURE_DATA(race) *self)
{
	return __atomic_load_n(&self->end, __ATOMIC_RELAXED);
}

static void *write_all(void *arg)
{
	FIXTURE_DATA(race) *self = arg;
	char *buf = calloc(1, self->size);
	long errors = 0;
	int i;

	for (i = 1; !is_over(self); i++) {
		memset(buf, i, self->size);
		if (pwrite(self->fd, buf, self->size, 0) < 0)
			errors |= errno ^ EPERM;
	}
	free(buf);
	return (void *)errors;
}

static void *fill_all(void *arg)
{
	FIXTURE_DATA(race) *self = arg;
	long errors = 0;
	int i;

	for (i = 1; !is_over(self); i++)
		if (kernel_fill(self->fd, 0, self->size, i))
			errors |= errno ^ EPERM;
	return (void *)errors;
}

static void *map_all(void *arg)
{
	FIXTURE_DATA(race) *self = arg;
	volatile char *mem;
	long errors = 0;
	int i;

	for (i = 1; !is_over(self); i++) {
		mem = mmap(NULL, self->dev.page, PROT_READ | PROT_WRITE,
			   MAP_SHARED, self->fd, 0);
		if (mem == MAP_FAILED) {
			errors |= errno ^ EPERM;
			continue;
		}
		mem[i % self->dev.page]++;
		munmap((void *)mem, self->dev.page);
		usleep(500);	/* SEAL_WRITE fails while mapped */
	}
	return (void *)errors;
}

TEST_F(race, no_store_after_seal)
{
	void *(*const fns[])(void *) = { write_all, fill_all, map_all };
	int round, busy = 0, late = 0;
	int64_t sum;
	pthread_t threads[ARRAY_SIZE(fns)];
	void *errors;
	size_t i;

	for (round = 0; round < ROUNDS; round++) {
		self->fd = region_create_own(&self->dev, NULL);
		ASSERT_LE(0, self->fd);
		self->end = 0;
		for (i = 0; i < ARRAY_SIZE(fns); i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL, fns[i], self));
		usleep(round * 100);
		if (round % 2)
			ASSERT_EQ(0, region_seal(self->fd,
						 MMAPSHARE_SEAL_FUTURE_WRITE));
		while (region_seal(self->fd, MMAPSHARE_SEAL_WRITE)) {
			ASSERT_EQ(0U, region_seals(self->fd) & MMAPSHARE_SEAL_WRITE);
			busy++;
			usleep(200);
		}
		sum = kernel_checksum(self->fd, 0, self->size);
		usleep(1000);
		late += sum != kernel_checksum(self->fd, 0, self->size);
		__atomic_store_n(&self->end, 1, __ATOMIC_RELAXED);
		for (i = 0; i < ARRAY_SIZE(fns); i++) {
			pthread_join(threads[i], &errors);
			EXPECT_EQ(NULL, errors);
		}
		close(self->fd);
	}
	EXPECT_EQ(0, late);
	TH_LOG("%d times sealed, %d times busy", ROUNDS, busy);
}

TEST_HARNESS_MAIN
