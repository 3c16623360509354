// SPDX-License-Identifier: MIT
/* Print facts about the device, from MMAPSHARE_IOC_INFO. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <linux/mmapshare.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static const char * const strategies[] = {
	[MMAPSHARE_STRATEGY_FAULT] = "fault",
	[MMAPSHARE_STRATEGY_HUGE] = "huge",
	[MMAPSHARE_STRATEGY_VMALLOC] = "vmalloc",
	[MMAPSHARE_STRATEGY_PFN] = "pfn",
	[MMAPSHARE_STRATEGY_RESERVED] = "reserved",
};

static const struct {
	unsigned long long bit;
	const char *name;
} features[] = {
	{ MMAPSHARE_FEAT_COW, "cow" },
	{ MMAPSHARE_FEAT_GUP, "gup" },
	{ MMAPSHARE_FEAT_DONTNEED, "dontneed" },
	{ MMAPSHARE_FEAT_FUTEX, "futex" },
	{ MMAPSHARE_FEAT_DUMP, "dump" },
	{ MMAPSHARE_FEAT_HUGE, "huge" },
	{ MMAPSHARE_FEAT_REVOKE, "revoke" },
};

int main(void)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	int fd = open("/dev/mmapshare", O_RDONLY);
	size_t i;

	if (fd < 0)
		err(1, "/dev/mmapshare");
	if (ioctl(fd, MMAPSHARE_IOC_INFO, &info))
		err(1, "/dev/mmapshare: MMAPSHARE_IOC_INFO");

	printf("size        %llu bytes\n", (unsigned long long)info.region_size);
	printf("strategy    %s\n", info.strategy < ARRAY_SIZE(strategies) ?
	       strategies[info.strategy] : "unknown");
	printf("features   ");
	for (i = 0; i < ARRAY_SIZE(features); i++)
		if (info.features & features[i].bit)
			printf(" %s", features[i].name);
	printf("\n");
	printf("page size   %u bytes\n", info.page_size);
	printf("huge pages  %llu bytes of the region in pages of %u\n",
	       (unsigned long long)info.huge_bytes, info.huge_page_size);
	printf("mappings    %llu\n", (unsigned long long)info.maps);
	printf("ABI         version %u\n", info.abi_version);
	return 0;
}
