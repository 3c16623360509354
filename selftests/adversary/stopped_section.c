// SPDX-License-Identifier: GPL-2.0
/*
 * A task that is stopped while the kernel accesses a region's bytes for it
 * delays SEAL and REVOKE of this region, and all calls that begin after those.
 * The waiting tasks can be killed, and have then changed nothing; a call that
 * asked not to wait gets EAGAIN.
 */
#include "dmabuf_test.h"
#include "stuck_page.h"
#include "uring_test.h"
#include <poll.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#define DELAY	"mmapshare_delay"

FIXTURE(section) {
	struct device dev;
	char name[32];
	int fd;
	pid_t stopped;
};

static int touch(int fd)
{
	const volatile char *mem = mmap(NULL, REGION_SIZE, PROT_READ, MAP_SHARED, fd, 0);

	return mem == MAP_FAILED || (mem[0] && mem[0] != 'x');
}

static int touch_stopped(void *arg)
{
	FIXTURE_DATA(section) *self = arg;

	return prctl(PR_SET_NAME, "stopped") || touch(region_read_only(self->fd));
}

FIXTURE_SETUP(section)
{
	int error;

	DEVICE_OPEN(&self->dev, O_RDWR);
	error = helper_load(DELAY, "function=vm_insert_pages");
	if (helper_is_missing(error))
		SKIP(return, "no helper module, not root, or no function tracer");
	ASSERT_EQ(0, error);
	snprintf(self->name, sizeof(self->name), "section.%d", getpid());
	self->fd = region_create(self->dev.fd, self->name);
	ASSERT_LE(0, self->fd);
	self->stopped = start_task(touch_stopped, self);
	EXPECT_TRUE(is_stopped());
}

static void let_go(struct __test_metadata *_metadata, FIXTURE_DATA(section) *self)
{
	int status;

	EXPECT_TRUE(helper_set(DELAY, "go", "Y"));
	EXPECT_EQ(self->stopped, waitpid(self->stopped, &status, 0));
	EXPECT_EQ(0, status);
	self->stopped = 0;
}

FIXTURE_TEARDOWN(section)
{
	if (self->stopped)
		let_go(_metadata, self);
	EXPECT_EQ(0, helper_unload(DELAY));
	EXPECT_EQ(0, region_destroy(self->dev.fd, self->name));
	close(self->fd);
	close(self->dev.fd);
}

static int add_seal(void *arg)
{
	FIXTURE_DATA(section) *self = arg;

	return region_seal(self->fd, MMAPSHARE_SEAL_REVOKE);
}

static int add_write_seal(void *arg)
{
	FIXTURE_DATA(section) *self = arg;

	return region_seal(self->fd, MMAPSHARE_SEAL_WRITE);
}

static int revoke_region(void *arg)
{
	FIXTURE_DATA(section) *self = arg;

	return region_revoke(self->fd);
}

static int destroy_revoke(void *arg)
{
	FIXTURE_DATA(section) *self = arg;

	return region_destroy_revoke(self->dev.fd, self->name);
}

static int read_byte(void *arg)
{
	FIXTURE_DATA(section) *self = arg;
	char byte;

	return pread(self->fd, &byte, 1, 0) != 1;
}

static int write_byte(void *arg)
{
	FIXTURE_DATA(section) *self = arg;

	return pwrite(self->fd, "x", 1, 0) != 1;
}

static int fill(void *arg)
{
	FIXTURE_DATA(section) *self = arg;

	return kernel_fill(self->fd, 0, REGION_SIZE, 0) != 0;
}

static int map(void *arg)
{
	FIXTURE_DATA(section) *self = arg;

	return touch(self->fd);
}

static int map_writable(void *arg)
{
	FIXTURE_DATA(section) *self = arg;

	return mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0) ==
	       MAP_FAILED;
}

/* A task that runs @fn waits, and can be killed. */
static void waits_and_dies(struct __test_metadata *_metadata, FIXTURE_DATA(section) *self,
			   int (*fn)(void *arg))
{
	const pid_t pid = start_task(fn, self);

	EXPECT_TRUE(is_stuck(pid));
	EXPECT_TRUE(can_be_killed(pid));
}

/* The region has no seal, and can be used. */
static void is_unchanged(struct __test_metadata *_metadata, FIXTURE_DATA(section) *self)
{
	struct mmapshare_query facts;

	EXPECT_EQ(0, region_seals(self->fd));
	EXPECT_EQ(0, region_query(self->dev.fd, self->name, &facts));
	EXPECT_EQ(0, run_patiently(read_byte, self));
	EXPECT_EQ(0, run_patiently(write_byte, self));
	EXPECT_EQ(0, run_patiently(map_writable, self));
}

TEST_F(section, seal)
{
	waits_and_dies(_metadata, self, add_seal);
	is_unchanged(_metadata, self);
}

TEST_F(section, seal_write)
{
	waits_and_dies(_metadata, self, add_write_seal);
	is_unchanged(_metadata, self);
}

TEST_F(section, revoke)
{
	waits_and_dies(_metadata, self, revoke_region);
	is_unchanged(_metadata, self);
}

TEST_F(section, destroy_revoke)
{
	waits_and_dies(_metadata, self, destroy_revoke);
	is_unchanged(_metadata, self);
}

/* Calls that begin while another task waits to seal the region. */
TEST_F(section, others)
{
	const pid_t sealer = start_task(add_seal, self);

	ASSERT_TRUE(is_stuck(sealer));
	waits_and_dies(_metadata, self, read_byte);
	waits_and_dies(_metadata, self, write_byte);
	waits_and_dies(_metadata, self, fill);
	waits_and_dies(_metadata, self, map);
	EXPECT_TRUE(can_be_killed(sealer));
}

