// SPDX-License-Identifier: GPL-2.0
/*
 * BPF programs publish from a kprobe, tracepoints, a timer or an NMI, XDP, tc, and
 * on request, at the same time. Two consumers get all records, each in order.
 */
#include "bpf_fixture.h"
#include <linux/perf_event.h>
#include <sys/syscall.h>

#define CONSUMERS	2
#define ROUNDS		500

struct consumer {
	uint64_t taken[PLACES];
	uint64_t lost;
	int error;
};

FIXTURE(publish) {
	struct bpf_object *object;
	struct bpf_globals *globals;
	struct bpf_link *links[4];
	int links_nr;
	int fd;
	struct consumer *consumers;	/* shared with the processes */
	pid_t pids[CONSUMERS];
};

FIXTURE_VARIANT(publish) {
	struct mmapshare_bpf_params params;
};

FIXTURE_VARIANT_ADD(publish, lossless) {
	.params = { .size = 4 << 20, .consumers = CONSUMERS, .mode = 0600 },
};

FIXTURE_VARIANT_ADD(publish, features) {
	.params = {
		.size = 4 << 20, .consumers = CONSUMERS, .mode = 0600,
		.features = MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_TYPE,
	},
};

FIXTURE_VARIANT_ADD(publish, overwrite) {
	.params = {
		.size = 4096, .consumers = CONSUMERS, .mode = 0600,
		.flags = MMAPSHARE_BPF_OVERWRITE,
	},
};

static bool check_event(struct consumer *c, const struct bpf_event *event, uint64_t *next)
{
	size_t i;

	if (event->place >= PLACES || event->zero)
		return false;
	for (i = 0; i < sizeof(event->bytes); i++)
		if (event->bytes[i] != (uint8_t)event->number)
			return false;
	/* in tasks, processors may get their numbers before they reserve */
	if (event->number > next[event->place])
		next[event->place] = event->number;
	c->taken[event->place]++;
	return true;
}

/* Runs in a process of its own, whose task switches are not published. */
static void consume(struct consumer *c, int fd, const struct mmapshare_bpf_params *params)
{
	const size_t info = params->features ? sizeof(struct mmapshare_record_info) : 0;
	uint64_t next[PLACES] = { };
	struct endpoint ep;
	char buf[256];

	c->error = endpoint_attach(&ep, fd, MMAPSHARE_RING_ATTACH_CONSUMER);
	while (!c->error) {
		const int length = ring_take(&ep, buf, sizeof(buf));

		if (length == -1)
			c->error = endpoint_wait(&ep, NO_TIMEOUT);
		else if (length != (int)(info + sizeof(struct bpf_event)) ||
			 !check_event(c, (void *)(buf + info), next))
			c->error = -1;
		c->lost = ep.lost;
	}
	_exit(0);
}

static bool attached(int fd, uint64_t consumers)
{
	const struct mmapshare_ring *head = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	const int64_t end = now() + 20 * SECOND;

	if (head == MAP_FAILED)
		return false;
	while (__atomic_load_n(&head->consumers, __ATOMIC_ACQUIRE) != consumers && now() < end)
		sleep_ns(MS);
	munmap((void *)head, 4096);
	return now() < end;
}

FIXTURE_SETUP(publish)
{
	int i;

	BPF_SKIP();
	ASSERT_EQ(0, bpf_load(&self->object, NULL)) TH_LOG("%s", bpf_log);
	self->globals = bpf_map_globals(self->object);
	ASSERT_NE(MAP_FAILED, (void *)self->globals);
	ASSERT_EQ(1, bpf_create(self->object, &variant->params));
	self->fd = open(BPF_NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->consumers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			       -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->consumers);
	for (i = 0; i < CONSUMERS; i++) {
		self->pids[i] = fork();
		if (!self->pids[i])
			consume(&self->consumers[i], self->fd, &variant->params);
	}
	ASSERT_TRUE(attached(self->fd, (1 << CONSUMERS) - 1));
}

