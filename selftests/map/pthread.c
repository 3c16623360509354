// SPDX-License-Identifier: GPL-2.0
/*
 * Process-shared mutexes, condition variables, semaphores and barriers work in
 * mappings that support futexes.
 */
#include "map_fixture.h"
#include <pthread.h>
#include <semaphore.h>

#define ROUNDS	200

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	pthread_barrier_t barrier;
	sem_t ping, pong;
	int turn;
	int count;
};

FIXTURE(pthread) {
	struct device dev;
	struct shared *s;
	pthread_mutexattr_t attr;
};

/*
 * Without MMAPSHARE_FEAT_FUTEX, shared futexes get EFAULT (see futex.c) and the
 * C library aborts. The tests return early then.
 */
FIXTURE_SETUP(pthread)
{
	pthread_condattr_t cond;

	DEVICE_OPEN(&self->dev, O_RDWR);
	self->s = (void *)device_map(&self->dev, PROT_READ | PROT_WRITE,
				     MAP_SHARED);
	ASSERT_NE(MAP_FAILED, (void *)self->s);
	memset(self->s, 0, sizeof(*self->s));
	pthread_mutexattr_init(&self->attr);
	pthread_mutexattr_setpshared(&self->attr, PTHREAD_PROCESS_SHARED);
	pthread_condattr_init(&cond);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	ASSERT_EQ(0, pthread_cond_init(&self->s->cond, &cond));
	ASSERT_EQ(0, sem_init(&self->s->ping, 1, 0));
	ASSERT_EQ(0, sem_init(&self->s->pong, 1, 0));
}

FIXTURE_TEARDOWN(pthread)
{
	munmap(self->s, self->dev.size);
	close(self->dev.fd);
}

static struct shared *own_map(void)
{
	struct device dev;
	void *mem;

	if (!device_open(&dev, O_RDWR))
		return NULL;
	mem = device_map(&dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	return mem == MAP_FAILED ? NULL : mem;
}

static int lock_and_pause(void *arg)
{
	struct shared *s = own_map();

	if (!s)
		return 1;
	if (pthread_mutex_lock(&s->mutex))
		return 2;
	s->count = 5;
	sem_post(&s->ping);
	for (;;)
		pause();
}

TEST_F(pthread, owner_death)
{
	struct shared *s = self->s;
	pid_t pid;

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_FUTEX))
		return;
	pthread_mutexattr_setrobust(&self->attr, PTHREAD_MUTEX_ROBUST);
	ASSERT_EQ(0, pthread_mutex_init(&s->mutex, &self->attr));
	pid = start_child(lock_and_pause, NULL);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, sem_wait(&s->ping));
	EXPECT_EQ(EBUSY, pthread_mutex_trylock(&s->mutex));
	kill(pid, SIGKILL);
	/* the call sleeps until the kernel has marked the owner as dead */
	EXPECT_EQ(EOWNERDEAD, pthread_mutex_lock(&s->mutex));
	EXPECT_EQ(5, s->count);
	EXPECT_EQ(0, pthread_mutex_consistent(&s->mutex));
	EXPECT_EQ(0, pthread_mutex_unlock(&s->mutex));
	EXPECT_EQ(0, pthread_mutex_lock(&s->mutex));
	EXPECT_EQ(SIGKILL, wait_child(pid));
}

static int take_turns(void *arg)
{
	struct shared *s = own_map();
	const int index = *(int *)arg;
	int i;

	if (!s)
		return 1;
	for (i = 0; i < ROUNDS; i++) {
		if (pthread_mutex_lock(&s->mutex))
			return 2;
		while (s->turn != index)
			if (pthread_cond_wait(&s->cond, &s->mutex))
				return 3;
		s->turn = !index;
		s->count++;
		if (pthread_cond_signal(&s->cond) ||
		    pthread_mutex_unlock(&s->mutex))
			return 4;
	}
	return 0;
}

FIXTURE_VARIANT(pthread) {
	int protocol;
};

FIXTURE_VARIANT_ADD(pthread, plain) { .protocol = PTHREAD_PRIO_NONE, };
FIXTURE_VARIANT_ADD(pthread, pi) { .protocol = PTHREAD_PRIO_INHERIT, };

TEST_F(pthread, condition)
{
	int indices[] = { 0, 1 };
	pid_t pid;

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_FUTEX))
		return;
	/* its futex_atomic_cmpxchg_inatomic() misses a store between load and cmpxchg */
	if (kernel_is_uml() && variant->protocol == PTHREAD_PRIO_INHERIT)
		SKIP(return, "User-mode Linux loses wake-ups of PI futexes, of a memfd too");
	pthread_mutexattr_setprotocol(&self->attr, variant->protocol);
	ASSERT_EQ(0, pthread_mutex_init(&self->s->mutex, &self->attr));
	pid = start_child(take_turns, &indices[1]);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, take_turns(&indices[0]));
	EXPECT_EQ(0, wait_child(pid));
	EXPECT_EQ(2 * ROUNDS, self->s->count);
}

static int answer(void *arg)
{
	struct shared *s = own_map();
	int i;

	for (i = 0; s && i < ROUNDS; i++)
		if (sem_wait(&s->ping) || s->count != i || sem_post(&s->pong))
			return 1;
	return !s;
}

TEST_F(pthread, semaphore)
{
	struct shared *s = self->s;
	pid_t pid;
	int i;

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_FUTEX))
		return;
	pid = start_child(answer, NULL);
	ASSERT_LT(0, pid);
	for (i = 0; i < ROUNDS; i++) {
		s->count = i;
		ASSERT_EQ(0, sem_post(&s->ping));
		ASSERT_EQ(0, sem_wait(&s->pong));
	}
	EXPECT_EQ(0, wait_child(pid));
}

static int wait_at_barrier(void *arg)
{
	struct shared *s = own_map();
	int i, last = 0;

	for (i = 0; s && i < ROUNDS; i++)
		last = pthread_barrier_wait(&s->barrier);
	return s && (!last || last == PTHREAD_BARRIER_SERIAL_THREAD) ? 0 : 1;
}

TEST_F(pthread, barrier)
{
	pthread_barrierattr_t attr;
	pid_t pid;

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_FUTEX))
		return;
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	ASSERT_EQ(0, pthread_barrier_init(&self->s->barrier, &attr, 2));
	pid = start_child(wait_at_barrier, NULL);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, wait_at_barrier(NULL));
	EXPECT_EQ(0, wait_child(pid));
}

TEST_HARNESS_MAIN
