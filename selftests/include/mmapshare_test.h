/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers for all test programs. A program must pass with each strategy that
 * the module may be loaded with. It queries which features the mappings of the
 * device have (MMAPSHARE_FEAT_*) and expects success or the documented errno.
 * ioctl/info_features.c tests the table of features itself.
 */
#ifndef MMAPSHARE_TEST_H
#define MMAPSHARE_TEST_H

#include "device.h"
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include "kselftest_harness.h"

/*
 * Seconds after which the harness kills a test. Only a test that hangs takes
 * this long. The default of 30 s can be too short on an emulated machine that
 * shares its CPUs.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	250

/* Smallest region that tests accept: they access offsets up to here. */
#define DEVICE_SIZE_MIN	(8UL << 20)

/* Must come first in a FIXTURE_SETUP or TEST: opens the device, or skips. */
#define DEVICE_OPEN(dev, flags)						\
	do {								\
		if (access(DEVICE, F_OK))				\
			SKIP(return, "no " DEVICE ": load the module");	\
		ASSERT_TRUE(device_open(dev, flags));			\
		if ((dev)->size < DEVICE_SIZE_MIN)			\
			SKIP(return, "region smaller than 8 MiB: insmod mmapshare.ko size=8M"); \
	} while (0)

/* CRC-32C, bit by bit: slow, but independent of the kernel's implementation. */
static inline uint32_t user_crc32c(const void *data, size_t length)
{
	const uint8_t *p = data;
	uint32_t crc = ~0U;
	int bit;

	while (length--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78U : 0);
	}
	return ~crc;
}

/*
 * The byte at position @pos of a pattern. It depends on position and @seed, so
 * that misplaced and stale bytes are detected.
 */
static inline uint8_t byte_at(uint64_t pos, unsigned int seed)
{
	return ((pos + 1 + ((uint64_t)seed << 32)) * 0x9e3779b97f4a7c15ULL) >> 56;
}

static inline void make_bytes(void *buf, size_t length, uint64_t pos,
			      unsigned int seed)
{
	uint8_t *p = buf;

	while (length--)
		*p++ = byte_at(pos++, seed);
}

static inline bool same_bytes(const void *buf, size_t length, uint64_t pos,
			      unsigned int seed)
{
	const uint8_t *p = buf;

	for (; length; length--)
		if (*p++ != byte_at(pos++, seed))
			return false;
	return true;
}

/*
 * Run fn(arg) in a child and wait for the child. Returns the number of the
 * signal that killed the child, else minus what fn() returned: 0 is success.
 */
static inline int run_child(int (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		_exit(fn(arg));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -255;
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

/*
 * Run fn(arg) in a child, concurrently with the test. The child is killed if
 * the test exits. wait_child() returns what run_child() would.
 */
static inline pid_t start_child(int (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(fn(arg));
	}
	return pid;
}

static inline int wait_child(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -255;
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

/* Pin the calling thread to a CPU. No effect if there is no such CPU. */
static inline void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/*
 * Whether the kernel checks each of its memory accesses (KASAN, KCSAN). Times
 * measured there say nothing about other kernels.
 */
static inline bool kernel_is_instrumented(void)
{
	FILE *symbols = fopen("/proc/kallsyms", "r");
	char line[512], name[256];
	bool found = false;

	while (symbols && !found && fgets(line, sizeof(line), symbols))
		found = sscanf(line, "%*s %*s %255s", name) == 1 &&
			(!strcmp(name, "__asan_load8") ||
			 !strcmp(name, "__tsan_read8"));
	if (symbols)
		fclose(symbols);
	return found;
}

#define SKIP_IF_INSTRUMENTED()						\
	do {								\
		if (kernel_is_instrumented())				\
			SKIP(return, "KASAN or KCSAN distorts the times"); \
	} while (0)

/* For run_child(): access one byte. */
static inline int load_byte(void *p)
{
	(void)*(volatile char *)p;
	return 0;
}

static inline int store_byte(void *p)
{
	*(volatile char *)p = 1;
	return 0;
}

#endif /* MMAPSHARE_TEST_H */
