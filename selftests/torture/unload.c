// SPDX-License-Identifier: GPL-2.0
/*
 * The module is loaded and unloaded while other processes get descriptors of all
 * kinds, map them and close them. At random times a helper module stops these
 * processes in dput(), which the core calls after the release of a file, for
 * longer than unloading takes. The test is a program of its own, because other
 * tests need the module loaded. Environment:
 *
 *	TORTURE_SEED	seed of the random numbers (default: random)
 *	TORTURE_OPS	1,000 for each round of loading and unloading
 *	TORTURE_SECONDS	time limit
 */
#include "helper_module.h"
#include "region_test.h"
#include "ring_protocol.h"
#include "torture.h"
#include <sys/prctl.h>
#include <time.h>

#define CLOSERS		3
#define ROUND_OPS	1000
#define ROUNDS_MIN	4
#define DELAY		"mmapshare_delay"

/* Shared by all processes. */
struct unload {
	unsigned int stop;	/* atomic */
	unsigned int errors;	/* atomic */
	uint64_t ops;		/* atomic */
};

FIXTURE(unload) {
	struct unload *u;
	char parameters[96], again[160];
	uint64_t seed;
};

/* Append the module's present value of a parameter, as text to load it with. */
static int add_parameter(char *text, size_t size, const char *name)
{
	return snprintf(text, size, "%s=%s ", name, helper_get("mmapshare", name));
}

FIXTURE_SETUP(unload)
{
	struct device dev;
	int n;

	DEVICE_OPEN(&dev, O_RDONLY);
	close(dev.fd);
	if (geteuid() || !getenv("MMAPSHARE_KO"))
		SKIP(return, "needs root, and the path of the module in MMAPSHARE_KO");
	snprintf(self->parameters, sizeof(self->parameters), "strategy=%s size=64K",
		 helper_get("mmapshare", "strategy"));
	n = add_parameter(self->again, sizeof(self->again), "strategy");
	n += add_parameter(self->again + n, sizeof(self->again) - n, "exec");
	add_parameter(self->again + n, sizeof(self->again) - n, "size");
	self->u = mmap(NULL, sizeof(*self->u), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	ASSERT_NE(MAP_FAILED, self->u);
	self->seed = seed_from_environment();
	ASSERT_EQ(0, helper_unload("mmapshare"));
}

FIXTURE_TEARDOWN(unload)
{
	EXPECT_EQ(0, module_load(getenv("MMAPSHARE_KO"), self->again));
	munmap(self->u, sizeof(*self->u));
}

static void found(struct unload *u, const char *what)
{
	dprintf(STDOUT_FILENO, "# %s: errno %d\n", what, errno);
	__atomic_add_fetch(&u->errors, 1, __ATOMIC_RELAXED);
}

/* Returns a descriptor of the chosen kind, which is made through @control. */
static int get_descriptor(int control, unsigned int kind, uint32_t strategy)
{
	struct mmapshare_ring_attach_args at;
	char name[32] = "";
	int ring, fd;

	switch (kind) {
	case 0:
		return dup(control);
	case 1:
		return region_read_only(control);
	case 2:
		/* with a node; unloading destroys the name */
		snprintf(name, sizeof(name), "unload.%d", getpid());
		region_destroy(control, name);
		return region_create_as(control, name, 4096, strategy, 0600);
	case 3:
		ring = ring_create_as(control, NULL, 4096, MMAPSHARE_RING, 1);
		fd = ring_attach(ring, MMAPSHARE_RING_ATTACH_CONSUMER, &at);
		close(ring);
		return fd;
	default:
		return region_create_as(control, NULL, 4096, strategy, 0);
	}
}

static void use_module(struct unload *u, struct worker *w)
{
	const unsigned int kind = random_below(w, 5), strategy = random_below(w, 4);
	const unsigned int order = random_below(w, 3), pause = random_below(w, 400);
	const int control = open(DEVICE, O_RDWR | O_CLOEXEC);
	void *mem = MAP_FAILED;
	int fd;

	if (control < 0) {
		if (errno != ENOENT && errno != ENXIO && errno != ENODEV)
			found(u, "open");
		usleep(pause);
		return;
	}
	fd = get_descriptor(control, kind, strategy);
	close(control);
	if (fd < 0) {
		errno = -fd;
		found(u, "no descriptor");
	}
	if (order) {
		mem = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		if (mem == MAP_FAILED)
			found(u, "mmap");
	}
	/* close the descriptor last, or unmap the mapping last */
	if (order == 1)
		munmap(mem, 4096);
	close(fd);
	if (order == 2)
		munmap(mem, 4096);
	__atomic_add_fetch(&u->ops, 1, __ATOMIC_RELAXED);
	usleep(pause);
}

/* Returns 0 in the child, with random numbers of its own. */
static pid_t start_task(struct worker *w, uint64_t seed)
{
	const pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		w->rng = seed;
	}
	return pid;
}

