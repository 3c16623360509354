/* SPDX-License-Identifier: GPL-2.0 */
/* Fixture of the tests of libmmapshare: a region, and a name for another. */
#ifndef LIB_TEST_H
#define LIB_TEST_H

#include "region_test.h"
#include <mmapshare.h>

#define FAULT	MMAPSHARE_STRATEGY_FAULT

/* Returns the strategy with which the module was loaded. */
static inline unsigned int loaded_strategy(const struct device *dev)
{
	return dev->info.strategy;
}

/* @region is anonymous; tests may create @name, teardown destroys it */
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
