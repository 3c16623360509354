// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: many named regions are created, listed and destroyed while
 * other processes open, map and close them, for some seconds or until
 * $MMAPSHARE_REGIONS regions were created.
 */
#include "lib_test.h"
#include <sys/prctl.h>
#include <time.h>

#define SECONDS		3
#define USERS		3
#define BATCH		200

/**
 * struct shared - in memory that all processes share
 * @stop: set by the parent when the users must exit
 * @result: of each user: 0, or what use_region() returned when it failed
 * @used: of each user: how many regions it has used
 */
struct shared {
	volatile int stop;
	int result[USERS];
	unsigned long used[USERS];
};

static pid_t parent;
static unsigned int batch = BATCH;

static const char *name_of(unsigned int i)
{
	static char name[40];

	snprintf(name, sizeof(name), "many.%d.%u", parent, i);
	return name;
}

/*
 * Open, map, read and write region @i. Returns 0, 1 if it does not exist, 2 if
 * it has the bytes of another region, or minus errno.
 */
static int use_region(unsigned int i)
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
	/* 0, or what an earlier call for the same region stored */
	seen = *p;
	if (seen && seen != i + 1)
		ret = 2;
	*p = i + 1;
	munmap((void *)p, page);
	return ret;
}

static void use_regions(struct shared *shared, int user)
{
	unsigned int seed = user;
	int ret;

	while (!shared->stop) {
		ret = use_region(rand_r(&seed) % batch);
		if (ret && ret != 1) {
			shared->result[user] = ret;
			break;
		}
		shared->used[user] += !ret;
	}
	_exit(0);
}

/* Has a user used a region, or failed? */
static bool is_any_used(struct shared *shared)
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

	for (i = 0; i < batch; i++) {
		ret = mmapshare_create(&region, name_of(i), 1, FAULT, 0600);
		if (ret)
			return ret;
		mmapshare_close(region);
	}
	return 0;
}

/* Returns 0 if each region is listed once, 1 if not, or minus errno. */
static int list_all(unsigned int expected)
{
	struct mmapshare_query query = { .size = sizeof(query) };
	unsigned char *seen = calloc(batch, 1);
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
		if (i >= batch || seen[i]++)
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

	for (i = 0; i < batch; i++) {
		error = mmapshare_destroy(name_of(i), 0);
		ret = ret ? ret : error;
	}
	return ret;
}

/* Set the parameter, unless @value is 0. Returns the value it had before. */
static unsigned int set_max_regions(unsigned int value)
{
	static const char path[] = "/sys/module/mmapshare/parameters/max_regions";
	unsigned int old = 0;
	FILE *f = fopen(path, "r+");

	if (f && fscanf(f, "%u", &old) == 1 && value) {
		rewind(f);
		fprintf(f, "%u", value);
	}
	if (f)
		fclose(f);
	return old;
}

static unsigned int count_regions(void)
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
	unsigned int existing;
	unsigned long target;
};

FIXTURE_SETUP(many)
{
	const char *text = getenv("MMAPSHARE_REGIONS");

	DEVICE_OPEN(&self->dev, O_RDWR);
	if (geteuid())
		SKIP(return, "needs root");
	parent = getpid();
	self->target = text ? strtoul(text, NULL, 0) : 0;
	if (self->target / 4 > batch)
		batch = self->target / 4;
	self->existing = count_regions();
	self->limit = set_max_regions(0);
	/* a destroyed region counts until its last user has closed it */
	set_max_regions(self->existing + batch + USERS);
	self->shared = mmap(NULL, sizeof(*self->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);
}

FIXTURE_TEARDOWN(many)
{
	destroy_all();
	set_max_regions(self->limit);
	close(self->dev.fd);
}

/* $MMAPSHARE_REGIONS can ask for more than the harness's timeout allows */
TEST_F_TIMEOUT(many, create_list_destroy_while_used, 3600)
{
	const time_t end = time(NULL) + SECONDS;
	unsigned long created = 0, used = 0;
	int i, status;

	for (i = 0; i < USERS; i++) {
		self->pids[i] = fork();
		if (!self->pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			use_regions(self->shared, i);
		}
		ASSERT_LT(0, self->pids[i]);
	}
	do {
		ASSERT_EQ(0, create_all()) TH_LOG("after %lu regions", created);
		ASSERT_EQ(0, list_all(batch));
		ASSERT_EQ(0, destroy_all());
		ASSERT_EQ(0, list_all(0));
		created += batch;
	} while (self->target ? created < self->target :
				time(NULL) < end || !is_any_used(self->shared));

	self->shared->stop = 1;
	for (i = 0; i < USERS; i++) {
		ASSERT_EQ(self->pids[i], waitpid(self->pids[i], &status, 0));
		EXPECT_EQ(0, status);
		EXPECT_EQ(0, self->shared->result[i]);
		used += self->shared->used[i];
	}
	TH_LOG("%lu regions, used %lu times", created, used);
	EXPECT_LT(0UL, used);

	/* the limit allows these only if no freed region is counted */
	set_max_regions(self->existing + batch);
	EXPECT_EQ(0, create_all());
	EXPECT_EQ(self->existing + batch, count_regions());
	EXPECT_EQ(0, destroy_all());
	EXPECT_EQ(self->existing, count_regions());
}

TEST_HARNESS_MAIN
