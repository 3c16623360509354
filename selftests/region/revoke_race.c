// SPDX-License-Identifier: GPL-2.0
/*
 * Threads map, touch, copy, move and unmap regions, fork, and do I/O, while
 * one after the other is revoked. From that on nobody must get at it again, and
 * in the end not one page of it is in any map.
 */
#include "map_fixture.h"
#include "region_test.h"
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <time.h>

#define SECONDS	2	/* or $MMAPSHARE_REVOKES rounds */
#define LEAST	10	/* rounds, however long they take */
#define PAGES	20	/* of a region */
#define SLOTS	4	/* of each thread, with room for one region */
#define AFTER	3	/* operations of each thread after it was revoked */

enum { SHARED, PRIVATE, MOVER, FORKER, IO, THREADS };

/* What is counted in children, too. */
struct tally {
	int late;	/* touches that should have been too late, and were not */
	int wrong;	/* errnos and signals that are not expected */
	int touches;
	int refused;
};

struct race;

struct worker {
	struct race *race;
	int kind;
	unsigned int seed;
	char *slots[SLOTS];	/* always the same addresses */
	bool mapped[SLOTS];
};

struct race {
	struct worker workers[THREADS];
	struct tally *tally;
	pthread_barrier_t barrier;
	size_t page, size;
	int fd;
	bool revoked;
	bool end;
};

FIXTURE(race) {
	struct device dev;
	struct race race;
};

FIXTURE_SETUP(race)
{
	struct race *race = &self->race;
	char *area;
	int i, j;

	DEVICE_OPEN(&self->dev, O_RDWR);
	race->page = self->dev.page;
	race->size = PAGES * race->page;
	race->tally = mmap(NULL, sizeof(*race->tally), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)race->tally);
	area = mmap(NULL, THREADS * SLOTS * race->size, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, area);
	for (i = 0; i < THREADS; i++) {
		race->workers[i].race = race;
		race->workers[i].kind = i;
		race->workers[i].seed = 1 + i;
		for (j = 0; j < SLOTS; j++, area += race->size)
			race->workers[i].slots[j] = area;
	}
}

FIXTURE_TEARDOWN(race)
{
	close(self->dev.fd);
}

static unsigned int dice(struct worker *w, unsigned int sides)
{
	w->seed = w->seed * 1103515245 + 12345;
	return (w->seed >> 16) % sides;
}

