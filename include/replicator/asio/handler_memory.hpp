// SPDX-License-Identifier: BSL-1.0
// Memory for one asynchronous operation at a time, so that repeating the operation allocates nothing.
#pragma once

#include "../assert.hpp"

#include <cstddef>
#include <new>

namespace replicator::detail {

/// Keeps one block, as large as was ever asked for. What is asked for while the block is in use comes from the heap.
/// Not for several threads at once; an operation whose parts follow each other on a strand is no such case.
class HandlerMemory {
public:
    HandlerMemory() = default;
    HandlerMemory(const HandlerMemory&) = delete;
    HandlerMemory& operator=(const HandlerMemory&) = delete;
    ~HandlerMemory() {
        REPLICATOR_ASSERT(!in_use_);
        ::operator delete(block_);
    }

    [[nodiscard]] void* acquire(std::size_t bytes) {
        if (in_use_) return ::operator new(bytes);
        if (block_bytes_ < bytes) {
            ::operator delete(block_);
            block_ = nullptr;
            block_bytes_ = 0;
            block_ = ::operator new(bytes);
            block_bytes_ = bytes;
        }
        in_use_ = true;
        return block_;
    }

    void release(void* memory) noexcept {
        if (memory == block_) {
            in_use_ = false;
        } else {
            ::operator delete(memory);
        }
    }

private:
    void* block_ = nullptr;
    std::size_t block_bytes_ = 0;
    bool in_use_ = false;
};

/// The allocator over a `HandlerMemory`, to be associated with a handler.
template <class T = void>
class HandlerAllocator {
public:
    using value_type = T;

    explicit HandlerAllocator(HandlerMemory& memory) noexcept : memory_(&memory) {}
    template <class Other>
    HandlerAllocator(const HandlerAllocator<Other>& other) noexcept : memory_(other.memory_) {}

    [[nodiscard]] T* allocate(std::size_t count) {
        static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__, "A completion handler may not be over-aligned.");
        return static_cast<T*>(memory_->acquire(count * sizeof(T)));
    }
    void deallocate(T* memory, std::size_t) noexcept { memory_->release(memory); }

    template <class Other>
    [[nodiscard]] bool operator==(const HandlerAllocator<Other>& other) const noexcept {
        return memory_ == other.memory_;
    }

private:
    template <class>
    friend class HandlerAllocator;

    HandlerMemory* memory_;
};

}  // namespace replicator::detail
