// SPDX-License-Identifier: GPL-2.0
/*
 * Processes create, open, map and destroy regions of the same few names
 * concurrently: each call succeeds or fails with a documented errno, and no
 * process reads another region's bytes.
 */
#include "region_test.h"

#define PROCESSES	4
#define NAMES		3
#define ROUNDS		300

struct racer {
	int control;
	unsigned int seed;
	int parent;
};

static unsigned int random_below(struct racer *r, unsigned int limit)
{
	r->seed = r->seed * 1103515245 + 12345;
	return (r->seed >> 16) % limit;
}

/*
 * A region's last byte must be 0 or the tag of its name. Returns 0, or the
 * number of the failed check.
 */
static int check_tag(int fd, char tag)
{
	volatile char *mem = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE,
				  MAP_SHARED, fd, 0);
	char seen;

	if (mem == MAP_FAILED)
		return 10;
	seen = mem[REGION_SIZE - 1];
	if (seen && seen != tag)
		return 11;
	mem[REGION_SIZE - 1] = tag;
	if (pread(fd, &seen, 1, REGION_SIZE - 1) != 1 || seen != tag)
		return 12;
	return munmap((void *)mem, REGION_SIZE) ? 13 : 0;
}

static int do_one_call(struct racer *r)
{
	const unsigned int tag = 1 + random_below(r, NAMES);
	char name[32];
	int fd, ret = 0;

	snprintf(name, sizeof(name), "race.%d.%u", r->parent, tag);
	switch (random_below(r, 3)) {
	case 0:
		fd = region_create(r->control, name);
		if (fd < 0)
			return fd == -EEXIST ? 0 : 1;
		ret = check_tag(fd, tag);
		close(fd);
		return ret;
	case 1:
		/* ENXIO: destroyed between the look-up and the open */
		fd = open(region_node(name), O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return errno == ENOENT || errno == ENXIO ? 0 : 3;
		ret = check_tag(fd, tag);
		close(fd);
		return ret;
	default:
		ret = region_destroy(r->control, name);
		return !ret || ret == ENOENT ? 0 : 4;
	}
}

static int run_racer(void *arg)
{
	struct racer *r = arg;
	int i, ret = 0;

	for (i = 0; i < ROUNDS && !ret; i++)
		ret = do_one_call(r);
	return ret;
}

TEST_F(region, concurrent_names)
{
	pid_t pids[PROCESSES];
	int i, status;

	for (i = 0; i < PROCESSES; i++) {
		struct racer r = { self->dev.fd, 4711 * i, getpid() };

		pids[i] = fork();
		if (!pids[i])
			_exit(run_racer(&r));
		ASSERT_LT(0, pids[i]);
	}
	for (i = 0; i < PROCESSES; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status) TH_LOG("process %d", i);
	}
	for (i = 1; i <= NAMES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "race.%d.%d", getpid(), i);
		region_destroy(self->dev.fd, name);
		EXPECT_EQ(-1, access(region_node(name), F_OK));
	}
}

TEST_HARNESS_MAIN
