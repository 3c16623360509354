# SPDX-License-Identifier: MIT
"""SharedMemory behaves as multiprocessing.shared_memory.SharedMemory."""
import os
import pickle

import mmapshare
from common import TestCase, count_descriptors


class Memory(TestCase):
    def test_two(self):
        with mmapshare.SharedMemory(self.name, create=True, size=100) as first, \
                mmapshare.SharedMemory(name=self.name) as second:
            self.assertEqual((self.name, self.name), (first.name, second.name))
            self.assertEqual((len(first.buf), first.size), (first.size, second.size))
            self.assertGreaterEqual(first.size, 100)
            first.buf[:5] = b"hello"
            self.assertEqual(b"hello", bytes(second.buf[:5]))
            self.assertEqual(f"SharedMemory('{self.name}', size={first.size})", repr(first))
            second.region.notify()
            self.assertEqual(1, first.region.wait(0))
        self.assertTrue(os.path.exists(mmapshare.path(self.name)))
        first.unlink()
        self.assertRaises(FileNotFoundError, mmapshare.SharedMemory, self.name)
        self.assertRaises(FileNotFoundError, first.unlink)

    def test_name(self):
        with mmapshare.SharedMemory(create=True, size=1) as memory:
            self.addCleanup(memory.unlink)
            self.assertIn(memory.name, [r.name for r in mmapshare.regions()])

    def test_arguments(self):
        self.assertRaises(ValueError, mmapshare.SharedMemory)
        self.assertRaises(ValueError, mmapshare.SharedMemory, self.name, True, 0)
        with mmapshare.SharedMemory(self.name, True, 1):
            self.assertRaises(FileExistsError, mmapshare.SharedMemory, self.name, True, 1)

    def test_close(self):
        before = count_descriptors()
        memory = mmapshare.SharedMemory(self.name, True, 1)
        with memory.buf[:5]:
            self.assertRaises(BufferError, memory.close)
            memory.buf[0] = 1
        memory.close()
        memory.close()
        with self.assertRaises(ValueError):
            memory.buf
        self.assertEqual(before, count_descriptors())
        memory = mmapshare.SharedMemory(self.name)
        del memory
        self.assertEqual(before, count_descriptors())

    def test_pickle(self):
        """As in an argument of multiprocessing.Process."""
        with mmapshare.SharedMemory(self.name, True, 1) as memory:
            memory.buf[0] = 7
            with pickle.loads(pickle.dumps(memory)) as copy:
                self.assertEqual(7, copy.buf[0])
