#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The registers of an imaginary device, 32 bits each. The program stores
operands and a command; a child process plays the driver and stores the
result."""
import os

import mmapshare

ID, CONTROL, STATUS, OPERAND_A, OPERAND_B, RESULT = range(6)
# values of CONTROL
START, STOP = 1, 2
# a bit of STATUS
DONE = 1


def driver(region):
    with memoryview(region) as view, view.cast("I") as register:
        while True:
            region.wait()
            if register[CONTROL] == STOP:
                break
            if register[CONTROL] == START and not register[STATUS] & DONE:
                register[RESULT] = register[OPERAND_A] * register[OPERAND_B] & 0xffffffff
                register[STATUS] |= DONE
                region.notify()


def multiply(region, register, a, b):
    register[OPERAND_A], register[OPERAND_B] = a, b
    register[STATUS] = 0
    register[CONTROL] = START
    region.notify()
    while not register[STATUS] & DONE:
        region.wait()
    return register[RESULT]


with mmapshare.create(f"registers.{os.getpid()}", 4096) as region:
    with memoryview(region) as view, view.cast("I") as register:
        register[ID] = 0x4d4d5301
        pid = os.fork()
        if pid == 0:
            # open the region again: then wait() raises BrokenPipeError in each
            # process when the other one has exited
            with mmapshare.open(region.name) as other:
                other.notify()
                driver(other)
            os._exit(0)
        region.wait()
        print(f"ID is 0x{register[ID]:08x}")
        print("6 * 7 is", multiply(region, register, 6, 7))
        print("65537 * 65537 is", multiply(region, register, 65537, 65537), "in 32 bits")
        register[CONTROL] = STOP
        region.notify()
        print("the driver has exited:", os.waitpid(pid, 0)[1] == 0)
        names = "ID", "CONTROL", "STATUS", "OPERAND_A", "OPERAND_B", "RESULT"
        for name, value in zip(names, register):
            print(f"{name:10} 0x{value:08x}")
    mmapshare.destroy(region.name)
