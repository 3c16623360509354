// SPDX-License-Identifier: GPL-2.0
/*
 * A process is killed at any point while it stores, maps, rings and waits. Its
 * peer is told, and finds the bytes that were last stored. As often as there
 * is time for, or $MMAPSHARE_KILLS times, not counting those who were killed
 * before they had the region open.
 */
#include "doorbell_test.h"
#include "map_fixture.h"
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>

#define KILLS		1000
#define ENOUGH		(3 * SECOND)
#define TOLD_WITHIN	(20 * SECOND)
#define CELL		4096
#define CELLS		(REGION_SIZE / CELL)
#define WORDS		(CELL / sizeof(uint64_t))

/*
 * What the victim says of itself in memory of its own: of each cell, whose
 * words are all the same, which version it begins to store and which it has.
 */
struct diary {
	int there;
	uint64_t begun[CELLS], done[CELLS];
};

struct victim {
	const FIXTURE_DATA(bell) *self;
	struct diary *diary;
	struct mmapshare_doorbell *bell;
	volatile uint64_t *map;
	unsigned int seed;
	unsigned int within;	/* us, until it is killed */
	int fd;
};

static unsigned int dice(struct victim *v, unsigned int sides)
{
	return rand_r(&v->seed) / 7 % sides;
}

static void store_words(volatile uint64_t *to, uint64_t version)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		to[i] = version;
}

/* In one of all the ways there are to store. */
static bool store_cell(struct victim *v, size_t cell, uint64_t version)
{
	struct mmapshare_fill_args fill = {
		.size = sizeof(fill),
		.offset = cell * CELL,
		.length = CELL,
		.pattern_len = sizeof(version),
	};
	uint64_t words[WORDS];
	void *map;

	switch (dice(v, 4)) {
	case 0:
		memcpy(fill.pattern, &version, sizeof(version));
		return !ioctl(v->fd, MMAPSHARE_IOC_FILL, &fill);
	case 1:
		store_words(words, version);
		return pwrite(v->fd, words, CELL, cell * CELL) == CELL;
	case 2:
		map = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE,
			   MAP_SHARED, v->fd, 0);
		if (map == MAP_FAILED)
			return false;
		store_words((uint64_t *)map + cell * WORDS, version);
		return !munmap(map, REGION_SIZE);
	default:
		store_words(v->map + cell * WORDS, version);
		return true;
	}
}

static bool do_something(struct victim *v)
{
	const size_t cell = dice(v, CELLS);
	const uint64_t version = v->diary->done[cell] + 1;
	struct pollfd p = { .fd = v->fd, .events = POLLIN };
	uint64_t count = bell_count(v->bell);

	switch (dice(v, 8)) {
	case 0:
		bell_ring(v->bell, v->fd);
		return true;
	case 1:
		return bell_notify(v->fd, 0) >= 0;
	case 2:
		bell_wait(v->fd, &count, dice(v, 300) * 1000);
		return true;
	case 3:
		return poll(&p, 1, dice(v, 2)) >= 0;
	default:
		__atomic_store_n(&v->diary->begun[cell], version, __ATOMIC_SEQ_CST);
		if (!store_cell(v, cell, version))
			return false;
		__atomic_store_n(&v->diary->done[cell], version, __ATOMIC_SEQ_CST);
		return true;
	}
}

static int be_the_victim(struct victim *v)
{
	if (!kill_me_later(CLOCK_MONOTONIC, dice(v, v->within) * 1000LL))
		return 1;
	close(v->self->fd);
	v->fd = bell_open(v->self, O_RDWR);
	if (v->fd < 0)
		return 2;
	__atomic_store_n(&v->diary->there, 1, __ATOMIC_SEQ_CST);
	v->bell = bell_map(v->fd, PROT_READ | PROT_WRITE);
	v->map = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      v->fd, 0);
	if (v->bell == MAP_FAILED || v->map == MAP_FAILED)
		return 3;
	while (do_something(v))
		;
	return 4;
}

