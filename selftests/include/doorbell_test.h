/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ringing doorbells and waiting for them, and the fixture of the tests of
 * that: a region of the device's strategy, with a name, that nobody else has
 * open, and whose doorbell was never rung.
 */
#ifndef DOORBELL_TEST_H
#define DOORBELL_TEST_H

#include "region_test.h"
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

/*
 * In nanoseconds. Tests wait 10 s or longer for an event that has to come: a lost
 * wake-up never comes, and a busy machine runs a woken task long before that.
 */
#define MS	1000000LL
#define SECOND	(1000 * MS)
#define FOREVER	(-1LL)

static inline struct mmapshare_doorbell *bell_map(int fd, int prot)
{
	struct mmapshare_info info;

	if (device_info(fd, &info))
		return MAP_FAILED;
	return mmap(NULL, info.page_size, prot, MAP_SHARED, fd,
		    info.doorbell_offset);
}

/* By the ioctl. The count, or minus the errno. */
static inline int64_t bell_notify(int fd, uint32_t flags)
{
	struct mmapshare_notify_args notify = {
		.size = sizeof(notify),
		.flags = flags,
	};

	return ioctl(fd, MMAPSHARE_IOC_NOTIFY, &notify) ?
	       -errno : (int64_t)notify.count;
}

/* As programs are to do it. Returns whether that took a system call. */
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

/* 0 or the errno. */
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

/* The state of a thread or process as in /proc: 'S' while it sleeps. */
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

/* Wait until it sleeps. Where other tasks keep it from that, it takes a while. */
static inline bool falls_asleep(pid_t tid)
{
	int64_t end = now() + 60 * SECOND;

	while (state_of(tid) != 'S' && now() < end)
		sleep_ns(MS);
	return state_of(tid) == 'S';
}

/*
 * To be killed by the kernel, when so much time of that clock has passed: nobody
 * takes aim, and nobody is waited for.
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

/* Another open file of the same region: another participant. */
static inline int bell_open(const FIXTURE_DATA(bell) *self, int flags)
{
	return open(region_node(self->name), flags | O_CLOEXEC);
}

#endif /* DOORBELL_TEST_H */
