#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Read samples from the simulated data acquisition device of
driver/examples/mmapshare_daq.c: the timer of the device writes them to a ring.
Configure the device through a second ring, and check every sample.

    daq.py RECORDS
"""
import struct
import sys

import mmapshare

# from driver/examples/daq.h: the header of struct daq_record, enum daq_what,
# and enum daq_wave
RECORD = struct.Struct("=QQIHH")
RATE, CHANNELS, COUNT, WAVE = 1, 2, 3, 4
SAW = 0


def send_command(control, what, value):
    control.write(struct.pack("=II", what, value))


def main():
    wanted = int(sys.argv[1])
    taken = gaps = wrong = 0
    last_seq = None
    with mmapshare.producer("daq-control") as control, \
            mmapshare.consumer("daq", latest=True) as records:
        for what, value in (CHANNELS, 2), (COUNT, 8), (WAVE, SAW), (RATE, 500):
            send_command(control, what, value)
        for record in records:
            seq, time, period, channels, count = RECORD.unpack_from(record)
            samples = record[RECORD.size:].cast("h")
            # records from before the commands took effect
            if (channels, count) != (2, 8):
                continue
            # a sawtooth; the second channel has twice the frequency of the
            # first
            for n, sample in enumerate(samples):
                value = (seq * count + n // 2) * (n % 2 + 1) << 8
                wrong += sample != (value & 0xffff) - 0x8000
            if last_seq is not None:
                gaps += seq - last_seq - 1
            last_seq = seq
            taken += 1
            if taken == wanted:
                break
        send_command(control, RATE, 0)
        print(f"{taken} records of {channels} channels, {count} samples each,"
              f" {period} ns apart")
        print("lost:", records.lost, "according to the ring,", gaps,
              "according to sequence numbers")
        print("wrong samples:", wrong)


main()
