/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ringing doorbells and waiting for them, and the fixture of the doorbell
 * tests: a named region of the device's strategy with one open file, whose
 * doorbell was never rung.
 */
#ifndef DOORBELL_TEST_H
#define DOORBELL_TEST_H

#include "region_test.h"
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

/*
 * In nanoseconds. Tests allow 10 s or more for an event that must happen: after
 * a lost wake-up it never happens, and even a busy machine runs a woken task
 * long before that.
 */
#define MS	1000000LL
#define SECOND	(1000 * MS)
#define NO_TIMEOUT	(-1LL)

static inline struct mmapshare_doorbell *bell_map(int fd, int prot)
{
	struct mmapshare_info info;

	if (device_info(fd, &info))
		return MAP_FAILED;
	return mmap(NULL, info.page_size, prot, MAP_SHARED, fd,
		    info.doorbell_offset);
}

/* Ring by the ioctl. Returns the count or a negative errno. */
static inline int64_t bell_notify(int fd, uint32_t flags)
{
	struct mmapshare_notify_args notify = {
		.size = sizeof(notify),
		.flags = flags,
	};

	return ioctl(fd, MMAPSHARE_IOC_NOTIFY, &notify) ?
	       -errno : (int64_t)notify.count;
}

/*
 * Ring as programs should: enter the kernel only if the doorbell is armed. The
 * fence orders the increment before the load of @armed; it pairs with smp_mb()
 * in mms_doorbell_arm(). Returns whether a system call was made.
 */
static inline bool bell_ring(struct mmapshare_doorbell *bell, int fd)
{
	__atomic_fetch_add(&bell->count, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&bell->armed, __ATOMIC_RELAXED))
		return false;
	bell_notify(fd, MMAPSHARE_NOTIFY_COUNTED);
	return true;
}

static inline uint64_t bell_count(struct mmapshare_doorbell *bell)
{
	return __atomic_load_n(&bell->count, __ATOMIC_ACQUIRE);
}

/* Returns 0 or an errno; updates @count. */
static inline int bell_wait(int fd, uint64_t *count, int64_t timeout)
{
	struct mmapshare_wait_args wait = {
		.size = sizeof(wait),
		.count = *count,
		.timeout = timeout,
	};
	int error = ioctl(fd, MMAPSHARE_IOC_WAIT, &wait) ? errno : 0;

	*count = wait.count;
	return error;
}

static inline int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

static inline void sleep_ns(int64_t ns)
{
	const struct timespec ts = { ns / SECOND, ns % SECOND };

	nanosleep(&ts, NULL);
}

/* State of a task as in /proc/PID/stat: 'S' while it sleeps, '?' if unknown. */
static inline char state_of(pid_t tid)
{
	char path[64], text[512] = "", *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	f = fopen(path, "r");
	if (f) {
		if (!fgets(text, sizeof(text), f))
			text[0] = '\0';
		fclose(f);
	}
	end = strrchr(text, ')');
	return end ? end[2] : '?';
}

/* Wait until task @tid sleeps. Up to 60 s, because other tasks may delay it. */
static inline bool falls_asleep(pid_t tid)
{
	int64_t end = now() + 60 * SECOND;

	while (state_of(tid) != 'S' && now() < end)
		sleep_ns(MS);
	return state_of(tid) == 'S';
}

/*
 * Have the kernel kill this process when @clock has advanced by @after ns. The
 * timer is not synchronized with what the process does, so that death comes at
 * an arbitrary instruction.
 */
static inline bool kill_me_later(clockid_t clock, int64_t after)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGKILL,
	};
	const struct itimerspec when = {
		.it_value = { after / SECOND, after % SECOND ?: 1 },
	};
	timer_t timer;

	return !timer_create(clock, &event, &timer) &&
	       !timer_settime(timer, 0, &when, NULL);
}

FIXTURE(bell) {
	struct device dev;
	char name[32];
	int fd;
	struct mmapshare_doorbell *bell;
};

FIXTURE_SETUP(bell)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	snprintf(self->name, sizeof(self->name), "bell.%d", getpid());
	self->fd = region_create_as(self->dev.fd, self->name, REGION_SIZE,
				    self->dev.info.strategy, 0600);
	ASSERT_LE(0, self->fd);
	self->bell = bell_map(self->fd, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->bell);
}

FIXTURE_TEARDOWN(bell)
{
	munmap(self->bell, self->dev.page);
	close(self->fd);
	region_destroy(self->dev.fd, self->name);
	close(self->dev.fd);
}

/* Open the region again: the new open file is a peer of self->fd. */
static inline int bell_open(const FIXTURE_DATA(bell) *self, int flags)
{
	return open(region_node(self->name), flags | O_CLOEXEC);
}

#endif /* DOORBELL_TEST_H */
