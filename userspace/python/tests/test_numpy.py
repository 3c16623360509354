# SPDX-License-Identifier: MIT
"""NumPy arrays in regions and rings."""
import unittest

import mmapshare
from common import TestCase

try:
    import numpy
except ImportError:
    numpy = None


@unittest.skipUnless(numpy, "NumPy is not installed")
class NumPy(TestCase):
    def test_region(self):
        with mmapshare.create(self.name, 8000) as region:
            array = numpy.frombuffer(region, dtype=numpy.float64)
            self.assertEqual(region.size() // 8, len(array))
            array[:1000] = numpy.arange(1000) / 2
            with mmapshare.open(self.name, "r") as reader:
                read_only = numpy.frombuffer(reader, dtype=numpy.float64)
                self.assertFalse(read_only.flags.writeable)
                self.assertEqual(249750.0, read_only.sum())
                array *= 2
                self.assertEqual(499500.0, read_only.sum())
                # BufferError while an array refers to the mapping
                self.assertRaises(BufferError, reader.close)
                del read_only
            del array

    def test_ring(self):
        for overwrite in False, True:
            with mmapshare.create_ring(None, 65536, overwrite=overwrite) as ring, \
                    ring.producer() as producer, ring.consumer() as consumer:
                for n in range(300):
                    samples = numpy.full(100, n, dtype=numpy.int16)
                    with producer.record(samples.nbytes) as view:
                        numpy.frombuffer(view, dtype=numpy.int16)[:] = samples
                    array = numpy.frombuffer(next(consumer), dtype=numpy.int16)
                    self.assertEqual([n] * 100, list(array))
                producer.write(numpy.arange(12, dtype=numpy.int32).reshape(3, 4))
                array = numpy.frombuffer(next(consumer), dtype=numpy.int32)
                self.assertEqual(66, array.sum())
                if not overwrite:
                    self.assertRaises(BufferError, consumer.close)
                del array
