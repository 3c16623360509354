// SPDX-License-Identifier: GPL-2.0
/*
 * All contexts publish to a ring set at the same time, each to the ring of its CPU.
 * One sleeping consumer takes all records: those of a ring are in the order of their
 * time stamps, and those of a context in its order. A context that is moved to another
 * CPU goes on in another ring, so that this holds in each ring only.
 */
#include "../ring/context_consumer.h"
#include "set_test.h"

#define RINGS_MAX	64

struct rings {
	struct endpoint eps[RINGS_MAX];
	unsigned int members;
	uint64_t time[RINGS_MAX];
	uint64_t total, lost;
	struct context_consumer checkers[RINGS_MAX];
	pthread_t thread;
	int error;
};

/* Returns whether there was a record in the ring, and it is correct. */
static bool take_from(struct rings *r, unsigned int i)
{
	union {
		struct mmapshare_record_info info;
		uint64_t words[(CONTEXTS_LENGTH_MAX + 16) / 8];
	} u;
	const int length = ring_take(&r->eps[i], &u, sizeof(u));

	if (length == -1)
		return false;
	if (length < (int)sizeof(u.info) || u.info.time < r->time[i] ||
	    !check_record(&r->checkers[i], (void *)(&u.info + 1), length - (int)sizeof(u.info))) {
		r->error = -1;
		return false;
	}
	r->time[i] = u.info.time;
	__atomic_fetch_add(&r->total, 1, __ATOMIC_RELEASE);
	return true;
}

static bool take_all(struct rings *r)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < r->members; i++)
		while (take_from(r, i))
			any = true;
	return any;
}

static void *consume(void *arg)
{
	struct rings *r = arg;

	while (!r->error) {
		if (!take_all(r) && !r->error)
			r->error = endpoint_wait(&r->eps[0], NO_TIMEOUT);
	}
	return NULL;
}

static uint64_t received(const struct rings *r, int context)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < r->members; i++)
		n += r->checkers[i].received[context];
	return n;
}

static uint64_t lost_in_all(const struct rings *r)
{
	uint64_t lost = 0;
	unsigned int i;

	for (i = 0; i < r->members; i++)
		lost += r->eps[i].lost;
	return lost;
}

FIXTURE(contexts) {
	int fd;
	struct rings *r;
	struct context_counts counts[CONTEXTS];
};

FIXTURE_VARIANT(contexts) {
	const char *params;
	bool overwrite;
};

FIXTURE_VARIANT_ADD(contexts, lossless) { .params = "set=1" };
FIXTURE_VARIANT_ADD(contexts, overwrite) {
	.params = "set=1 overwrite=1 size=4096", .overwrite = true
};

FIXTURE_SETUP(contexts)
{
	struct mmapshare_info info = { .size = sizeof(info) };

	CONTEXTS_LOAD(variant->params);
	self->r = calloc(1, sizeof(*self->r));
	ASSERT_NE(NULL, self->r);
	self->fd = open(CONTEXTS_NODE, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioctl(self->fd, MMAPSHARE_IOC_INFO, &info));
	if (info.members > RINGS_MAX)
		SKIP(return, "too many CPUs");
	self->r->members = info.members;
	ASSERT_EQ(0, set_attach(self->r->eps, self->fd, 0));
	ASSERT_EQ(0, pthread_create(&self->r->thread, NULL, consume, self->r));
}

/* The module is gone after the test; the consumer gets EPIPE, and nothing else. */
FIXTURE_TEARDOWN(contexts)
{
	EXPECT_EQ(0, contexts_unload());
	pthread_join(self->r->thread, NULL);
	EXPECT_EQ(EPIPE, self->r->error);
	set_detach(self->r->eps, self->r->members);
	close(self->fd);
	free(self->r);
}

TEST_F_TIMEOUT(contexts, all, 36000)
{
	uint64_t written = 0, refused = 0, total, lost;
	int64_t end;
	int i;

	ASSERT_TRUE(helper_set(CONTEXTS_MODULE, "records",
			       getenv("MMAPSHARE_RECORDS") ?: "1000"));
	ASSERT_TRUE(helper_set(CONTEXTS_MODULE, "interval", "10"));
	CONTEXTS_RUN("all");
	EXPECT_TRUE(contexts_end_but(0));
	ASSERT_TRUE(contexts_stop());
	ASSERT_TRUE(contexts_get(self->counts));
	contexts_print(self->counts);
	for (i = 0; i < CONTEXTS; i++) {
		written += self->counts[i].written;
		refused += context_refused(&self->counts[i]);
	}
	EXPECT_LT(0ULL, written);
	end = now() + 60 * SECOND;
	do {
		sleep_ns(MS);
		total = __atomic_load_n(&self->r->total, __ATOMIC_ACQUIRE);
		lost = lost_in_all(self->r);
	} while (total + (variant->overwrite ? lost : 0) < written && now() < end);
	if (variant->overwrite) {
		EXPECT_LE(written, total + lost);
		EXPECT_GE(written + refused, total + lost);
	} else {
		EXPECT_EQ(written, total);
		EXPECT_GE(refused, lost);
	}
	for (i = 0; !lost && i < CONTEXTS; i++)
		EXPECT_EQ(self->counts[i].written, received(self->r, i));
}

TEST_HARNESS_MAIN
