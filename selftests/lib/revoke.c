// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: on a revoked region every function returns -ENODEV, waiting
 * tasks are woken, and only accesses to a mapping raise a signal, SIGBUS.
 */
#include "lib_race.h"
#include <poll.h>
#include <sys/mman.h>

static struct mmapshare *const untouched = (void *)1;

/*
 * Returns 0 if all functions fail with -ENODEV and store nothing, else the
 * number of the failed check.
 */
static int check_enodev(void *arg)
{
	struct mmapshare *region = arg;
	struct mmapshare_info info = { .size = sizeof(info) };
	struct mmapshare *other = untouched;
	uint64_t count = 99;
	unsigned int seals = 99;
	uint32_t crc = 99;
	char byte = 'b';
	void *p = NULL;

	if (mmapshare_read(region, 0, &byte, 1) != -ENODEV || byte != 'b')
		return 1;
	if (mmapshare_write(region, 0, &byte, 1) != -ENODEV)
		return 2;
	if (mmapshare_fill(region, 0, 1, "x", 1) != -ENODEV)
		return 3;
	if (mmapshare_checksum(region, 0, 1, &crc) != -ENODEV || crc != 99)
		return 4;
	if (mmapshare_map(region, MMAPSHARE_READ, 0, 0, &p) != -ENODEV || p)
		return 5;
	if (mmapshare_get_info(region, &info) != -ENODEV)
		return 6;
	if (mmapshare_wait(region, &count, -1) != -ENODEV || count != 99)
		return 7;
	if (mmapshare_seal(region, 0, &seals) != -ENODEV || seals != 99)
		return 8;
	if (mmapshare_read_only(&other, region) != -ENODEV || other != untouched)
		return 9;
	if (mmapshare_revoke(region) != -ENODEV)
		return 10;
	if (mmapshare_open_fd(&other, mmapshare_fd(region)) != -ENODEV)
		return 11;
	/* last, because a failure would be SIGBUS, which ends the process */
	if (mmapshare_notify(region) != -ENODEV)
		return 12;
	return mmapshare_size(region) ? 0 : 13;
}

FIXTURE(shared) {
	struct device dev;
	char name[32];
	struct mmapshare *region;
	struct mmapshare *other;
	char *mem;
};

FIXTURE_SETUP(shared)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	snprintf(self->name, sizeof(self->name), "revoke.%d", getpid());
	ASSERT_EQ(0, mmapshare_create(&self->region, self->name, REGION_SIZE,
				      loaded_strategy(&self->dev), 0600));
	ASSERT_EQ(0, mmapshare_open(&self->other, self->name, MMAPSHARE_WRITE));
	ASSERT_EQ(0, mmapshare_map(self->other, MMAPSHARE_WRITE, 0, 0,
				   (void **)&self->mem));
	self->mem[0] = 'x';
}

FIXTURE_TEARDOWN(shared)
{
	mmapshare_destroy(self->name, 0);
	mmapshare_unmap(self->mem, REGION_SIZE);
	mmapshare_close(self->other);
	mmapshare_close(self->region);
	close(self->dev.fd);
}

TEST_F(shared, by_handle)
{
	struct mmapshare *late = untouched;

	ASSERT_EQ(0, mmapshare_revoke(self->region));
	EXPECT_EQ(0, run_child(check_enodev, self->region));
	EXPECT_EQ(0, run_child(check_enodev, self->other));
	EXPECT_EQ(SIGBUS, run_child(load_byte, self->mem));
	EXPECT_EQ(SIGBUS, run_child(store_byte, self->mem));
	EXPECT_EQ(-ENOENT, mmapshare_open(&late, self->name, MMAPSHARE_READ));
	EXPECT_EQ(-ENOENT, mmapshare_destroy(self->name, 0));
	EXPECT_EQ(untouched, late);
}

TEST_F(shared, by_name)
{
	ASSERT_EQ(0, mmapshare_destroy(self->name, MMAPSHARE_DESTROY_REVOKE));
	EXPECT_EQ(0, run_child(check_enodev, self->region));
	EXPECT_EQ(SIGBUS, run_child(load_byte, self->mem));
	EXPECT_EQ(-ENOENT, mmapshare_destroy(self->name, MMAPSHARE_DESTROY_REVOKE));
}

