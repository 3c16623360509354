# SPDX-License-Identifier: MIT
"""Common parts of the tests."""
import contextlib
import os
import unittest

import mmapshare

# Seconds after which a wait in a test fails: more than a busy machine ever
# needs.
LONG = 60


@unittest.skipUnless(os.path.exists(mmapshare.DEVICE), f"no {mmapshare.DEVICE}: load the module")
class TestCase(unittest.TestCase):
    """A test that may create a region or ring named self.name."""

    def setUp(self):
        self.name = f"python.{os.getpid()}"
        self.addCleanup(self.destroy)

    def destroy(self):
        with contextlib.suppress(FileNotFoundError):
            mmapshare.destroy(self.name)

    def assertErrno(self, code, function, *arguments, **keywords):
        with self.assertRaises(OSError) as raised:
            function(*arguments, **keywords)
        self.assertEqual(code, raised.exception.errno)

    @contextlib.contextmanager
    def child(self, function, *arguments):
        """Run a function in a child process; it must not raise an exception."""
        pid = os.fork()
        if not pid:
            status = 1
            try:
                function(*arguments)
                status = 0
            except BaseException:
                import traceback
                print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
            finally:
                os._exit(status)
        try:
            yield pid
        finally:
            self.assertEqual(0, os.waitpid(pid, 0)[1])


def count_descriptors():
    """The number of open file descriptors."""
    return len(os.listdir("/proc/self/fd"))
