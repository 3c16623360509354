// SPDX-License-Identifier: GPL-2.0
/*
 * An endpoint can write only to its own range of the ring, by any kind of
 * access: each page is tested with each kind of descriptor.
 */
#include "ring_test.h"
#include <sys/uio.h>

/* For run_child(). Does not change the value. */
static int store_word(void *p)
{
	*(volatile uint64_t *)p = *(volatile uint64_t *)p;
	return 0;
}

/* Can @pages pages from page @page on be mapped writable by @fd? */
static bool can_map_writable(const FIXTURE_DATA(ring) *self, int fd, size_t page, size_t pages)
{
	void *mem = mmap(NULL, pages * self->dev.page, PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, page * self->dev.page);

	if (mem == MAP_FAILED)
		return false;
	munmap(mem, pages * self->dev.page);
	return true;
}

/* Returns the errno of a mapping of @page, 0 if it succeeds. */
static int map_errno(const FIXTURE_DATA(ring) *self, int fd, int prot, int flags, size_t page)
{
	void *mem = mmap(NULL, self->dev.page, prot, flags, fd, page * self->dev.page);

	if (mem == MAP_FAILED)
		return errno;
	munmap(mem, self->dev.page);
	return 0;
}

/* First page, cursors, producer's page, and records. */
#define PAGES(self)	(RING_CONSUMERS + 2 + RING_SIZE / (self)->dev.page)

TEST_F(ring, own_pages)
{
	const size_t pages = PAGES(self);
	size_t page;

	RING_ATTACH_BOTH(self);
	for (page = 0; page < pages; page++) {
		EXPECT_EQ(page == 1, can_map_writable(self, self->c.fd, page, 1))
			TH_LOG("consumer, page %zu", page);
		EXPECT_EQ(page > RING_CONSUMERS, can_map_writable(self, self->p.fd, page, 1))
			TH_LOG("producer, page %zu", page);
		EXPECT_FALSE(can_map_writable(self, self->fd, page, 1));
		EXPECT_EQ(EACCES, map_errno(self, self->fd, PROT_READ | PROT_WRITE,
					    MAP_SHARED, page));
	}
	EXPECT_TRUE(can_map_writable(self, self->p.fd, RING_CONSUMERS + 1,
				     pages - RING_CONSUMERS - 1));
	EXPECT_FALSE(can_map_writable(self, self->p.fd, RING_CONSUMERS, 2));
	EXPECT_FALSE(can_map_writable(self, self->p.fd, 0, pages));
	EXPECT_FALSE(can_map_writable(self, self->c.fd, 0, 2));
	EXPECT_FALSE(can_map_writable(self, self->c.fd, 1, 2));
	EXPECT_FALSE(can_map_writable(self, self->c.fd, 0, pages));
	/*
	 * the file ends with the records: a mirror is a second mapping of their
	 * offsets
	 */
	EXPECT_EQ(ENXIO, map_errno(self, self->p.fd, PROT_READ, MAP_SHARED, pages));
	EXPECT_EQ(ENXIO, map_errno(self, self->c.fd, PROT_READ, MAP_SHARED,
				   pages + RING_SIZE / self->dev.page - 1));
	EXPECT_TRUE(can_map_writable(self, self->p.fd, RING_CONSUMERS + 2,
				     RING_SIZE / self->dev.page));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* Each consumer can write to its own cursor only. */
TEST_F(ring, cursor_per_consumer)
{
	struct mmapshare_ring_attach_args at;
	int fds[RING_CONSUMERS], i, page;

	for (i = 0; i < RING_CONSUMERS; i++) {
		fds[i] = ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at);
		ASSERT_LE(0, fds[i]);
		EXPECT_EQ(i, (int)at.cursor);
		EXPECT_EQ(PAGES(self) * self->dev.page, at.map_size);
		EXPECT_EQ(RING_SIZE, at.data_size);
		EXPECT_EQ((1 + i) * self->dev.page, at.own_offset);
		EXPECT_EQ(self->dev.page, at.own_size);
	}
	EXPECT_EQ(-ENOSPC, ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at));
	for (i = 0; i < RING_CONSUMERS; i++)
		for (page = 0; page < RING_CONSUMERS; page++)
			EXPECT_EQ(i == page, can_map_writable(self, fds[i], 1 + page, 1));
	close(fds[2]);
	fds[2] = ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at);
	EXPECT_EQ(2, (int)at.cursor);
	for (i = 0; i < RING_CONSUMERS; i++)
		close(fds[i]);
}

