// SPDX-License-Identifier: GPL-2.0
/*
 * Root of a user namespace, as in a container, with a descriptor of
 * /dev/mmapshare: it sees the names of the host's regions, but has no rights
 * beyond those of its user outside.
 */
#include "region_test.h"
#include <sched.h>
#include <sys/prctl.h>

#define USER	1000		/* outside, it is root inside */
#define NO_NAMESPACES	255

FIXTURE(userns) {
	struct device dev;
	char name[32], other[32];
	int fd;
};

FIXTURE_SETUP(userns)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	snprintf(self->name, sizeof(self->name), "host.%d", getpid());
	snprintf(self->other, sizeof(self->other), "guest.%d", getpid());
	self->fd = region_create(self->dev.fd, self->name);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(userns)
{
	region_destroy(self->dev.fd, self->name);
	region_destroy(self->dev.fd, self->other);
	close(self->fd);
	close(self->dev.fd);
}

static bool write_map(const char *path)
{
	char map[32];
	const int len = snprintf(map, sizeof(map), "0 %d 1", USER);

	return write(open(path, O_WRONLY), map, len) == len;
}

static bool become_root_inside(void)
{
	/* setuid() makes /proc/self belong to root */
	if (setgid(USER) || setuid(USER) || prctl(PR_SET_DUMPABLE, 1) ||
	    unshare(CLONE_NEWUSER))
		return false;
	return write(open("/proc/self/setgroups", O_WRONLY), "deny", 4) == 4 &&
	       write_map("/proc/self/uid_map") && write_map("/proc/self/gid_map") &&
	       !getuid();
}

/* These run as root of the namespace and return 0 or an errno. */
static int create_same_name(const FIXTURE_DATA(userns) *self)
{
	return -region_create(self->dev.fd, self->name);
}

static int destroy(const FIXTURE_DATA(userns) *self)
{
	return region_destroy(self->dev.fd, self->name);
}

static int destroy_revoke(const FIXTURE_DATA(userns) *self)
{
	return region_destroy_revoke(self->dev.fd, self->name);
}

static int revoke_region(const FIXTURE_DATA(userns) *self)
{
	return region_revoke(self->fd);
}

static int seal(const FIXTURE_DATA(userns) *self)
{
	return region_seal(self->fd, MMAPSHARE_SEAL_SEAL);
}

static int open_node(const FIXTURE_DATA(userns) *self)
{
	return open(region_node(self->name), O_RDONLY) < 0 ? errno : 0;
}

/* The name is visible; the owner's user ID is not. */
static int query(const FIXTURE_DATA(userns) *self)
{
	struct mmapshare_query facts;
	int error;

	error = region_query(self->dev.fd, self->name, &facts);
	return error || facts.uid == 65534 ? error : ERANGE;
}

static int own_region(const FIXTURE_DATA(userns) *self)
{
	const int fd = region_create(self->dev.fd, self->other);
	struct mmapshare_query facts;
	int error;

	if (fd < 0)
		return -fd;
	error = region_query(self->dev.fd, self->other, &facts);
	if (error || facts.uid)
		return error ?: ERANGE;
	return region_seal(fd, MMAPSHARE_SEAL_FUTURE_WRITE) ?:
	       region_destroy_revoke(self->dev.fd, self->other);
}

FIXTURE_VARIANT(userns) {
	int (*call)(const FIXTURE_DATA(userns) *self);
	int error;
};

FIXTURE_VARIANT_ADD(userns, create_same_name) { .call = create_same_name, .error = EEXIST, };
FIXTURE_VARIANT_ADD(userns, destroy) { .call = destroy, .error = EPERM, };
FIXTURE_VARIANT_ADD(userns, destroy_revoke) { .call = destroy_revoke, .error = EPERM, };
FIXTURE_VARIANT_ADD(userns, revoke) { .call = revoke_region, .error = EPERM, };
FIXTURE_VARIANT_ADD(userns, seal) { .call = seal, .error = EPERM, };
FIXTURE_VARIANT_ADD(userns, open_node) { .call = open_node, .error = EACCES, };
FIXTURE_VARIANT_ADD(userns, query) { .call = query, };
FIXTURE_VARIANT_ADD(userns, own_region) { .call = own_region, };

struct call {
	const FIXTURE_DATA(userns) *self;
	int (*call)(const FIXTURE_DATA(userns) *self);
};

static int run_inside(void *arg)
{
	const struct call *c = arg;

	return become_root_inside() ? c->call(c->self) : NO_NAMESPACES;
}

TEST_F(userns, root_inside)
{
	struct call call = { self, variant->call };
	const int ret = -run_child(run_inside, &call);
	struct mmapshare_query facts;

	if (ret == NO_NAMESPACES)
		SKIP(return, "no user namespaces");
	EXPECT_EQ(variant->error, ret);
	EXPECT_EQ(0, region_query(self->dev.fd, self->name, &facts));
	EXPECT_EQ(0, region_seals(self->fd));
}

TEST_HARNESS_MAIN
