// SPDX-License-Identifier: MIT
/*
 * The registers of an imaginary device, 32 bits each. The program stores
 * operands and a command; a child process plays the driver and stores the
 * result.
 */
#include <err.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <mmapshare.h>

enum { ID, CONTROL, STATUS, OPERAND_A, OPERAND_B, RESULT, REGISTERS };

#define START	1	/* in CONTROL */
#define STOP	2
#define DONE	1	/* in STATUS */

static struct mmapshare *region;
static volatile uint32_t *registers;
static uint64_t count;

/*
 * Like the kernel's readl() and writel(): one access of 32 bits, because the
 * registers are volatile, ordered by the fences: acquire in read_register(),
 * which pairs with release in write_register(). A process that reads a value
 * written by write_register() sees everything that was stored before it.
 */
static uint32_t read_register(unsigned int index)
{
	uint32_t value = registers[index];

	atomic_thread_fence(memory_order_acquire);
	return value;
}

static void write_register(unsigned int index, uint32_t value)
{
	atomic_thread_fence(memory_order_release);
	registers[index] = value;
}

static void check(const char *what, int error)
{
	if (error)
		errx(1, "%s: %s", what, strerror(-error));
}

static void run_driver(void)
{
	while (read_register(CONTROL) != STOP) {
		if (read_register(CONTROL) == START && !(read_register(STATUS) & DONE)) {
			write_register(RESULT, read_register(OPERAND_A) * read_register(OPERAND_B));
			write_register(STATUS, read_register(STATUS) | DONE);
			check("notify", mmapshare_notify(region));
		}
		check("wait", mmapshare_wait(region, &count, -1));
	}
}

static uint32_t multiply(uint32_t a, uint32_t b)
{
	write_register(OPERAND_A, a);
	write_register(OPERAND_B, b);
	write_register(STATUS, 0);
	write_register(CONTROL, START);
	check("notify", mmapshare_notify(region));
	while (!(read_register(STATUS) & DONE))
		check("wait", mmapshare_wait(region, &count, -1));
	return read_register(RESULT);
}

/*
 * The child opens the region again, so that mmapshare_wait() fails with EPIPE
 * in each process when the other one has exited.
 */
static pid_t start_driver(const char *name)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid)
		return pid;
	mmapshare_close(region);
	check(name, mmapshare_open(&region, name, MMAPSHARE_WRITE));
	run_driver();
	_exit(0);
}

int main(void)
{
	static const char * const names[] = {
		"ID", "CONTROL", "STATUS", "OPERAND_A", "OPERAND_B", "RESULT"
	};
	char name[32];
	int status, i;
	void *address;
	pid_t pid;

	snprintf(name, sizeof(name), "registers.%d", (int)getpid());
	check(name, mmapshare_create(&region, name, 4096, MMAPSHARE_STRATEGY_FAULT, 0600));
	check("map", mmapshare_map(region, MMAPSHARE_WRITE, 0, 0, &address));
	registers = address;
	write_register(ID, 0x4d4d5301);

	pid = start_driver(name);
	printf("ID is 0x%08x\n", read_register(ID));
	printf("6 * 7 is %u\n", multiply(6, 7));
	printf("65537 * 65537 is %u in 32 bits\n", multiply(65537, 65537));
	write_register(CONTROL, STOP);
	check("notify", mmapshare_notify(region));
	printf("the driver has exited: %s\n", waitpid(pid, &status, 0) == pid && !status ?
	       "yes" : "no");
	for (i = 0; i < REGISTERS; i++)
		printf("%-10s 0x%08x\n", names[i], read_register(i));

	check("destroy", mmapshare_destroy(name, 0));
	mmapshare_close(region);
	return 0;
}
