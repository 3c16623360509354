// SPDX-License-Identifier: MIT
/* Rings: cursors that have a name. */
#include <errno.h>
#include "ring.h"

int mmapshare_ring_resumed(const struct mmapshare_endpoint *ep)
{
	return ep->role == MMS_ROLE_CONSUMER ? ep->resumed : mms_role_error(ep);
}

uint64_t mmapshare_ring_generation(const struct mmapshare_endpoint *ep)
{
	return ep->generation;
}

int mmapshare_ring_find_name(const struct mmapshare *region, const char *name,
			     struct mmapshare_ring_name *info)
{
	return mmapshare_set_find_name(region, name, 0, info);
}

int mmapshare_set_find_name(const struct mmapshare *region, const char *name,
			    unsigned int member, struct mmapshare_ring_name *info)
{
	*info = (struct mmapshare_ring_name){ .size = sizeof(*info), .member = member };
	return mms_copy_name(info->name, name) ?
	       -EINVAL : mms_ioctl(region->fd, MMAPSHARE_IOC_RING_NAME, info);
}

int mmapshare_ring_next_name(const struct mmapshare *region, uint32_t cursor,
			     struct mmapshare_ring_name *info)
{
	*info = (struct mmapshare_ring_name){
		.size = sizeof(*info),
		.flags = MMAPSHARE_QUERY_NEXT,
		.cursor = cursor,
	};
	return mms_ioctl(region->fd, MMAPSHARE_IOC_RING_NAME, info);
}

int mmapshare_ring_remove_name(const struct mmapshare *region, const char *name)
{
	struct mmapshare_ring_remove_args remove = { .size = sizeof(remove) };

	return mms_copy_name(remove.name, name) ?
	       -EINVAL : mms_ioctl(region->fd, MMAPSHARE_IOC_RING_REMOVE, &remove);
}
