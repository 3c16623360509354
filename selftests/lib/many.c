// SPDX-License-Identifier: GPL-2.0
/*
 * Many regions with names are created, listed and destroyed, while other
 * processes open, map and close them: each call does what is documented, and
 * nothing is left.
 *
 * It goes on for some seconds, or until there were $MMAPSHARE_REGIONS.
 */
#include "lib_test.h"
#include <sys/prctl.h>
#include <time.h>

#define SECONDS		3
#define USERS		3
#define AT_ONCE		200

/* For all processes. */
struct shared {
	volatile int stop;
	int result[USERS];
	unsigned long used[USERS];
};

static pid_t parent;
static unsigned int at_once = AT_ONCE;

static const char *name_of(unsigned int i)
{
	static char name[40];

	snprintf(name, sizeof(name), "many.%d.%u", parent, i);
	return name;
}

/* 0 if it was used, 1 if it was not there; else what went wrong. */
static int use(unsigned int i)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	struct mmapshare *region;
	volatile unsigned int *p;
	unsigned int seen;
	int ret;

	ret = mmapshare_open(&region, name_of(i), MMAPSHARE_WRITE);
	if (ret)
		return ret == -ENOENT || ret == -ENXIO ? 1 : ret;
	ret = mmapshare_map(region, MMAPSHARE_WRITE, 0, 0, (void **)&p);
	mmapshare_close(region);
	if (ret)
		return ret;
	/* zeroed, or the number of this one and no other */
	seen = *p;
	if (seen && seen != i + 1)
		ret = 2;
	*p = i + 1;
	munmap((void *)p, page);
	return ret;
}

static void use_all_the_time(struct shared *shared, int me)
{
	unsigned int seed = me;
	int ret;

	while (!shared->stop) {
		ret = use(rand_r(&seed) % at_once);
		if (ret && ret != 1) {
			shared->result[me] = ret;
			break;
		}
		shared->used[me] += !ret;
	}
	_exit(0);
}

/* A region was used, or could not be. */
static bool any_used(struct shared *shared)
{
	int i;

	for (i = 0; i < USERS; i++)
		if (__atomic_load_n(&shared->used[i], __ATOMIC_RELAXED) ||
		    __atomic_load_n(&shared->result[i], __ATOMIC_RELAXED))
			return true;
	return false;
}

static int create_all(void)
{
	struct mmapshare *region;
	unsigned int i;
	int ret;

	for (i = 0; i < at_once; i++) {
		ret = mmapshare_create(&region, name_of(i), 1, FAULT, 0600);
		if (ret)
			return ret;
		mmapshare_close(region);
	}
	return 0;
}

/* Each must be found, and once; 0, 1 if it was not so, or what went wrong. */
static int list_all(unsigned int expected)
{
	struct mmapshare_query query = { .size = sizeof(query) };
	unsigned char *seen = calloc(at_once, 1);
	unsigned int i, found = 0;
	struct mmapshare_list *list;
	pid_t owner;
	int ret;

	ret = mmapshare_list_open(&list);
	if (ret || !seen)
		return ret ? ret : -ENOMEM;
	while ((ret = mmapshare_list_next(list, &query)) == 1) {
		if (sscanf(query.name, "many.%d.%u", &owner, &i) != 2 ||
		    owner != parent)
			continue;
		if (i >= at_once || seen[i]++)
			break;
		found++;
	}
	mmapshare_list_close(list);
	free(seen);
	return ret ? ret : found != expected;
}

static int destroy_all(void)
{
	unsigned int i;
	int ret = 0, error;

	for (i = 0; i < at_once; i++) {
		error = mmapshare_destroy(name_of(i), 0);
		ret = ret ? ret : error;
	}
	return ret;
}

static unsigned int max_regions(unsigned int value)
{
	static const char path[] = "/sys/module/mmapshare/parameters/max_regions";
	unsigned int was = 0;
	FILE *f = fopen(path, "r+");

	if (f && fscanf(f, "%u", &was) == 1 && value) {
		rewind(f);
		fprintf(f, "%u", value);
	}
	if (f)
		fclose(f);
	return was;
}

/* How many there are already, whoever made them. */
static unsigned int others(void)
{
	struct mmapshare_query query = { .size = sizeof(query) };
	struct mmapshare_list *list;
	unsigned int n = 0;

	if (mmapshare_list_open(&list))
		return 0;
	while (mmapshare_list_next(list, &query) == 1)
		n++;
	mmapshare_list_close(list);
	return n;
}

FIXTURE(many) {
	struct device dev;
	struct shared *shared;
	pid_t pids[USERS];
	unsigned int limit;
	unsigned int others;
	unsigned long wanted;
};

FIXTURE_SETUP(many)
{
	const char *text = getenv("MMAPSHARE_REGIONS");

	DEVICE_OPEN(&self->dev, O_RDWR);
	if (geteuid())
		SKIP(return, "needs root");
	parent = getpid();
	self->wanted = text ? strtoul(text, NULL, 0) : 0;
	if (self->wanted / 4 > at_once)
		at_once = self->wanted / 4;
	self->others = others();
	self->limit = max_regions(0);
	/* what was destroyed may still be in use, and so count */
	max_regions(self->others + at_once + USERS);
	self->shared = mmap(NULL, sizeof(*self->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);
}

FIXTURE_TEARDOWN(many)
{
	destroy_all();
	max_regions(self->limit);
	close(self->dev.fd);
}

/* what is asked for may take longer than the harness would wait */
TEST_F_TIMEOUT(many, come_and_go_while_others_use_them, 3600)
{
	const time_t end = time(NULL) + SECONDS;
	unsigned long made = 0, used = 0;
	int i, status;

	for (i = 0; i < USERS; i++) {
		self->pids[i] = fork();
		if (!self->pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			use_all_the_time(self->shared, i);
		}
		ASSERT_LT(0, self->pids[i]);
	}
	do {
		ASSERT_EQ(0, create_all()) TH_LOG("after %lu regions", made);
		ASSERT_EQ(0, list_all(at_once));
		ASSERT_EQ(0, destroy_all());
		ASSERT_EQ(0, list_all(0));
		made += at_once;
	} while (self->wanted ? made < self->wanted :
				time(NULL) < end || !any_used(self->shared));

	self->shared->stop = 1;
	for (i = 0; i < USERS; i++) {
		ASSERT_EQ(self->pids[i], waitpid(self->pids[i], &status, 0));
		EXPECT_EQ(0, status);
		EXPECT_EQ(0, self->shared->result[i]);
		used += self->shared->used[i];
	}
	TH_LOG("%lu regions, used %lu times", made, used);
	EXPECT_LT(0UL, used);

	/* the driver does not count one that is not there any more */
	max_regions(self->others + at_once);
	EXPECT_EQ(0, create_all());
	EXPECT_EQ(self->others + at_once, others());
	EXPECT_EQ(0, destroy_all());
	EXPECT_EQ(self->others, others());
}

TEST_HARNESS_MAIN