/* Wait until the other is gone, in any of the ways to wait. */
static bool told_of_the_end(const FIXTURE_DATA(bell) *self, int ep, int how)
{
	struct pollfd p = { .fd = self->fd };
	struct epoll_event event = { };
	uint64_t count = 0;
	int error;

	switch (how) {
	case 0:
		do
			error = bell_wait(self->fd, &count, TOLD_WITHIN);
		while (!error);
		return error == EPIPE;
	case 1:
		return poll(&p, 1, TOLD_WITHIN / MS) == 1 && p.revents == POLLHUP;
	default:
		while (epoll_wait(ep, &event, 1, TOLD_WITHIN / MS) == 1)
			if (event.events & EPOLLHUP)
				return true;
		return false;
	}
}

/* Each word is of the version that was done, or that was begun. */
static bool bytes_are_right(const FIXTURE_DATA(bell) *self,
			    const struct diary *diary)
{
	uint64_t words[WORDS];
	size_t cell, i;

	for (cell = 0; cell < CELLS; cell++) {
		if (pread(self->fd, words, CELL, cell * CELL) != CELL)
			return false;
		for (i = 0; i < WORDS; i++)
			if (words[i] != diary->done[cell] &&
			    words[i] != diary->begun[cell])
				return false;
	}
	return true;
}

/* What the last victim left unfinished is as it is. */
static bool go_on_from(const FIXTURE_DATA(bell) *self, struct diary *diary)
{
	uint64_t words[WORDS];
	size_t cell;

	diary->there = 0;
	for (cell = 0; cell < CELLS; cell++) {
		diary->done[cell] = diary->begun[cell];
		store_words(words, diary->done[cell]);
		if (pwrite(self->fd, words, CELL, cell * CELL) != CELL)
			return false;
	}
	return true;
}

static bool is_there(const struct diary *diary, pid_t pid)
{
	while (!__atomic_load_n(&diary->there, __ATOMIC_SEQ_CST) &&
	       is_running(pid))
		sched_yield();
	return __atomic_load_n(&diary->there, __ATOMIC_SEQ_CST);
}

TEST_F_TIMEOUT(bell, killed, 280)
{
	const char *text = getenv("MMAPSHARE_KILLS");
	const int64_t end = now() + ENOUGH;
	const int kills = text ? atoi(text) : KILLS;
	struct epoll_event event = { .events = EPOLLET };
	struct diary *diary = mmap(NULL, sizeof(*diary), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int round, told = 0, early = 0, unfinished = 0, ep, status;
	struct victim victim = { .self = self, .diary = diary, .within = 8000 };
	uint64_t versions = 0;
	size_t i;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, diary);
	ep = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->fd, &event));
	/* those that are killed too early get more time, until enough are not */
	for (round = 0; told < kills && (text || now() < end || told <= round / 4); round++) {
		victim.seed = now();
		pid = fork();
		if (!pid)
			_exit(be_the_victim(&victim));
		if (is_there(diary, pid)) {
			ASSERT_TRUE(told_of_the_end(self, ep, round % 3))
				TH_LOG("round %d", round);
			told++;
			victim.within -= victim.within / 16;
		} else {	/* give it more time than that */
			early++;
			victim.within += victim.within / 4;
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(SIGKILL, status);
		ASSERT_TRUE(bytes_are_right(self, diary)) TH_LOG("round %d", round);
		for (i = 0; i < CELLS; i++)
			unfinished += diary->begun[i] != diary->done[i];
		ASSERT_TRUE(go_on_from(self, diary));
	}
	for (i = 0; i < CELLS; i++)
		versions += diary->done[i];
	TH_LOG("%d kills: %d told, %d too early to tell; %d in the middle of %llu stores",
	       round, told, early, unfinished, (unsigned long long)versions);
	EXPECT_LT(round / 4, told);
	close(ep);
}

TEST_HARNESS_MAIN
