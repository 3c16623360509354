# SPDX-License-Identifier: MIT
"""Rings: records arrive intact and in order, and waiters are woken."""
import contextlib
import errno
import os
import select
import signal
import struct
import threading
import time

import mmapshare
from common import LONG, TestCase, count_descriptors


NOISE = os.urandom(4096)


def content(seq, max_length=200):
    """The content of a record: unique, with a length that varies."""
    start = seq * 2654435761 % 997
    return struct.pack("=Q", seq) + NOISE[start:start + seq * 7919 % max_length]


class Alone(TestCase):
    """Producer and consumer in one thread."""

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

    def test_wrap_around(self):
        """Write many times the ring's size; records cross its end."""
        for overwrite in False, True:
            with mmapshare.create_ring(None, 4096, overwrite=overwrite) as ring, \
                    ring.producer() as producer, ring.consumer() as consumer:
                for n in range(200):
                    producer.write(content(n, 1000))
                    self.assertEqual(content(n, 1000), consumer.read())
                self.assertEqual(0, consumer.lost)

    def test_cursor_reused(self):
        """While the producer makes space, the last consumer detaches, and one
        that may lose records gets its cursor: what the former has not released
        is retained."""
        with mmapshare.create_ring(None, 4096, consumers=1) as ring, \
                ring.producer() as producer, contextlib.ExitStack() as readers:
            consumer = ring.consumer()
            fence, fences = producer._acq_rel_fence, []

            def replace_consumer():
                fence()
                fences.append(None)
                # between the loads of the consumers and of their positions
                if len(fences) == 2:
                    consumer.close()
                    reader = readers.enter_context(ring.consumer(latest=True, may_lose=True))
                    reader.release()

            written = 0
            with self.assertRaises(TimeoutError):
                while True:
                    producer.write(content(written), 0)
                    written += 1
            producer._acq_rel_fence = replace_consumer
            self.assertRaises(BrokenPipeError, producer.write, content(written), 0)
            del producer._acq_rel_fence
            self.assertLess(1, len(fences))
            readers.close()
            with ring.consumer() as consumer:
                self.assertEqual([content(n) for n in range(written)],
                                 [consumer.read(0) for _ in range(written)])

    def test_may_lose(self):
        """One that may lose does not hold back the producer, and leaves the
        records to other consumers."""
        with mmapshare.create_ring(None, 4096, consumers=2) as ring, \
                ring.producer() as producer, ring.consumer(may_lose=True) as reader:
            producer.writelines(content(n) for n in range(5))
            self.assertEqual([content(n) for n in range(5)],
                             [bytes(reader.take()) for _ in range(5)])
            with ring.consumer() as consumer:
                for n in range(500):
                    self.assertEqual(content(n), consumer.read())
                    producer.write(content(n + 5))
            self.assertEqual((True, False), (reader.may_lose, consumer.may_lose))
            record = reader.read()
            self.assertGreater(reader.lost, 0)
            self.assertEqual(content(reader.lost + 5), record)

    def test_limits_on_consumers(self):
        for per_uid, reserved in (0, None), (1, 0), (2, 2):
            with mmapshare.create_ring(None, 1, consumers=2, consumers_per_uid=per_uid,
                                       consumers_reserved=reserved) as ring:
                head = struct.unpack_from("=II", os.pread(ring.fileno(), 96, 0), 88)
                self.assertEqual((per_uid or 1, 1 if reserved is None else reserved), head)
        self.assertRaises(ValueError, mmapshare.create_ring, None, 1, consumers_per_uid=9)

    def test_crossing_in_place(self):
        """A record that crosses the end of the ring is intact. If its "with"
        block raises an exception, it is not published."""
        with mmapshare.create_ring(None, 4096) as ring, ring.producer() as producer, \
                ring.consumer() as consumer:
            for length in 2000, 2000:
                producer.write(bytes(length))
                self.assertEqual(length, len(consumer.read()))
                consumer.release()
            with self.assertRaises(ZeroDivisionError), producer.record(200) as view:
                view[:] = b"b" * 200
                1 / 0
            with producer.record(200) as view:
                view[:] = bytes(range(200))
            record = consumer.take()
            self.assertEqual((bytes(range(200)), True), (bytes(record), record.readonly))
            # then one of which only the header is in front of the end
            for length in 1976, 1968, 50, 0:
                producer.write(b"r" * length)
                self.assertEqual(b"r" * length, consumer.read())
                consumer.release()

    def test_full(self):
        with mmapshare.create_ring(None, 4096) as ring, ring.producer() as producer:
            count = 0
            with self.assertRaises(TimeoutError):
                for count in range(1000):
                    producer.write(b"x" * 92, 0)
            # a record has a header of 8 bytes, and the next header must fit
            # behind it
            size = ring.info().size
            self.assertLess(count, size // 100)
            producer.drop(3)
            with ring.consumer() as consumer:
                self.assertEqual(count, sum(1 for _ in iter(consumer.take, None)))
                producer.write(b"fits", 0)
                self.assertEqual(b"fits", consumer.read(0))
            self.assertTrue(producer.wait(0))

    def test_retained(self):
        """The next consumer gets exactly the records that were not taken."""
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
        """The next producer continues the sequence numbers, in used memory."""
        with mmapshare.create_ring(None, 4096, overwrite=True) as ring, \
                ring.consumer(ignore_hup=True) as consumer:
            taken = 0
            for _ in range(3):
                with ring.producer() as producer:
                    for n in range(500):
                        producer.write(content(n, 100))
                records = [bytes(record) for record in iter(consumer.take, None)]
                self.assertEqual(content(499, 100), records[-1])
                taken += len(records)
            self.assertEqual(1500, taken + consumer.lost)

    def test_overwrite(self):
        with mmapshare.create_ring(None, 4096, overwrite=True) as ring, \
                ring.producer() as producer, ring.consumer() as consumer:
            for n in range(1000):
                producer.write(struct.pack("=Q", n))
            taken = [struct.unpack("=Q", record)[0] for record in iter(consumer.take, None)]
            self.assertEqual(list(range(consumer.lost, 1000)), taken)
            self.assertGreater(consumer.lost, 0)
            self.assertGreater(len(taken), 4096 // 24)
            # the record is a copy, which the producer does not overwrite
            producer.write(b"copy")
            record = next(consumer)
            producer.writelines(b"other" for _ in range(1000))
            self.assertEqual(b"copy", record)

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
        before = count_descriptors()
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
        self.assertEqual(before, count_descriptors())


class Together(TestCase):
    """Producer and consumer in different processes."""

    def produce(self, count, max_length, pauses):
        with mmapshare.producer(self.name) as producer:
            for n in range(count):
                producer.write(content(n, max_length), LONG)
                if n % 100 < pauses:
                    time.sleep(0.001)

    def race(self, size, count, max_length, pauses):
        with mmapshare.create_ring(self.name, size) as ring, \
                ring.consumer(ignore_hup=True) as consumer:
            with self.child(self.produce, count, max_length, pauses):
                for n in range(count):
                    self.assertEqual(content(n, max_length), consumer.read(LONG))
            self.assertEqual(0, consumer.lost)
        self.destroy()

    def test_lossless(self):
        self.race(1 << 16, 3000, 200, 0)

    def test_lossless_small(self):
        """The producer often waits for space."""
        self.race(1, 1000, 1000, 0)

    def test_lossless_slow(self):
        """The consumer often waits for records."""
        self.race(1 << 16, 200, 200, 50)

    def test_writelines(self):
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

    def test_overrun(self):
        """Each record is intact, and consumer.lost is exact."""
        def produce():
            with mmapshare.producer(self.name) as producer:
                for n in range(10000):
                    producer.write(struct.pack("=Q", n) * (1 + n % 50))
        with mmapshare.create_ring(self.name, 8192, overwrite=True) as ring, \
                ring.consumer() as consumer:
            taken = 0
            with self.child(produce):
                self.assertTrue(consumer.wait(LONG))
                for record in consumer:
                    seq = taken + consumer.lost
                    self.assertEqual(struct.pack("=Q", seq) * (1 + seq % 50), record)
                    taken += 1
            self.assertEqual(10000, taken + consumer.lost)
            self.assertGreater(taken, 0)

    def test_death(self):
        """SIGKILL detaches the producer; what it published remains."""
        def produce():
            try:
                with mmapshare.producer(self.name) as producer:
                    producer.write(b"published")
                    time.sleep(LONG)
            finally:
                os._exit(1)
        with mmapshare.create_ring(self.name, 1) as ring, ring.consumer() as consumer:
            pid = os.fork()
            if not pid:
                produce()
            self.assertTrue(consumer.wait(LONG))
            os.kill(pid, signal.SIGKILL)
            self.assertEqual([b"published"], [bytes(record) for record in consumer])
            self.assertRaises(BrokenPipeError, consumer.read)
            os.waitpid(pid, 0)

    def test_consumers_detached(self):
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
            # the record ended the wait, not the timeout
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
            # after the first ENODEV the mapping is not touched: no SIGBUS
            self.assertErrno(errno.ENODEV, consumer.take)
            self.assertErrno(errno.ENODEV, producer.write, b"x")
            self.assertErrno(errno.ENODEV, consumer.release)


class Info(TestCase):
    """Records with a time, a CPU and a type."""

    def test_all(self):
        for overwrite in False, True:
            with mmapshare.create_ring(None, 4096, clock="monotonic", cpu=True, types=True,
                                       overwrite=overwrite) as ring, \
                    ring.producer() as producer, ring.consumer() as consumer:
                self.assertIsNone(consumer.info)
                before = time.monotonic_ns()
                # records, and what is in front of them, cross the end of the ring
                for n in range(500):
                    producer.write(content(n), record_type=n)
                    self.assertEqual(content(n), consumer.take())
                    self.assertEqual(n, consumer.info.type)
                    self.assertLessEqual(before, consumer.info.time)
                    self.assertIn(consumer.info.cpu, range(os.cpu_count()))
                    before = consumer.info.time
                self.assertLessEqual(before, time.monotonic_ns())
                with producer.record(4, record_type=65535) as view:
                    view[:] = b"text"
                self.assertEqual(b"text", consumer.read())
                self.assertEqual(65535, consumer.info.type)

    def test_wanted(self):
        with mmapshare.create_ring(None, 4096, types=True) as ring, \
                ring.producer() as producer:
            self.assertFalse(producer.wanted(0))
            with ring.consumer(types=[3, 65535]):
                self.assertEqual([3, 63, 67], [n for n in range(100) if producer.wanted(n)])
                with ring.consumer():
                    self.assertTrue(producer.wanted(4))
                self.assertFalse(producer.wanted(4))
            self.assertRaises(ValueError, ring.consumer, types=[65536])
        with mmapshare.create_ring(None, 4096) as ring:
            self.assertErrno(errno.EINVAL, ring.consumer, types=[1])

    def test_some(self):
        with mmapshare.create_ring(None, 4096, clock="boottime") as ring, \
                ring.producer() as producer, ring.consumer() as consumer:
            self.assertEqual(2048 - 8 - 16, producer.record_max)
            before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            producer.write(b"x" * producer.record_max)
            self.assertEqual(b"x" * producer.record_max, consumer.read())
            self.assertLessEqual(before, consumer.info.time)
            self.assertEqual((None, None), consumer.info[1:])
            self.assertRaises(ValueError, producer.write, b"x", record_type=1)
        with mmapshare.create_ring(None, 4096) as ring, ring.producer() as producer, \
                ring.consumer() as consumer:
            producer.write(b"x")
            self.assertEqual(b"x", consumer.read())
            self.assertIsNone(consumer.info)
        self.assertRaises(ValueError, mmapshare.create_ring, None, 4096, clock="tai")

    def test_corrupt(self):
        for length in 0, 15:
            with mmapshare.create_ring(None, 4096, types=True) as ring, \
                    ring.producer() as producer, ring.consumer() as consumer:
                producer.write(b"x")
                producer._headers[0] = length
                self.assertErrno(errno.EBADMSG, consumer.take)

    def test_unknown_feature(self):
        """A package that does not know a feature refuses to attach."""
        known = mmapshare._abi.RING_FEATURES
        with mmapshare.create_ring(None, 4096, types=True) as ring:
            mmapshare._abi.RING_FEATURES = known & ~mmapshare._abi.RING_FEAT_TYPE
            try:
                self.assertErrno(errno.EPROTONOSUPPORT, ring.consumer)
                self.assertErrno(errno.EPROTONOSUPPORT, ring.producer)
            finally:
                mmapshare._abi.RING_FEATURES = known
            ring.consumer().close()


class Hostile(TestCase):
    """Corrupt values in shared memory are detected."""

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

    def test_busy(self):
        """Only kernel producers publish records that are not complete."""
        self.attack(None, 100 | 1 << 31)

    def test_cursor_in_record(self):
        """A consumer's position is inside a record: the next consumer begins
        behind that record."""
        with mmapshare.create_ring(None, 4096) as ring, ring.producer() as producer:
            count = 0
            with contextlib.suppress(TimeoutError):
                while True:
                    producer.write(content(count, 100), 0)
                    count += 1
            with ring.consumer() as consumer:
                for _ in range(9):
                    consumer.take()
                consumer.release()
                consumer._own64[0] += 8
                consumer._attached = False
                self.assertRaises(TimeoutError, producer.writelines,
                                  (content(n, 100) for n in range(count, 1 << 20)), 0)
            with ring.consumer() as consumer:
                for n in range(10, count):
                    self.assertEqual(content(n, 100), consumer.read())

    def test_cursor_before_oldest_pos(self):
        """A consumer's position is before the oldest one, inside a record,
        when the next producer attaches: the next consumer begins at the oldest
        record, and the producer keeps the bytes from the position on."""
        def data(n: int) -> bytes:
            return n.to_bytes(8, "little") * 13  # 112 with the header

        with mmapshare.create_ring(None, 4096, consumers=2) as ring, \
                ring.consumer() as parked:
            with ring.producer() as producer, contextlib.suppress(TimeoutError):
                count = 0
                while True:
                    producer.write(data(count), 0)
                    count += 1
                    if count == 30:
                        parked._own64[0] = 20 * 112
            parked._own64[0] -= 8
            with ring.producer() as producer, ring.consumer() as consumer:
                for n in range(20, count):
                    self.assertEqual(data(n), consumer.read())
                self.assertRaises(TimeoutError, producer.write, data(count), 0)
                parked._own64[0] = 40 * 112
                producer.write(data(count), 0)
                self.assertEqual(data(count), consumer.read())

    def test_cursor(self):
        """The kernel treats a consumer with a corrupt position as detached."""
        with mmapshare.create_ring(None, 4096) as ring, ring.producer() as producer, \
                ring.consumer() as consumer:
            producer.write(b"x")
            consumer._own64[0] = 8
            consumer._own64[0] = 1 << 40
            with self.assertRaises((BrokenPipeError, TimeoutError)):
                for _ in range(100):
                    producer.write(b"x" * 1000, 0.5)
            consumer._attached = False
