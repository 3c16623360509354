# SPDX-License-Identifier: MIT
"""Request numbers, structures and constants match uapi/linux/mmapshare.h."""
import os
import re
import unittest

import mmapshare
import mmapshare._abi as abi

HEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "../../../uapi/linux/mmapshare.h")
FORMATS = {"__u32": "I", "__u64": "Q", "__s64": "q"}


@unittest.skipUnless(os.path.exists(HEADER), "no uapi/linux/mmapshare.h")
class Header(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(HEADER, encoding="utf-8") as header:
            cls.text = header.read()
        cls.calls = {name: value for name, value in vars(abi).items()
                     if isinstance(value, abi.Call)}

    def fields(self, struct):
        """The fields of a structure, as format characters of the module
        struct."""
        body = re.search(r"^struct mmapshare_%s(?:_args)? \{(.*?)^\};" % struct, self.text,
                         re.MULTILINE | re.DOTALL).group(1)
        text = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
        for kind, _, length in re.findall(r"(\w+) (\w+)(?:\[(\w+)\])?;", text):
            if length:
                yield "%ds" % {"MMAPSHARE_NAME_SIZE": abi.NAME_SIZE,
                               "MMAPSHARE_PATTERN_MAX": abi.PATTERN_MAX}[length]
            else:
                yield FORMATS[kind]

    def test_requests(self):
        found = {name: (direction, int(number, 0)) for name, direction, number in re.findall(
            r"#define MMAPSHARE_IOC_(\w+) \\\n\t_IO(W|WR)\(MMAPSHARE_IOC_MAGIC, (\w+),",
            self.text)}
        for name, call in self.calls.items():
            direction, number = found[name]
            bits = abi._WRITE | (abi._READ if direction == "WR" else 0)
            self.assertEqual(bits << (16 + abi._SIZE_BITS) | call.layout.size << 16 |
                             0xbb << 8 | number, call.request, name)

    def test_structures(self):
        for name, call in self.calls.items():
            self.assertEqual("=" + "".join(self.fields(name.lower())),
                             call.layout.format, name)

    def test_version(self):
        numbers = re.findall(r"#define MMAPSHARE_VERSION_[MP]\w+\s+(\d+)", self.text)
        self.assertEqual(".".join(numbers), mmapshare.__version__)

    def test_constants(self):
        for name, value in (("RING", abi.RING), ("RING_OVERWRITE", abi.RING_OVERWRITE),
                            ("RING_KERNEL_PRODUCER", abi.RING_KERNEL_PRODUCER),
                            ("RING_ATTACH_PRODUCER", abi.ATTACH_PRODUCER),
                            ("RING_ATTACH_CONSUMER", abi.ATTACH_CONSUMER),
                            ("RING_ATTACH_LATEST", abi.ATTACH_LATEST),
                            ("RING_ATTACH_CLOEXEC", abi.ATTACH_CLOEXEC),
                            ("RING_ATTACH_OLDEST", abi.ATTACH_OLDEST),
                            ("RING_ATTACH_SEQ", abi.ATTACH_SEQ),
                            ("RING_ATTACH_EXISTING", abi.ATTACH_EXISTING),
                            ("RING_ATTACH_RESUMED", abi.ATTACH_RESUMED),
                            ("RING_NAME_HELD", abi.NAME_HELD),
                            ("RING_NAME_KEEPS", abi.NAME_KEEPS),
                            ("RING_NAME_MAY_LOSE", abi.NAME_MAY_LOSE),
                            ("RING_NAME_EVICTED", abi.NAME_EVICTED),
                            ("RING_NAME_CORRUPT", abi.NAME_CORRUPT),
                            ("RING_WAIT_IGNORE_HUP", abi.WAIT_IGNORE_HUP),
                            ("RECORD_BUSY", abi.RECORD_BUSY),
                            ("RECORD_DISCARD", abi.RECORD_DISCARD),
                            ("RECORD_FILLER", abi.RECORD_FILLER),
                            ("RING_FEAT_MONOTONIC", abi.RING_FEAT_MONOTONIC),
                            ("RING_FEAT_BOOTTIME", abi.RING_FEAT_BOOTTIME),
                            ("RING_FEAT_CPU", abi.RING_FEAT_CPU),
                            ("RING_FEAT_TYPE", abi.RING_FEAT_TYPE),
                            ("DESTROY_REVOKE", abi.DESTROY_REVOKE),
                            ("CREATE_CLOEXEC", abi.CLOEXEC)):
            bit = re.search(r"#define MMAPSHARE_%s\s+_BITULL?\((\d+)\)" % name, self.text)
            self.assertEqual(1 << int(bit.group(1)), value, name)
        for name, value in (("NAME_SIZE", abi.NAME_SIZE), ("PATTERN_MAX", abi.PATTERN_MAX),
                            ("RING_VERSION", abi.RING_VERSION)):
            number = re.search(r"#define MMAPSHARE_%s\s+(\w+)" % name, self.text)
            self.assertEqual(int(number.group(1), 0), value, name)
        strategies = re.findall(r"MMAPSHARE_STRATEGY_(\w+)\s*= (\d),", self.text)
        self.assertEqual([(name.upper(), str(n)) for n, name in enumerate(abi.STRATEGIES)],
                         strategies)