/*
 * The kernel patches its code when a program is attached or detached, and once more a
 * second after the last perf event was closed: perf_sched_delayed(). Emulated processors
 * sometimes execute the breakpoint that it has put there meanwhile: take processor 1
 * offline until then, if the machine allows that.
 */
static void use_all_processors(bool all)
{
	static bool is_offline;
	int fd;

	if (all != is_offline)
		return;
	fd = open("/sys/devices/system/cpu/cpu1/online", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (all)
		sleep_ns(3 * SECOND / 2);
	if (write(fd, all ? "1" : "0", 1) < 0)
		fprintf(stderr, "cannot switch processor 1: %s\n", strerror(errno));
	else
		is_offline = !all;
	close(fd);
}

FIXTURE_TEARDOWN(publish)
{
	use_all_processors(true);
	bpf_object__close(self->object);
	close(self->fd);
}

static bool attach(FIXTURE_DATA(publish) *self, const char *program)
{
	struct bpf_link *link = bpf_program__attach(bpf_find(self->object, program));

	if (link)
		self->links[self->links_nr++] = link;
	return link;
}

/* 5,000 samples a second of processor 0, from a timer's interrupt */
static bool attach_perf_event(FIXTURE_DATA(publish) *self)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.size = sizeof(attr),
		.sample_freq = 5000,
		.freq = 1,
	};
	const int fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	struct bpf_link *link;

	if (fd < 0)
		return false;
	link = bpf_program__attach_perf_event(bpf_find(self->object, "in_perf_event"), fd);
	if (link)
		self->links[self->links_nr++] = link;
	return link;
}

static void *provoke(void *arg)
{
	struct bpf_object *object = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		getpgid(0);
		bpf_run(object, "in_syscall");
		bpf_run_packet(object, "in_xdp");
		bpf_run_packet(object, "in_tc");
		if (!(i % 16))
			sleep_ns(MS / 2);
	}
	return NULL;
}

static uint64_t sum(const struct bpf_globals *globals, const struct consumer *c)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < PLACES; i++)
		n += c ? c->taken[i] : globals->counts[i].published;
	return n;
}

TEST_F(publish, all_places)
{
	const bool overwrite = variant->params.flags & MMAPSHARE_BPF_OVERWRITE;
	uint64_t refused = 0;
	pthread_t threads[2];
	int i, place;

	use_all_processors(false);
	ASSERT_TRUE(attach(self, "in_kprobe"));
	ASSERT_TRUE(attach(self, "in_tracepoint"));
	ASSERT_TRUE(attach(self, "in_tracing"));
	ASSERT_TRUE(attach_perf_event(self));
	use_all_processors(true);
	self->globals->wanted_tgid = getpid();
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, provoke, self->object));
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	self->globals->wanted_tgid = 0;
	use_all_processors(false);
	while (self->links_nr)
		bpf_link__destroy(self->links[--self->links_nr]);
	use_all_processors(true);
	/* consumers take the rest, then get EPIPE */
	ASSERT_EQ(0, bpf_run(self->object, "drop"));
	for (i = 0; i < CONSUMERS; i++)
		EXPECT_EQ(self->pids[i], waitpid(self->pids[i], NULL, 0));
	for (place = 0; place < PLACES; place++) {
		const struct bpf_counts *n = &self->globals->counts[place];

		TH_LOG("place %d: %llu published, %llu refused", place,
		       (unsigned long long)n->published, (unsigned long long)n->refused);
		EXPECT_LT(0ULL, n->published);
		refused += n->refused;
		for (i = 0; i < CONSUMERS && !overwrite; i++)
			EXPECT_EQ(n->published, self->consumers[i].taken[place]);
	}
	for (i = 0; i < CONSUMERS; i++) {
		const struct consumer *c = &self->consumers[i];

		EXPECT_EQ(EPIPE, c->error);
		EXPECT_GE(sum(self->globals, c) + c->lost, sum(self->globals, NULL));
		EXPECT_LE(sum(self->globals, c) + c->lost, sum(self->globals, NULL) + refused);
	}
}

TEST_HARNESS_MAIN
