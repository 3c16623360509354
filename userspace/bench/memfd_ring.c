// SPDX-License-Identifier: MIT
/*
 * --memory memfd: rings without the driver.
 *
 * The library creates, attaches, waits and notifies by ioctl(), in mms_ioctl()
 * and mms_control_ioctl(). The linker's --wrap redirects their callers to this
 * file, which does for a ring in a memfd what the driver does for a ring of its
 * own, and sleeps by a futex. Everything else of the library is used as it is.
 *
 * Only what the experiments need: all endpoints of a ring are attached before
 * its first record, never detach, and trust each other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <mmapshare.h>
#include "bench.h"

#define HANDLES_MAX	1024
#define CONSUMERS_MAX	8
#define HEADER		sizeof(struct mmapshare_record)

/**
 * struct waiter - an endpoint as the peers see it; under state.lock
 * @wake_pos: the position that the peer must reach
 * @armed: the endpoint is about to sleep, or sleeps
 * @wakeups: a futex; increased to wake the endpoint
 */
struct waiter {
	uint64_t wake_pos;
	uint32_t armed;
	uint32_t wakeups;
};

/**
 * struct state - what the driver has in memory of its own
 * @lock: as the driver's ring->lock
 * @attached: number of cursors in use
 * @waiters: the consumers in the order of their cursors, then the producer
 */
struct state {
	pthread_mutex_t lock;
	uint32_t attached;
	struct waiter waiters[CONSUMERS_MAX + 1];
};

/**
 * struct handle - a descriptor of a ring, or of an endpoint
 * @head: a mapping of the ring, writable
 * @state: behind the ring, in the same mapping
 * @waiter: index in @state->waiters
 */
struct handle {
	struct mmapshare_ring *head;
	struct state *state;
	unsigned int waiter;
};

static struct handle handles[HANDLES_MAX];

static struct mmapshare_ring_producer *producer_of(const struct handle *h)
{
	return (void *)((char *)h->head + h->head->producer_offset);
}

static struct mmapshare_ring_cursor *cursor_of(const struct handle *h, unsigned int i)
{
	return (void *)((char *)h->head + h->head->cursor_offset + i * h->head->cursor_stride);
}

static bool is_producer(const struct handle *h)
{
	return h->waiter == CONSUMERS_MAX;
}

static size_t state_size(void)
{
	const size_t page = sysconf(_SC_PAGESIZE);

	return (sizeof(struct state) + page - 1) & -page;
}

/*
 * Sets the handle of @fd. The library has closed the descriptor of this number
 * that there was before.
 */
static int set_handle(int fd, const struct handle *h)
{
	check("a descriptor", fd >= 0 && fd < HANDLES_MAX);
	if (handles[fd].head)
		munmap(handles[fd].head, handles[fd].head->map_size + state_size());
	handles[fd] = *h;
	return fd;
}

static struct mmapshare_ring *map_all(int fd, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	check("mmap", p != MAP_FAILED);
	return p;
}

static void init_state(struct state *s)
{
	pthread_mutexattr_t shared;

	pthread_mutexattr_init(&shared);
	pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->lock, &shared);
	pthread_mutexattr_destroy(&shared);
}

/* As the driver's mms_ring_init_head(). */
static int create(struct mmapshare_create_args *args)
{
	const uint64_t page = sysconf(_SC_PAGESIZE), front = (1 + args->consumers + 1) * page;
	struct handle h;
	uint64_t size = page;
	int fd;

	if (!args->ring)
		return -EOPNOTSUPP;
	if (args->consumers > CONSUMERS_MAX)
		return -EINVAL;
	while (size < args->region_size)
		size *= 2;
	fd = memfd_create("mmapshare-bench", MFD_CLOEXEC);
	check("memfd_create", fd >= 0 && !ftruncate(fd, front + size + state_size()));
	h.head = map_all(fd, front + size + state_size());
	h.state = (void *)((char *)h.head + front + size);
	*h.head = (struct mmapshare_ring) {
		.magic = MMAPSHARE_RING_MAGIC,
		.version = MMAPSHARE_RING_VERSION,
		.length = sizeof(*h.head),
		.flags = args->ring,
		.consumers_max = args->consumers,
		.data_size = size,
		.data_offset = front,
		.map_size = front + size,
		.producer_offset = front - page,
		.cursor_offset = page,
		.cursor_stride = page,
		.record_max = size / 2 - HEADER,
	};
	init_state(h.state);
	args->region_size = size;
	return set_handle(fd, &h);
}

