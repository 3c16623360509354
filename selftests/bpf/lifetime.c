// SPDX-License-Identifier: GPL-2.0
/*
 * A ring that a BPF program has created exists as long as there is a reference to
 * it, in a map for example.
 */
#include "bpf_fixture.h"
#include <sys/syscall.h>

FIXTURE(lifetime) {
	struct bpf_object *object;
};

static const struct mmapshare_bpf_params params = {
	.size = 4096, .consumers = 2, .mode = 0600,
};

/* The ring is destroyed soon after its last reference was dropped. */
static bool disappears(void)
{
	const int64_t end = now() + 20 * SECOND;

	while (!access(BPF_NODE, F_OK) && now() < end)
		sleep_ns(MS);
	return now() < end;
}

FIXTURE_SETUP(lifetime)
{
	BPF_SKIP();
	ASSERT_TRUE(disappears());
	ASSERT_EQ(0, bpf_load(&self->object, NULL)) TH_LOG("%s", bpf_log);
}

FIXTURE_TEARDOWN(lifetime)
{
	bpf_object__close(self->object);
	EXPECT_TRUE(disappears());
}

TEST_F(lifetime, dropped)
{
	EXPECT_EQ(-1, access(BPF_NODE, F_OK));
	ASSERT_EQ(1, bpf_create(self->object, &params));
	EXPECT_EQ(0, access(BPF_NODE, F_OK));
	EXPECT_EQ(0, bpf_run(self->object, "drop"));
	EXPECT_TRUE(disappears());
}

/* A consumer gets what was published before, then EPIPE. */
TEST_F(lifetime, consumer)
{
	struct bpf_event event;
	struct endpoint c;
	int fd;

	ASSERT_EQ(1, bpf_create(self->object, &params));
	fd = open(BPF_NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, endpoint_attach(&c, fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	EXPECT_EQ(0, bpf_run(self->object, "in_syscall"));
	EXPECT_EQ(0, bpf_run(self->object, "drop"));
	EXPECT_EQ(0, endpoint_wait(&c, NO_TIMEOUT));
	EXPECT_EQ((int)sizeof(event), ring_take(&c, &event, sizeof(event)));
	EXPECT_EQ(EPIPE, endpoint_wait(&c, NO_TIMEOUT));
	endpoint_detach(&c);
	close(fd);
}

/* The map that has the reference is freed with its last descriptor. */
TEST_F(lifetime, closed)
{
	ASSERT_EQ(1, bpf_create(self->object, &params));
	bpf_object__close(self->object);
	self->object = NULL;
	EXPECT_TRUE(disappears());
}

/* A new ring can have the name at once, although the old one is destroyed later. */
TEST_F(lifetime, again)
{
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(1, bpf_create(self->object, &params)) TH_LOG("%d", i);
		ASSERT_EQ(0, bpf_run(self->object, "drop"));
	}
}

TEST_F(lifetime, name_in_use)
{
	ASSERT_EQ(1, bpf_create(self->object, &params));
	EXPECT_EQ(0, bpf_create(self->object, &params));
	EXPECT_EQ(0, access(BPF_NODE, F_OK));
}

TEST_F(lifetime, invalid)
{
	struct mmapshare_bpf_params bad[7];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = params;
	bad[0].size = 0;
	bad[1].consumers = 0;
	bad[2].consumers = MMAPSHARE_RING_CONSUMERS_MAX + 1;
	bad[3].mode = 01777;
	bad[4].flags = 1 << 1;
	bad[5].features = 1ULL << 63;
	bad[6].reserved = 1;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(0, bpf_create(self->object, &bad[i])) TH_LOG("%zu", i);
	EXPECT_EQ(0, bpf_create_by(self->object, "create_short", &params));
	EXPECT_EQ(-1, access(BPF_NODE, F_OK));
	EXPECT_EQ(0, bpf_run(self->object, "find_unknown"));
}

/* The module stays while a program is loaded that calls it. */
TEST_F(lifetime, module)
{
	EXPECT_EQ(-1, (int)syscall(SYS_delete_module, "mmapshare", O_NONBLOCK));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(lifetime, refused)
{
	ASSERT_EQ(1, bpf_create(self->object, &params));
	EXPECT_EQ(0, bpf_run(self->object, "refused"));
}

/* A revoked ring takes no records, and its reference is dropped as any other. */
TEST_F(lifetime, revoked)
{
	int fd;

	ASSERT_EQ(1, bpf_create(self->object, &params));
	fd = open(BPF_NODE, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, region_revoke(fd));
	close(fd);
	EXPECT_EQ(0, bpf_run(self->object, "in_syscall"));
	EXPECT_EQ(3, bpf_run(self->object, "refused"));
	EXPECT_EQ(0, bpf_run(self->object, "drop"));
}

TEST_HARNESS_MAIN
