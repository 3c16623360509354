# SPDX-License-Identifier: MIT
"""Run the tests in this directory and print the results as TAP, for kselftest.

    python3 tap.py [MODULE[.CLASS[.TEST]]...]
"""
import os
import sys
import unittest


class Tap(unittest.TestResult):
    """Print a result line for each test; before a failed one, the reason."""

    def __init__(self):
        super().__init__()
        self.failed = False

    def report(self, ok, test, suffix=""):
        self.failed |= not ok
        print("ok" if ok else "not ok", self.testsRun,
              test.id().replace("test_", "") + suffix, flush=True)

    def report_error(self, test, error):
        for line in self._exc_info_to_string(error, test).splitlines():
            print("#", line)
        self.report(False, test)

    def addSuccess(self, test):
        self.report(True, test)

    def addFailure(self, test, err):
        self.report_error(test, err)

    def addError(self, test, err):
        self.report_error(test, err)

    def addSkip(self, test, reason):
        self.report(True, test, " # SKIP " + reason)


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
    return result.failed


if __name__ == "__main__":
    sys.exit(main())
