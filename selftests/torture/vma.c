// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on mappings by several threads and processes, checked
 * against the model of torture/torture.h. Environment:
 *
 *	TORTURE_SEED	seed of the random numbers (default: random)
 *	TORTURE_OPS	number of operations of all workers together
 *	TORTURE_SECONDS	time limit
 *	TORTURE_WORKERS	processes times threads (default: 2x2)
 *	TORTURE_ONLY	run this worker alone; it does the same operations
 */
#include "mmapshare_test.h"
#include "torture.h"
#include <pthread.h>
#include <sys/prctl.h>
#include <time.h>

#define DEFAULT_OPS	3000
#define LONG_RUN	100000	/* operations, for high memory pressure */

/* In seconds; never reached, because TORTURE_SECONDS limits the run. */
#define TIMEOUT	1000000

FIXTURE(torture) {
	struct torture *t;
	long maps;		/* VMAs of the region before the test */
	long only;
};

static bool parse_workers(struct torture *t, const char *text)
{
	if (!text || !*text)
		text = "2x2";
	return sscanf(text, "%ux%u", &t->processes, &t->threads) == 2 &&
	       t->processes && t->threads &&
	       t->processes <= MAX_WORKERS / t->threads;
}

static unsigned int count_workers(const struct torture *t)
{
	return t->processes * t->threads;
}

static long read_maps(const struct torture *t)
{
	struct mmapshare_info info;

	return device_info(t->dev.fd, &info) ? -1 : (long)info.maps;
}

static long read_maps_from_fdinfo(const struct torture *t)
{
	char path[64], line[128];
	long maps = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", t->dev.fd);
	f = fopen(path, "r");
	while (f && maps < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "mmapshare-maps: %ld", &maps);
	if (f)
		fclose(f);
	return maps;
}

/* Store the first version of every page. */
static bool init_pages(struct torture *t)
{
	uint64_t words[WORDS];
	unsigned int i;

	for (i = 0; i < t->pages; i++) {
		make_page(t, words, i, begin_store(t, i, false));
		if (pwrite(t->dev.fd, words, PAGE, (off_t)i * PAGE) != PAGE)
			return false;
		end_store(t, i);
	}
	return true;
}

FIXTURE_SETUP(torture)
{
	struct torture *t;

	/* if the harness is killed, kill this process and its children */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, t);
	self->t = t;
	DEVICE_OPEN(&t->dev, O_RDWR);
	if (t->dev.page != PAGE)
		SKIP(return, "written for pages of 4 KiB");
	ASSERT_TRUE(parse_workers(t, getenv("TORTURE_WORKERS")));
	t->seed = seed_from_environment();
	t->disk = getenv("MMAPSHARE_DISK");
	t->is_uml = kernel_is_uml();
	t->tag = (t->seed * 0x9e3779b97f4a7c15ULL) >> 48;
	t->pages = t->dev.size / PAGE;
	if (t->pages > MAX_PAGES)
		t->pages = MAX_PAGES;
	self->only = from_environment("TORTURE_ONLY", -1);
	self->maps = read_maps(t);
	ASSERT_TRUE(init_pages(t));
	ASSERT_TRUE(failing_open(t));
}

FIXTURE_TEARDOWN(torture)
{
	destroy_named(self->t);
	destroy_rings(self->t);
	failing_close(self->t);
	close(self->t->dev.fd);
	munmap(self->t, sizeof(*self->t));
}

/* Start of the threads of one process. */
static pthread_barrier_t begin;

/* Run the worker's operations; unmap once run_workers() has counted the VMAs. */
static void *run_worker(void *arg)
{
	struct worker *w = arg;
	struct torture *t = w->t;

	pthread_barrier_wait(&begin);
	worker_begin(w);
	run_ops(w, t->ops);
	t->hash[w->id] = w->hash;
	t->vmas[w->id] = count_vmas(w);
	__atomic_add_fetch(&t->finished, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&t->may_exit, __ATOMIC_ACQUIRE))
		usleep(1000);
	worker_close(w);
	return NULL;
}

/* Start a process with @n workers; open all of them before any begins. */
static pid_t start_process(struct torture *t, unsigned int first, unsigned int n)
{
	pthread_t threads[MAX_WORKERS];
	struct worker *w[MAX_WORKERS] = { };
	pid_t pid = fork();
	unsigned int i;
	char *common;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_barrier_init(&begin, NULL, n);
	common = map_common(t);
	for (i = 0; i < n; i++) {
		w[i] = worker_open(t, first + i, common);
		if (!w[i])
			_exit(2);
	}
	for (i = 1; i < n; i++)
		if (pthread_create(&threads[i], NULL, run_worker, w[i]))
			_exit(2);
	run_worker(w[0]);
	for (i = 1; i < n; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

/* Wait until all workers have finished; false if a process has exited. */
static bool wait_for_workers(struct torture *t, unsigned int n)
{
	siginfo_t info = { };

	while (__atomic_load_n(&t->finished, __ATOMIC_ACQUIRE) < n) {
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) ||
		    info.si_pid)
			return false;
		usleep(1000);
	}
	return true;
}

/* Reset the run; the region and its model keep their versions. */
static void reset_run(struct torture *t)
{
	t->finished = 0;
	t->may_exit = 0;
	memset(t->hash, 0, sizeof(t->hash));
	memset(t->vmas, 0, sizeof(t->vmas));
}

/*
 * Run all workers, or @only if it is not negative. True if none failed and the
 * region has as many VMAs as the workers' models.
 */
