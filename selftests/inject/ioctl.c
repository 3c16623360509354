// SPDX-License-Identifier: GPL-2.0
/* An ioctl() that fails to copy its structure has no effect. */
#include "inject.h"

#define LARGE	4096	/* size of a structure of a later version */

union request {
	struct mmapshare_info info;
	struct mmapshare_fill_args fill;
	struct mmapshare_checksum_args sum;
	char bytes[LARGE];
};

struct request_case {
	const struct device *dev;
	unsigned long cmd;
	union request before;
	union request arg;
	union request after;
};

FIXTURE_VARIANT(inject)
{
	unsigned long cmd;
	uint32_t size;
};

FIXTURE_VARIANT_ADD(inject, info) {
	.cmd = MMAPSHARE_IOC_INFO, .size = sizeof(struct mmapshare_info),
};

FIXTURE_VARIANT_ADD(inject, info_large) {
	.cmd = MMAPSHARE_IOC_INFO, .size = LARGE,
};

FIXTURE_VARIANT_ADD(inject, fill) {
	.cmd = MMAPSHARE_IOC_FILL, .size = sizeof(struct mmapshare_fill_args),
};

FIXTURE_VARIANT_ADD(inject, fill_large) {
	.cmd = MMAPSHARE_IOC_FILL, .size = LARGE,
};

FIXTURE_VARIANT_ADD(inject, checksum) {
	.cmd = MMAPSHARE_IOC_CHECKSUM,
	.size = sizeof(struct mmapshare_checksum_args),
};

FIXTURE_VARIANT_ADD(inject, checksum_large) {
	.cmd = MMAPSHARE_IOC_CHECKSUM, .size = LARGE,
};

static long request(void *arg)
{
	struct request_case *r = arg;

	return result_of(ioctl(r->dev->fd, r->cmd, &r->arg));
}

/* The copy out may fail half way, so @arg is compared only after success. */
static const char *check(void *arg, long ret)
{
	struct request_case *r = arg;
	const char *error = NULL;
	char byte = 0;

	if (pread(r->dev->fd, &byte, 1, 4096) != 1)
		error = "cannot read the region";
	else if (byte != (ret >= 0 && r->cmd == MMAPSHARE_IOC_FILL ? 'f' : '.'))
		error = ret < 0 ? "filled although the call failed" : "not filled";
	else if (ret >= 0 && memcmp(&r->arg, &r->after, sizeof(r->after)))
		error = "wrong result in the structure";
	if (pwrite(r->dev->fd, ".", 1, 4096) != 1)
		error = "cannot write the region";
	r->arg = r->before;
	return error;
}

TEST_F_TIMEOUT(inject, request, INJECT_TIMEOUT)
{
	struct request_case r = { .dev = &self->dev, .cmd = variant->cmd };
	struct inject_case c = {
		.call = request,
		.after = check,
		.arg = &r,
		.errnos = inject_efault,
	};

	switch (variant->cmd) {
	case MMAPSHARE_IOC_FILL:
		r.before.fill = (struct mmapshare_fill_args) {
			.offset = 4096, .length = 1,
			.pattern = "f", .pattern_len = 1,
		};
		break;
	case MMAPSHARE_IOC_CHECKSUM:
		r.before.sum = (struct mmapshare_checksum_args) {
			.offset = 4096, .length = 1,
		};
		break;
	}
	/* all structures begin with the size */
	r.before.info.size = variant->size;
	ASSERT_EQ(1, pwrite(self->dev.fd, ".", 1, 4096));
	r.arg = r.before;
	ASSERT_EQ(0, request(&r));
	r.after = r.arg;
	r.arg = r.before;
	ASSERT_EQ(1, pwrite(self->dev.fd, ".", 1, 4096));

	EXPECT_STREQ("", inject_sweep(&self->in, &c));
	EXPECT_LT(0, self->in.failed);
}

TEST_HARNESS_MAIN
