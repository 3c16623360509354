/* SPDX-License-Identifier: GPL-2.0 */
/* Regions as dma-bufs, and the helper module that imports one. */
#ifndef DMABUF_TEST_H
#define DMABUF_TEST_H

#include "helper_module.h"
#include "region_test.h"

#define IMPORTER	"mmapshare_import"

/* Returns a descriptor or a negative errno. */
static inline int dmabuf_get(int fd, uint64_t offset, uint64_t length, uint32_t flags)
{
	struct mmapshare_dmabuf_args args = {
		.size = sizeof(args),
		.flags = flags,
		.offset = offset,
		.length = length,
	};
	int ret = ioctl(fd, MMAPSHARE_IOC_DMABUF, &args);

	return ret < 0 ? -errno : ret;
}

/* Write to a parameter of the importer. Returns 0 or an errno. */
static inline int import_set(const char *parameter, const char *text)
{
	const int fd = helper_parameter(IMPORTER, parameter, O_WRONLY);
	int ret = 0;

	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = errno;
	close(fd);
	return ret;
}

static inline int import_attach(int dmabuf)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", dmabuf);
	return import_set("attach", text);
}

/* The sum of all bytes, as the device reads them. */
static inline uint64_t import_sum(void)
{
	return strtoull(helper_get(IMPORTER, "sum"), NULL, 10);
}

/* In a FIXTURE_SETUP: skip if the kernel has no dma-bufs. */
#define DMABUF_NEEDED(fd, length)					\
	do {								\
		int probe = dmabuf_get(fd, 0, length, MMAPSHARE_DMABUF_CLOEXEC); \
									\
		if (probe == -EOPNOTSUPP)				\
			SKIP(return, "the kernel has no dma-bufs");	\
		ASSERT_LE(0, probe);					\
		close(probe);						\
	} while (0)

/*
 * In a FIXTURE_SETUP: open the device as @self->dev, and create a region of @self->size
 * bytes, which @self->fd is open on, to make dma-bufs of; or skip.
 */
#define DMABUF_REGION(self)						\
	do {								\
		DEVICE_OPEN(&(self)->dev, O_RDWR);			\
		(self)->size = own_size(&(self)->dev);			\
		(self)->fd = region_create_own(&(self)->dev, NULL);	\
		ASSERT_LE(0, (self)->fd);				\
		DMABUF_NEEDED((self)->fd, (self)->size);		\
	} while (0)

/* In a FIXTURE_SETUP: load the importer, or skip. */
#define IMPORTER_NEEDED()						\
	do {								\
		int error;						\
									\
		if (geteuid() || !getenv("MMAPSHARE_KO"))		\
			SKIP(return, "needs root, and MMAPSHARE_KO");	\
		/* a failed test may have left it loaded */		\
		helper_unload(IMPORTER);				\
		error = helper_load(IMPORTER, "");			\
		if (error == ENOENT)					\
			SKIP(return, "needs " IMPORTER ".ko");		\
		ASSERT_EQ(0, error);					\
	} while (0)

/* In a FIXTURE_TEARDOWN: have the importer drop its dma-buf, and unload it. */
#define IMPORTER_GONE()							\
	do {								\
		EXPECT_EQ(0, import_set("attach", "-1"));		\
		EXPECT_EQ(0, helper_unload(IMPORTER));			\
	} while (0)

#endif /* DMABUF_TEST_H */
