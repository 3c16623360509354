// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: create, open and destroy regions. */
#include "lib_race.h"

static struct mmapshare *const untouched = (void *)1;

TEST_F(lib, anonymous)
{
	struct stat st;

	EXPECT_EQ(REGION_SIZE, mmapshare_size(self->region));
	ASSERT_EQ(0, fstat(mmapshare_fd(self->region), &st));
	EXPECT_EQ(REGION_SIZE, (uint64_t)st.st_size);
	EXPECT_EQ(FD_CLOEXEC, fcntl(mmapshare_fd(self->region), F_GETFD));
}

TEST_F(lib, name_and_node)
{
	struct mmapshare *created, *opened;
	struct stat st;
	char path[80];

	ASSERT_EQ(0, mmapshare_create(&created, self->name, 1, FAULT, 0640));
	EXPECT_EQ(self->dev.page, mmapshare_size(created));
	ASSERT_EQ(0, mmapshare_path(self->name, path, sizeof(path)));
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(0640U, st.st_mode & 0777);

	ASSERT_EQ(0, mmapshare_open(&opened, self->name, MMAPSHARE_WRITE));
	EXPECT_EQ(mmapshare_size(created), mmapshare_size(opened));
	EXPECT_EQ(1, mmapshare_write(created, 5, "x", 1));
	ASSERT_EQ(1, mmapshare_read(opened, 5, path, 1));
	EXPECT_EQ('x', path[0]);
	mmapshare_close(opened);

	ASSERT_EQ(0, mmapshare_path(self->name, path, sizeof(path)));
	ASSERT_EQ(0, mmapshare_open(&opened, path, MMAPSHARE_READ));
	EXPECT_EQ(-EBADF, mmapshare_write(opened, 0, "x", 1));
	EXPECT_EQ(O_RDONLY, fcntl(mmapshare_fd(opened), F_GETFL) &
		  (O_ACCMODE | O_NONBLOCK));
	mmapshare_close(opened);

	EXPECT_EQ(0, mmapshare_destroy(self->name, 0));
	EXPECT_EQ(-ENOENT, mmapshare_destroy(self->name, 0));
	EXPECT_EQ(-ENOENT, mmapshare_open(&opened, self->name, MMAPSHARE_READ));
	EXPECT_EQ(1, mmapshare_write(created, 0, "x", 1));
	mmapshare_close(created);
}

TEST_F(lib, default_region)
{
	struct mmapshare *region;

	ASSERT_EQ(0, mmapshare_open(&region, NULL, MMAPSHARE_WRITE));
	EXPECT_EQ(self->dev.size, mmapshare_size(region));
	mmapshare_close(region);
}

TEST_F(lib, invalid_arguments)
{
	struct mmapshare *region = untouched;
	char name[MMAPSHARE_NAME_SIZE + 1];

	memset(name, 'n', sizeof(name) - 1);
	name[MMAPSHARE_NAME_SIZE] = '\0';
	EXPECT_EQ(-EINVAL, mmapshare_create(&region, name, 1, FAULT, 0600));
	EXPECT_EQ(-EINVAL, mmapshare_create(&region, "", 1, FAULT, 0600));
	EXPECT_EQ(-EINVAL, mmapshare_create(&region, "a b", 1, FAULT, 0600));
	EXPECT_EQ(-EINVAL, mmapshare_create(&region, NULL, 1, FAULT, 0600));
	EXPECT_EQ(-EINVAL, mmapshare_create(&region, NULL, 0, FAULT, 0));
	EXPECT_EQ(-EINVAL, mmapshare_create(&region, NULL, 1, 99, 0));
	EXPECT_EQ(-EINVAL, mmapshare_create_or_open(&region, NULL, 1, FAULT, 0));
	EXPECT_EQ(-EINVAL, mmapshare_open(&region, "", MMAPSHARE_READ));
	EXPECT_EQ(-EINVAL, mmapshare_open(&region, NULL, 3));
	EXPECT_EQ(-EINVAL, mmapshare_destroy(NULL, 0));
	EXPECT_EQ(-EINVAL, mmapshare_destroy("x", 1U << 31));
	EXPECT_EQ(-ENOTTY, mmapshare_open(&region, "/dev/null", MMAPSHARE_READ));
	EXPECT_EQ(-ENOTTY, mmapshare_open(&region, "/", MMAPSHARE_READ));
	EXPECT_EQ(-ENOENT, mmapshare_open(&region, "/nowhere", MMAPSHARE_READ));
	EXPECT_EQ(-EBADF, mmapshare_open_fd(&region, -1));
	EXPECT_EQ(untouched, region);
	mmapshare_close(NULL);
}

TEST_F(lib, descriptor)
{
	int fd = dup(self->dev.fd), other[2];
	struct mmapshare *region = untouched;

	ASSERT_EQ(0, mmapshare_open_fd(&region, fd));
	EXPECT_EQ(fd, mmapshare_fd(region));
	EXPECT_EQ(self->dev.size, mmapshare_size(region));
	mmapshare_close(region);
	EXPECT_EQ(-1, fcntl(fd, F_GETFD));

	region = untouched;
	ASSERT_EQ(0, pipe(other));
	EXPECT_EQ(-ENOTTY, mmapshare_open_fd(&region, other[0]));
	EXPECT_EQ(untouched, region);
	EXPECT_EQ(0, fcntl(other[0], F_GETFD));
	close(other[0]);
	close(other[1]);
}

TEST_F(lib, create_or_open)
{
	struct mmapshare *first, *second;

	ASSERT_EQ(1, mmapshare_create_or_open(&first, self->name, REGION_SIZE,
					      FAULT, 0600));
	ASSERT_EQ(0, mmapshare_create_or_open(&second, self->name, 1, FAULT, 0600));
	EXPECT_EQ(REGION_SIZE, mmapshare_size(second));
	EXPECT_EQ(1, mmapshare_write(second, 9, "x", 1));
	mmapshare_close(first);
	mmapshare_close(second);
}

TEST_F(lib, create_or_open_without_node)
{
	struct mmapshare *first, *second;
	char path[80];

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, mmapshare_create(&first, self->name, 1, FAULT, 0600));
	ASSERT_EQ(0, mmapshare_path(self->name, path, sizeof(path)));
	ASSERT_EQ(0, unlink(path));
	EXPECT_EQ(-ENOENT, mmapshare_create_or_open(&second, self->name, 1, FAULT,
						    0600));
	mmapshare_close(first);
}

static int destroy_and_close(struct mmapshare *region, const char *name)
{
	ssize_t written = mmapshare_write(region, 0, "x", 1);
	int ret;

	mmapshare_close(region);
	ret = mmapshare_destroy(name, 0);
	if (written != 1)
		return written < 0 ? written : -EIO;
	return ret == -ENOENT ? 0 : ret ?: 1;
}

TEST_F(lib, create_or_open_race_destroy)
{
	struct race race = { .name = self->name, .remove = destroy_and_close };

	run_race(_metadata, &race);
	EXPECT_EQ(race.created, race.removed);
	EXPECT_EQ(-ENOENT, mmapshare_destroy(self->name, 0));
}

TEST_HARNESS_MAIN
