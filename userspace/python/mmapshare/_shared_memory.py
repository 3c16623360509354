# SPDX-License-Identifier: MIT
"""The interface of multiprocessing.shared_memory, with a region behind it."""
from __future__ import annotations

import contextlib
import secrets
from typing import Any, Optional, Tuple

from ._errors import ExistsError
from ._region import Region, create, destroy, open as open_region


class SharedMemory:
    """A region with the interface of multiprocessing.shared_memory.SharedMemory.

    What differs: the memory is a named region, so that its node in /dev has an
    owner and a mode, and its size is rounded up to whole pages. No resource
    tracker destroys it when a process ends: the region exists until unlink(), or
    until the module is unloaded.
    """

    _region: Optional[Region] = None
    _buf: Optional[memoryview] = None

    def __init__(self, name: Optional[str] = None, create: bool = False, size: int = 0,
                 *, track: bool = False, mode: int = 0o600) -> None:
        """Create or open a region.

        name: as for create() and open(); None chooses one that is not in use,
              together with create
        create: create the region; FileExistsError if it exists
        size: in bytes; ignored unless create is true
        track: ignored
        mode: permissions of the node, if it is created
        """
        del track
        if not create:
            if name is None:
                raise ValueError("'name' can only be None if 'create' is true")
            self._region = open_region(name)
        elif size <= 0:
            raise ValueError("'size' must be a positive number different from zero")
        else:
            self._region = self._create(name, size, mode)
        self._name: str = self._region.name or ""
        self._size = self._region.size()
        self._buf = memoryview(self._region)

    @staticmethod
    def _create(name: Optional[str], size: int, mode: int) -> Region:
        while True:
            try:
                return create(name or "psm_" + secrets.token_hex(4), size, mode=mode)
            except ExistsError:
                if name is not None:
                    raise

    def __enter__(self) -> "SharedMemory":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(OSError, BufferError):
            self.close()

    def __reduce__(self) -> Tuple[Any, ...]:
        """Pickled, it becomes one that opens the region by its name."""
        return (self.__class__, (self.name, False, self.size))

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({self.name!r}, size={self.size})"

    @property
    def buf(self) -> memoryview:
        """A memoryview of the region. ValueError after close()."""
        if self._buf is None:
            raise ValueError(f"the shared memory {self.name!r} is closed")
        return self._buf

    @property
    def name(self) -> str:
        """The name of the region."""
        return self._name

    @property
    def size(self) -> int:
        """The size in bytes, a multiple of the page size."""
        return self._size

    @property
    def region(self) -> Region:
        """The region, for its other methods, such as notify() and wait()."""
        if self._region is None:
            raise ValueError(f"the shared memory {self.name!r} is closed")
        return self._region

    def close(self) -> None:
        """Unmap the region. BufferError while another object, such as a NumPy
        array, refers to it. The region itself remains: see unlink()."""
        if self._buf is not None:
            self._buf.release()
            self._buf = None
        if self._region is not None:
            try:
                self._region.close()
            except BufferError:
                self._buf = memoryview(self._region)
                raise
            self._region = None

    def unlink(self) -> None:
        """Destroy the region: remove its name and node. Processes that have it
        open keep it. Call this once, in one of the processes."""
        destroy(self.name)
