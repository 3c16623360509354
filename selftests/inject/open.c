// SPDX-License-Identifier: GPL-2.0
/* open() without memory for it fails and leaves no user of the module. */
#include "inject.h"

static long open_it(void *path)
{
	return result_of(open(path, O_RDWR | O_CLOEXEC));
}

static const char *close_it(void *path, long ret)
{
	struct mmapshare_info info;
	const char *wrong = NULL;

	if (ret < 0)
		return NULL;
	if (device_info(ret, &info))
		wrong = "what was opened is not the device";
	close(ret);
	return wrong;
}

static void sweep(struct __test_metadata *_metadata, struct inject *in,
		  char *path)
{
	struct inject_case c = {
		.call = open_it,
		.after = close_it,
		.arg = path,
		/* the path is copied, too */
		.errnos = inject_efault,
	};

	EXPECT_STREQ("", inject_sweep(in, &c));
}

TEST_F_TIMEOUT(inject, open_node, INJECT_TIMEOUT)
{
	sweep(_metadata, &self->in, DEVICE);
}

TEST_F_TIMEOUT(inject, open_again, INJECT_TIMEOUT)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->dev.fd);
	sweep(_metadata, &self->in, path);
}

TEST_HARNESS_MAIN
