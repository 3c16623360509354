// SPDX-License-Identifier: GPL-2.0
/*
 * A process is killed at any point while it stores, maps, rings and waits: its
 * peer gets the hang-up and finds the bytes that were stored. The test takes
 * RUN_TIME and at most KILLS kills, or $MMAPSHARE_KILLS kills; those before the
 * process has opened the region do not count.
 */
#include "doorbell_test.h"
#include "map_fixture.h"
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>

#define KILLS		1000
#define RUN_TIME	(3 * SECOND)
#define HANG_UP_MAX	(20 * SECOND)	/* until the hang-up is seen */
#define CELL		4096
#define CELLS		(REGION_SIZE / CELL)
#define WORDS		(CELL / sizeof(uint64_t))

/*
 * Shared by the victim and the test, outside the region. All words of a cell hold
 * the same version; @begun is stored before a cell is written, @done after.
 */
struct journal {
	int is_open;		/* the victim has opened the region */
	uint64_t begun[CELLS], done[CELLS];
};

struct victim {
	const FIXTURE_DATA(bell) *self;
	struct journal *journal;
	struct mmapshare_doorbell *bell;
	volatile uint64_t *map;
	unsigned int seed;
	unsigned int kill_after;	/* maximum, in microseconds */
	int fd;
};

static unsigned int random_below(struct victim *v, unsigned int limit)
{
	return rand_r(&v->seed) / 7 % limit;
}

static void store_words(volatile uint64_t *to, uint64_t version)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		to[i] = version;
}

/* Store by FILL, write(), a new mapping or the existing one. */
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

	switch (random_below(v, 4)) {
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

static bool do_one_operation(struct victim *v)
{
	const size_t cell = random_below(v, CELLS);
	const uint64_t version = v->journal->done[cell] + 1;
	struct pollfd p = { .fd = v->fd, .events = POLLPRI };
	uint64_t count = bell_count(v->bell);

	switch (random_below(v, 8)) {
	case 0:
		bell_ring(v->bell, v->fd);
		return true;
	case 1:
		return bell_notify(v->fd, 0) >= 0;
	case 2:
		bell_wait(v->fd, &count, random_below(v, 300) * 1000);
		return true;
	case 3:
		return poll(&p, 1, random_below(v, 2)) >= 0;
	default:
		__atomic_store_n(&v->journal->begun[cell], version, __ATOMIC_SEQ_CST);
		if (!store_cell(v, cell, version))
			return false;
		__atomic_store_n(&v->journal->done[cell], version, __ATOMIC_SEQ_CST);
		return true;
	}
}

static int run_victim(struct victim *v)
{
	if (!kill_me_later(CLOCK_MONOTONIC, random_below(v, v->kill_after) * 1000LL))
		return 1;
	close(v->self->fd);
	v->fd = bell_open(v->self, O_RDWR);
	if (v->fd < 0)
		return 2;
	__atomic_store_n(&v->journal->is_open, 1, __ATOMIC_SEQ_CST);
	v->bell = bell_map(v->fd, PROT_READ | PROT_WRITE);
	v->map = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      v->fd, 0);
	if (v->bell == MAP_FAILED || v->map == MAP_FAILED)
		return 3;
	while (do_one_operation(v))
		;
	return 4;
}

/* Wait by WAIT, poll() or epoll until the victim's file is closed. */
static bool wait_for_hang_up(const FIXTURE_DATA(bell) *self, int epfd, int method)
{
	struct pollfd p = { .fd = self->fd, .events = POLLPRI };
	struct epoll_event event = { };
	uint64_t count = 0;
	int error;

	switch (method) {
	case 0:
		do
			error = bell_wait(self->fd, &count, HANG_UP_MAX);
		while (!error);
		return error == EPIPE;
	case 1:
		while (poll(&p, 1, HANG_UP_MAX / MS) == 1) {
			if (p.revents & POLLHUP)
				return true;
			bell_wait(self->fd, &count, 0);
		}
		return false;
	default:
		while (epoll_wait(epfd, &event, 1, HANG_UP_MAX / MS) == 1)
			if (event.events & EPOLLHUP)
				return true;
		return false;
	}
}

/* Does each word have the last version that was completed, or the one begun? */
static bool check_bytes(const FIXTURE_DATA(bell) *self,
			const struct journal *journal)
{
	uint64_t words[WORDS];
	size_t cell, i;

	for (cell = 0; cell < CELLS; cell++) {
		if (pread(self->fd, words, CELL, cell * CELL) != CELL)
			return false;
		for (i = 0; i < WORDS; i++)
			if (words[i] != journal->done[cell] &&
			    words[i] != journal->begun[cell])
				return false;
	}
	return true;
}

/* Store the version the victim had begun, so that each cell has one version. */
static bool reset_cells(const FIXTURE_DATA(bell) *self, struct journal *journal)
{
	uint64_t words[WORDS];
	size_t cell;

	journal->is_open = 0;
	for (cell = 0; cell < CELLS; cell++) {
		journal->done[cell] = journal->begun[cell];
		store_words(words, journal->done[cell]);
		if (pwrite(self->fd, words, CELL, cell * CELL) != CELL)
			return false;
	}
	return true;
}

static bool wait_for_open(const struct journal *journal, pid_t pid)
{
	while (!__atomic_load_n(&journal->is_open, __ATOMIC_SEQ_CST) &&
	       is_running(pid))
		sched_yield();
	return __atomic_load_n(&journal->is_open, __ATOMIC_SEQ_CST);
}

TEST_F_TIMEOUT(bell, killed, 280)
{
	const char *text = getenv("MMAPSHARE_KILLS");
	const int64_t end = now() + RUN_TIME;
	const int kills = text ? atoi(text) : KILLS;
	struct epoll_event event = { .events = EPOLLPRI | EPOLLET };
	struct journal *journal = mmap(NULL, sizeof(*journal), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int round, killed = 0, too_early = 0, unfinished = 0, epfd, status;
	struct victim victim = { .self = self, .journal = journal, .kill_after = 8000 };
	uint64_t versions = 0;
	size_t i;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, journal);
	epfd = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_EQ(0, epoll_ctl(epfd, EPOLL_CTL_ADD, self->fd, &event));
	/* kill_after adapts, so that enough victims open the region in time */
	for (round = 0; killed < kills && (text || now() < end || killed <= round / 4); round++) {
		victim.seed = now();
		pid = fork();
		if (!pid)
			_exit(run_victim(&victim));
		if (wait_for_open(journal, pid)) {
			ASSERT_TRUE(wait_for_hang_up(self, epfd, round % 3))
				TH_LOG("round %d", round);
			killed++;
			victim.kill_after -= victim.kill_after / 16;
		} else {
			too_early++;
			victim.kill_after += victim.kill_after / 4;
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(SIGKILL, status);
		ASSERT_TRUE(check_bytes(self, journal)) TH_LOG("round %d", round);
		for (i = 0; i < CELLS; i++)
			unfinished += journal->begun[i] != journal->done[i];
		ASSERT_TRUE(reset_cells(self, journal));
	}
	for (i = 0; i < CELLS; i++)
		versions += journal->done[i];
	TH_LOG("%d kills, %d after the open, %d before; %d during one of %llu stores",
	       round, killed, too_early, unfinished, (unsigned long long)versions);
	EXPECT_LT(round / 4, killed);
	close(epfd);
}

TEST_HARNESS_MAIN
