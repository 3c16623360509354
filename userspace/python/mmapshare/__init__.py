# SPDX-License-Identifier: MIT
"""Share memory between programs and the kernel through /dev/mmapshare.

    import mmapshare

    region = mmapshare.open()       # maps all of /dev/mmapshare
    region[:5] = b"hello"
    region.notify()                 # wakes every caller of region.wait()

A region is an mmap.mmap with additional methods. A ring passes records from one
producer to one or more consumers.

SharedMemory has the interface of multiprocessing.shared_memory.SharedMemory.

The package needs only the standard library. Errors from the kernel are raised
as subclasses of Error, which is an OSError. They name the region, and what to do
about it where that is known. They are also subclasses of the built-in classes:
FileNotFoundError if the module is not loaded, PermissionError if the caller may
not open the node, and so on. An argument that no kernel accepts is a ValueError.

After a region is revoked, calls fail with ENODEV, and touching its mapping
kills the process with SIGBUS.
"""
from ._abi import Info
from ._errors import (AccessError, BusyError, CorruptError, Error, ExistsError, HangupError,
                      LimitError, NotARegionError, NotFoundError, RevokedError)
from ._region import (DEVICE, Entry, Region, anonymous, create, destroy, open, path, receive,
                      regions, send)
from ._ring import (Consumer, CursorName, Producer, RecordInfo, Ring, consumer, create_ring,
                    open_ring, producer, receive_ring)
from ._ring_set import ConsumerSet, consumer_set
from ._shared_memory import SharedMemory

try:
    # setup.py, or the Makefile when it installs, creates this module
    from ._version import __version__
except ImportError:
    __version__ = "0+source"

__all__ = [
    "DEVICE", "AccessError", "BusyError", "Consumer", "ConsumerSet", "CorruptError", "CursorName",
    "Entry", "Error", "ExistsError", "HangupError", "Info", "LimitError", "NotARegionError",
    "NotFoundError", "Producer", "RecordInfo", "Region", "RevokedError", "Ring",
    "SharedMemory",
    "anonymous", "consumer", "consumer_set", "create", "create_ring", "destroy",
    "open", "open_ring", "path", "producer", "receive", "receive_ring", "regions", "send",
]
