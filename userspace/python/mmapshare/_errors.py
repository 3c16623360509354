# SPDX-License-Identifier: MIT
"""Exceptions that name the region, say what an errno means here, and what to do.

Each is a subclass of OSError, and of the built-in class for its errno, if there is
one: "except FileNotFoundError" catches a NotFoundError. errno, strerror and
filename are set as usual; strerror is the text below instead of that of the C
library where this would be misleading.
"""
from __future__ import annotations

import contextlib
import errno
import os
from typing import Dict, Iterator, NamedTuple, Optional, Tuple, Type


class Error(OSError):
    """An error from the kernel. remedy: what to do about it; None if unknown"""

    remedy: Optional[str] = None

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text}; {self.remedy}" if self.remedy else text


class NotFoundError(Error, FileNotFoundError):
    """No region of this name, or the module is not loaded."""


class ExistsError(Error, FileExistsError):
    """A region has this name already."""


class AccessError(Error, PermissionError):
    """The caller has no permission, or the region is sealed."""


class LimitError(Error):
    """A limit is reached: of regions, of their bytes, or of consumers."""


class BusyError(Error):
    """The role is taken, or a record is not finished."""


class HangupError(Error, BrokenPipeError):
    """No peer is left to wait for. For a consumer, the normal end of a stream."""


class RevokedError(Error):
    """The region was revoked."""


class CorruptError(Error):
    """The shared state of a ring is corrupt."""


class NotARegionError(Error):
    """The path or descriptor is not that of a region, or the region is no ring."""


_CLASSES: Dict[int, Type[Error]] = {
    errno.ENOENT: NotFoundError,
    errno.EEXIST: ExistsError,
    errno.EACCES: AccessError,
    errno.EPERM: AccessError,
    errno.ENOSPC: LimitError,
    errno.EDQUOT: LimitError,
    errno.EBUSY: BusyError,
    errno.EPIPE: HangupError,
    errno.ENODEV: RevokedError,
    errno.EBADMSG: CorruptError,
    errno.ENOTTY: NotARegionError,
}

# These keep their built-in class: they end a wait, or are not about a region.
_PLAIN = (errno.ETIMEDOUT, errno.EINTR, errno.EAGAIN)


class _Reason(NamedTuple):
    text: Optional[str]		# None: the text of strerror()
    remedy: Optional[str] = None


_RECREATE = "destroy the ring and create it again"

