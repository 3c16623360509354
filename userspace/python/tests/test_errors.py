# SPDX-License-Identifier: MIT
"""Exceptions name the region, say what is wrong, and what to do about it."""
import errno
import pickle

import mmapshare
from common import TestCase


class Errors(TestCase):
    def check(self, kinds, code, texts, function, *arguments, **keywords):
        with self.assertRaises(kinds[0]) as raised:
            function(*arguments, **keywords)
        error = raised.exception
        self.assertEqual(code, error.errno)
        for kind in (*kinds, mmapshare.Error):
            self.assertIsInstance(error, kind)
        for text in texts:
            self.assertIn(text, str(error))

    def test_not_found(self):
        kinds = (mmapshare.NotFoundError, FileNotFoundError)
        self.check(kinds, errno.ENOENT, ["no such region", f"/dev/mmapshare-{self.name}", "; see"],
                   mmapshare.open, self.name)
        self.check(kinds, errno.ENOENT, ["no such region", self.name],
                   mmapshare.destroy, self.name)

    def test_exists(self):
        with mmapshare.create(self.name, 1):
            self.check((mmapshare.ExistsError, FileExistsError), errno.EEXIST,
                       [self.name, "choose another name"], mmapshare.create, self.name, 1)

    def test_consumers(self):
        """By default a ring has eight slots, as with the command."""
        with mmapshare.create_ring(self.name, 1) as ring:
            consumers = [ring.consumer() for _ in range(8)]
            self.check((mmapshare.LimitError,), errno.ENOSPC,
                       ["no consumer slot left", self.name, "\"consumers\""], ring.consumer)
            for consumer in consumers:
                consumer.close()

    def test_producers(self):
        with mmapshare.create_ring(self.name, 1) as ring, ring.producer():
            self.check((mmapshare.BusyError,), errno.EBUSY,
                       ["has a producer", self.name], mmapshare.producer, self.name)

    def test_plain_region(self):
        with mmapshare.create(self.name, 1):
            self.check((mmapshare.NotARegionError,), errno.ENOTTY, [self.name],
                       mmapshare.consumer, self.name)

    def test_too_large(self):
        self.check((mmapshare.Error,), errno.ERANGE, [self.name, "1 TiB"],
                   mmapshare.create, self.name, 1 << 60)

    def test_revoked(self):
        with mmapshare.create(self.name, 1) as region:
            mmapshare.destroy(self.name, revoke=True)
            self.check((mmapshare.RevokedError,), errno.ENODEV, [self.name, "revoked"],
                       region.notify)

    def test_hang_up(self):
        with mmapshare.create_ring(self.name, 1) as ring, ring.consumer() as consumer:
            ring.producer().close()
            self.check((mmapshare.HangupError, BrokenPipeError), errno.EPIPE,
                       ["no peer is left", self.name], consumer.read)

    def test_arguments(self):
        for size in "4K", "4096", 0, -1, 1 << 64:
            for create in mmapshare.create, mmapshare.create_ring:
                with self.assertRaisesRegex(ValueError, "size"):
                    create(self.name, size)
        with self.assertRaisesRegex(TypeError, "size .* must be an integer, not 1.5"):
            mmapshare.create(self.name, 1.5)
        with self.assertRaisesRegex(ValueError, "consumers must be from 1 to 64, not 65"):
            mmapshare.create_ring(self.name, 1, consumers=65)
        with self.assertRaisesRegex(ValueError, "mode"):
            mmapshare.create(self.name, 1, mode=0o1777)
        with self.assertRaisesRegex(ValueError, "'a/b'"):
            mmapshare.create("a/b", 1)

    def test_closed(self):
        with mmapshare.create(self.name, 1) as region:
            pass
        self.assertRaisesRegex(ValueError, self.name, region.fileno)

    def test_repr(self):
        with mmapshare.create(self.name, 1) as region:
            self.assertRegex(repr(region), f"Region '{self.name}', [0-9]+ bytes, mode 'r.'")
        self.assertIn("closed", repr(region))
        mmapshare.destroy(self.name)
        with mmapshare.create_ring(self.name, 1) as ring, ring.producer() as producer, \
                ring.consumer() as consumer:
            for thing in ring, producer, consumer:
                self.assertIn(repr(self.name), repr(thing))
                self.assertEqual(self.name, thing.name)

    def test_pickle(self):
        """Exceptions cross process boundaries, as in multiprocessing."""
        with self.assertRaises(mmapshare.NotFoundError) as raised:
            mmapshare.open(self.name)
        copy = pickle.loads(pickle.dumps(raised.exception))
        self.assertEqual((str(raised.exception), type(raised.exception)),
                         (str(copy), type(copy)))
