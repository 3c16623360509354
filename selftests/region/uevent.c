// SPDX-License-Identifier: GPL-2.0
/* Uevents of named regions: ADD, REMOVE and their variables. */
#include "region_test.h"
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

/* One uevent: "ACTION@PATH", then "KEY=value" strings, each 0-terminated. */
struct message {
	char text[4096];
	size_t length;
};

/* Returns a socket in the kernel's uevent multicast group, or -1. */
static int open_uevents(void)
{
	const struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = 1,
	};
	int size = 1 << 20, fd;

	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (const void *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Returns the value of a key, or "". */
static const char *value_of(const struct message *m, const char *key)
{
	const size_t length = strlen(key);
	const char *p = m->text;

	for (; p < m->text + m->length; p += strlen(p) + 1)
		if (!strncmp(p, key, length) && p[length] == '=')
			return p + length + 1;
	return "";
}

/* The next uevent of a region; false if none arrives within @timeout ms. */
static bool receive_uevent(int fd, struct message *m, int timeout)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, timeout) == 1) {
		ssize_t n = recv(fd, m->text, sizeof(m->text) - 1, 0);

		if (n < 0)
			return false;
		m->text[n] = '\0';
		m->length = n;
		if (!strcmp(value_of(m, "SUBSYSTEM"), "mmapshare"))
			return true;
	}
	return false;
}

#define EXPECT_VALUE(want, key)	EXPECT_STREQ(want, value_of(&m, key))

TEST_F(region, added_and_removed)
{
	int events = open_uevents(), fd, i;
	char want[80];
	struct message m;
	struct stat st;

	if (events < 0)
		SKIP(return, "cannot receive uevents: not root, or no CONFIG_NET");
	fd = region_create_as(self->dev.fd, self->name, REGION_SIZE,
			      MMAPSHARE_STRATEGY_VMALLOC, 0640);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, stat(region_node(self->name), &st));
	close(fd);
	ASSERT_EQ(0, region_destroy(self->dev.fd, self->name));
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(receive_uevent(events, &m, 10000));
		EXPECT_VALUE(i ? "remove" : "add", "ACTION");
		snprintf(want, sizeof(want), "mmapshare-%s", self->name);
		EXPECT_VALUE(want, "DEVNAME");
		EXPECT_VALUE("mmapshare", "DEVTYPE");
		EXPECT_VALUE("0640", "DEVMODE");
		snprintf(want, sizeof(want), "%u", major(st.st_rdev));
		EXPECT_VALUE(want, "MAJOR");
		snprintf(want, sizeof(want), "%u", minor(st.st_rdev));
		EXPECT_VALUE(want, "MINOR");
		EXPECT_VALUE(self->name, "MMAPSHARE_NAME");
		EXPECT_VALUE("65536", "MMAPSHARE_SIZE");
		EXPECT_VALUE("vmalloc", "MMAPSHARE_STRATEGY");
	}
	close(events);
}

TEST_F(region, none_for_anonymous_regions)
{
	int events = open_uevents();
	struct message m;

	if (events < 0)
		SKIP(return, "cannot receive uevents: not root, or no CONFIG_NET");
	close(region_create(self->dev.fd, NULL));
	EXPECT_FALSE(receive_uevent(events, &m, 100));
	close(events);
}

TEST_F(region, longest_name)
{
	char name[MMAPSHARE_NAME_SIZE] = { };
	int events = open_uevents();
	struct message m;

	if (events < 0)
		SKIP(return, "cannot receive uevents: not root, or no CONFIG_NET");
	memset(name, 'u', sizeof(name) - 1);
	close(region_create(self->dev.fd, name));
	ASSERT_EQ(0, region_destroy(self->dev.fd, name));
	ASSERT_TRUE(receive_uevent(events, &m, 10000));
	EXPECT_VALUE(name, "MMAPSHARE_NAME");
	EXPECT_VALUE("fault", "MMAPSHARE_STRATEGY");
	close(events);
}

TEST_HARNESS_MAIN
