// SPDX-License-Identifier: GPL-2.0
/* Chapter 1: the device is a file of 4096 bytes. */
#include "../try.h"

#define DEVICE	"/dev/tutorial-note"

int main(void)
{
	char buf[16] = "";
	int fd, other;

	plan(8);
	fd = open_device(DEVICE, O_RDWR);
	check(write(fd, "hello", 6) == 6, "six bytes are written");
	other = open_device(DEVICE, O_RDONLY);
	check(read(other, buf, 6) == 6 && !strcmp(buf, "hello"),
	      "another descriptor reads the same bytes");
	check(lseek(other, 0, SEEK_END) == 4096, "the device has 4096 bytes");
	check(read(other, buf, 1) == 0, "at the end nothing is read");
	check(pwrite(fd, "xy", 2, 4095) == 1, "one byte fits before the end");
	check(pwrite(fd, "x", 1, 4096) == -1 && errno == ENOSPC,
	      "a write at the end is ENOSPC");
	check(map_error(fd, 4096, PROT_READ, MAP_SHARED, 0) == ENODEV,
	      "mmap without the hook is ENODEV");
	check(unload("note") == EWOULDBLOCK,
	      "the module is not removed while a file is open");
	return done();
}
