# SPDX-License-Identifier: MIT
"""Run the tests beside this file, with results as kselftest wants them, TAP.

    python3 tap.py [MODULE[.CLASS[.TEST]]...]
"""
import os
import sys
import unittest


class Tap(unittest.TestResult):
    """One line for each test, and why it failed before it."""

    def __init__(self):
        super().__init__()
        self.bad = False

    def say(self, ok, test, more=""):
        self.bad |= not ok
        print("ok" if ok else "not ok", self.testsRun,
              test.id().replace("test_", "") + more, flush=True)

    def wrong(self, test, error):
        for line in self._exc_info_to_string(error, test).splitlines():
            print("#", line)
        self.say(False, test)

    def addSuccess(self, test):
        self.say(True, test)

    def addFailure(self, test, err):
        self.wrong(test, err)

    def addError(self, test, err):
        self.wrong(test, err)

    def addSkip(self, test, reason):
        self.say(True, test, " # SKIP " + reason)


def main():
    loader = unittest.TestLoader()
    if len(sys.argv) > 1:
        suite = loader.loadTestsFromNames(sys.argv[1:])
    else:
        suite = loader.discover(os.path.dirname(os.path.abspath(__file__)))
    print("TAP version 13")
    print(f"1..{suite.countTestCases()}", flush=True)
    result = Tap()
    suite.run(result)
    return result.bad


if __name__ == "__main__":
    sys.exit(main())
