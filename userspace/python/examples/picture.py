#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A frame buffer: the kernel draws, by its own address of the memory, and so does
the program; what both have drawn is saved as a PNG.

    picture.py FILE

A pixel is 4 bytes: red, green, blue, opacity.
"""
import random
import struct
import sys
import zlib

import mmapshare

WIDTH, HEIGHT = 320, 200
BLACK, BLUE, WHITE = b"\0\0\0\xff", b"\x20\x40\xa0\xff", b"\xff\xff\xff\xff"


def at(x, y):
    return (y * WIDTH + x) * 4


def kernel_draws(screen):
    """A frame and a grid, each line by one FILL."""
    screen.fill(BLACK, 0, at(0, HEIGHT))
    for y in range(0, HEIGHT, 20):
        screen.fill(BLUE, at(0, y), WIDTH * 4)
    for y in 0, HEIGHT - 1:
        screen.fill(WHITE, at(0, y), WIDTH * 4)
    for x in 0, WIDTH - 1:
        for y in range(HEIGHT):
            screen.fill(WHITE, at(x, y), 4)


def program_draws(screen, count):
    """Squares at random places, by stores; each a colour of its own."""
    chance = random.Random(1)
    for _ in range(count):
        x, y = chance.randrange(10, WIDTH - 20), chance.randrange(10, HEIGHT - 20)
        colour = bytes(chance.randrange(80, 256) for _ in range(3)) + b"\xff"
        for row in range(10):
            screen[at(x, y + row):at(x + 10, y + row)] = colour * 10


def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data +
            struct.pack(">I", zlib.crc32(kind + data)))


def save(screen, path):
    # each row begins with the number of its filter, 0 for none
    rows = b"".join(b"\0" + screen[at(0, y):at(WIDTH, y)] for y in range(HEIGHT))
    with open(path, "wb") as png:
        png.write(b"\x89PNG\r\n\x1a\n" +
                  chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 6, 0, 0, 0)) +
                  chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def main():
    with mmapshare.anonymous(at(0, HEIGHT)) as screen:
        kernel_draws(screen)
        print(f"the kernel drew a frame: {screen[at(0, 0):at(1, 0)] == WHITE},"
              f" a line: {screen[at(5, 20):at(6, 20)] == BLUE},"
              f" nothing else: {screen[at(5, 21):at(6, 21)] == BLACK}")
        program_draws(screen, 60)
        print("both drew: crc32", f"{zlib.crc32(screen[:at(0, HEIGHT)]):08x}")
        save(screen, sys.argv[1])
        print(f"{WIDTH} x {HEIGHT} pixels saved")


main()
