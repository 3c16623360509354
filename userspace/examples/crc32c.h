/* SPDX-License-Identifier: MIT */
/* CRC-32C (Castagnoli), which MMAPSHARE_IOC_CHECKSUM and iSCSI use. */
#ifndef EXAMPLES_CRC32C_H
#define EXAMPLES_CRC32C_H

#include <stddef.h>

static inline unsigned int crc32c(const void *data, size_t length)
{
	static unsigned int table[256];
	const unsigned char *p = data;
	unsigned int crc, i, bit;

	for (i = 0; !table[255] && i < 256; i++) {
		crc = i;
		for (bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78U : 0);
		table[i] = crc;
	}
	crc = ~0U;
	while (length--)
		crc = (crc >> 8) ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}

#endif /* EXAMPLES_CRC32C_H */