static void count(int *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static bool is_revoked(const struct race *race)
{
	return __atomic_load_n(&race->revoked, __ATOMIC_ACQUIRE);
}

static __thread sigjmp_buf jump;

static void on_signal(int sig)
{
	siglongjmp(jump, sig);
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

/* Returns the signal that it gave. */
static int touch(volatile char *p, bool store)
{
	int sig = sigsetjmp(jump, 1);

	if (sig)
		return sig;
	if (store)
		*p = 1;
	else
		(void)*p;
	return 0;
}

/* @anything: somebody else may have unmapped it, or not be allowed to store */
static void touch_slot(struct worker *w, char *slot, bool anything)
{
	struct race *race = w->race;
	const bool late = is_revoked(race);
	const size_t pos = dice(w, PAGES) * race->page;
	const int sig = touch(slot + pos, dice(w, 2));

	count(&race->tally->touches);
	if (!sig && late)
		count(&race->tally->late);
	if (sig && sig != SIGBUS && !(anything && sig == SIGSEGV))
		count(&race->tally->wrong);
}

static void unmap_slot(struct worker *w, int i)
{
	if (mmap(w->slots[i], w->race->size, PROT_NONE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_FIXED, -1, 0) != w->slots[i])
		count(&w->race->tally->wrong);
	w->mapped[i] = false;
}

static void map_slot(struct worker *w, int i)
{
	struct race *race = w->race;
	const int type = w->kind == PRIVATE ? MAP_PRIVATE : MAP_SHARED;
	const bool late = is_revoked(race);

	if (mmap(w->slots[i], race->size, PROT_READ | PROT_WRITE,
		 type | MAP_FIXED, race->fd, 0) == w->slots[i]) {
		w->mapped[i] = true;
		if (late)
			count(&race->tally->late);
		return;
	}
	/* what was there may be gone all the same */
	if (errno != ENODEV && !(type == MAP_PRIVATE && errno == EINVAL))
		count(&race->tally->wrong);
	count(&race->tally->refused);
	unmap_slot(w, i);
}

static void move_slot(struct worker *w, int i)
{
	const int to = dice(w, SLOTS);

	if (to == i)
		return;
	if (mremap(w->slots[i], w->race->size, w->race->size,
		   MREMAP_MAYMOVE | MREMAP_FIXED, w->slots[to]) != w->slots[to]) {
		count(&w->race->tally->wrong);
		return;
	}
	w->mapped[to] = true;
	unmap_slot(w, i);
}

/* Everybody's maps, as they happen to be. */
static int touch_all(void *arg)
{
	struct worker *w = arg;
	int i;

	catch_signals();	/* run_child() does not */
	for (i = 0; i < THREADS * SLOTS; i++)
		touch_slot(w, w->race->workers[i % THREADS].slots[i / THREADS],
			   true);
	return 0;
}

static void use_file(struct worker *w)
{
	static __thread char buf[PAGES * 65536];
	struct race *race = w->race;
	const bool late = is_revoked(race);
	long ret;

	switch (dice(w, 3)) {
	case 0:
		ret = pread(race->fd, buf, race->size, 0);
		break;
	case 1:
		ret = pwrite(race->fd, buf, race->size, 0);
		break;
	default:
		ret = kernel_fill(race->fd, 0, race->size, 'f');
		break;
	}
	if (ret < 0 && errno != ENODEV)
		count(&race->tally->wrong);
	if (ret >= 0 && late)
		count(&race->tally->late);
}

static void do_something(struct worker *w)
{
	const int i = dice(w, SLOTS);

	if (w->kind == FORKER) {
		map_slot(w, i);
		if (!dice(w, 20) && run_child(touch_all, w))
			count(&w->race->tally->wrong);
		return;
	}
	if (w->kind == IO) {
		use_file(w);
		return;
	}
	if (!w->mapped[i] || !dice(w, 4))
		map_slot(w, i);
	if (w->mapped[i])
		touch_slot(w, w->slots[i], false);
	if (w->mapped[i] && w->kind == MOVER)
		move_slot(w, i);
	else if (!dice(w, 4))
		unmap_slot(w, i);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct race *race = w->race;
	int after;

	for (;;) {
		pthread_barrier_wait(&race->barrier);
		if (race->end)
			return NULL;
		for (after = 0; after < AFTER; after += is_revoked(race))
			do_something(w);
		pthread_barrier_wait(&race->barrier);
	}
}

/*
 * Each other round somebody has touched the region before it is revoked: a slow
 * machine comes to that in none otherwise.
 */
static void let_them(struct race *race, int round)
{
	const int before = __atomic_load_n(&race->tally->touches, __ATOMIC_RELAXED);
	int ms;

	usleep(round * 7919 % 3000);
	if (round % 2)
		return;
	/* a thread that can run touches it long before that */
	for (ms = 0; ms < 20000; ms++) {
		if (__atomic_load_n(&race->tally->touches, __ATOMIC_RELAXED) != before)
			break;
		usleep(1000);
	}
}

/* Everybody stands still: how many pages of all maps are there? */
static long count_left(struct race *race)
{
	long left = 0;
	int i, j;

	for (i = 0; i < THREADS; i++) {
		struct worker *w = &race->workers[i];

		for (j = 0; j < SLOTS; j++) {
			if (!w->mapped[j])
				continue;
			left += count_present(w->slots[j], race->size, race->page);
			if (touch(w->slots[j], false) != SIGBUS)
				left++;
			unmap_slot(w, j);
		}
	}
	return left;
}

TEST_F_TIMEOUT(race, revoke, 400)
{
	struct race *race = &self->race;
	const char *text = getenv("MMAPSHARE_REVOKES");
	const int rounds = text ? atoi(text) : INT_MAX;
	const time_t start = time(NULL);
	pthread_t threads[THREADS];
	long left = 0;
	int round, i;

	catch_signals();
	ASSERT_EQ(0, pthread_barrier_init(&race->barrier, NULL, THREADS + 1));
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, work,
					    &race->workers[i]));
	for (round = 0; round < rounds && (text || round < LEAST ||
					   time(NULL) - start < SECONDS); round++) {
		race->fd = region_create_as(self->dev.fd, NULL, race->size,
					    self->dev.info.strategy, 0);
		ASSERT_LE(0, race->fd);
		__atomic_store_n(&race->revoked, false, __ATOMIC_RELAXED);
		pthread_barrier_wait(&race->barrier);
		let_them(race, round);
		ASSERT_EQ(0, region_revoke(race->fd));
		__atomic_store_n(&race->revoked, true, __ATOMIC_RELEASE);
		pthread_barrier_wait(&race->barrier);
		left += count_left(race);
		close(race->fd);
	}
	race->end = true;
	pthread_barrier_wait(&race->barrier);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, left);
	EXPECT_EQ(0, race->tally->late);
	EXPECT_EQ(0, race->tally->wrong);
	EXPECT_LE(round / 2, race->tally->touches);
	TH_LOG("%d rounds, %d touches, %d maps refused", round,
	       race->tally->touches, race->tally->refused);
}

TEST_HARNESS_MAIN