static bool run_workers(struct torture *t, long only)
{
	const unsigned int processes = only < 0 ? t->processes : 1;
	const unsigned int threads = only < 0 ? t->threads : 1;
	const unsigned int first = only < 0 ? 0 : only;
	pid_t pid[MAX_WORKERS];
	long counted, expected = 0;
	unsigned int i;
	int status;
	bool ok;

	reset_run(t);
	for (i = 0; i < processes; i++)
		pid[i] = start_process(t, first + i * threads, threads);
	ok = wait_for_workers(t, processes * threads);
	for (i = 0; i < count_workers(t); i++)
		expected += t->vmas[i];
	expected += processes;	/* the common mappings */
	counted = read_maps(t);
	__atomic_store_n(&t->may_exit, 1, __ATOMIC_RELEASE);
	for (i = 0; i < processes; i++)
		ok = waitpid(pid[i], &status, 0) == pid[i] && !status && ok;
	if (ok && !t->failed && counted != expected) {
		printf("# %ld VMAs instead of %ld\n", counted, expected);
		ok = false;
	}
	return ok && !t->failed;
}

/* Compare by read(), by a new mapping and by the kernel's checksum. */
static unsigned int count_wrong_pages(struct torture *t)
{
	uint64_t want[WORDS], got[WORDS];
	unsigned int i, count = 0;
	uint32_t crc = ~0U;
	char *map = device_map(&t->dev, PROT_READ, MAP_SHARED);

	if (map == MAP_FAILED)
		return t->pages;
	for (i = 0; i < t->pages; i++) {
		make_page(t, want, i, t->model[i].done);
		crc = crc32c_update(crc, want, PAGE);
		count += t->model[i].begun != t->model[i].done ||
			 pread(t->dev.fd, got, PAGE, (off_t)i * PAGE) != PAGE ||
			 memcmp(got, want, PAGE) ||
			 memcmp(map + (size_t)i * PAGE, want, PAGE);
	}
	count += kernel_checksum(t->dev.fd, 0, (uint64_t)t->pages * PAGE) !=
		 (uint32_t)~crc;
	munmap(map, t->dev.size);
	return count;
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Allocate memory, up to @pieces, and let the kernel compact the rest. */
static void apply_pressure_once(size_t pieces)
{
	const size_t piece = 16UL << 20, reserve = 192UL << 20;
	int compact = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
	char *mem[512];
	size_t i, n;

	for (n = 0; n < pieces && n < ARRAY_SIZE(mem); n++) {
		if ((size_t)sysconf(_SC_AVPHYS_PAGES) * PAGE < reserve)
			break;
		mem[n] = mmap(NULL, piece, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (mem[n] == MAP_FAILED)
			break;
	}
	if (compact >= 0) {
		/* ignore EPERM */
		(void)!write(compact, "1", 1);
		close(compact);
	}
	for (i = 0; i < n; i++)
		munmap(mem[i], piece);
}

/*
 * @hard: take all memory but a reserve. The pauses leave most of the CPU time to
 * the workers.
 */
static void apply_pressure(bool hard)
{
	double start, end;

	for (;;) {
		start = seconds_now();
		apply_pressure_once(hard ? SIZE_MAX : 1);
		end = seconds_now();
		usleep(10000 + (end - start) * 9e6);
	}
}

static void report(const struct torture *t)
{
	unsigned long long sum = 0;
	unsigned int i;

	for (i = 0; i < count_op_kinds(); i++) {
		sum += t->op_count[i];
		printf("%s%s %llu", i % 5 ? ", " : i ? "\n# " : "# ",
		       op_name(i), (unsigned long long)t->op_count[i]);
	}
	printf("\n# operations %llu\n", sum);
	fflush(stdout);
}

TEST_F_TIMEOUT(torture, bytes_match_the_model, TIMEOUT)
{
	const uint64_t ops = from_environment("TORTURE_OPS", 0);
	const uint64_t seconds = from_environment("TORTURE_SECONDS", 0);
	struct torture *t = self->t;
	pid_t pressure_pid;
	bool ok;

	t->deadline = seconds ? seconds_now() + seconds : 0;
	t->ops = seconds && !ops ? UINT64_MAX :
				   (ops ?: DEFAULT_OPS) / count_workers(t);
	printf("# TORTURE_SEED=%llu TORTURE_WORKERS=%ux%u\n",
	       (unsigned long long)t->seed, t->processes, t->threads);
	fflush(stdout);
	pressure_pid = fork();
	if (!pressure_pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		apply_pressure(seconds || ops >= LONG_RUN);
	}
	ok = run_workers(t, self->only);
	kill(pressure_pid, SIGKILL);
	waitpid(pressure_pid, NULL, 0);
	EXPECT_TRUE(ok);
	report(t);
	printf("# pages with a memory failure: %u\n", t->n_failures);
	EXPECT_EQ(0U, count_wrong_pages(t));
	EXPECT_EQ(0U, failing_wrong_pages(t));
	EXPECT_EQ(self->maps, read_maps(t));
	EXPECT_EQ(self->maps, read_maps_from_fdinfo(t));
}

/* A worker does the same operations alone and concurrently with others. */
TEST_F(torture, same_seed_same_operations)
{
	struct torture *t = self->t;
	const unsigned int id = count_workers(t) - 1;
	uint64_t together, alone;

	t->ops = 150;
	ASSERT_TRUE(run_workers(t, -1));
	together = t->hash[id];
	ASSERT_TRUE(run_workers(t, id));
	alone = t->hash[id];
	EXPECT_NE(0U, alone);
	EXPECT_EQ(together, alone);
}

TEST_HARNESS_MAIN
