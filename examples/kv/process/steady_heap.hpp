// SPDX-License-Identifier: BSL-1.0
// What keeps the allocator from doing in one call what it put off in a million.
#pragma once

#include <cstddef>
#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace kv {

/// The allocator of glibc puts small blocks that are freed aside, and joins all of them with their neighbours when
/// somebody wants a large one: behind a table of three million keys that takes a part of a second. This lets it join
/// each block when it is freed. Other allocators are left as they are.
inline void make_heap_steady() noexcept {
#if defined(__GLIBC__) && defined(M_MXFAST)
    static_cast<void>(::mallopt(M_MXFAST, 0));
#endif
}

/// What was freed since the last call is sorted by its size now, and not by the next command that needs memory.
inline void settle_heap() noexcept {
#if defined(__GLIBC__)
    constexpr std::size_t large = 4096;  // what is larger than any small block makes the allocator look
    void* const block = std::malloc(large);
    asm volatile("" : : "r"(block) : "memory");  // or the compiler leaves both calls out
    std::free(block);
#endif
}

}  // namespace kv