/* No record was published yet: positions and sequence numbers are 0. */
static int attach(int fd, struct mmapshare_ring_attach_args *args)
{
	const struct handle *ring = &handles[fd];
	struct mmapshare_ring *head = ring->head;
	struct handle h = { .state = ring->state, .waiter = CONSUMERS_MAX };

	check("all attach before the first record", !producer_of(ring)->pos);
	args->map_size = head->map_size;
	args->data_size = head->data_size;
	args->own_offset = head->producer_offset;
	args->own_size = head->map_size - head->producer_offset;
	if (args->flags & MMAPSHARE_RING_ATTACH_PRODUCER) {
		head->producer_state = MMAPSHARE_RING_PRODUCER_ATTACHED;
	} else {
		if (ring->state->attached == head->consumers_max)
			return -ENOSPC;
		h.waiter = ring->state->attached++;
		if (!(args->flags & MMAPSHARE_RING_ATTACH_MAY_LOSE))
			head->consumers |= 1ULL << h.waiter;
		args->cursor = h.waiter;
		args->own_offset = head->cursor_offset + h.waiter * head->cursor_stride;
		args->own_size = head->cursor_stride;
	}
	fd = dup(fd);
	check("dup", fd >= 0);
	h.head = map_all(fd, head->map_size + state_size());
	h.state = (void *)((char *)h.head + head->map_size);
	return set_handle(fd, &h);
}

static bool is_reached(uint64_t pos, uint64_t target)
{
	return (int64_t)(pos - target) >= 0;
}

/* As the driver's mms_wake_threshold(). */
static uint64_t wake_threshold(const struct handle *h, uint32_t wake_bytes)
{
	const uint64_t bytes = (wake_bytes + HEADER - 1ULL) & -HEADER;

	if (bytes < HEADER)
		return HEADER;
	return bytes < h->head->data_size / 2 ? bytes : h->head->data_size / 2;
}

/*
 * Up to where all consumers have released the records. The acquire pairs with
 * the release in the library's mms_cursor_publish().
 */
static uint64_t min_pos(const struct handle *h)
{
	uint64_t min = producer_of(h)->pos, bits, pos;

	for (bits = h->head->consumers; bits; bits &= bits - 1) {
		pos = __atomic_load_n(&cursor_of(h, __builtin_ctzll(bits))->pos, __ATOMIC_ACQUIRE);
		if (!is_reached(pos, min))
			min = pos;
	}
	return min;
}

/* As the driver's mms_check_locked(). @wake_pos: what to wait for. */
static bool is_ready(const struct handle *h, uint64_t *wake_pos)
{
	const struct mmapshare_ring_cursor *cursor;
	uint64_t head;

	if (is_producer(h)) {
		*wake_pos = producer_of(h)->pos + HEADER - h->head->data_size +
			    wake_threshold(h, producer_of(h)->wake_bytes);
		return h->head->flags & MMAPSHARE_RING_OVERWRITE ||
		       is_reached(min_pos(h), *wake_pos);
	}
	cursor = cursor_of(h, h->waiter);
	*wake_pos = cursor->pos + wake_threshold(h, cursor->wake_bytes);
	/* pairs with the release in the library's mms_producer_publish() */
	head = __atomic_load_n(&producer_of(h)->pos, __ATOMIC_ACQUIRE);
	return is_reached(head, *wake_pos);
}

