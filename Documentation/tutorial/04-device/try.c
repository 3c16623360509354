// SPDX-License-Identifier: GPL-2.0
/* Chapter 4: registers, and memory of a device. */
#include "../try.h"
#include <sys/uio.h>

#define BOTH	(PROT_READ | PROT_WRITE)

/* Registers of edu, by their index; see docs/specs/edu.rst of QEMU. */
enum { ID = 0, LIVENESS = 1, FACTORIAL = 2, STATUS = 8 };

static void try_registers(void)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd = open_device("/dev/tutorial-registers", O_RDWR);
	volatile uint32_t *reg;

	reg = (volatile uint32_t *)map(fd, page, BOTH, MAP_SHARED, 0);
	check((reg[ID] & 0xff) == 0xed, "the device identifies itself");
	reg[LIVENESS] = 0x12345678;
	check(reg[LIVENESS] == ~0x12345678u, "it inverts what is stored");
	reg[FACTORIAL] = 10;
	while (reg[STATUS] & 1)
		;
	check(reg[FACTORIAL] == 3628800, "it computes 10!");
	check(map_error(fd, 2 << 20, BOTH, MAP_SHARED, 0) == EINVAL,
	      "a mapping that is longer than the BAR is EINVAL");
	check(map_error(fd, page, BOTH, MAP_SHARED, 1 << 20) == EINVAL,
	      "an offset at its end is EINVAL");
	check(map_error(fd, page, BOTH, MAP_SHARED, INT64_MAX & -page) == EINVAL,
	      "the largest offset is EINVAL");
}

static void try_frames(void)
{
	const size_t size = 4 << 20;
	int fd = open_device("/dev/tutorial-frames", O_RDWR);
	uint32_t *p, *q;
	int other[2];

	p = (uint32_t *)map(fd, size, BOTH, MAP_SHARED, 0);
	q = (uint32_t *)map(fd, size, PROT_READ, MAP_SHARED, 0);
	for (size_t i = 0; i < size / 4; i++)
		p[i] = i;
	check(q[0] == 0 && q[size / 4 - 1] == size / 4 - 1,
	      "what one mapping stores, another loads");
	check(madvise(p, size, MADV_DONTNEED) == -1 && errno == EINVAL,
	      "MADV_DONTNEED refuses device memory");
	if (pipe(other))
		err(1, "pipe");
	check(write(other[1], p, 4096) == 4096, "the kernel copies from the mapping");
	check(vmsplice(other[1], &(struct iovec){ p, 4096 }, 1, 0) == -1 && errno == EFAULT,
	      "but it cannot pin it");
}

int main(void)
{
	plan(10);
	try_registers();
	try_frames();
	return done();
}
