// SPDX-License-Identifier: GPL-2.0
/*
 * All user IDs of a user namespace are charged as one user: the one that made
 * the namespace or, if root made it, the user ID that is root inside it.
 */
#include "limits_test.h"

#define SUBUIDS		100000
#define NR_SUBUIDS	8
#define SHARE		(1 * MB)

FIXTURE(subuids) {
	struct device dev;
	unsigned long saved[LIMITS];
	int ready[2];
	int go[2];
	unsigned long *count;
};

FIXTURE_SETUP(subuids)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	if (geteuid())
		SKIP(return, "needs root");
	limits_save(self->saved);
	ASSERT_EQ(0, limit_set("max_user_bytes", SHARE));
	ASSERT_EQ(0, pipe(self->ready));
	ASSERT_EQ(0, pipe(self->go));
	self->count = mmap(NULL, self->dev.page, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->count);
}

FIXTURE_TEARDOWN(subuids)
{
	limits_restore(self->saved);
	close(self->dev.fd);
}

/* Create regions as each of the user IDs, until one is refused. */
static int use_subuids(FIXTURE_DATA(subuids) *self)
{
	unsigned long count;
	uid_t uid;

	for (uid = 0; uid < NR_SUBUIDS; uid++) {
		if (setresuid(uid, uid, 0))
			return 3;
		if (create_until_refused(self->dev.fd, SHARE / 4, &count) != -EDQUOT)
			return 4;
		*self->count += count;
		if (setresuid(0, 0, 0))
			return 5;
	}
	return 0;
}

/* Run in a new namespace of @owner; the parent maps its user IDs. */
static int in_namespace(FIXTURE_DATA(subuids) *self, uid_t owner)
{
	char byte = 0;

	if (setresuid(owner, owner, owner))
		return 1;
	if (unshare(CLONE_NEWUSER))
		byte = errno == ENOSYS || errno == EINVAL || errno == EPERM ? 's' : 'e';
	if (write(self->ready[1], &byte, 1) != 1 || byte)
		return 2;
	if (read(self->go[0], &byte, 1) != 1)
		return 2;
	return use_subuids(self);
}

static int map_uids(pid_t pid, uid_t first)
{
	char path[40];
	FILE *f;
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	f = fopen(path, "w");
	if (!f)
		return -1;
	ret = fprintf(f, "0 %u %u\n", first, NR_SUBUIDS) < 0 ? -1 : 0;
	return fclose(f) ? -1 : ret;
}

/* Start a task in a namespace of @owner. Returns its PID, or 0 to skip. */
static pid_t start(FIXTURE_DATA(subuids) *self, uid_t owner, uid_t first)
{
	pid_t pid = fork();
	char byte = 'e';

	if (!pid)
		_exit(in_namespace(self, owner));
	if (pid < 0 || read(self->ready[0], &byte, 1) != 1 || byte == 'e')
		return -1;
	if (byte == 's') {
		waitpid(pid, NULL, 0);
		return 0;
	}
	return map_uids(pid, first) || write(self->go[1], "g", 1) != 1 ? -1 : pid;
}

static int end(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

TEST_F(subuids, of_a_user)
{
	pid_t pid = start(self, USER, SUBUIDS);

	if (!pid)
		SKIP(return, "no user namespaces");
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, end(pid));
	EXPECT_EQ(4UL, *self->count);
}

/* The user's regions outside of the namespace count, too. */
TEST_F(subuids, same_share_outside)
{
	pid_t pid;
	int fd;

	ASSERT_EQ(0, seteuid(USER));
	fd = region_create_as(self->dev.fd, NULL, SHARE / 2, MMAPSHARE_STRATEGY_FAULT, 0);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, fd);
	pid = start(self, USER, SUBUIDS);
	if (!pid)
		SKIP(return, "no user namespaces");
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, end(pid));
	EXPECT_EQ(2UL, *self->count);
	close(fd);
}

/* A container that root has made has a share of its own. */
TEST_F(subuids, of_root)
{
	pid_t pid;
	int fd;

	ASSERT_EQ(0, seteuid(SUBUIDS));
	fd = region_create_as(self->dev.fd, NULL, SHARE / 4, MMAPSHARE_STRATEGY_FAULT, 0);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, fd);
	pid = start(self, 0, SUBUIDS);
	if (!pid)
		SKIP(return, "no user namespaces");
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, end(pid));
	EXPECT_EQ(3UL, *self->count);
	*self->count = 0;
	pid = start(self, 0, SUBUIDS + NR_SUBUIDS);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, end(pid));
	EXPECT_EQ(4UL, *self->count);
	close(fd);
}

TEST_HARNESS_MAIN
