// SPDX-License-Identifier: GPL-2.0
/*
 * MMAPSHARE_IOC_READ_ONLY: no receiver of the descriptor, not even the owner or
 * root, can write through it or turn it into a writable one.
 */
#include "map_fixture.h"
#include "region_test.h"
#include <sys/mount.h>

FIXTURE(ro) {
	struct device dev;
	size_t size;
	char name[32];
	int fd;
	int ro;
};

FIXTURE_VARIANT(ro) {
	bool has_name;
	bool from_node;
	bool from_read_only;
};

FIXTURE_VARIANT_ADD(ro, anonymous) { };
FIXTURE_VARIANT_ADD(ro, named) { .has_name = true, };
FIXTURE_VARIANT_ADD(ro, from_node) { .has_name = true, .from_node = true, };
FIXTURE_VARIANT_ADD(ro, from_read_only) { .from_read_only = true, };

FIXTURE_SETUP(ro)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->size = own_size(&self->dev);
	snprintf(self->name, sizeof(self->name), "ro.%d", getpid());
	self->fd = region_create_own(&self->dev,
				     variant->has_name ? self->name : NULL);
	ASSERT_LE(0, self->fd);
	if (variant->from_node) {
		close(self->fd);
		self->fd = open(region_node(self->name), O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, self->fd);
	}
	self->ro = region_read_only(self->fd);
	ASSERT_LE(0, self->ro);
	if (variant->from_read_only) {
		int ro = region_read_only(self->ro);

		ASSERT_LE(0, ro);
		close(self->ro);
		self->ro = ro;
	}
}

FIXTURE_TEARDOWN(ro)
{
	if (variant->has_name)
		region_destroy(self->dev.fd, self->name);
	close(self->ro);
	close(self->fd);
	close(self->dev.fd);
}

/* Returns 0, or the number of the write that did not fail as expected. */
static int check_stores_fail(int fd, size_t size)
{
	char *mem;

	if (write(fd, "x", 1) >= 0 || errno != EBADF)
		return 1;
	if (pwrite(fd, "x", 1, 0) >= 0 || errno != EBADF)
		return 2;
	if (!kernel_fill(fd, 0, 1, 'x') || errno != EBADF)
		return 3;
	if (region_seal(fd, MMAPSHARE_SEAL_WRITE) != EBADF)
		return 4;
	if (mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) !=
	    MAP_FAILED || errno != EACCES)
		return 5;
	if (mmap(NULL, size, PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED ||
	    errno != EACCES)
		return 6;
	mem = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED)
		return 7;
	if (!mprotect(mem, size, PROT_READ | PROT_WRITE) || errno != EACCES)
		return 8;
	if (!mprotect(mem, size, PROT_WRITE) || errno != EACCES)
		return 9;
	return munmap(mem, size) ? 10 : 0;
}

TEST_F(ro, same_region)
{
	char c = 0, *mem;

	ASSERT_EQ(1, pwrite(self->fd, "x", 1, 77));
	EXPECT_EQ(1, pread(self->ro, &c, 1, 77));
	EXPECT_EQ('x', c);
	mem = mmap(NULL, self->size, PROT_READ, MAP_SHARED, self->ro, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ('x', mem[77]);
	ASSERT_EQ(1, pwrite(self->fd, "y", 1, 77));
	EXPECT_EQ('y', mem[77]);
	EXPECT_EQ(kernel_checksum(self->ro, 77, 1), user_crc32c("y", 1));
	munmap(mem, self->size);
	EXPECT_EQ(O_RDONLY, fcntl(self->ro, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->ro, F_GETFD));
	/* an open file of its own, hence a file position of its own */
	ASSERT_EQ(5, lseek(self->ro, 5, SEEK_SET));
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(ro, refuses_writes)
{
	EXPECT_EQ(0, check_stores_fail(self->ro, self->size));
	EXPECT_EQ(kernel_checksum(self->fd, 0, 1), user_crc32c("", 1));
}

TEST_F(ro, fcntl)
{
	fcntl(self->ro, F_SETFL, O_RDWR);
	EXPECT_EQ(0, check_stores_fail(self->ro, self->size));
	fcntl(self->ro, F_SETFL, O_WRONLY | O_APPEND | O_NONBLOCK);
	EXPECT_EQ(0, check_stores_fail(self->ro, self->size));
	EXPECT_EQ(O_RDONLY, fcntl(self->ro, F_GETFL) & O_ACCMODE);
}

static bool reopen_fails(int fd)
{
	static const int modes[] = { O_RDWR, O_WRONLY, O_RDONLY, O_RDWR | O_TRUNC };
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (i = 0; i < ARRAY_SIZE(modes); i++)
		if (open(path, modes[i] | O_CLOEXEC) >= 0 ||
		    (errno != ENXIO && errno != EACCES))
			return false;
	return true;
}

TEST_F(ro, reopen)
{
	EXPECT_TRUE(reopen_fails(self->ro));
	EXPECT_EQ(ENXIO, errno);
}

TEST_F(ro, reopen_after_chmod)
{
	char path[64];
	int fd;

	fchmod(self->ro, 0777);
	fchown(self->ro, 65534, 65534);
	EXPECT_TRUE(reopen_fails(self->ro));
	/* through an O_PATH descriptor */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->ro);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd >= 0)
		EXPECT_TRUE(reopen_fails(fd));
	close(fd);
}

