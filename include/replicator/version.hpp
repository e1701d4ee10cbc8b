// SPDX-License-Identifier: BSL-1.0
// The version of the library: the one place that states it; the build and the packages read it from here.
#pragma once

#define REPLICATOR_VERSION_MAJOR 0
#define REPLICATOR_VERSION_MINOR 1
#define REPLICATOR_VERSION_PATCH 0

/// One number that grows with every release, for comparisons in the preprocessor.
#define REPLICATOR_VERSION \
    (REPLICATOR_VERSION_MAJOR * 1000000 + REPLICATOR_VERSION_MINOR * 1000 + REPLICATOR_VERSION_PATCH)