static pid_t start_closer(struct unload *u, uint64_t seed)
{
	struct worker w = { };
	const pid_t pid = start_task(&w, seed);

	if (pid)
		return pid;
	prctl(PR_SET_NAME, "stopped");
	while (!__atomic_load_n(&u->stop, __ATOMIC_RELAXED))
		use_module(u, &w);
	_exit(0);
}

/* Stop the closers at random times, until the test ends. */
static pid_t start_stopper(struct unload *u, uint64_t seed)
{
	struct worker w = { };
	const pid_t pid = start_task(&w, seed);

	if (pid)
		return pid;
	while (!__atomic_load_n(&u->stop, __ATOMIC_RELAXED)) {
		usleep(random_below(&w, 20000));
		helper_set(DELAY, "go", "N");
		usleep(random_below(&w, 200000));
		helper_set(DELAY, "go", "Y");
	}
	_exit(0);
}

/* Returns false if a call fails other than because the module is in use. */
static bool load_and_unload(FIXTURE_DATA(unload) *self, struct worker *w)
{
	errno = module_load(getenv("MMAPSHARE_KO"), self->parameters);
	if (errno) {
		found(self->u, "load");
		return false;
	}
	usleep(random_below(w, 20000));
	while ((errno = helper_unload("mmapshare")) == EAGAIN)
		usleep(50);
	if (errno) {
		found(self->u, "unload");
		return false;
	}
	__atomic_add_fetch(&self->u->ops, 2, __ATOMIC_RELAXED);
	/*
	 * Pause, because the module, if loaded at once, could get the address
	 * of the freed code, and hide that a task returns to freed code.
	 */
	usleep(random_below(w, 200000));
	return true;
}

TEST_F_TIMEOUT(unload, beside_closes, 1000000)
{
	const uint64_t seconds = from_environment("TORTURE_SECONDS", 0);
	const uint64_t ops = from_environment("TORTURE_OPS", seconds ? UINT64_MAX : 0);
	const time_t end = time(NULL) + seconds;
	struct worker w = { .rng = self->seed };
	const int error = helper_load(DELAY, "function=dput go=Y");
	pid_t pids[CLOSERS + 1];
	uint64_t rounds;
	int i, status;

	ASSERT_TRUE(!error || helper_is_missing(error));
	for (i = 0; i < CLOSERS; i++)
		pids[i] = start_closer(self->u, self->seed + i + 1);
	pids[CLOSERS] = start_stopper(self->u, self->seed);
	for (rounds = 0; rounds < ROUNDS_MIN || rounds < ops / ROUND_OPS; rounds++)
		if (!load_and_unload(self, &w) || self->u->errors ||
		    (seconds && time(NULL) >= end))
			break;
	self->u->stop = 1;
	for (i = 0; i <= CLOSERS; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	if (!error)
		EXPECT_EQ(0, helper_unload(DELAY));
	printf("# TORTURE_SEED=%llu: loaded %llu times\n# operations %llu\n",
	       (unsigned long long)self->seed, (unsigned long long)rounds,
	       (unsigned long long)self->u->ops);
	EXPECT_EQ(0U, self->u->errors);
}

TEST_HARNESS_MAIN
