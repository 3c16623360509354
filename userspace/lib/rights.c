// SPDX-License-Identifier: MIT
/* Access rights: seals, read-only handles, dma-bufs, revocation. */
#include "lib.h"

int mmapshare_seal(const struct mmapshare *region, unsigned int add,
		   unsigned int *seals)
{
	struct mmapshare_seal_args seal = { .size = sizeof(seal), .seals = add };
	int ret = mms_ioctl(region->fd, MMAPSHARE_IOC_SEAL, &seal);

	if (!ret && seals)
		*seals = seal.seals;
	return ret;
}

int mmapshare_read_only(struct mmapshare **reader, const struct mmapshare *region)
{
	struct mmapshare_read_only_args ro = {
		.size = sizeof(ro),
		.flags = MMAPSHARE_READ_ONLY_CLOEXEC,
	};
	int fd = mms_ioctl(region->fd, MMAPSHARE_IOC_READ_ONLY, &ro);

	return fd < 0 ? fd : mms_wrap_fd(reader, fd, region->size);
}

int mmapshare_dmabuf(const struct mmapshare *region, uint64_t offset, uint64_t length,
		     unsigned int flags)
{
	struct mmapshare_dmabuf_args args = {
		.size = sizeof(args),
		.flags = flags | MMAPSHARE_DMABUF_CLOEXEC,
		.offset = offset,
		.length = length,
	};

	return mms_ioctl(region->fd, MMAPSHARE_IOC_DMABUF, &args);
}

int mmapshare_revoke(const struct mmapshare *region)
{
	struct mmapshare_revoke_args revoke = { .size = sizeof(revoke) };

	return mms_ioctl(region->fd, MMAPSHARE_IOC_REVOKE, &revoke);
}
