/* SPDX-License-Identifier: GPL-2.0 */
/* For tests of libmmapshare: the library, and names that are free. */
#ifndef LIB_TEST_H
#define LIB_TEST_H

#include "region_test.h"
#include <mmapshare.h>

#define FAULT	MMAPSHARE_STRATEGY_FAULT

/* What the module was loaded with. */
static inline unsigned int loaded_strategy(const struct device *dev)
{
	return dev->info.strategy;
}

/* An anonymous region that does what the strategy under test can. */
FIXTURE(lib) {
	struct device dev;
	char name[32];
	struct mmapshare *region;
};

FIXTURE_SETUP(lib)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	snprintf(self->name, sizeof(self->name), "lib.%d", getpid());
	ASSERT_EQ(0, mmapshare_create(&self->region, NULL, REGION_SIZE,
				      loaded_strategy(&self->dev), 0));
}

FIXTURE_TEARDOWN(lib)
{
	mmapshare_destroy(self->name, 0);
	mmapshare_close(self->region);
	close(self->dev.fd);
}

#endif /* LIB_TEST_H */