/*
 * mprotect() refuses to make a read-only mapping writable, even one of the
 * endpoint's own range.
 */
TEST_F(ring, mprotect)
{
	const size_t size = self->dev.page;
	size_t page;
	char *mem;

	RING_ATTACH_BOTH(self);
	for (page = 0; page < PAGES(self); page++) {
		const int fds[] = { self->c.fd, self->p.fd, self->fd };
		size_t i;

		for (i = 0; i < ARRAY_SIZE(fds); i++) {
			mem = mmap(NULL, size, PROT_READ, MAP_SHARED, fds[i], page * size);
			ASSERT_NE(MAP_FAILED, mem);
			EXPECT_EQ(-1, mprotect(mem, size, PROT_READ | PROT_WRITE));
			EXPECT_EQ(EACCES, errno);
			munmap(mem, size);
		}
	}
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, self->c.fd, size);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0, mprotect(mem, size, PROT_READ));
	EXPECT_EQ(0, mprotect(mem, size, PROT_READ | PROT_WRITE));
	munmap(mem, size);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* Stores by the program, process_vm_writev() and read(). */
TEST_F(ring, stores)
{
	struct iovec local = { .iov_base = self->buf, .iov_len = 8 }, remote = { .iov_len = 8 };
	int pipes[2];

	RING_ATTACH_BOTH(self);
	EXPECT_EQ(0, run_child(store_word, self->p.p));
	EXPECT_EQ(0, run_child(store_word, self->p.data));
	EXPECT_EQ(0, run_child(store_word, self->c.c));
	EXPECT_EQ(SIGSEGV, run_child(store_word, self->p.ring));
	EXPECT_EQ(SIGSEGV, run_child(store_word, endpoint_cursor(&self->p, 0)));
	EXPECT_EQ(SIGSEGV, run_child(store_word, self->c.ring));
	EXPECT_EQ(SIGSEGV, run_child(store_word, self->c.p));
	EXPECT_EQ(SIGSEGV, run_child(store_word, self->c.data));
	EXPECT_EQ(SIGSEGV, run_child(store_word, self->c.data + RING_SIZE));
	EXPECT_EQ(SIGSEGV, run_child(store_word, endpoint_cursor(&self->c, 1)));

	remote.iov_base = self->c.data;
	EXPECT_EQ(-1, process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(8, write(pipes[1], self->buf, 8));
	EXPECT_EQ(-1, read(pipes[0], self->c.data, 8));
	EXPECT_EQ(EFAULT, errno);
	close(pipes[0]);
	close(pipes[1]);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* /proc/PID/mem can write where the program can, and nowhere else. */
TEST_F(ring, proc_mem)
{
	uint64_t word = 0;
	int mem;

	RING_ATTACH_BOTH(self);
	mem = open("/proc/self/mem", O_RDWR);
	ASSERT_LE(0, mem);
	EXPECT_EQ(-1, pwrite(mem, &word, sizeof(word), (off_t)(uintptr_t)self->c.data));
	EXPECT_EQ(-1, pwrite(mem, &word, sizeof(word), (off_t)(uintptr_t)self->c.ring));
	/* User-mode Linux cannot access a page there that programs cannot pin */
	EXPECT_EQ(kernel_is_uml() ? -1 : (ssize_t)sizeof(word),
		  pwrite(mem, &word, sizeof(word), (off_t)(uintptr_t)self->c.c));
	close(mem);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

TEST_F(ring, open_modes)
{
	struct mmapshare_ring_attach_args at;
	int reader = open(region_node(self->name), O_RDONLY | O_CLOEXEC);
	int writer = open(region_node(self->name), O_WRONLY | O_CLOEXEC);
	int ep;

	ASSERT_LE(0, reader);
	ASSERT_LE(0, writer);
	EXPECT_EQ(-EBADF, ring_attach(reader, MMAPSHARE_RING_ATTACH_PRODUCER, &at));
	EXPECT_EQ(-EBADF, ring_attach(writer, MMAPSHARE_RING_ATTACH_CONSUMER, &at));
	ep = ring_attach(reader, MMAPSHARE_RING_ATTACH_CONSUMER, &at);
	EXPECT_LE(0, ep);
	EXPECT_TRUE(can_map_writable(self, ep, 1, 1));
	/* ioctls of the region fail on the descriptor of an endpoint */
	EXPECT_EQ(-ENOTTY, ring_attach(ep, MMAPSHARE_RING_ATTACH_PRODUCER, &at));
	EXPECT_EQ(ENOTTY, region_seal(ep, MMAPSHARE_SEAL_WRITE));
	EXPECT_EQ(-ENOTTY, region_read_only(ep));
	EXPECT_EQ(ENOTTY, region_revoke(ep));
	EXPECT_EQ(-ENOTTY, bell_notify(ep, 0));
	close(ep);
	ep = ring_attach(writer, MMAPSHARE_RING_ATTACH_PRODUCER, &at);
	EXPECT_LE(0, ep);
	EXPECT_EQ(-EBUSY, ring_attach(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER, &at));
	close(ep);
	ep = ring_attach(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER, &at);
	EXPECT_LE(0, ep);
	close(ep);
	close(reader);
	close(writer);
}

TEST_F(ring, arguments)
{
	struct mmapshare_ring_attach_args at = { .size = sizeof(at) };
	int plain = region_create(self->dev.fd, NULL);

	EXPECT_EQ(-EINVAL, ring_attach(self->fd, 0, &at));
	EXPECT_EQ(-EINVAL, ring_attach(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER |
				       MMAPSHARE_RING_ATTACH_CONSUMER, &at));
	EXPECT_EQ(-EINVAL, ring_attach(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER |
				       MMAPSHARE_RING_ATTACH_LATEST, &at));
	EXPECT_EQ(-EINVAL, ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER | 1U << 31,
				       &at));
	EXPECT_EQ(-ENOTTY, ring_attach(plain, MMAPSHARE_RING_ATTACH_CONSUMER, &at));
	EXPECT_EQ(-ENOTTY, ring_attach(self->dev.fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at));
	at = (struct mmapshare_ring_attach_args){
		.size = sizeof(at), .flags = MMAPSHARE_RING_ATTACH_CONSUMER, .reserved = 1
	};
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_RING_ATTACH, &at));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_RING_ATTACH, NULL));
	EXPECT_EQ(EFAULT, errno);
	close(plain);
}

