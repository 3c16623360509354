#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A driver gathers data and hands it to an application: driver/examples/mmapshare_daq,
whose timer makes records of samples right where they are read here.

    daq.py RECORDS
"""
import struct
import sys

import mmapshare

# struct daq_record, and of struct daq_command what can be told
RECORD = struct.Struct("=QQIHH")
RATE, CHANNELS, COUNT, WAVE = 1, 2, 3, 4
SAW = 0


def tell(control, what, value):
    control.write(struct.pack("=II", what, value))


def main():
    wanted = int(sys.argv[1])
    taken = gaps = wrong = 0
    before = None
    with mmapshare.producer("daq-control") as control, \
            mmapshare.consumer("daq", latest=True) as records:
        for what, value in (CHANNELS, 2), (COUNT, 8), (WAVE, SAW), (RATE, 500):
            tell(control, what, value)
        for record in records:
            sequence, time, period, channels, count = RECORD.unpack_from(record)
            samples = record[RECORD.size:].cast("h")
            if (channels, count) != (2, 8):
                continue
            # a saw: the second channel goes twice as fast as the first
            for n, sample in enumerate(samples):
                at = (sequence * count + n // 2) * (n % 2 + 1) << 8
                wrong += sample != (at & 0xffff) - 0x8000
            if before is not None:
                gaps += sequence - before - 1
            before = sequence
            taken += 1
            if taken == wanted:
                break
        tell(control, RATE, 0)
        print(f"{taken} records of {channels} channels, {count} samples each,"
              f" {period} ns apart")
        print("missed:", records.lost, "as the ring says,", gaps, "by their numbers")
        print("samples that are wrong:", wrong)


main()
