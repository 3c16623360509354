// SPDX-License-Identifier: GPL-2.0
/*
 * A camera's driver, vivid, writes its frames into ranges of a region, without a
 * copy: a program sees them in its mapping of the region.
 */
#include "dmabuf_test.h"
#include <linux/videodev2.h>

#define FRAMES	3

FIXTURE(camera) {
	struct device dev;
	int video;
	int fd;
	uint32_t width;		/* bytes of a line */
	uint32_t height;
	size_t length;		/* of a frame, in whole pages */
	size_t size;
	unsigned char *mem;
};

/* Returns the capture device of vivid, or -1. */
static int open_camera(void)
{
	struct v4l2_capability cap;
	char path[32];
	int i, fd;

	for (i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/dev/video%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!ioctl(fd, VIDIOC_QUERYCAP, &cap) && !strcmp((char *)cap.driver, "vivid") &&
		    cap.device_caps & V4L2_CAP_VIDEO_CAPTURE)
			return fd;
		close(fd);
	}
	return -1;
}

FIXTURE_SETUP(camera)
{
	struct v4l2_format format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };

	DEVICE_OPEN(&self->dev, O_RDWR);
	self->video = open_camera();
	if (self->video < 0)
		SKIP(return, "no camera of the driver vivid");
	ASSERT_EQ(0, ioctl(self->video, VIDIOC_G_FMT, &format));
	format.fmt.pix.width = 320;
	format.fmt.pix.height = 180;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	ASSERT_EQ(0, ioctl(self->video, VIDIOC_S_FMT, &format));
	self->width = format.fmt.pix.bytesperline;
	self->height = format.fmt.pix.height;
	self->length = (format.fmt.pix.sizeimage + self->dev.page - 1) & -self->dev.page;
	self->size = FRAMES * self->length;
	self->fd = region_create_as(self->dev.fd, NULL, self->size, self->dev.info.strategy, 0);
	ASSERT_LE(0, self->fd);
	self->mem = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
}

FIXTURE_TEARDOWN(camera)
{
	munmap(self->mem, self->size);
	close(self->fd);
	close(self->video);
	close(self->dev.fd);
}

/* Give the camera frame @i. Returns 0 or an errno. */
static int queue(FIXTURE_DATA(camera) *self, int i, uint32_t flags)
{
	struct v4l2_buffer buffer = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
		.index = i,
	};
	int ret;

	buffer.m.fd = dmabuf_get(self->fd, i * self->length, self->length, flags);
	if (buffer.m.fd < 0)
		return -buffer.m.fd;
	ret = ioctl(self->video, VIDIOC_QBUF, &buffer) ? errno : 0;
	/* the driver keeps the dma-buf */
	close(buffer.m.fd);
	return ret;
}

static int set_buffers(FIXTURE_DATA(camera) *self, int count)
{
	struct v4l2_requestbuffers request = {
		.count = count,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
	};

	return ioctl(self->video, VIDIOC_REQBUFS, &request) ? -errno : (int)request.count;
}

static bool is_blank(const unsigned char *frame, size_t length)
{
	while (length && !*frame) {
		frame++;
		length--;
	}
	return !length;
}

TEST_F(camera, frames)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE, i;
	struct v4l2_buffer done;

	ASSERT_EQ(FRAMES, set_buffers(self, FRAMES));
	for (i = 0; i < FRAMES; i++)
		ASSERT_EQ(0, queue(self, i, MMAPSHARE_DMABUF_WRITABLE));
	EXPECT_EQ(EBUSY, region_seal(self->fd, MMAPSHARE_SEAL_WRITE));
	EXPECT_TRUE(is_blank(self->mem, self->size));
	ASSERT_EQ(0, ioctl(self->video, VIDIOC_STREAMON, &type));
	for (i = 0; i < FRAMES; i++) {
		memset(&done, 0, sizeof(done));
		done.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
		done.memory = V4L2_MEMORY_DMABUF;
		ASSERT_EQ(0, ioctl(self->video, VIDIOC_DQBUF, &done));
		EXPECT_EQ(self->width * self->height, done.bytesused);
		EXPECT_FALSE(is_blank(self->mem + done.index * self->length, self->length));
	}
	ASSERT_EQ(0, ioctl(self->video, VIDIOC_STREAMOFF, &type));
	EXPECT_EQ(0, set_buffers(self, 0));
	/* the driver has dropped the dma-bufs */
	munmap(self->mem, self->size);
	EXPECT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_WRITE));
	self->mem = mmap(NULL, self->size, PROT_READ, MAP_SHARED, self->fd, 0);
}

/* The driver writes to the frame, and cannot import it. */
TEST_F(camera, read_only_frame)
{
	ASSERT_EQ(FRAMES, set_buffers(self, FRAMES));
	/* what the media core makes of any failure to get a kernel address */
	EXPECT_EQ(EFAULT, queue(self, 0, 0));
	EXPECT_EQ(0, set_buffers(self, 0));
}

TEST_HARNESS_MAIN
