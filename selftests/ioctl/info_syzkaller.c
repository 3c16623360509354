// SPDX-License-Identifier: GPL-2.0
/*
 * The descriptions in syzkaller/ agree with the header: ioctl numbers,
 * constants and every field of every structure. Their syntax is not checked.
 */
#include "mmapshare_test.h"
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#ifndef SYS_mmap2
#define SYS_mmap2	SYS_mmap
#endif

#define TEXT	"../syzkaller/mmapshare.txt"
#define CONST	TEXT ".const"

#define FIELD(type, name)						\
	{ "mmapshare_" #type, #name,					\
	  offsetof(struct mmapshare_##type, name),			\
	  sizeof(((struct mmapshare_##type *)0)->name) }

static const struct field {
	const char *type, *name;
	size_t offset, size;
} fields[] = {
	FIELD(info, size), FIELD(info, flags), FIELD(info, abi_version),
	FIELD(info, strategy), FIELD(info, region_size), FIELD(info, features),
	FIELD(info, page_size), FIELD(info, huge_page_size),
	FIELD(info, huge_bytes), FIELD(info, maps), FIELD(info, files),
	FIELD(info, doorbell_offset), FIELD(info, seals), FIELD(info, id),
	FIELD(info, name), FIELD(info, ring), FIELD(info, members),
	FIELD(fill_args, size), FIELD(fill_args, flags), FIELD(fill_args, offset),
	FIELD(fill_args, length), FIELD(fill_args, pattern), FIELD(fill_args, pattern_len),
	FIELD(fill_args, reserved),
	FIELD(checksum_args, size), FIELD(checksum_args, flags), FIELD(checksum_args, offset),
	FIELD(checksum_args, length), FIELD(checksum_args, crc32c),
	FIELD(checksum_args, reserved),
	FIELD(seal_args, size), FIELD(seal_args, flags), FIELD(seal_args, seals),
	FIELD(seal_args, reserved),
	FIELD(read_only_args, size), FIELD(read_only_args, flags),
	FIELD(revoke_args, size), FIELD(revoke_args, flags),
	FIELD(dmabuf_args, size), FIELD(dmabuf_args, flags), FIELD(dmabuf_args, offset),
	FIELD(dmabuf_args, length),
	FIELD(notify_args, size), FIELD(notify_args, flags), FIELD(notify_args, count),
	FIELD(wait_args, size), FIELD(wait_args, flags), FIELD(wait_args, count),
	FIELD(wait_args, timeout),
	FIELD(create_args, size), FIELD(create_args, flags), FIELD(create_args, region_size),
	FIELD(create_args, strategy), FIELD(create_args, mode), FIELD(create_args, name),
	FIELD(create_args, ring), FIELD(create_args, consumers),
	FIELD(create_args, consumers_per_uid), FIELD(create_args, consumers_reserved),
	FIELD(create_args, evict_ns), FIELD(create_args, features),
	FIELD(create_args, members), FIELD(create_args, reserved),
	FIELD(destroy_args, size), FIELD(destroy_args, flags), FIELD(destroy_args, name),
	FIELD(query, size), FIELD(query, flags), FIELD(query, region_size),
	FIELD(query, strategy), FIELD(query, mode), FIELD(query, uid),
	FIELD(query, gid), FIELD(query, id), FIELD(query, ring),
	FIELD(query, files), FIELD(query, maps), FIELD(query, name),
	FIELD(ring_attach_args, size), FIELD(ring_attach_args, flags),
	FIELD(ring_attach_args, map_size), FIELD(ring_attach_args, data_size),
	FIELD(ring_attach_args, own_offset), FIELD(ring_attach_args, own_size),
	FIELD(ring_attach_args, cursor), FIELD(ring_attach_args, member),
	FIELD(ring_attach_args, map_offset), FIELD(ring_attach_args, stride),
	FIELD(ring_attach_args, members), FIELD(ring_attach_args, reserved),
	FIELD(ring_attach_args, seq), FIELD(ring_attach_args, generation),
	FIELD(ring_attach_args, keep_ns), FIELD(ring_attach_args, name),
	FIELD(ring_attach_args, types),
	FIELD(ring_name, size), FIELD(ring_name, flags), FIELD(ring_name, cursor),
	FIELD(ring_name, uid), FIELD(ring_name, state), FIELD(ring_name, member),
	FIELD(ring_name, pos), FIELD(ring_name, seq), FIELD(ring_name, lost),
	FIELD(ring_name, keep_ns), FIELD(ring_name, unheld_ns), FIELD(ring_name, name),
	FIELD(ring_remove_args, size), FIELD(ring_remove_args, flags),
	FIELD(ring_remove_args, name),
	FIELD(ring_notify_args, size), FIELD(ring_notify_args, flags),
	FIELD(ring_wait_args, size), FIELD(ring_wait_args, flags), FIELD(ring_wait_args, timeout),
};

static const struct {
	const char *name;
	unsigned long long value;
} constants[] = {
	{ "AT_FDCWD", AT_FDCWD },
	{ "MMAPSHARE_IOC_INFO", MMAPSHARE_IOC_INFO },
	{ "MMAPSHARE_IOC_FILL", MMAPSHARE_IOC_FILL },
	{ "MMAPSHARE_IOC_CHECKSUM", MMAPSHARE_IOC_CHECKSUM },
	{ "MMAPSHARE_IOC_SEAL", MMAPSHARE_IOC_SEAL },
	{ "MMAPSHARE_IOC_READ_ONLY", MMAPSHARE_IOC_READ_ONLY },
	{ "MMAPSHARE_IOC_REVOKE", MMAPSHARE_IOC_REVOKE },
	{ "MMAPSHARE_IOC_DMABUF", MMAPSHARE_IOC_DMABUF },
	{ "MMAPSHARE_IOC_NOTIFY", MMAPSHARE_IOC_NOTIFY },
	{ "MMAPSHARE_IOC_WAIT", MMAPSHARE_IOC_WAIT },
	{ "MMAPSHARE_IOC_CREATE", MMAPSHARE_IOC_CREATE },
	{ "MMAPSHARE_IOC_DESTROY", MMAPSHARE_IOC_DESTROY },
	{ "MMAPSHARE_IOC_QUERY", MMAPSHARE_IOC_QUERY },
	{ "MMAPSHARE_IOC_RING_ATTACH", MMAPSHARE_IOC_RING_ATTACH },
	{ "MMAPSHARE_IOC_RING_NAME", MMAPSHARE_IOC_RING_NAME },
	{ "MMAPSHARE_IOC_RING_REMOVE", MMAPSHARE_IOC_RING_REMOVE },
	{ "MMAPSHARE_IOC_RING_NOTIFY", MMAPSHARE_IOC_RING_NOTIFY },
	{ "MMAPSHARE_IOC_RING_WAIT", MMAPSHARE_IOC_RING_WAIT },
	{ "MMAPSHARE_NOTIFY_COUNTED", MMAPSHARE_NOTIFY_COUNTED },
	{ "MMAPSHARE_NAME_SIZE", MMAPSHARE_NAME_SIZE },
	{ "MMAPSHARE_PATTERN_MAX", MMAPSHARE_PATTERN_MAX },
	{ "__NR_ioctl", SYS_ioctl },
	{ "__NR_mmap", SYS_mmap2 },
	{ "__NR_openat", SYS_openat },
	{ "__NR_read", SYS_read },
	{ "__NR_write", SYS_write },
};

FIXTURE(text) {
	FILE *file;
};

FIXTURE_SETUP(text)
{
	if (access(TEXT, F_OK))
		SKIP(return, "no " TEXT);
	self->file = fopen(TEXT, "r");
	ASSERT_NE(NULL, self->file);
}

FIXTURE_TEARDOWN(text)
{
	fclose(self->file);
}

/* Value of a constant, such as "MMAPSHARE_PATTERN_MAX", or of a number. */
static unsigned long long value_of(const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(constants); i++)
		if (!strncmp(text, constants[i].name, strlen(constants[i].name)))
			return constants[i].value;
	return strtoull(text, NULL, 0);
}

/* Size of a type like "int32[0:8]", "const[0, int32]" or "array[int8, 8]". */
static size_t size_of(const char *type)
{
	const char *comma = strrchr(type, ',');

	if (!strncmp(type, "int", 3))
		return strtoul(type + 3, NULL, 10) / 8;
	if (!comma)
		return 0;
	comma += strspn(comma, ", ");
	if (!strncmp(type, "string[", 7))
		return value_of(comma);
	if (!strncmp(type, "array[", 6))
		return size_of(type + 6) * value_of(comma);
	return size_of(comma);
}

TEST_F(text, fields)
{
	char line[256], type[80] = "", name[64], what[128];
	size_t n = 0, offset = 0;

	while (fgets(line, sizeof(line), self->file)) {
		if (sscanf(line, "mmapshare_%32[a-z_] %1[{]", name, what) == 2) {
			snprintf(type, sizeof(type), "mmapshare_%s", name);
			offset = 0;
		} else if (line[0] == '}') {
			type[0] = '\0';
		} else if (type[0] && sscanf(line, "\t%63[a-z0-9_]%127[^\n]",
					     name, what) == 2) {
			const char *rest = what + strspn(what, " \t");

			ASSERT_GT(ARRAY_SIZE(fields), n);
			EXPECT_STREQ(fields[n].type, type);
			EXPECT_STREQ(fields[n].name, name);
			EXPECT_EQ(fields[n].offset, offset) TH_LOG("%s", line);
			EXPECT_EQ(fields[n].size, size_of(rest))
				TH_LOG("%s", line);
			offset += size_of(rest);
			n++;
		}
	}
	EXPECT_EQ(ARRAY_SIZE(fields), n);
	EXPECT_EQ(152U, sizeof(struct mmapshare_info));
	EXPECT_EQ(40U, sizeof(struct mmapshare_fill_args));
	EXPECT_EQ(32U, sizeof(struct mmapshare_checksum_args));
	EXPECT_EQ(16U, sizeof(struct mmapshare_seal_args));
	EXPECT_EQ(8U, sizeof(struct mmapshare_read_only_args));
	EXPECT_EQ(8U, sizeof(struct mmapshare_revoke_args));
	EXPECT_EQ(24U, sizeof(struct mmapshare_dmabuf_args));
	EXPECT_EQ(16U, sizeof(struct mmapshare_notify_args));
	EXPECT_EQ(24U, sizeof(struct mmapshare_wait_args));
	EXPECT_EQ(128U, sizeof(struct mmapshare_create_args));
	EXPECT_EQ(72U, sizeof(struct mmapshare_destroy_args));
	EXPECT_EQ(120U, sizeof(struct mmapshare_query));
	EXPECT_EQ(168U, sizeof(struct mmapshare_ring_attach_args));
	EXPECT_EQ(128U, sizeof(struct mmapshare_ring_name));
	EXPECT_EQ(72U, sizeof(struct mmapshare_ring_remove_args));
	EXPECT_EQ(8U, sizeof(struct mmapshare_ring_notify_args));
	EXPECT_EQ(16U, sizeof(struct mmapshare_ring_wait_args));
}

/* Each ioctl has its name, its number and its structure. */
TEST_F(text, ioctls)
{
	static const char format[] =
		"ioctl$%63[A-Z_](%*[^,], cmd const[%63[A-Z_]], arg ptr[%*[a-z], %63[a-z_]";
	static const char *const want[][2] = {
		{ "MMAPSHARE_IOC_INFO", "mmapshare_info" },
		{ "MMAPSHARE_IOC_FILL", "mmapshare_fill_args" },
		{ "MMAPSHARE_IOC_CHECKSUM", "mmapshare_checksum_args" },
		{ "MMAPSHARE_IOC_SEAL", "mmapshare_seal_args" },
		{ "MMAPSHARE_IOC_READ_ONLY", "mmapshare_read_only_args" },
		{ "MMAPSHARE_IOC_REVOKE", "mmapshare_revoke_args" },
		{ "MMAPSHARE_IOC_DMABUF", "mmapshare_dmabuf_args" },
		{ "MMAPSHARE_IOC_NOTIFY", "mmapshare_notify_args" },
		{ "MMAPSHARE_IOC_WAIT", "mmapshare_wait_args" },
		{ "MMAPSHARE_IOC_CREATE", "mmapshare_create_args" },
		{ "MMAPSHARE_IOC_DESTROY", "mmapshare_destroy_args" },
		{ "MMAPSHARE_IOC_QUERY", "mmapshare_query" },
		{ "MMAPSHARE_IOC_RING_ATTACH", "mmapshare_ring_attach_args" },
		{ "MMAPSHARE_IOC_RING_NAME", "mmapshare_ring_name" },
		{ "MMAPSHARE_IOC_RING_REMOVE", "mmapshare_ring_remove_args" },
		{ "MMAPSHARE_IOC_RING_NOTIFY", "mmapshare_ring_notify_args" },
		{ "MMAPSHARE_IOC_RING_WAIT", "mmapshare_ring_wait_args" },
	};
	char line[256], name[64], cmd[64], type[64];
	size_t n = 0;

	while (fgets(line, sizeof(line), self->file)) {
		if (sscanf(line, format, name, cmd, type) != 3)
			continue;
		ASSERT_GT(ARRAY_SIZE(want), n);
		EXPECT_STREQ(want[n][0], name);
		EXPECT_STREQ(want[n][0], cmd);
		EXPECT_STREQ(want[n][1], type);
		n++;
	}
	EXPECT_EQ(ARRAY_SIZE(want), n);
}

/* Prefix of values for the architecture of this program, NULL if unknown. */
static const char *arch_prefix(void)
{
	struct utsname name;

	if (uname(&name))
		return NULL;
	if (!strcmp(name.machine, "x86_64"))
		return sizeof(long) == 8 ? " amd64:" : " 386:";
	if (!strcmp(name.machine, "aarch64") && sizeof(long) == 8)
		return " arm64:";
	return NULL;
}

/* "NAME = 222, 386:192, amd64:9": the first value is the default. */
TEST_F(text, constants)
{
	FILE *file = fopen(CONST, "r");
	char line[256], name[64];
	size_t i, found = 0;

	if (!arch_prefix())
		SKIP(return, "no values for this architecture");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file)) {
		const char *equals = strchr(line, '='), *value;

		if (!equals || sscanf(line, "%63[A-Za-z_] =", name) != 1)
			continue;
		value = strstr(line, arch_prefix());
		value = value ? value + strlen(arch_prefix()) : equals + 1;
		for (i = 0; i < ARRAY_SIZE(constants); i++) {
			if (strcmp(name, constants[i].name))
				continue;
			EXPECT_EQ(constants[i].value, strtoull(value, NULL, 10))
				TH_LOG("%s", name);
			found++;
		}
	}
	EXPECT_EQ(ARRAY_SIZE(constants), found);
	fclose(file);
}

TEST_HARNESS_MAIN
