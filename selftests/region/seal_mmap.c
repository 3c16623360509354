// SPDX-License-Identifier: GPL-2.0
/*
 * A region is sealed while another task is inside mmap() of it. Either the task
 * has its mapping and the seal is refused, or the seal is added and the mapping
 * can never be written to. The result depends on the hook that the kernel
 * calls: it calls .mmap before the function in which the task stops, and
 * vm_ops->mapped after that function.
 */
#include "helper_module.h"
#include "map_fixture.h"
#include "region_test.h"

#define DELAY	"mmapshare_delay"
#define FAIL	"mmapshare_fail"
#define RW	(PROT_READ | PROT_WRITE)
#define DOORBELL_OFFSET	(1ULL << 43)

/* Results of the child: errnos, except where a comment says otherwise. */
struct result {
	int mmap;
	int mprotect;
	int left;	/* 1 if a VMA is left though mmap() failed */
	int touched;	/* signal of a load from that VMA */
	int read;	/* errno of a read by /proc/PID/mem */
};

FIXTURE(seal_mmap) {
	struct device dev;
	int fd;
	int prot;
	char *place;	/* a page, unmapped */
	struct result *result;
	int seal;
};

FIXTURE_SETUP(seal_mmap)
{
	int error;

	DEVICE_OPEN(&self->dev, O_RDWR);
	self->fd = region_create_own(&self->dev, NULL);
	ASSERT_LE(0, self->fd);
	self->result = mmap(NULL, self->dev.page, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	self->place = mmap(NULL, self->dev.page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->result);
	ASSERT_NE(MAP_FAILED, self->place);
	ASSERT_EQ(0, munmap(self->place, self->dev.page));
	error = helper_load(DELAY, "function=perf_event_mmap");
	if (helper_is_missing(error))
		SKIP(return, "the kernel has no function tracer");
	ASSERT_EQ(0, error);
}

FIXTURE_TEARDOWN(seal_mmap)
{
	helper_unload(DELAY);
	/* neither the driver nor the core counts the mapping any more */
	EXPECT_EQ(0, count_maps(self->fd));
	EXPECT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_WRITE));
	EXPECT_NE(MAP_FAILED, mmap(NULL, self->dev.page, RW, MAP_SHARED, self->fd,
				   DOORBELL_OFFSET));
	close(self->fd);
	close(self->dev.fd);
}

static int read_by_proc(const void *addr)
{
	const int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char byte;
	const int ret = pread(fd, &byte, 1, (uintptr_t)addr) == 1 ? 0 : errno;

	close(fd);
	return ret;
}

/* In the child: the VMA that is left has no pages, and can be unmapped. */
static void look_at_left(FIXTURE_DATA(seal_mmap) *self)
{
	struct result *result = self->result;

	result->left = !msync(self->place, self->dev.page, MS_ASYNC);
	if (!result->left)
		return;
	/* the signal kills a forked child, which inherits the VMA */
	result->touched = run_child(load_byte, self->place);
	result->read = read_by_proc(self->place);
	munmap(self->place, self->dev.page);
}

static int map_slowly(void *arg)
{
	FIXTURE_DATA(seal_mmap) *self = arg;
	struct result *result = self->result;
	char *mem;

	prctl(PR_SET_NAME, "stopped");
	mem = mmap(self->place, self->dev.page, self->prot, MAP_SHARED | MAP_FIXED, self->fd, 0);
	prctl(PR_SET_NAME, "seal_mmap");
	result->mmap = errno_of(mem);
	if (mem == MAP_FAILED) {
		look_at_left(self);
		return 0;
	}
	result->mprotect = errno_of(mprotect(mem, self->dev.page, RW));
	if (!result->mprotect)
		mem[0] = 'w';
	return 0;
}

static void seal_meanwhile(FIXTURE_DATA(seal_mmap) *self, int prot)
{
	pid_t child;

	self->prot = prot;
	child = start_child(map_slowly, self);
	while (strcmp(helper_get(DELAY, "reached"), "Y") && is_running(child))
		usleep(1000);
	self->seal = region_seal(self->fd, MMAPSHARE_SEAL_WRITE);
	helper_set(DELAY, "go", "Y");
	if (wait_child(child))
		self->seal = -1;
	printf("# seal %d, mmap %d, mprotect %d\n", self->seal, self->result->mmap,
	       self->result->mprotect);
}

static char first_byte(int fd)
{
	char byte = 0;

	return pread(fd, &byte, 1, 0) == 1 ? byte : '?';
}

TEST_F(seal_mmap, writable)
{
	seal_meanwhile(self, RW);
	if (self->seal) {
		EXPECT_EQ(EBUSY, self->seal);
		EXPECT_EQ(0, self->result->mmap);
		EXPECT_EQ('w', first_byte(self->fd));
		return;
	}
	EXPECT_EQ(EPERM, self->result->mmap);
	EXPECT_EQ(0, self->result->left);
	EXPECT_EQ(0, first_byte(self->fd));
}

TEST_F(seal_mmap, read_only)
{
	seal_meanwhile(self, PROT_READ);
	EXPECT_EQ(0, self->result->mmap);
	if (self->seal) {
		EXPECT_EQ(EBUSY, self->seal);
		EXPECT_EQ(0, self->result->mprotect);
		EXPECT_EQ('w', first_byte(self->fd));
		return;
	}
	EXPECT_EQ(EACCES, self->result->mprotect);
	EXPECT_EQ(0, first_byte(self->fd));
}

/*
 * If the core fails to unmap a mapping that the driver refuses, the VMA stays,
 * without pages.
 */
TEST_F(seal_mmap, left_behind)
{
	char parameters[64];
	int error;

	snprintf(parameters, sizeof(parameters),
		 "function=do_munmap result=%d task=stopped", -ENOMEM);
	error = helper_load(FAIL, parameters);
	if (helper_is_missing(error))
		SKIP(return, "the kernel cannot replace functions");
	ASSERT_EQ(0, error);
	seal_meanwhile(self, RW);
	EXPECT_EQ(0, helper_unload(FAIL));
	if (self->seal) {
		EXPECT_EQ(EBUSY, self->seal);
		EXPECT_EQ(0, self->result->mmap);
		return;
	}
	EXPECT_EQ(EPERM, self->result->mmap);
	EXPECT_EQ(1, self->result->left);
	EXPECT_EQ(SIGBUS, self->result->touched);
	EXPECT_EQ(EIO, self->result->read);
	EXPECT_EQ(0, first_byte(self->fd));
}

TEST_HARNESS_MAIN