/*
 * Neither a bind mount nor a link gives the open file a path, by which it could
 * be opened for writing.
 */
TEST_F(ro, bind_mount)
{
	char path[64], name[64];
	int file;

	snprintf(name, sizeof(name), "/tmp/ro.%d", getpid());
	file = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ASSERT_LE(0, file);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->ro);
	EXPECT_EQ(-1, mount(path, name, NULL, MS_BIND, NULL));
	EXPECT_EQ(-1, linkat(AT_FDCWD, path, AT_FDCWD, "/tmp/ro.link",
			     AT_SYMLINK_FOLLOW));
	unlink(name);
	close(file);
}

struct receiver {
	int socket;
	size_t size;
	char name[32];
};

static int check_received(void *arg)
{
	struct receiver *r = arg;
	int fd, ret;
	char c;

	if (!geteuid() && (setgid(65534) || setuid(65534)))
		return 255;
	if (pass_fd(r->socket, &fd, false))
		return 254;
	if (pread(fd, &c, 1, 0) != 1 || c != 's')
		return 253;
	ret = check_stores_fail(fd, r->size);
	if (ret)
		return ret;
	if (!reopen_fails(fd))
		return 252;
	if (!geteuid() || !r->name[0])
		return 0;
	/* the descriptor does not let this user open the node */
	return open(region_node(r->name), O_RDONLY) < 0 && errno == EACCES ? 0 : 251;
}

TEST_F(ro, sent_to_another_user)
{
	struct receiver r = { .size = self->size };
	int ends[2];

	if (variant->has_name && !geteuid())
		snprintf(r.name, sizeof(r.name), "%s", self->name);
	ASSERT_EQ(1, pwrite(self->fd, "s", 1, 0));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	ASSERT_EQ(0, pass_fd(ends[1], &self->ro, true));
	r.socket = ends[0];
	EXPECT_EQ(0, run_child(check_received, &r));
	EXPECT_EQ(kernel_checksum(self->fd, 0, 1), user_crc32c("s", 1));
	close(ends[0]);
	close(ends[1]);
}

TEST_F(ro, private_copy)
{
	char *mem = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			 self->ro, 0);

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_COW)) {
		EXPECT_EQ(MAP_FAILED, mem);
		return;
	}
	ASSERT_NE(MAP_FAILED, mem);
	mem[0] = 'p';
	EXPECT_EQ(kernel_checksum(self->ro, 0, 1), user_crc32c("", 1));
	munmap(mem, self->size);
}

TEST_F(ro, outlives_writable_descriptor)
{
	char c = 'x';

	if (variant->has_name)
		ASSERT_EQ(0, region_destroy(self->dev.fd, self->name));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(1, pread(self->ro, &c, 1, 0));
	EXPECT_EQ(0, c);
	self->fd = -1;
}

TEST_F(region, needs_read_access)
{
	int writer = open(DEVICE, O_WRONLY | O_CLOEXEC);

	ASSERT_LE(0, writer);
	EXPECT_EQ(-EBADF, region_read_only(writer));
	close(writer);
}

TEST_F(region, descriptor_table_full)
{
	int fds[1024], n = 0;

	while (n < 1024 && (fds[n] = dup(self->dev.fd)) >= 0)
		n++;
	if (n == 1024)
		SKIP(goto out, "more than 1024 descriptors allowed");
	EXPECT_EQ(-EMFILE, region_read_only(self->dev.fd));
out:
	while (n--)
		close(fds[n]);
}

/* Control ioctls need write access, which this descriptor lacks. */
TEST_F(region, default_region)
{
	int ro = region_read_only(self->dev.fd);

	ASSERT_LE(0, ro);
	EXPECT_EQ(-EBADF, region_create(ro, NULL));
	EXPECT_EQ(EBADF, region_destroy(ro, "x"));
	EXPECT_EQ(0, check_stores_fail(ro, self->dev.size));
	close(ro);
}

TEST_HARNESS_MAIN
