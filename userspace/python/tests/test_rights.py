# SPDX-License-Identifier: MIT
"""Listing regions, seals, read-only handles, and passing regions through sockets."""
import errno
import os
import socket

import mmapshare
from common import TestCase


class List(TestCase):
    def test_regions(self):
        def listed():
            return [r for r in mmapshare.regions() if r.name.startswith(self.name)]

        ring = self.name + ".ring"
        self.addCleanup(lambda: mmapshare.destroy(ring))
        self.assertEqual([], listed())
        with mmapshare.create_ring(ring, 1, overwrite=True), \
                mmapshare.create(self.name, 1, mode=0o640) as region:
            plain, second = listed()
            self.assertEqual((self.name, ring), (plain.name, second.name))
            self.assertEqual((mmapshare.path(self.name), region.size(), "fault", os.geteuid()),
                             (plain.path, plain.size, plain.strategy, plain.uid))
            self.assertEqual((1, 1, 0, 3), (plain.files, plain.maps, plain.ring, second.ring))
            self.assertEqual(region.info().id, plain.id)
        mmapshare.destroy(self.name)
        self.assertEqual([ring], [r.name for r in listed()])


class Seals(TestCase):
    def test_seal(self):
        with mmapshare.create(self.name, 1) as region:
            self.assertEqual((), region.seals)
            self.assertErrno(errno.EBUSY, region.seal, "write")
            self.assertEqual({"future"}, set(region.seal("future")))
            region[0] = 1
            self.assertErrno(errno.EPERM, region.fill)
            self.assertEqual({"future", "revoke", "seal"}, set(region.seal("revoke", "seal")))
            self.assertEqual({"future", "revoke", "seal"}, set(region.seals))
            self.assertErrno(errno.EPERM, region.seal, "write")
            self.assertRaises(ValueError, region.seal, "read")
            self.assertErrno(errno.EPERM, mmapshare.destroy, self.name, revoke=True)

    def test_read_only(self):
        with mmapshare.create(self.name, 1) as region:
            region[:2] = b"hi"
            with region.read_only() as reader:
                self.assertEqual((b"hi", self.name), (reader[:2], reader.name))
                with self.assertRaises(TypeError):
                    reader[0] = 1
                self.assertErrno(errno.EBADF, reader.notify)
                self.assertErrno(errno.EACCES, mmapshare.Region, os.dup(reader.fileno()))


class Sockets(TestCase):
    def setUp(self):
        super().setUp()
        self.here, self.there = socket.socketpair()
        self.addCleanup(self.here.close)
        self.addCleanup(self.there.close)

    def test_region(self):
        with mmapshare.anonymous(1) as region:
            mmapshare.send(self.here, region)
            with mmapshare.receive(self.there) as other:
                self.assertFalse(os.get_inheritable(other.fileno()))
                other[:2] = b"hi"
            self.assertEqual(b"hi", region[:2])
            with region.read_only() as reader:
                mmapshare.send(self.here, reader)
            with mmapshare.receive(self.there, "r") as other:
                self.assertEqual(b"hi", other[:2])

    def test_ring(self):
        with mmapshare.create_ring(None, 1) as ring:
            mmapshare.send(self.here, ring)
            with mmapshare.receive_ring(self.there) as other, other.producer() as producer, \
                    ring.consumer() as consumer:
                producer.write(b"hi")
                self.assertEqual(b"hi", consumer.read())

    def test_malformed(self):
        self.here.send(b"x")
        self.assertErrno(errno.EBADMSG, mmapshare.receive, self.there)
        with open("/dev/null", "rb") as null:
            socket.send_fds(self.here, [b"x"], [null.fileno()])
        before = os.listdir("/proc/self/fd")
        self.assertErrno(errno.ENOTTY, mmapshare.receive, self.there)
        self.assertEqual(before, os.listdir("/proc/self/fd"))
        self.here.close()
        self.assertRaises(EOFError, mmapshare.receive, self.there)


class Endpoints(TestCase):
    def test_wait_consumers(self):
        with mmapshare.create_ring(None, 1, consumers=2) as ring, ring.producer() as producer:
            self.assertFalse(producer.wait_consumers(1, 0))
            self.assertTrue(producer.wait_consumers(0))
            with ring.consumer(may_lose=True):
                self.assertTrue(producer.wait_consumers(1))
                self.assertFalse(producer.wait_consumers(2, 0.05))
            self.assertRaises(ValueError, producer.wait_consumers, 3)

    def test_dropped(self):
        with mmapshare.create_ring(None, 1) as ring, ring.producer() as producer, \
                ring.consumer() as consumer:
            producer.drop(3)
            self.assertEqual((3, 3), (producer.dropped, consumer.dropped))

    def test_open_ring(self):
        mmapshare.create_ring(self.name, 1).close()
        with mmapshare.open_ring(self.name) as ring, ring.producer():
            self.assertEqual(self.name, ring.name)