static void store_if_changed(__u64 *word, uint64_t value)
{
	if (*word != value)
		__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* As the driver's mms_ring_update_wake_pos(); state->lock is held. */
static void update_wake_pos(const struct handle *h)
{
	const struct waiter *w = h->state->waiters, *producer = w + CONSUMERS_MAX;
	uint64_t consumers = 0;

	for (; w < producer; w++)
		if (w->armed && (!consumers || !is_reached(w->wake_pos, consumers)))
			consumers = w->wake_pos | 1;
	store_if_changed(&h->head->consumer_wake_pos, consumers);
	store_if_changed(&h->head->producer_wake_pos,
			 producer->armed ? producer->wake_pos | 1 : 0);
}

/*
 * As the driver's mms_endpoint_arm(). Returns whether the endpoint is ready.
 * @wakeups: the value of the futex at which it may sleep.
 */
static bool arm(const struct handle *h, uint32_t *wakeups)
{
	struct waiter *w = &h->state->waiters[h->waiter];
	uint64_t wake_pos;
	bool ready;

	pthread_mutex_lock(&h->state->lock);
	ready = is_ready(h, &wake_pos);
	if (!ready) {
		w->wake_pos = wake_pos;
		w->armed = true;
		*wakeups = w->wakeups;
		update_wake_pos(h);
		/*
		 * Between the wake position and loading the peer's position
		 * again. Pairs with the sequentially consistent store and load
		 * in mms_producer_publish() and mms_cursor_publish().
		 */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		ready = is_ready(h, &wake_pos);
	}
	pthread_mutex_unlock(&h->state->lock);
	return ready;
}

/* As the driver's mms_endpoint_wait(). */
static int wait_ring(const struct handle *h, const struct mmapshare_ring_wait_args *args)
{
	struct waiter *w = &h->state->waiters[h->waiter];
	const uint64_t end = read_clock() + args->timeout;
	uint32_t wakeups;
	int64_t rest = args->timeout;

	while (!arm(h, &wakeups)) {
		struct timespec t = { rest / 1000000000, rest % 1000000000 };

		if (!rest)
			return -ETIMEDOUT;
		syscall(SYS_futex, &w->wakeups, FUTEX_WAIT, wakeups, rest < 0 ? NULL : &t,
			NULL, 0);
		if (__atomic_load_n(&w->wakeups, __ATOMIC_ACQUIRE) != wakeups)
			return 0;
		if (rest > 0)
			rest = end > read_clock() ? end - read_clock() : 0;
	}
	return 0;
}

/* As the driver's mms_endpoint_wake_if_reached(), but the caller wakes it. */
static uint32_t *disarm_if_reached(struct waiter *w, uint64_t pos)
{
	if (!w->armed || !is_reached(pos, w->wake_pos))
		return NULL;
	w->armed = false;
	__atomic_add_fetch(&w->wakeups, 1, __ATOMIC_RELEASE);
	return &w->wakeups;
}

/* As the driver's mms_ring_wake_peers(). */
static int notify_ring(const struct handle *h)
{
	struct waiter *w = h->state->waiters;
	uint32_t *wake[CONSUMERS_MAX] = { NULL };
	unsigned int i;

	pthread_mutex_lock(&h->state->lock);
	if (is_producer(h))
		for (i = 0; i < CONSUMERS_MAX; i++)
			wake[i] = disarm_if_reached(&w[i], producer_of(h)->pos);
	else
		wake[0] = disarm_if_reached(&w[CONSUMERS_MAX], min_pos(h));
	update_wake_pos(h);
	pthread_mutex_unlock(&h->state->lock);
	for (i = 0; i < CONSUMERS_MAX; i++)
		if (wake[i])
			syscall(SYS_futex, wake[i], FUTEX_WAKE, 1, NULL, NULL, 0);
	return 0;
}

static int get_info(const struct handle *h, struct mmapshare_info *info)
{
	info->region_size = h->head->map_size;
	info->ring = h->head->flags;
	return 0;
}

int __wrap_mms_ioctl(int fd, unsigned long request, void *arg)
{
	if (!options.memfd || fd < 0 || fd >= HANDLES_MAX || !handles[fd].head)
		return __real_mms_ioctl(fd, request, arg);
	switch (request) {
	case MMAPSHARE_IOC_INFO:
		return get_info(&handles[fd], arg);
	case MMAPSHARE_IOC_RING_ATTACH:
		return attach(fd, arg);
	case MMAPSHARE_IOC_RING_WAIT:
		return wait_ring(&handles[fd], arg);
	case MMAPSHARE_IOC_RING_NOTIFY:
		return notify_ring(&handles[fd]);
	default:
		return -ENOTTY;
	}
}

int __wrap_mms_control_ioctl(int flags, unsigned long request, void *arg)
{
	if (!options.memfd)
		return __real_mms_control_ioctl(flags, request, arg);
	return request == MMAPSHARE_IOC_CREATE ? create(arg) : -ENOTTY;
}