static int read_nowait(void *arg)
{
	FIXTURE_DATA(section) *self = arg;
	char byte;
	struct iovec iov = { &byte, 1 };

	return preadv2(self->fd, &iov, 1, 0, RWF_NOWAIT) < 0 ? errno : 0;
}

static int write_nowait(void *arg)
{
	FIXTURE_DATA(section) *self = arg;
	char byte = 'x';
	struct iovec iov = { &byte, 1 };

	return pwritev2(self->fd, &iov, 1, 0, RWF_NOWAIT) < 0 ? errno : 0;
}

TEST_F(section, nowait)
{
	const pid_t sealer = start_task(add_seal, self);

	ASSERT_TRUE(is_stuck(sealer));
	EXPECT_EQ(EAGAIN, run_patiently(read_nowait, self));
	EXPECT_EQ(EAGAIN, run_patiently(write_nowait, self));
	let_go(_metadata, self);
	EXPECT_EQ(sealer, waitpid(sealer, NULL, 0));
	EXPECT_EQ(0, run_patiently(read_nowait, self));
	EXPECT_EQ(0, run_patiently(write_nowait, self));
}

/* Submit a read, report by @submitted that this did not wait, and wait for it. */
static int read_by_uring(int fd, int submitted)
{
	struct io_uring uring;
	struct io_uring_cqe *cqe;
	char byte;

	if (io_uring_queue_init(8, &uring, 0))
		return 1;
	io_uring_prep_read(io_uring_get_sqe(&uring), fd, &byte, 1, 0);
	if (io_uring_submit(&uring) != 1 || !io_uring_peek_cqe(&uring, &cqe) ||
	    write(submitted, "s", 1) != 1)
		return 1;
	return io_uring_wait_cqe(&uring, &cqe) || cqe->res != 1;
}

/* A worker thread of io_uring waits instead of the task that submits. */
TEST_F(section, uring)
{
	const pid_t sealer = start_task(add_seal, self);
	struct pollfd pollfd = { .events = POLLIN };
	struct io_uring uring;
	int pipefd[2], status;
	pid_t reader;

	URING_SETUP(&uring);
	io_uring_queue_exit(&uring);
	ASSERT_TRUE(is_stuck(sealer));
	ASSERT_EQ(0, pipe(pipefd));
	reader = fork();
	if (!reader)
		_exit(read_by_uring(self->fd, pipefd[1]));
	pollfd.fd = pipefd[0];
	EXPECT_EQ(1, poll(&pollfd, 1, PATIENCE * 1000));
	let_go(_metadata, self);
	EXPECT_EQ(sealer, waitpid(sealer, NULL, 0));
	EXPECT_EQ(reader, waitpid(reader, &status, 0));
	EXPECT_EQ(0, status);
	close(pipefd[0]);
	close(pipefd[1]);
}

static int map_for_device(void *arg)
{
	return import_set("map", "both");
}

/* A driver that maps a dma-buf for its device waits as other users of the region do. */
TEST_F(section, device_mapping)
{
	pid_t sealer;
	int buf;

	DMABUF_NEEDED(self->fd, REGION_SIZE);
	IMPORTER_NEEDED();
	buf = dmabuf_get(self->fd, 0, REGION_SIZE, MMAPSHARE_DMABUF_WRITABLE);
	ASSERT_EQ(0, import_attach(buf));
	close(buf);
	sealer = start_task(add_seal, self);
	ASSERT_TRUE(is_stuck(sealer));
	waits_and_dies(_metadata, self, map_for_device);
	let_go(_metadata, self);
	EXPECT_EQ(sealer, waitpid(sealer, NULL, 0));
	EXPECT_EQ(0, import_set("attach", "-1"));
	EXPECT_EQ(0, helper_unload(IMPORTER));
}

static int map_for_kernel(void *arg)
{
	return import_set("vmap", "1");
}

/*
 * A driver that asks for a kernel mapping of a dma-buf gets the region's bytes, though its
 * task is killed meanwhile: other drivers use the same mapping.
 */
TEST_F(section, kernel_mapping)
{
	pid_t sealer, importer;
	char byte = 0;
	int buf;

	DMABUF_NEEDED(self->fd, REGION_SIZE);
	IMPORTER_NEEDED();
	buf = dmabuf_get(self->fd, 0, REGION_SIZE, MMAPSHARE_DMABUF_WRITABLE);
	ASSERT_EQ(0, import_attach(buf));
	close(buf);
	sealer = start_task(add_seal, self);
	ASSERT_TRUE(is_stuck(sealer));
	importer = start_task(map_for_kernel, NULL);
	ASSERT_TRUE(is_stuck(importer));
	kill(importer, SIGKILL);
	EXPECT_TRUE(is_stuck(importer));
	let_go(_metadata, self);
	EXPECT_EQ(sealer, waitpid(sealer, NULL, 0));
	EXPECT_EQ(importer, waitpid(importer, NULL, 0));
	EXPECT_EQ(0, import_set("vstore", "9"));
	EXPECT_EQ(1, pread(self->fd, &byte, 1, 0));
	EXPECT_EQ(9, byte);
	EXPECT_EQ(0, import_set("attach", "-1"));
	EXPECT_EQ(0, helper_unload(IMPORTER));
}

TEST_HARNESS_MAIN
