// SPDX-License-Identifier: MIT
/* Texts for errors whose meaning here differs from that in strerror(). */
#include <errno.h>
#include <string.h>
#include "lib.h"

const char *mmapshare_error_text(int error)
{
	if (error < 0)
		error = -error;
	switch (error) {
	case E2BIG:
		return "the loaded module does not support this";
	case EAGAIN:
		return "no record, or no free space, at this moment";
	case EBADF:
		return "not open for this, or an endpoint of the other role";
	case EBADMSG:
		return "the ring's shared state, or a message, is corrupt";
	case EDQUOT:
		return "the share of this user is used up";
	case EMSGSIZE:
		return "the record is too long";
	case ENODEV:
		return "the region was revoked, or no driver serves its node";
	case ENOTTY:
		return "not a region, or not a ring";
	case ENXIO:
		return "the range is not inside the region, or the region was destroyed";
	case EPIPE:
		return "no peer is left";
	case EPROTONOSUPPORT:
		return "a layout of rings that this library does not know";
	case ESTALE:
		return "the record was overwritten";
	default:
		return strerror(error);
	}
}