# What an errno means in an operation, or, with None, in all others.
_REASONS: Dict[Tuple[Optional[str], int], _Reason] = {
    ("control", errno.ENOENT): _Reason("the module mmapshare is not loaded",
                                       "run mmapshare doctor"),
    ("control", errno.EACCES): _Reason("no permission to use /dev/mmapshare",
                                       "run mmapshare doctor"),
    ("control", errno.ENODEV): _Reason("no driver serves this node", "run mmapshare doctor"),
    ("create", errno.EEXIST): _Reason("a region of this name exists",
                                      "choose another name, destroy it, or open it"),
    ("create", errno.EDQUOT): _Reason("this user has its share of regions",
                                      "destroy regions, ask for less, or have "
                                      "max_user_regions or max_user_bytes raised"),
    ("create", errno.ENOSPC): _Reason("a limit on all regions is reached",
                                      "destroy regions, ask for less, or have max_regions "
                                      "or max_bytes raised"),
    ("create", errno.ENOMEM): _Reason("not enough memory, or memory.max of the control "
                                      "group is reached", "ask for less"),
    ("create", errno.ERANGE): _Reason("too large for a region (1 TiB) or for the records "
                                      "of a ring (16 GiB)", "ask for less"),
    ("destroy", errno.ENOENT): _Reason("no such region", "see mmapshare.regions()"),
    ("destroy", errno.EPERM): _Reason("the region belongs to another user, or is sealed "
                                      "against revocation"),
    ("destroy", errno.EOPNOTSUPP): _Reason("its strategy does not support revocation"),
    ("open", errno.ENOENT): _Reason("no such region", "see mmapshare.regions()"),
    ("open", errno.EACCES): _Reason(None, "run mmapshare doctor with its name"),
    ("open", errno.ENODEV): _Reason("the region was revoked, or no driver serves this node"),
    ("open", errno.ENXIO): _Reason("the region was destroyed"),
    ("fill", errno.EPERM): _Reason("the region is sealed against writes, or is a ring"),
    ("seal", errno.EPERM): _Reason("the region belongs to another user, is a ring, or has "
                                   "the seal \"seal\""),
    ("seal", errno.EBUSY): _Reason("it is mapped through a writable descriptor, or its "
                                   "pages are in use for I/O",
                                   "close the mappings, or add the seal \"future\" instead"),
    ("producer", errno.EBUSY): _Reason("the ring has a producer, or the kernel is its "
                                       "producer", "a ring has one producer at a time"),
    ("consumer", errno.EBUSY): _Reason("the kernel is the consumer of this ring, or the "
                                       "cursor's name has a consumer"),
    ("consumer", errno.EPERM): _Reason("the cursor's name belongs to another user"),
    ("consumer", errno.ENOENT): _Reason("no cursor has that name"),
    ("consumer", errno.ENODATA): _Reason("the record is gone"),
    ("consumer", errno.ERANGE): _Reason("the record is not published yet"),
    ("consumer", errno.ESTALE): _Reason("the ring is another one than that of this "
                                        "generation"),
    ("cursor", errno.ENOENT): _Reason("no cursor has that name"),
    ("cursor", errno.EBUSY): _Reason("the cursor's name has a consumer"),
    ("cursor", errno.EPERM): _Reason("the cursor's name belongs to another user"),
    ("consumer", errno.ENOSPC): _Reason("no consumer slot left for this user",
                                        "create the ring with a larger \"consumers\""),
    ("consumer", errno.EDQUOT): _Reason("this user has its share of the consumer slots",
                                        "create the ring with a larger "
                                        "\"consumers_per_uid\""),
    ("consumer", errno.EACCES): _Reason("no right to hold back the producer",
                                        "permit writing, or pass may_lose=True"),
    ("receive", errno.EBADMSG): _Reason("the message is not one byte and one descriptor"),
    (None, errno.E2BIG): _Reason("the loaded module does not support this",
                                 "install module and package of the same release"),
    (None, errno.EBADMSG): _Reason("the ring's shared state is corrupt", _RECREATE),
    (None, errno.EBUSY): _Reason("a record is not finished"),
    (None, errno.EMSGSIZE): _Reason("the record is too long", "see record_max"),
    (None, errno.ENODEV): _Reason("the region was revoked"),
    (None, errno.ENOTTY): _Reason("not a region, or a plain region instead of a ring"),
    (None, errno.EPIPE): _Reason("no peer is left"),
    (None, errno.EPROTONOSUPPORT): _Reason("the ring has a layout this package does not "
                                           "know", "install module and package of the same "
                                           "release"),
}


def make(code: int, name: Optional[str], operation: Optional[str] = None) -> OSError:
    """The exception for an errno.

    name: that of the region, or a path; None if there is none
    """
    if code in _PLAIN:
        return OSError(code, os.strerror(code))
    # a node does not exist if no node does
    if (operation, code) == ("open", errno.ENOENT) and not os.path.exists("/dev/mmapshare"):
        operation = "control"
    reason = (_REASONS.get((operation, code)) or _REASONS.get((None, code)) or
              _Reason(None))
    text = reason.text or os.strerror(code)
    # Only OSError itself chooses the built-in class of an errno.
    kind = _CLASSES.get(code, Error)
    error = kind(code, text) if name is None else kind(code, text, name)
    error.remedy = reason.remedy
    return error


@contextlib.contextmanager
def explained(name: Optional[str], operation: Optional[str] = None) -> Iterator[None]:
    """Raise an explained exception for an OSError without explanation."""
    try:
        yield
    except OSError as error:
        if isinstance(error, Error) or error.errno is None or error.errno in _PLAIN:
            raise
        raise make(error.errno, name, operation) from None
