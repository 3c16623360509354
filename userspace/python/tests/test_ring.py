# SPDX-License-Identifier: MIT
"""Rings: what goes in comes out, in order, and who waits is told."""
import errno
import os
import select
import signal
import struct
import threading
import time

import mmapshare
from common import LONG, TestCase, descriptors


NOISE = os.urandom(4096)


def content(number, longest=200):
    """What is in a record, by its number: of any length, and no two alike."""
    at = number * 2654435761 % 997
    return struct.pack("=Q", number) + NOISE[at:at + number * 7919 % longest]


class Alone(TestCase):
    """Both sides in one thread."""

    def test_records(self):
        with mmapshare.create_ring(self.name, 1) as ring:
            self.assertEqual(self.name, ring.info().name)
            with mmapshare.producer(self.name) as producer, \
                    mmapshare.consumer(self.name) as consumer:
                self.assertIsNone(consumer.take())
                for data in b"one", b"", b"x" * producer.record_max:
                    producer.write(data)
                    self.assertEqual(data, bytes(consumer.take()))
                    self.assertIsNone(consumer.take())
                producer.writelines(bytes([n]) for n in range(20))
                self.assertEqual(list(range(20)), [consumer.take()[0] for _ in range(20)])
                self.assertErrno(errno.EMSGSIZE, producer.write,
                                 b"x" * (producer.record_max + 1))
                self.assertIsNone(consumer.read(0))

    def test_in_place(self):
        with mmapshare.create_ring(None, 4096) as ring, ring.producer() as producer, \
                ring.consumer() as consumer:
            with producer.record(4) as view:
                view[:] = b"good"
                self.assertIsNone(consumer.take())
            with self.assertRaises(ZeroDivisionError), producer.record(4) as view:
                view[:] = b"bad!"
                1 / 0
            self.assertRaises(ValueError, view.tobytes)
            record = consumer.take()
            self.assertEqual((b"good", True), (bytes(record), record.readonly))
            self.assertIsNone(consumer.take())
            self.assertRaises(ValueError, record.tobytes)
            with producer.record(4):
                self.assertErrno(errno.EBUSY, producer.write, b"one at a time")

    def test_number_around(self):
        """Many times the ring's size; records cross its end."""
        for overwrite in False, True:
            with mmapshare.create_ring(None, 4096, overwrite=overwrite) as ring, \
                    ring.producer() as producer, ring.consumer() as consumer:
                for n in range(200):
                    producer.write(content(n, 1000))
                    self.assertEqual(content(n, 1000), consumer.read())
                self.assertEqual(0, consumer.lost)

    def test_full(self):
        with mmapshare.create_ring(None, 4096) as ring, ring.producer() as producer:
            count = 0
            with self.assertRaises(TimeoutError):
                for count in range(1000):
                    producer.write(b"x" * 92, 0)
            # a record has 8 bytes before it, and the next one's number behind it
            size = ring.info().size
            self.assertLess(count, size // 100)
            producer.drop(3)
            with ring.consumer() as consumer:
                self.assertEqual(count, sum(1 for _ in iter(consumer.take, None)))
                producer.write(b"room", 0)
                self.assertEqual(b"room", consumer.read(0))
            self.assertTrue(producer.wait(0))

    def test_keeps(self):
        """What was taken is gone for the next, but nothing that was not."""
        with mmapshare.create_ring(None, 4096) as ring:
            with ring.producer() as producer:
                producer.writelines([b"1", b"2", b"3"])
            with ring.consumer() as consumer:
                self.assertEqual(b"1", bytes(next(consumer)))
            with ring.consumer() as consumer:
                self.assertEqual([b"2", b"3"], [bytes(record) for record in consumer])
            with ring.producer() as producer, ring.consumer(latest=True) as consumer:
                producer.write(b"4")
                self.assertEqual(b"4", consumer.read())

    def test_next_producer(self):
        """Numbers go on where the last one was, in memory that was used before."""
        with mmapshare.create_ring(None, 4096, overwrite=True) as ring, \
                ring.consumer(ignore_hup=True) as consumer:
            seen = 0
            for _ in range(3):
                with ring.producer() as producer:
                    for n in range(500):
                        producer.write(content(n, 100))
                records = [bytes(record) for record in iter(consumer.take, None)]
                self.assertEqual(content(499, 100), records[-1])
                seen += len(records)
            self.assertEqual(1500, seen + consumer.lost)

    def test_overwrite(self):
        with mmapshare.create_ring(None, 4096, overwrite=True) as ring, \
                ring.producer() as producer, ring.consumer() as consumer:
            first = consumer
            for n in range(1000):
                producer.write(struct.pack("=Q", n))
            seen = [struct.unpack("=Q", record)[0] for record in iter(first.take, None)]
            self.assertEqual(list(range(first.lost, 1000)), seen)
            self.assertGreater(first.lost, 0)
            self.assertGreater(len(seen), 4096 // 24)
            # a copy stays
            producer.write(b"kept")
            record = next(consumer)
            producer.writelines(b"other" for _ in range(1000))
            self.assertEqual(b"kept", record)

    def test_roles(self):
        with mmapshare.create_ring(self.name, 1, consumers=2) as ring:
            with ring.producer() as producer:
                self.assertErrno(errno.EBUSY, ring.producer)
                with ring.consumer(), ring.consumer():
                    self.assertErrno(errno.ENOSPC, ring.consumer)
                with producer.record(1) as view:
                    self.assertFalse(view.readonly)
            ring.producer().close()
            with mmapshare.open(self.name, "r") as region:
                self.assertErrno(errno.EACCES, mmapshare.open, self.name)
                self.assertGreater(region.size(), 4096)
        with mmapshare.anonymous(1) as region:
            self.assertErrno(errno.ENOTTY, mmapshare.Consumer, region.fileno())

    def test_close(self):
        before = descriptors()
        with mmapshare.create_ring(None, 1) as ring:
            producer, consumer = ring.producer(), ring.consumer()
            for _ in range(2):
                producer.close()
                consumer.close()
            for call in (consumer.take, consumer.wait, consumer.release, consumer.fileno,
                         producer.wait, producer.fileno):
                self.assertRaises(ValueError, call)
            self.assertRaises(ValueError, producer.write, b"")
            producer = ring.producer()
            del producer
            ring.producer().close()
        self.assertRaises(ValueError, ring.info)
        with open("/dev/null", "rb") as other:
            self.assertErrno(errno.ENOTTY, mmapshare.Consumer, other.fileno())
        self.assertEqual(before, descriptors())


class Together(TestCase):
    """Another process on the other side."""

    def produce(self, count, longest, pause):
        with mmapshare.producer(self.name) as producer:
            for n in range(count):
                producer.write(content(n, longest), LONG)
                if n % 100 < pause:
                    time.sleep(0.001)

    def race(self, size, count, longest, pause):
        with mmapshare.create_ring(self.name, size) as ring, ring.consumer(ignore_hup=True) as consumer:
            with self.child(self.produce, count, longest, pause):
                for n in range(count):
                    self.assertEqual(content(n, longest), consumer.read(LONG))
            self.assertEqual(0, consumer.lost)
        self.destroy()

    def test_lossless(self):
        self.race(1 << 16, 3000, 200, 0)

    def test_lossless_small(self):
        """The producer has to wait all the time."""
        self.race(1, 1000, 1000, 0)

    def test_lossless_slow(self):
        """The consumer has to."""
        self.race(1 << 16, 200, 200, 50)

    def test_lines(self):
        def produce():
            with mmapshare.producer(self.name) as producer:
                producer.writelines((content(n) for n in range(2000)), LONG)
        with mmapshare.create_ring(self.name, 8192) as ring, ring.consumer() as consumer:
            with self.child(produce):
                self.assertTrue(consumer.wait(LONG))
                for n, record in enumerate(consumer):
                    self.assertEqual(content(n), record)
                self.assertEqual(1999, n)

    def test_two_consumers(self):
        def consume():
            with mmapshare.consumer(self.name) as consumer:
                ready.write(b"x")
                for n in range(500):
                    self.assertEqual(content(n), consumer.read(LONG))
        with mmapshare.create_ring(self.name, 8192, consumers=2) as ring, \
                mmapshare.anonymous(1) as ready:
            with self.child(consume), ring.consumer() as consumer:
                while not ready[0]:
                    time.sleep(0.01)
                with self.child(self.produce, 500, 200, 0):
                    for n in range(500):
                        self.assertEqual(content(n), consumer.read(LONG))

    def test_overtaken(self):
        """Each record is whole, and the numbers of those missed add up."""
        def produce():
            with mmapshare.producer(self.name) as producer:
                for n in range(10000):
                    producer.write(struct.pack("=Q", n) * (1 + n % 50))
        with mmapshare.create_ring(self.name, 8192, overwrite=True) as ring, \
                ring.consumer() as consumer:
            seen = 0
            with self.child(produce):
                self.assertTrue(consumer.wait(LONG))
                for record in consumer:
                    number = seen + consumer.lost
                    self.assertEqual(struct.pack("=Q", number) * (1 + number % 50), record)
                    seen += 1
            self.assertEqual(10000, seen + consumer.lost)
            self.assertGreater(seen, 0)

    def test_death(self):
        """A producer that is killed is gone, and what it has told is there."""
        def produce():
            try:
                with mmapshare.producer(self.name) as producer:
                    producer.write(b"last words")
                    time.sleep(LONG)
            finally:
                os._exit(1)
        with mmapshare.create_ring(self.name, 1) as ring, ring.consumer() as consumer:
            pid = os.fork()
            if not pid:
                produce()
            self.assertTrue(consumer.wait(LONG))
            os.kill(pid, signal.SIGKILL)
            self.assertEqual([b"last words"], [bytes(record) for record in consumer])
            self.assertRaises(BrokenPipeError, consumer.read)
            os.waitpid(pid, 0)

    def test_consumers_gone(self):
        with mmapshare.create_ring(None, 1) as ring, ring.producer() as producer:
            ring.consumer().close()
            with self.assertRaises(BrokenPipeError):
                while True:
                    producer.write(b"x" * 1000)


class Waiting(TestCase):
    def test_threads_run(self):
        with mmapshare.create_ring(None, 1) as ring, ring.producer() as producer, \
                ring.consumer() as consumer:
            def write():
                time.sleep(0.2)
                producer.write(b"now")
            thread = threading.Thread(target=write)
            thread.start()
            start = time.monotonic()
            self.assertEqual(b"now", consumer.read(LONG))
            # not because the time was over
            self.assertLess(time.monotonic() - start, LONG / 2)
            thread.join()

    def test_timeout(self):
        with mmapshare.create_ring(None, 1) as ring, ring.producer(), \
                ring.consumer() as consumer:
            start = time.monotonic()
            self.assertFalse(consumer.wait(0.2))
            self.assertGreaterEqual(time.monotonic() - start, 0.2)
            self.assertIsNone(consumer.read(0.1))

    def test_select(self):
        with mmapshare.create_ring(None, 1) as ring, ring.producer() as producer, \
                ring.consumer() as consumer:
            def ready():
                sets = select.select([consumer], [producer], [], 0)
                return bool(sets[0]), bool(sets[1])
            self.assertEqual((False, True), ready())
            with self.assertRaises(TimeoutError):
                while True:
                    producer.write(b"x" * 1000, 0)
            self.assertEqual((True, False), ready())
            while consumer.take():
                pass
            consumer.release()
            self.assertEqual((False, True), ready())

    def test_revoked(self):
        with mmapshare.create_ring(self.name, 1) as ring, ring.producer() as producer, \
                ring.consumer() as consumer:
            mmapshare.destroy(self.name, revoke=True)
            self.assertErrno(errno.ENODEV, consumer.wait, 0)
            self.assertErrno(errno.ENODEV, producer.wait, 0)
            # from here on nothing kills it
            self.assertErrno(errno.ENODEV, consumer.take)
            self.assertErrno(errno.ENODEV, producer.write, b"x")
            self.assertErrno(errno.ENODEV, consumer.release)


class Hostile(TestCase):
    """A producer that stores what cannot be is not believed."""

    def attack(self, word, value):
        with mmapshare.create_ring(None, 4096) as ring, ring.producer() as producer, \
                ring.consumer() as consumer:
            producer.write(b"x" * 100)
            if word is None:
                producer._headers[0] = value
            else:
                producer._own64[word] = value
            self.assertErrno(errno.EBADMSG, consumer.take)

    def test_position(self):
        for position in 4, 4096 * 2, 1 << 63, (1 << 64) - 8:
            self.attack(0, position)

    def test_length(self):
        for length in 4000, 105, 0x3fffffff:
            self.attack(None, length)

    def test_cursor(self):
        """The kernel judges; a consumer whose position cannot be is as dead."""
        with mmapshare.create_ring(None, 4096) as ring, ring.producer() as producer, \
                ring.consumer() as consumer:
            producer.write(b"x")
            consumer._own64[0] = 8
            consumer._own64[0] = 1 << 40
            with self.assertRaises((BrokenPipeError, TimeoutError)):
                for _ in range(100):
                    producer.write(b"x" * 1000, 0.5)
            consumer._attached = False
