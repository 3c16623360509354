# SPDX-License-Identifier: MIT
"""Memory that programs and the kernel share, by /dev/mmapshare.

    import mmapshare

    region = mmapshare.open()       # all of /dev/mmapshare, a mmap.mmap
    region[:5] = b"hello"
    region.notify()                 # wakes who is in region.wait()

Nothing but the standard library is needed. Errors are OSError, as the kernel
gives them: FileNotFoundError without the module, PermissionError, ...

Who touches a region that was revoked is killed by SIGBUS; calls say ENODEV.
"""
from ._abi import Info
from ._region import DEVICE, Region, anonymous, create, destroy, open, path
from ._ring import Consumer, Producer, Ring, consumer, create_ring, producer

try:
    # what builds or installs the package makes this
    from ._version import __version__
except ImportError:
    __version__ = "0+source"

__all__ = [
    "DEVICE", "Consumer", "Info", "Producer", "Region", "Ring", "anonymous",
    "consumer", "create", "create_ring", "destroy", "open", "path", "producer",
]