TEST_F(shared, anonymous)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	struct mmapshare *region, *reader;

	ASSERT_EQ(0, mmapshare_create(&region, NULL, 1, FAULT, 0));
	ASSERT_EQ(0, mmapshare_read_only(&reader, region));
	EXPECT_EQ(-EBADF, mmapshare_revoke(reader));
	ASSERT_EQ(0, mmapshare_revoke(region));
	EXPECT_EQ(-ENODEV, mmapshare_get_info(reader, &info));
	EXPECT_EQ(-ENODEV, mmapshare_revoke(reader));
	EXPECT_EQ(0, run_child(check_enodev, region));
	mmapshare_close(reader);
	mmapshare_close(region);
	/* another region is not affected */
	EXPECT_EQ(1, mmapshare_write(self->region, 0, "x", 1));
}

/*
 * The library has mapped the doorbell page. It detects the revocation only when
 * it accesses that page, which must not raise a signal.
 */
TEST_F(shared, notify_raises_no_signal)
{
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, mmapshare_notify(self->other));
	ASSERT_EQ(0, mmapshare_revoke(self->region));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-ENODEV, mmapshare_notify(self->other));
}

/* The mapping that handle_sigbus() replaces; NULL once it has done so. */
static char *volatile revoked;

/* Replace the mapping by zeroes, as mmapshare_seal(3) describes. */
static void handle_sigbus(int signal, siginfo_t *info, void *context)
{
	const char *at = info->si_addr;

	if (at < revoked || at >= revoked + REGION_SIZE ||
	    mmap(revoked, REGION_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != revoked)
		_exit(1);
	revoked = NULL;
}

static int access_with_handler(void *mem)
{
	const struct sigaction action = {
		.sa_sigaction = handle_sigbus,
		.sa_flags = SA_SIGINFO,
	};

	revoked = mem;
	if (sigaction(SIGBUS, &action, NULL))
		return 2;
	if (load_byte(mem) || revoked || *(char *)mem)
		return 3;
	store_byte(mem);
	return *(char *)mem == 1 ? 0 : 4;
}

TEST_F(shared, sigbus_handler)
{
	self->mem[1] = 'x';
	ASSERT_EQ(0, mmapshare_revoke(self->region));
	EXPECT_EQ(0, run_child(access_with_handler, self->mem));
}

struct sleeper {
	struct mmapshare *region;
	int64_t timeout;
	int ret;
};

static void *wait_thread(void *arg)
{
	struct sleeper *s = arg;
	uint64_t count = 0;

	s->ret = mmapshare_wait(s->region, &count, s->timeout);
	return NULL;
}

TEST_F(shared, wakes_waiters)
{
	struct sleeper sleepers[] = {
		{ self->region, -1, 0 },
		{ self->other, -1, 0 },
		{ self->other, 60000000000LL, 0 },
	};
	struct pollfd p = { .fd = mmapshare_fd(self->other), .events = POLLIN };
	pthread_t threads[ARRAY_SIZE(sleepers)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sleepers); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, wait_thread, &sleepers[i]));
	/* -ENODEV does not depend on whether all of them sleep by then */
	usleep(100000);
	ASSERT_EQ(0, mmapshare_revoke(self->region));
	for (i = 0; i < ARRAY_SIZE(sleepers); i++) {
		pthread_join(threads[i], NULL);
		EXPECT_EQ(-ENODEV, sleepers[i].ret) TH_LOG("sleeper %zu", i);
	}
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLHUP | POLLERR, p.revents);
}

static int revoke_as_nobody(void *arg)
{
	FIXTURE_DATA(shared) *self = arg;

	if (setgid(65534) || setuid(65534))
		return 255;
	return -mmapshare_revoke(self->region);
}

/*
 * Revoking fails for the default region, and for a user that does not own it.
 */
TEST_F(shared, not_permitted)
{
	struct mmapshare *region;

	ASSERT_EQ(0, mmapshare_open(&region, NULL, MMAPSHARE_WRITE));
	EXPECT_EQ(-EINVAL, mmapshare_revoke(region));
	mmapshare_close(region);
	if (geteuid())
		SKIP(return, "needs root");
	EXPECT_EQ(-EPERM, run_child(revoke_as_nobody, self));
	EXPECT_EQ(0, run_child(load_byte, self->mem));
	EXPECT_EQ(1, mmapshare_write(self->region, 0, "x", 1));
}

static int revoke_and_close(struct mmapshare *region, const char *name)
{
	int ret = mmapshare_notify(region) ?: mmapshare_revoke(region);

	mmapshare_close(region);
	return ret == -ENODEV ? 0 : ret ?: 1;
}

TEST_F(shared, create_or_open_race_revoke)
{
	struct race race = { .name = self->name, .remove = revoke_and_close };

	run_race(_metadata, &race);
	EXPECT_EQ(0, run_child(check_enodev, self->region));
}

TEST_HARNESS_MAIN
