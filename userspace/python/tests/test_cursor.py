# SPDX-License-Identifier: MIT
"""Rings: consumers go on by the name of a cursor, or begin at a record."""
import errno

import mmapshare
from common import TestCase


def numbers(consumer, count=None):
    """The content of the next records, as numbers."""
    result = []
    while count is None or len(result) < count:
        record = consumer.take()
        if record is None:
            break
        result.append(int(bytes(record)))
    return result


class Cursor(TestCase):
    def setUp(self):
        super().setUp()
        self.ring = mmapshare.create_ring(self.name, 4096)
        self.addCleanup(self.ring.close)
        self.producer = self.ring.producer()
        self.addCleanup(self.producer.close)

    def write(self, first, last):
        for n in range(first, last):
            self.producer.write(str(n).encode())

    def test_resumed(self):
        with mmapshare.consumer(self.name, cursor="logger", keep=None) as consumer:
            self.assertFalse(consumer.resumed)
            self.write(0, 10)
            self.assertEqual([0, 1, 2], numbers(consumer, 3))
            consumer.release()
            # these are taken, but not released
            self.assertEqual([3, 4], numbers(consumer, 2))
            self.assertErrno(errno.EBUSY, mmapshare.consumer, self.name, cursor="logger")
        with mmapshare.consumer(self.name, cursor="logger", existing=True) as consumer:
            self.assertTrue(consumer.resumed)
            self.assertEqual(list(range(3, 10)), numbers(consumer))
            self.assertEqual(0, consumer.lost)
        self.assertErrno(errno.ENOENT, self.ring.consumer, cursor="other", existing=True)

    def test_start(self):
        self.write(0, 10)
        with self.ring.consumer(start=7) as consumer:
            self.assertEqual([7, 8, 9], numbers(consumer))
        with self.ring.consumer(start="oldest") as consumer:
            self.assertEqual(list(range(10)), numbers(consumer))
        with self.ring.consumer(start="latest") as consumer:
            self.assertEqual([], numbers(consumer))
        self.assertErrno(errno.ERANGE, self.ring.consumer, start=11)
        self.assertRaises(ValueError, self.ring.consumer, start="newest")
        self.assertRaises(ValueError, self.ring.consumer, start="oldest", latest=True)
        self.assertRaises(ValueError, self.ring.consumer, keep=1)

    def test_generation(self):
        with self.ring.consumer() as consumer:
            generation = consumer.generation
        self.assertEqual(generation, self.producer.generation)
        self.ring.consumer(generation=generation).close()
        self.assertErrno(errno.ESTALE, self.ring.consumer, generation=generation ^ 1)

    def test_lost(self):
        with mmapshare.create_ring(None, 4096, overwrite=True) as ring, \
                ring.producer() as producer:
            ring.consumer(cursor="logger").close()
            for n in range(1000):
                producer.write(str(n).encode())
            with ring.consumer(cursor="logger") as consumer:
                self.assertTrue(consumer.resumed)
                lost = consumer.lost
                self.assertLess(700, lost)
                self.assertEqual([lost], numbers(consumer, 1))

    def test_cursors(self):
        self.assertEqual([], self.ring.cursors())
        with self.ring.consumer(cursor="logger", keep=3.5) as consumer:
            self.write(0, 2)
            numbers(consumer, 1)
            consumer.release()
            cursor, = self.ring.cursors()
            self.assertEqual(("logger", True, True, False, 1, 0, 0),
                             (cursor.name, cursor.attached, cursor.keeps, cursor.may_lose,
                              cursor.seq, cursor.lost, cursor.unheld))
            self.assertErrno(errno.EBUSY, self.ring.remove_cursor, "logger")
        self.assertFalse(self.ring.cursors()[0].attached)
        # a name is no consumer that is attached
        self.assertFalse(self.producer.wait_consumers(1, 0))
        self.ring.remove_cursor("logger")
        self.assertEqual([], self.ring.cursors())
        self.assertErrno(errno.ENOENT, self.ring.remove_cursor, "logger")
