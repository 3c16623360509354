# SPDX-License-Identifier: MIT
"""Regions: Region is an mmap.mmap with additional methods."""
import asyncio
import ctypes
import errno
import io
import mmap
import os
import select
import signal
import socket
import struct
import tempfile
import threading
import time

import mmapshare
from common import LONG, TestCase, count_descriptors

PAGE = mmap.PAGESIZE


class Device(TestCase):
    """/dev/mmapshare itself."""

    def test_whole(self):
        with mmapshare.open() as region:
            self.assertIsInstance(region, mmap.mmap)
            size = os.lseek(region.fileno(), 0, os.SEEK_END)
            self.assertEqual((size, size), (len(region), region.size()))
            self.assertEqual(0, os.fstat(region.fileno()).st_size)
            self.assertIsNone(region.name)
            region[-4:] = b"tail"
            self.assertEqual(b"tail", os.pread(region.fileno(), 9, size - 4))

    def test_path(self):
        with mmapshare.open("/dev/mmapshare", "r") as a, mmapshare.open(mode="r") as b:
            self.assertEqual(a.info().id, b.info().id)

    def test_refused(self):
        self.assertRaises(FileNotFoundError, mmapshare.open, "no-such-region")
        self.assertErrno(errno.ENOTTY, mmapshare.open, "/dev/null")
        self.assertRaises(ValueError, mmapshare.open, mode="w")
        with tempfile.TemporaryDirectory() as directory:
            fifo = os.path.join(directory, "fifo")
            os.mkfifo(fifo)
            before = count_descriptors()
            self.assertErrno(errno.ENOTTY, mmapshare.open, fifo, "r")
            self.assertEqual(before, count_descriptors())

    def test_modes(self):
        with mmapshare.open() as region, mmapshare.open(mode="r") as reader, \
                mmapshare.open(mode="c") as copy:
            region[:5] = b"hello"
            self.assertEqual((b"hello", b"hello"), (reader[:5], copy[:5]))
            with self.assertRaises(TypeError):
                reader[0] = 1
            copy[:5] = b"HELLO"
            self.assertEqual((b"hello", b"HELLO"), (region[:5], copy[:5]))

    def test_kernel(self):
        with mmapshare.open() as region:
            region[:9] = b"123456789"
            self.assertEqual(0xe3069283, region.checksum(0, 9))
            region.fill(b"ab", 1, 5)
            self.assertEqual(b"1ababa789", region[:9])
            self.assertErrno(errno.ENXIO, region.fill, b"a", len(region), 1)
            self.assertRaises(ValueError, region.fill, b"123456789")
            region.fill()
            self.assertEqual(-1, region.find(b"1"))

    def test_buffers(self):
        with mmapshare.open() as region:
            with memoryview(region) as view, view.cast("I") as words:
                words[1] = 0x12345678
                self.assertEqual(len(region) // 4, len(words))
            self.assertEqual(struct.pack("=I", 0x12345678), region[4:8])
            word = ctypes.c_uint32.from_buffer(region, 4)
            word.value = 7
            self.assertEqual((7,), struct.unpack_from("=I", region, 4))
            self.assertRaises(BufferError, region.close)
            # the failed close() changed nothing
            self.assertEqual(7, region[4] + region[7])
            del word


class Lifetime(TestCase):
    """Create, open, close and destroy regions."""

    def test_resize(self):
        with mmapshare.anonymous(PAGE) as region:
            with self.assertRaisesRegex(io.UnsupportedOperation, "size of a region is fixed"):
                region.resize(2 * PAGE)
            self.assertEqual(PAGE, region.size())

    def test_close(self):
        before = count_descriptors()
        region = mmapshare.anonymous(1)
        fd = region.fileno()
        region.close()
        region.close()
        self.assertErrno(errno.EBADF, os.fstat, fd)
        for method in region.fileno, region.size, region.notify, region.wait, region.info:
            self.assertRaises(ValueError, method)
        with mmapshare.anonymous(1) as region:
            fd = region.fileno()
        self.assertTrue(region.closed)
        self.assertErrno(errno.EBADF, os.fstat, fd)
        region = mmapshare.anonymous(1)
        del region
        self.assertEqual(before, count_descriptors())

    def test_sizes(self):
        for strategy in "fault", "huge", "vmalloc", "pfn":
            with mmapshare.anonymous(5 * PAGE - 3, strategy=strategy) as region:
                self.assertEqual((5 * PAGE, 5 * PAGE), (region.size(), len(region)))
                self.assertEqual(strategy, region.info().strategy)
                region[-1] = 1
                region.flush()
                region.move(0, 5 * PAGE - 1, 1)
                self.assertEqual(0, region.find(b"\1"))
        self.assertRaises(ValueError, mmapshare.anonymous, 1, strategy="slow")

    def test_plain_mmap(self):
        """Documented: mmap.mmap() does not find out the size of a device."""
        with mmapshare.anonymous(1) as region, mmapshare.open() as device:
            for opened in region, device:
                self.assertErrno(errno.EINVAL, mmap.mmap, opened.fileno(), 0)
                mmap.mmap(opened.fileno(), opened.size()).close()

    def test_names(self):
        before = count_descriptors()
        with mmapshare.create(self.name, 100, mode=0o640) as region:
            node = mmapshare.path(self.name)
            self.assertEqual(0o640 & ~self.umask(), os.stat(node).st_mode & 0o777)
            self.assertEqual(self.name, region.name)
            self.assertRaises(FileExistsError, mmapshare.create, self.name, 100)
            region[:] = b"x" * len(region)
        with mmapshare.open(self.name, "r") as region:
            self.assertEqual(PAGE, region.size())
            self.assertEqual(PAGE, region.read().count(b"x"))
        with mmapshare.create(self.name, 10 * PAGE, exist_ok=True) as region:
            self.assertEqual((PAGE, b"x"), (region.size(), region[:1]))
            mmapshare.destroy(self.name)
            self.assertFalse(os.path.exists(node))
            self.assertEqual(b"x", region[:1])
        self.assertRaises(FileNotFoundError, mmapshare.open, self.name)
        self.assertRaises(FileNotFoundError, mmapshare.destroy, self.name)
        for name in "", 64 * "x", "a/b", "..", "ä", "a\n":
            self.assertRaises(ValueError, mmapshare.create, name, 1)
        self.assertEqual(before, count_descriptors())

    @staticmethod
    def umask():
        mask = os.umask(0)
        os.umask(mask)
        return mask

    def make_and_destroy(self):
        for _ in range(20):
            with mmapshare.create(self.name, PAGE, exist_ok=True) as region:
                region[0] = 1
            self.destroy()

    def test_create_race(self):
        with self.child(self.make_and_destroy), self.child(self.make_and_destroy):
            self.make_and_destroy()

    def test_fork(self):
        with mmapshare.anonymous(PAGE) as region:
            with self.child(region.write, b"from the child"):
                self.assertEqual(1, region.size() // PAGE)
            self.assertEqual(b"from the child", region[:14])

    def test_descriptor(self):
        here, there = socket.socketpair()
        with here, there, mmapshare.anonymous(PAGE) as region:
            socket.send_fds(here, [b"x"], [region.fileno()])
            _, fds, _, _ = socket.recv_fds(there, 1, 1)
            with mmapshare.Region(fds[0]) as other:
                other[:2] = b"hi"
            self.assertEqual(b"hi", region[:2])
        with open("/dev/null", "rb") as other:
            self.assertErrno(errno.ENOTTY, mmapshare.Region, other.fileno())
            # a failed Region() leaves the descriptor open
            os.fstat(other.fileno())


class Doorbell(TestCase):
    """wait() and notify()."""

    def setUp(self):
        super().setUp()
        self.region = mmapshare.create(self.name, PAGE)
        self.addCleanup(self.region.close)

    def test_count(self):
        self.assertEqual(0, self.region.wait(0))
        with mmapshare.open(self.name) as other:
            self.assertEqual(1, self.region.notify())
            self.assertEqual(2, other.notify())
            self.assertEqual((2, 0), (self.region.wait(), self.region.wait(0)))
            self.assertEqual(2, other.wait())
            # wait() reports only notifications after the open
            with mmapshare.open(self.name) as late:
                self.assertEqual(0, late.wait(0))

    def test_timeout(self):
        start = time.monotonic()
        self.assertEqual(0, self.region.wait(0.2))
        self.assertGreaterEqual(time.monotonic() - start, 0.2)
        self.region.notify()
        # a timeout of more than 2^64 nanoseconds; a negative timeout
        self.assertEqual(1, self.region.wait(1e30))
        self.assertEqual(0, self.region.wait(-1))

    def test_threads_run(self):
        """wait() releases the GIL: another thread runs and notifies."""
        def notify():
            time.sleep(0.2)
            self.region.notify()
        thread = threading.Thread(target=notify)
        thread.start()
        start = time.monotonic()
        self.assertEqual(1, self.region.wait(LONG))
        self.assertLess(time.monotonic() - start, LONG / 2)
        thread.join()

    def answer(self, rounds):
        with mmapshare.open(self.name) as region:
            for n in range(rounds):
                while region[0] != n + 1:
                    self.assertTrue(region.wait(LONG))
                region[1] = n + 1
                region.notify()

    def test_processes(self):
        rounds = 100
        with self.child(self.answer, rounds):
            for n in range(rounds):
                self.region[0] = n + 1
                self.region.notify()
                while self.region[1] != n + 1:
                    self.assertTrue(self.region.wait(LONG))

    def test_signals(self):
        """A signal handler that returns does not extend the timeout; an
        exception that it raises ends the wait."""
        calls = []
        before = signal.signal(signal.SIGALRM, lambda *_: calls.append(1))
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        start = time.monotonic()
        self.assertEqual(0, self.region.wait(0.5))
        self.assertGreaterEqual(time.monotonic() - start, 0.5)
        # a busy machine may merge signals, so their number is not checked
        self.assertTrue(calls)

        def stop(*_):
            # a second signal would end the cleanup
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise KeyboardInterrupt
        signal.signal(signal.SIGALRM, stop)
        self.assertRaises(KeyboardInterrupt, self.region.wait, LONG)

    def test_peers_closed(self):
        mmapshare.open(self.name, "r").close()
        self.assertRaises(BrokenPipeError, self.region.wait)
        self.region.notify()
        self.assertEqual(1, self.region.wait())

    def test_ignore_hup(self):
        """With ignore_hup wait() continues after the last peer has closed."""
        before = count_descriptors()
        for _ in range(2):
            mmapshare.open(self.name, "r").close()
            self.assertEqual(0, self.region.wait(0.1, ignore_hup=True))
        with mmapshare.open(self.name) as other:
            other.notify()
        self.assertEqual(1, self.region.wait(LONG, ignore_hup=True))
        self.region.close()
        self.assertEqual(before - 2, count_descriptors())

    def test_select(self):
        def notified():
            return bool(select.select([], [], [self.region], 0)[2])
        with mmapshare.open(self.name) as other:
            self.assertFalse(notified())
            other.notify()
            self.assertTrue(notified())
            self.assertEqual(1, self.region.wait(0))
            self.assertFalse(notified())
        self.assertTrue(notified())
        self.assertRaises(BrokenPipeError, self.region.wait, 0)

    def test_asyncio(self):
        """asyncio asks for reading and writing only: it watches an epoll object
        that watches the doorbell."""
        async def wait():
            notified = asyncio.Event()
            loop = asyncio.get_running_loop()
            with select.epoll() as epoll, mmapshare.open(self.name) as other:
                epoll.register(self.region, select.EPOLLPRI)
                loop.add_reader(epoll, notified.set)
                loop.call_later(0.1, other.notify)
                await asyncio.wait_for(notified.wait(), LONG)
                loop.remove_reader(epoll)
                return self.region.wait(0)
        self.assertEqual(1, asyncio.run(wait()))

    def test_rights(self):
        with mmapshare.open(self.name, "r") as reader:
            self.assertErrno(errno.EBADF, reader.notify)
            self.region.notify()
            self.assertEqual(1, reader.wait())

    def test_revoked(self):
        mmapshare.destroy(self.name, revoke=True)
        self.assertErrno(errno.ENODEV, self.region.wait)
        self.assertErrno(errno.ENODEV, self.region.notify)

        def touch():
            signal.signal(signal.SIGBUS, signal.SIG_DFL)
            self.region[0]
        pid = os.fork()
        if not pid:
            touch()
            os._exit(0)
        self.assertEqual(signal.SIGBUS, os.WTERMSIG(os.waitpid(pid, 0)[1]))
