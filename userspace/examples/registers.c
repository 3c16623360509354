// SPDX-License-Identifier: MIT
/*
 * The registers of an imagined device, 32 bits each: a program stores what is to
 * happen, a driver, here a child, sees to it and stores what came of it.
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
 * As the kernel's readl() and writel(): one access of 32 bits each, for the
 * registers are volatile; what was stored before is there for who reads this.
 */
static uint32_t get(unsigned int number)
{
	uint32_t value = registers[number];

	atomic_thread_fence(memory_order_acquire);
	return value;
}

static void put(unsigned int number, uint32_t value)
{
	atomic_thread_fence(memory_order_release);
	registers[number] = value;
}

static void check(const char *what, int error)
{
	if (error)
		errx(1, "%s: %s", what, strerror(-error));
}

static void driver(void)
{
	while (get(CONTROL) != STOP) {
		if (get(CONTROL) == START && !(get(STATUS) & DONE)) {
			put(RESULT, get(OPERAND_A) * get(OPERAND_B));
			put(STATUS, get(STATUS) | DONE);
			check("notify", mmapshare_notify(region));
		}
		check("wait", mmapshare_wait(region, &count, -1));
	}
}

static uint32_t multiply(uint32_t a, uint32_t b)
{
	put(OPERAND_A, a);
	put(OPERAND_B, b);
	put(STATUS, 0);
	put(CONTROL, START);
	check("notify", mmapshare_notify(region));
	while (!(get(STATUS) & DONE))
		check("wait", mmapshare_wait(region, &count, -1));
	return get(RESULT);
}

/* With a descriptor of its own, so that each is told when the other is gone. */
static pid_t start_driver(const char *name)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid)
		return pid;
	mmapshare_close(region);
	check(name, mmapshare_open(&region, name, MMAPSHARE_WRITE));
	driver();
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
	put(ID, 0x4d4d5301);

	pid = start_driver(name);
	printf("ID is 0x%08x\n", get(ID));
	printf("6 * 7 is %u\n", multiply(6, 7));
	printf("65537 * 65537 is %u in 32 bits\n", multiply(65537, 65537));
	put(CONTROL, STOP);
	check("notify", mmapshare_notify(region));
	printf("the driver has ended: %s\n", waitpid(pid, &status, 0) == pid && !status ?
	       "yes" : "no");
	for (i = 0; i < REGISTERS; i++)
		printf("%-10s 0x%08x\n", names[i], get(i));

	check("destroy", mmapshare_destroy(name, 0));
	mmapshare_close(region);
	return 0;
}
