# SPDX-License-Identifier: MIT
"""What the tests have in common."""
import contextlib
import os
import unittest

import mmapshare

# Whoever is not told in this time is not told at all, on a busy machine, too.
LONG = 60


@unittest.skipUnless(os.path.exists(mmapshare.DEVICE), "load the module")
class TestCase(unittest.TestCase):
    """One that has a name for a region or ring of its own."""

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
        """Another process that runs it; it has to return."""
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


def descriptors():
    """How many are open."""
    return len(os.listdir("/proc/self/fd"))
