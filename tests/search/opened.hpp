// SPDX-License-Identifier: BSL-1.0
// The library with everything in it public, so that the search can take a node apart down to its last member. Include
// it before any other header of the library. The standard headers come first and stay as they are.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wkeyword-macro"
#endif
#define private public    // NOLINT
#define protected public  // NOLINT

#include <replicator/ack/async.hpp>
#include <replicator/ack/majority.hpp>
#include <replicator/ack/quorum.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/ack/sync.hpp>
#include <replicator/basic_replicator.hpp>
#include <replicator/log/ring.hpp>

#undef private
#undef protected
#if defined(__clang__)
#pragma clang diagnostic pop
#endif
