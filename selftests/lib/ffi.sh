#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Call the installed shared library through its symbols alone, without a header,
# as other languages do: here from Python's ctypes.

if ! command -v python3 >/dev/null || ! python3 -c 'import ctypes' 2>/dev/null; then
	echo "TAP version 13"
	echo "1..0 # SKIP needs python3"
	exit 4
fi
exec python3 - <<'END'
import ctypes, errno, os, socket, sys
from ctypes import byref, c_char_p, c_uint, c_uint32, c_uint64, c_void_p

print("TAP version 13")
try:
    lib = ctypes.CDLL("libmmapshare.so.1")
except OSError:
    print("1..0 # SKIP libmmapshare is not installed")
    sys.exit(4)
if not os.path.exists("/dev/mmapshare"):
    print("1..0 # SKIP no /dev/mmapshare: load the module")
    sys.exit(4)

lib.mmapshare_version.restype = c_char_p
lib.mmapshare_size.restype = c_uint64
lib.mmapshare_create.argtypes = [c_void_p, c_char_p, c_uint64, c_uint, c_uint]
lib.mmapshare_map.argtypes = [c_void_p, c_uint, c_uint64, ctypes.c_size_t, c_void_p]
lib.mmapshare_checksum.argtypes = [c_void_p, c_uint64, c_uint64, c_void_p]
results = failures = 0


def expect(title, expected, actual):
    global results, failures
    results += 1
    print("ok" if expected == actual else "not ok", results, title)
    if expected != actual:
        print("# want:", expected, "got:", actual)


name = b"ffi.%d" % os.getpid()
region, other, address = c_void_p(), c_void_p(), c_void_p()
print("1..14")
with open("/sys/module/mmapshare/version", "rb") as version:
    expect("version", version.read().strip(), lib.mmapshare_version())
expect("create", 0, lib.mmapshare_create(byref(region), name, 5000, 0, 0o600))
expect("create again", -errno.EEXIST,
       lib.mmapshare_create(byref(other), name, 5000, 0, 0o600))
page = os.sysconf("SC_PAGESIZE")
expect("size", (5000 + page - 1) // page * page, lib.mmapshare_size(region))
expect("map", 0, lib.mmapshare_map(region, 1, 10, 9, byref(address)))
ctypes.memmove(address, b"123456789", 9)
crc = c_uint32()
lib.mmapshare_checksum(region, 10, 9, byref(crc))
expect("checksum", 0xe3069283, crc.value)
a, b = socket.socketpair()
expect("send, receive", (0, 0), (lib.mmapshare_send(a.fileno(), region),
                                 lib.mmapshare_receive(b.fileno(), byref(other))))
lib.mmapshare_close(other)
seals = c_uint()
expect("seals", (0, 2), (lib.mmapshare_seal(region, 2, byref(seals)), seals.value))
expect("read-only", (0, -errno.EBADF), (lib.mmapshare_read_only(byref(other), region),
                                        lib.mmapshare_notify(other)))
lib.mmapshare_close(other)
expect("destroy", 0, lib.mmapshare_destroy(name, 0))
expect("revoke", (0, -errno.ENODEV), (lib.mmapshare_revoke(region),
                                      lib.mmapshare_notify(region)))
lib.mmapshare_close(region)

lib.mmapshare_ring_create.argtypes = [c_void_p, c_char_p, c_uint64, c_uint, c_uint, c_uint]
lib.mmapshare_ring_wait.argtypes = [c_void_p, c_uint, ctypes.c_int64]
lib.mmapshare_ring_read.restype = ctypes.c_ssize_t
producer, consumer, record = c_void_p(), c_void_p(), ctypes.create_string_buffer(99)
expect("ring", (0, 0, 0), (lib.mmapshare_ring_create(byref(region), None, 1, 0, 1, 0),
                           lib.mmapshare_ring_attach(byref(producer), region, 1),
                           lib.mmapshare_ring_attach(byref(consumer), region, 2)))
expect("ring write, wait, read", (0, 0, 5, b"hello"), (
    lib.mmapshare_ring_write(producer, b"hello", ctypes.c_size_t(5)),
    lib.mmapshare_ring_wait(consumer, 0, -1),
    lib.mmapshare_ring_read(consumer, record, ctypes.c_size_t(99)), record.value))
lib.mmapshare_ring_close(producer)
expect("ring wait without producer", -errno.EPIPE, lib.mmapshare_ring_wait(consumer, 0, -1))
lib.mmapshare_ring_close(consumer)
lib.mmapshare_close(region)
sys.exit(failures > 0)
END
