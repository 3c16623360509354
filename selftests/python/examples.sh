#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Run the programs in userspace/python/examples and compare their output with what
# is expected.

# shellcheck source=python_lib.sh
. "$(dirname "$0")/python_lib.sh"

name=python.$$

# shellcheck disable=SC2317	# called at exit
cleanup()
{
	mmapshare destroy $name 2>/dev/null
	rmmod mmapshare_daq 2>/dev/null
}

# example NAME ARGUMENT...: run the example of that name
example()
{
	program=$1
	shift
	timeout 100 python3 "$PYTHON/examples/$program.py" "$@"
}

# run_pair FIRST SECOND: run two examples at the same time, each given as a string
# of name and arguments; print the output of the first, then of the second
run_pair()
{
	# shellcheck disable=SC2086
	example $1 >"$TMP/first" 2>&1 &
	# shellcheck disable=SC2086
	example $2 >"$TMP/second" 2>&1
	wait
	cat "$TMP/first" "$TMP/second"
}

# How often the reader checks while it polls depends on the load of the machine.
polling()
{
	run_pair "pair read $name poll" "pair write $name poll" |
		sed 's/ checked .*/ checked/'
}

# describe_png FILE CRC32: check the checksums of a PNG; print its chunks and
# dimensions, and whether its pixels have the given CRC
describe_png()
{
	python3 - "$1" "$2" <<-'END'
		import struct, sys, zlib
		data, wanted = open(sys.argv[1], "rb").read(), int(sys.argv[2], 16)
		kinds, pixels, at = [], b"", 8
		while at < len(data):
		    length, kind = struct.unpack_from(">I4s", data, at)
		    body = data[at + 8:at + 8 + length]
		    crc, = struct.unpack_from(">I", data, at + 8 + length)
		    assert crc == zlib.crc32(kind + body)
		    kinds.append(kind)
		    if kind == b"IHDR":
		        width, height, depth, colours = struct.unpack_from(">IIBB", body)
		    if kind == b"IDAT":
		        pixels = zlib.decompress(body)
		    at += 12 + length
		row = width * 4 + 1
		rows = [pixels[n * row + 1:(n + 1) * row] for n in range(height)]
		print(data[:4], kinds, width, height, depth, colours,
		      len(pixels) == row * height and zlib.crc32(b"".join(rows)) == wanted)
	END
}

need_package
plan 15
same "lines: replace text in place" example lines <<'END'
readline: b'Hello Python!\n'
slice:    b'Hello'
find:     6
readline: b'Hello  world!\n'
read:     b'Hello  world!\n'
with:     b'Hello  world!\n'
closed:   True
END

same "access: what each access mode allows" example access <<'END'
ACCESS_READ  r+ reads b'old'; mmap can't modify a readonly memory map.; device: b'old'
ACCESS_WRITE r+ reads b'old', stores, reads b'NEW'; device: b'NEW'
ACCESS_COPY  r+ reads b'old', stores, reads b'NEW'; device: b'old'
ACCESS_READ  r  reads b'old'; mmap can't modify a readonly memory map.; device: b'old'
ACCESS_WRITE r  Permission denied; device: b'old'
ACCESS_COPY  r  reads b'old', stores, reads b'NEW'; device: b'old'
END

same "zeros: map at offsets" example zeros <<'END'
0000000 61 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
0000016 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
*
1048576
0000000 61 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
0000016 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
*
0065536 70 61 67 65 00 00 00 00 00 00 00 00 00 00 00 00
0065552 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
*
1048576
ALLOCATIONGRANULARITY is the page size: True
offset two pages: mapped
offset 100: [Errno 22] Invalid argument
offset a page and 1: [Errno 22] Invalid argument
END

