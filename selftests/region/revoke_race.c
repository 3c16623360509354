// SPDX-License-Identifier: GPL-2.0
/*
 * In many rounds, threads map, touch, move and unmap a region, fork, and do I/O
 * while the region is revoked. After the revocation every access must fail, and
 * no page may be left in any mapping.
 */
#include "map_fixture.h"
#include "region_test.h"
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <time.h>

#define SECONDS		2	/* or $MMAPSHARE_REVOKES rounds */
#define MIN_ROUNDS	10	/* even if they take longer than SECONDS */
#define PAGES		20	/* of the region */
#define SLOTS		4	/* address ranges per thread */
#define OPS_AFTER	3	/* operations per thread after the revocation */

enum { SHARED, PRIVATE, MOVER, FORKER, IO, THREADS };

/* Shared with the children. */
struct counters {
	int late;	/* accesses that succeeded after the revocation */
	int wrong;	/* unexpected errnos and signals */
	int touches;
	int refused;
};

struct race;

struct worker {
	struct race *race;
	int kind;
	unsigned int seed;
	char *slots[SLOTS];	/* fixed addresses; PROT_NONE while unused */
	bool mapped[SLOTS];
};

struct race {
	struct worker workers[THREADS];
	struct counters *counters;
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
	char *range;
	int i, j;

	DEVICE_OPEN(&self->dev, O_RDWR);
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_REVOKE))
		SKIP(return, "REVOKE gets EOPNOTSUPP with this strategy");
	race->page = self->dev.page;
	race->size = PAGES * race->page;
	race->counters = mmap(NULL, sizeof(*race->counters), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)race->counters);
	range = mmap(NULL, THREADS * SLOTS * race->size, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, range);
	for (i = 0; i < THREADS; i++) {
		race->workers[i].race = race;
		race->workers[i].kind = i;
		race->workers[i].seed = 1 + i;
		for (j = 0; j < SLOTS; j++, range += race->size)
			race->workers[i].slots[j] = range;
	}
}

FIXTURE_TEARDOWN(race)
{
	close(self->dev.fd);
}

static unsigned int random_below(struct worker *w, unsigned int limit)
{
	w->seed = w->seed * 1103515245 + 12345;
	return (w->seed >> 16) % limit;
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

/* Returns the signal that the access raised, or 0. */
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

/*
 * @allow_segv: the slot may be unused (PROT_NONE), so that SIGSEGV is permitted
 */
static void touch_slot(struct worker *w, char *slot, bool allow_segv)
{
	struct race *race = w->race;
	const bool late = is_revoked(race);
	const size_t pos = random_below(w, PAGES) * race->page;
	const int sig = touch(slot + pos, random_below(w, 2));

	count(&race->counters->touches);
	if (!sig && late)
		count(&race->counters->late);
	if (sig && sig != SIGBUS && !(allow_segv && sig == SIGSEGV))
		count(&race->counters->wrong);
}

static void unmap_slot(struct worker *w, int i)
{
	if (mmap(w->slots[i], w->race->size, PROT_NONE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_FIXED, -1, 0) != w->slots[i])
		count(&w->race->counters->wrong);
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
			count(&race->counters->late);
		return;
	}
	/* mmap() may have unmapped the old mapping before it failed */
	if (errno != ENODEV && !(type == MAP_PRIVATE && errno == EINVAL))
		count(&race->counters->wrong);
	count(&race->counters->refused);
	unmap_slot(w, i);
}

static void move_slot(struct worker *w, int i)
{
	const int to = random_below(w, SLOTS);

	if (to == i)
		return;
	if (mremap(w->slots[i], w->race->size, w->race->size,
		   MREMAP_MAYMOVE | MREMAP_FIXED, w->slots[to]) != w->slots[to]) {
		count(&w->race->counters->wrong);
		return;
	}
	w->mapped[to] = true;
	unmap_slot(w, i);
}

/* In a forked child: touch the slots of all threads, mapped or not. */
static int touch_all_slots(void *arg)
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

	switch (random_below(w, 3)) {
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
		count(&race->counters->wrong);
	if (ret >= 0 && late)
		count(&race->counters->late);
}

static void do_one_operation(struct worker *w)
{
	const int i = random_below(w, SLOTS);

	if (w->kind == FORKER) {
		map_slot(w, i);
		if (!random_below(w, 20) && run_child(touch_all_slots, w))
			count(&w->race->counters->wrong);
		return;
	}
	if (w->kind == IO) {
		use_file(w);
		return;
	}
	if (!w->mapped[i] || !random_below(w, 4))
		map_slot(w, i);
	if (w->mapped[i])
		touch_slot(w, w->slots[i], false);
	if (w->mapped[i] && w->kind == MOVER)
		move_slot(w, i);
	else if (!random_below(w, 4))
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
		for (after = 0; after < OPS_AFTER; after += is_revoked(race))
			do_one_operation(w);
		pthread_barrier_wait(&race->barrier);
	}
}

/*
 * In every other round, wait until the region was touched: a slow machine might
 * otherwise revoke it in each round before any thread has run.
 */
static void wait_for_touches(struct race *race, int round)
{
	const int before = __atomic_load_n(&race->counters->touches, __ATOMIC_RELAXED);
	int ms;

	usleep(round * 7919 % 3000);
	if (round % 2)
		return;
	/* 20 s is reached only if the test hangs */
	for (ms = 0; ms < 20000; ms++) {
		if (__atomic_load_n(&race->counters->touches, __ATOMIC_RELAXED) != before)
			break;
		usleep(1000);
	}
}

/* Call while all threads wait at the barrier. Unmaps all slots. */
static long count_present_pages(struct race *race)
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

TEST_F_TIMEOUT(race, revoke_under_load, 400)
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
	for (round = 0; round < rounds && (text || round < MIN_ROUNDS ||
					   time(NULL) - start < SECONDS); round++) {
		race->fd = region_create_as(self->dev.fd, NULL, race->size,
					    self->dev.info.strategy, 0);
		ASSERT_LE(0, race->fd);
		__atomic_store_n(&race->revoked, false, __ATOMIC_RELAXED);
		pthread_barrier_wait(&race->barrier);
		wait_for_touches(race, round);
		ASSERT_EQ(0, region_revoke(race->fd));
		__atomic_store_n(&race->revoked, true, __ATOMIC_RELEASE);
		pthread_barrier_wait(&race->barrier);
		left += count_present_pages(race);
		close(race->fd);
	}
	race->end = true;
	pthread_barrier_wait(&race->barrier);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, left);
	EXPECT_EQ(0, race->counters->late);
	EXPECT_EQ(0, race->counters->wrong);
	EXPECT_LE(round / 2, race->counters->touches);
	TH_LOG("%d rounds, %d touches, %d mappings refused", round,
	       race->counters->touches, race->counters->refused);
}

TEST_HARNESS_MAIN
