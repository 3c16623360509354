#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A frame buffer that the kernel and the program both draw into: the kernel
through its own mapping of the region, the program through its mmap. The result
is saved as a PNG file.

    picture.py FILE

A pixel has 4 bytes: red, green, blue, opacity.
"""
import random
import struct
import sys
import zlib

import mmapshare

WIDTH, HEIGHT = 320, 200
BLACK, BLUE, WHITE = b"\0\0\0\xff", b"\x20\x40\xa0\xff", b"\xff\xff\xff\xff"


def pixel_offset(x, y):
    return (y * WIDTH + x) * 4


def pixel(screen, x, y):
    return screen[pixel_offset(x, y):pixel_offset(x + 1, y)]


def kernel_draws(screen):
    """Draw a frame and horizontal lines with FILL."""
    screen.fill(BLACK, 0, pixel_offset(0, HEIGHT))
    for y in range(0, HEIGHT, 20):
        screen.fill(BLUE, pixel_offset(0, y), WIDTH * 4)
    for y in 0, HEIGHT - 1:
        screen.fill(WHITE, pixel_offset(0, y), WIDTH * 4)
    for x in 0, WIDTH - 1:
        for y in range(HEIGHT):
            screen.fill(WHITE, pixel_offset(x, y), 4)


def program_draws(screen, count):
    """Draw squares in random places and colours with stores."""
    generator = random.Random(1)
    for _ in range(count):
        x, y = generator.randrange(10, WIDTH - 20), generator.randrange(10, HEIGHT - 20)
        colour = bytes(generator.randrange(80, 256) for _ in range(3)) + b"\xff"
        for row in range(10):
            screen[pixel_offset(x, y + row):pixel_offset(x + 10, y + row)] = colour * 10


def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data +
            struct.pack(">I", zlib.crc32(kind + data)))


def save(screen, path):
    # each row starts with its filter type; 0 is no filter
    rows = b"".join(b"\0" + screen[pixel_offset(0, y):pixel_offset(WIDTH, y)]
                    for y in range(HEIGHT))
    with open(path, "wb") as png:
        png.write(b"\x89PNG\r\n\x1a\n" +
                  chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 6, 0, 0, 0)) +
                  chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def main():
    with mmapshare.anonymous(pixel_offset(0, HEIGHT)) as screen:
        kernel_draws(screen)
        print(f"the kernel drew a frame: {pixel(screen, 0, 0) == WHITE},"
              f" a line: {pixel(screen, 5, 20) == BLUE},"
              f" the background: {pixel(screen, 5, 21) == BLACK}")
        program_draws(screen, 60)
        print(f"the picture of both: crc32 {zlib.crc32(screen[:pixel_offset(0, HEIGHT)]):08x}")
        save(screen, sys.argv[1])
        print(f"{WIDTH} x {HEIGHT} pixels saved")


main()