/* ATTACH fails with EMFILE, and the ring is as before. */
TEST_F(ring, no_descriptor_left)
{
	struct mmapshare_ring_attach_args at;
	int fds[1024], n = 0;

	while (n < 1024 && (fds[n] = dup(self->fd)) >= 0)
		n++;
	if (n == 1024)
		SKIP(goto out, "more than 1024 descriptors allowed");
	EXPECT_EQ(-EMFILE, ring_attach(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER, &at));
out:
	while (n--)
		close(fds[n]);
	/* the failed ATTACH has left no producer attached */
	EXPECT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	endpoint_detach(&self->p);
}

/* write(), FILL, SEAL and private mappings are refused; read() works. */
TEST_F(ring, region_calls)
{
	struct mmapshare_fill_args fill = {
		.size = sizeof(fill), .length = 8, .pattern_len = 1
	};

	EXPECT_EQ(-1, pwrite(self->fd, "x", 1, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_FILL, &fill));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(EPERM, region_seal(self->fd, MMAPSHARE_SEAL_WRITE));
	EXPECT_EQ(EPERM, region_seal(self->fd, MMAPSHARE_SEAL_FUTURE_WRITE));
	EXPECT_EQ(0, region_seals(self->fd));
	EXPECT_EQ(8, pread(self->fd, self->buf, 8, 0));
	EXPECT_EQ(0, memcmp(self->buf, &(uint64_t){ MMAPSHARE_RING_MAGIC }, 8));
	EXPECT_EQ(EINVAL, map_errno(self, self->fd, PROT_READ, MAP_PRIVATE, 0));
}

/* The records and their mirror are the same memory. */
TEST_F(ring, mirror)
{
	size_t i;

	RING_ATTACH_BOTH(self);
	for (i = 0; i < RING_SIZE; i += 1021) {
		self->p.data[i] = i % 251;
		EXPECT_EQ((char)(i % 251), self->p.data[RING_SIZE + i]);
		self->p.data[RING_SIZE + i] = i % 239;
		EXPECT_EQ((char)(i % 239), self->c.data[i]);
		EXPECT_EQ((char)(i % 239), self->c.data[RING_SIZE + i]);
	}
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

TEST_HARNESS_MAIN
