// SPDX-License-Identifier: GPL-2.0
/* The verifier refuses programs that leak a reference or a record, or misuse one. */
#include "bpf_fixture.h"

FIXTURE(verifier) {
	struct bpf_object *object;
};

FIXTURE_VARIANT(verifier) {
	const char *program;
	const char *why;	/* one of the words that kernels use, in the log */
};

FIXTURE_VARIANT_ADD(verifier, leaked_ring) {
	.program = "leaked_ring", .why = "Unreleased reference"
};

FIXTURE_VARIANT_ADD(verifier, leaked_record) {
	.program = "leaked_record", .why = "Unreleased reference"
};

FIXTURE_VARIANT_ADD(verifier, committed_twice) {
	.program = "committed_twice", .why = ""
};

FIXTURE_VARIANT_ADD(verifier, used_after_commit) {
	.program = "used_after_commit", .why = ""
};

FIXTURE_VARIANT_ADD(verifier, stored_past_end) {
	.program = "stored_past_end", .why = ""
};

FIXTURE_VARIANT_ADD(verifier, unchecked_record) {
	.program = "unchecked_record", .why = "NULL"
};

FIXTURE_VARIANT_ADD(verifier, ring_used_after_put) {
	.program = "ring_used_after_put", .why = ""
};

FIXTURE_VARIANT_ADD(verifier, created_in_xdp) {
	.program = "created_in_xdp", .why = ""
};

FIXTURE_SETUP(verifier)
{
	BPF_SKIP();
}

FIXTURE_TEARDOWN(verifier)
{
	bpf_object__close(self->object);
}

/* A program that is valid loads, so that this one is refused for what it does. */
TEST_F(verifier, refuses)
{
	ASSERT_EQ(0, bpf_load(&self->object, "refused")) TH_LOG("%s", bpf_log);
	bpf_object__close(self->object);
	EXPECT_NE(0, bpf_load(&self->object, variant->program));
	EXPECT_NE(NULL, strstr(bpf_log, variant->why)) TH_LOG("%s", bpf_log);
	EXPECT_NE(NULL, strstr(bpf_log, "failed to load")) TH_LOG("%s", bpf_log);
}

TEST_HARNESS_MAIN
