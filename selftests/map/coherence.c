// SPDX-License-Identifier: GPL-2.0
/* The kernel and processes see each other's stores immediately. */
#include "map_fixture.h"
#include <sched.h>

#define ROUNDS	500

TEST_F(map, load_after_fill)
{
	const size_t page = self->dev.page, size = self->dev.size;
	const struct {
		size_t offset, length;
	} ranges[] = {
		{ 0, 1 }, { 1, page }, { page - 1, 2 }, { page, 3 * page },
		{ size / 2 - 5, 10 }, { size - 1, 1 }, { size - page, page },
	};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		const size_t start = ranges[i].offset, len = ranges[i].length;

		memset(self->mem + start, 1, len);
		ASSERT_EQ(0, kernel_fill(self->dev.fd, start, len, 0xa0 + i));
		for (j = 0; j < len; j++)
			ASSERT_EQ(0xa0 + i, (uint8_t)self->mem[start + j]);
	}
}

TEST_F(map, fill_stays_in_its_range)
{
	const size_t middle = self->dev.size / 2;

	memset(self->mem + middle - 100, 7, 300);
	ASSERT_EQ(0, kernel_fill(self->dev.fd, middle, 100, 9));
	EXPECT_EQ(7, self->mem[middle - 1]);
	EXPECT_EQ(9, self->mem[middle]);
	EXPECT_EQ(9, self->mem[middle + 99]);
	EXPECT_EQ(7, self->mem[middle + 100]);
}

TEST_F(map, checksum_after_store)
{
	const size_t lengths[] = { 1, 7, 4095, 4096, 20000 };
	size_t i, pos;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		pos = self->dev.size - lengths[i] - i;
		make_bytes(self->mem + pos, lengths[i], pos, i);
		ASSERT_EQ(user_crc32c(self->mem + pos, lengths[i]),
			  kernel_checksum(self->dev.fd, pos, lengths[i]));
		self->mem[pos] ^= 1;
		ASSERT_EQ(user_crc32c(self->mem + pos, lengths[i]),
			  kernel_checksum(self->dev.fd, pos, lengths[i]));
	}
}

TEST_F(map, read_after_store)
{
	static char buf[100000];
	const size_t pos = self->dev.size - sizeof(buf);

	make_bytes(self->mem + pos, sizeof(buf), pos, 1);
	ASSERT_EQ(SSIZEOF(buf), pread(self->dev.fd, buf, sizeof(buf), pos));
	EXPECT_TRUE(same_bytes(buf, sizeof(buf), pos, 1));
}

TEST_F(map, load_after_write)
{
	static char buf[100000];
	const size_t pos = self->dev.page - 1;

	make_bytes(buf, sizeof(buf), pos, 2);
	ASSERT_EQ(SSIZEOF(buf), pwrite(self->dev.fd, buf, sizeof(buf), pos));
	EXPECT_TRUE(same_bytes(self->mem + pos, sizeof(buf), pos, 2));
}

/* Runs in another process, which opens and maps the device itself. */
static int answer(void *arg)
{
	struct device dev;
	uint32_t *mem, i;

	if (!device_open(&dev, O_RDWR))
		return 1;
	mem = (void *)device_map(&dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (mem == MAP_FAILED)
		return 2;
	for (i = 1; i <= ROUNDS; i++) {
		while (__atomic_load_n(&mem[0], __ATOMIC_ACQUIRE) != i)
			sched_yield();
		if (mem[1] != ~i)
			return 3;
		mem[2] = i * i;
		__atomic_store_n(&mem[dev.size / 4 - 1], i, __ATOMIC_RELEASE);
	}
	return 0;
}

TEST_F(map, two_processes)
{
	uint32_t *mem = (uint32_t *)self->mem, i;
	uint32_t *last = &mem[self->dev.size / 4 - 1];
	pid_t pid;

	memset(mem, 0, 16);
	*last = 0;
	pid = start_child(answer, NULL);
	ASSERT_LT(0, pid);
	for (i = 1; i <= ROUNDS; i++) {
		mem[1] = ~i;
		__atomic_store_n(&mem[0], i, __ATOMIC_RELEASE);
		while (__atomic_load_n(last, __ATOMIC_ACQUIRE) != i &&
		       is_running(pid))
			sched_yield();
		ASSERT_EQ(i, __atomic_load_n(last, __ATOMIC_ACQUIRE));
		ASSERT_EQ(i * i, mem[2]);
	}
	EXPECT_EQ(0, wait_child(pid));
}

TEST_HARNESS_MAIN
