# SPDX-License-Identifier: MIT
"""Ring sets: the records of all rings in the order of time, losses, and waiting."""
import contextlib
import errno
import struct
import threading

import mmapshare
from common import TestCase


def stamp(producer, time, data):
    """Write a record with a time of our own: its info is in front of it."""
    with producer.record(len(data)) as view:
        view[:] = data
        position = producer._start(producer._pos)
        producer._data[position:position + 8] = struct.pack("=Q", time)


class Sets(TestCase):
    def setUp(self):
        super().setUp()
        self.exits = contextlib.ExitStack()
        self.addCleanup(self.exits.close)

    def make(self, members=3, window=0, **properties):
        """A set with a producer in each ring, and a consumer of all."""
        self.ring = self.exits.enter_context(
            mmapshare.create_ring(None, 4096, members=members, clock="monotonic",
                                  **properties))
        self.producers = [self.exits.enter_context(self.ring.producer())
                          for _ in range(members)]
        self.consumer = self.exits.enter_context(
            mmapshare.consumer_set(self.ring, window=window))

    def take_all(self):
        return [int(record) for record in iter(self.consumer.take, None)]

    def test_order(self):
        self.make()
        for member, times in enumerate(((1, 5, 12), (2, 3, 11), (7, 8, 9))):
            for time in times:
                stamp(self.producers[member], time, b"%d" % time)
        self.assertEqual([1, 2, 3, 5, 7, 8, 9, 11, 12], self.take_all())
        self.assertEqual((0, 12), (self.consumer.member, self.consumer.info.time))
        self.assertEqual(3, self.ring.info().members)
        self.assertFalse(self.consumer.wait(0))

    def test_late(self):
        self.make()
        stamp(self.producers[0], 10, b"10")
        stamp(self.producers[0], 30, b"30")
        self.assertEqual(b"10", self.consumer.take())
        stamp(self.producers[1], 20, b"20")
        self.assertEqual([30, 20], self.take_all())

    def test_window(self):
        self.make(window=1e9)
        self.producers[0].write(b"1")
        stamp(self.producers[1], 0, b"2")
        self.assertEqual([2], self.take_all())
        self.assertFalse(self.consumer.wait(0))
        self.assertFalse(self.consumer.wait(0.001))
        self.assertRaises(ValueError, mmapshare.consumer_set, self.ring, window=-1)
        with mmapshare.create_ring(None, 1, members=1) as ring:
            self.assertRaises(ValueError, mmapshare.consumer_set, ring, window=1)
            with ring.consumer(member=0) as consumer, ring.producer(member=0) as producer:
                producer.write(b"one")
                self.assertEqual(b"one", consumer.read())

    def test_losses(self):
        self.make(overwrite=True)
        taken = [0, 0, 0]
        for n in range(300):
            self.producers[n % 2].write(b"%d" % n)
            if n % 100 == 0 and self.consumer.take() is not None:
                taken[self.consumer.member] += 1
        for _ in iter(self.consumer.take, None):
            taken[self.consumer.member] += 1
        for member in 0, 1:
            self.assertEqual(150, taken[member] + self.consumer.members[member].lost)
        self.assertLess(0, self.consumer.lost)
        self.assertEqual(0, self.consumer.members[2].lost)

    def test_corrupt(self):
        self.make()
        self.producers[0].write(b"1")
        self.producers[2].write(b"2")
        self.producers[1]._own64[0] = 4
        self.assertErrno(errno.EBADMSG, self.consumer.take)
        self.assertEqual(1, self.consumer.member)
        self.assertEqual([1, 2], self.take_all())
        self.assertFalse(self.consumer.wait(0))
        self.producers[0].write(b"3")
        self.assertTrue(self.consumer.wait())
        self.assertEqual([3], self.take_all())

    def test_threads(self):
        """Three threads write; iteration ends with the last producer."""
        self.make(window=0.0001)
        lasts = [-1, -1, -1]

        def write(producer):
            for n in range(500):
                producer.write(b"%d" % n)
            producer.close()

        threads = [threading.Thread(target=write, args=(producer,))
                   for producer in self.producers]
        for thread in threads:
            thread.start()
        for record in self.consumer:
            self.assertEqual(lasts[self.consumer.member] + 1, int(record))
            lasts[self.consumer.member] += 1
        for thread in threads:
            thread.join()
        self.assertEqual([499] * 3, lasts)

    def test_attach(self):
        self.make(members=2)
        self.assertErrno(errno.EOPNOTSUPP, self.ring.consumer)
        self.assertErrno(errno.EBUSY, self.ring.producer)
        self.assertErrno(errno.EINVAL, self.ring.consumer, member=2)
        self.assertErrno(errno.EOPNOTSUPP, self.ring.consumer, cursor="a")
        self.assertErrno(errno.EOPNOTSUPP, self.ring.consumer, cursor="a", member=0)
        self.assertEqual([], self.ring.cursors())
        with mmapshare.create_ring(None, 1) as ring:
            self.assertErrno(errno.EOPNOTSUPP, mmapshare.consumer_set, ring)
        with mmapshare.create_ring(self.name, 1, members=0), \
                mmapshare.consumer_set(self.name) as consumer:
            self.assertLess(0, len(consumer.members))
            self.assertFalse(consumer.may_lose)