same "methods: every method of mmap" example methods <<'END'
>>> m[:] = bytes(len(m))
>>> m.write(b"one two one\n")
12
>>> m.tell()
12
>>> _ = m.seek(0)
>>> m.read(3), m.read_byte(), m.readline()
(b'one', 32, b'two one\n')
>>> m.read(4)
b'\x00\x00\x00\x00'
>>> _ = m.seek(-4, os.SEEK_END)
>>> m.tell() == len(m) - 4, m.write(b"tail"), m[-4:]
(True, 4, b'tail')
>>> m.find(b"one"), m.rfind(b"one")
(-1, -1)
>>> _ = m.seek(0)
>>> m.find(b"one"), m.find(b"one", 1), m.find(b"one", 1, 10), m.find(b"three")
(0, 8, -1, -1)
>>> m.rfind(b"one"), m.rfind(b"one", 0, 10)
(8, 0)
>>> m.move(4, 0, 3), m[:12]
(None, b'one one one\n')
>>> m.write_byte(ord("O")), m[0], m[:3]
(None, 79, b'One')
>>> m[0:11:2], m[10:3:-1]
(b'Oeoeoe', b'eno eno')
>>> m[1:6:2] = b"..."
>>> m[:12]
b'O.e.o.e one\n'
>>> m[0] = 256
ValueError: mmap item value must be in range(0, 256)
>>> m[0] = ord("o")
>>> m.flush(), m.flush(0, mmap.PAGESIZE)
(None, None)
>>> m.madvise(mmap.MADV_WILLNEED)
>>> m.seek(len(m) + 1)
ValueError: seek out of range
>>> _ = m.seek(len(m) - 1)
>>> m.write(b"too much")
ValueError: data out of range
>>> len(m) == size
True
what mmap cannot do on a character device:
>>> mmap.mmap(fd, 0)
OSError: [Errno 22] Invalid argument
>>> mmap.mmap(fd, size + mmap.PAGESIZE)
OSError: [Errno 6] No such device or address
>>> m.size()
0
>>> m.resize(2 * size)
OSError: [Errno 22] Invalid argument
>>> m.closed
True
>>> m[0]
ValueError: mmap closed or invalid
mmapshare.open():
>>> len(m) == size, m.size() == size
(True, True)
>>> m.resize(2 * size)
UnsupportedOperation: the size of a region is fixed; create another region instead
END

same "family: parent and child" example family <<'END'
the child reads: b'Hello world!'
the parent reads: b'HELLO world!'
the region's name: None
END

same "pair: writer and reader, polling" polling <<'END'
reader: the quick brown fox
reader: jumps over
reader: the lazy dog
reader: checked
writer: 3 lines were read
END
mmapshare destroy $name
same "pair: writer and reader, doorbell" \
	run_pair "pair read $name doorbell" "pair write $name doorbell" <<'END'
reader: the quick brown fox
reader: jumps over
reader: the lazy dog
reader: checked a few times
writer: 3 lines were read
END
mmapshare destroy $name

example named server $name >"$TMP/server" 2>&1 &
until_true [ -e "$NODE-$name" ]
same "named: a client" example named client $name hello "able was I" <<'END'
client: hello -> olleh
client: able was I -> I saw elba
END
same "named: another client" example named client $name bye <<'END'
client: bye -> eyb
END
wait
expect "named: the server" "server: done" "$(cat "$TMP/server")"

if [ "$(id -u)" = 0 ]; then
	same "pages: threads and processes share pages" example pages <<-'END'
		8 threads see the same bytes: True
		the child succeeded: True
		the child sees the same bytes: True
		pages present: 64 of 64
		the child maps the same physical pages: True
		no physical page is mapped twice: True
		physical pages shared with a copy: 0
	END
else
	skip "needs root to read page frame numbers"
fi

same "picture: kernel and program draw" example picture "$TMP/picture.png" <<'END'
the kernel drew a frame: True, a line: True, the background: True
the picture of both: crc32 d5aadcb4
320 x 200 pixels saved
END
same "picture: the file" describe_png "$TMP/picture.png" d5aadcb4 <<'END'
b'\x89PNG' [b'IHDR', b'IDAT', b'IEND'] 320 200 8 6 True
END

same "registers: program and driver" example registers <<'END'
ID is 0x4d4d5301
6 * 7 is 42
65537 * 65537 is 131073 in 32 bits
the driver has exited: True
ID         0x4d4d5301
CONTROL    0x00000002
STATUS     0x00000001
OPERAND_A  0x00010001
OPERAND_B  0x00010001
RESULT     0x00020001
END

if load_daq name=daq; then
	same "daq: samples of a driver" example daq 100 <<-'END'
		100 records of 2 channels, 8 samples each, 250000 ns apart
		lost: 0 according to the ring, 0 according to sequence numbers
		wrong samples: 0
	END
else
	skip "cannot load mmapshare_daq.ko"
fi
