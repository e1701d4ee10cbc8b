// SPDX-License-Identifier: BSL-1.0
// Memory for many operations at a time: blocks of one size that are kept when they come back.
#pragma once

#include <cstddef>
#include <new>

namespace replicator::detail {

/// Its blocks are as large as the largest that was asked for, so after a few different ones nothing is allocated any
/// more. Keeps `blocks_max` at most. Not for several threads at once.
class OperationMemory {
public:
    explicit OperationMemory(std::size_t blocks_max) noexcept : blocks_max_(blocks_max) {}
    OperationMemory(const OperationMemory&) = delete;
    OperationMemory& operator=(const OperationMemory&) = delete;
    ~OperationMemory() { drop_kept(); }

    [[nodiscard]] void* acquire(std::size_t bytes) {
        if (bytes > block_bytes_) {
            drop_kept();
            block_bytes_ = bytes;
        }
        Head* block = kept_;
        if (block == nullptr) {
            block = static_cast<Head*>(::operator new(sizeof(Head) + block_bytes_));
            block->bytes = block_bytes_;
        } else {
            kept_ = block->next;
            --kept_count_;
        }
        return block + 1;
    }

    void release(void* memory) noexcept {
        Head* block = static_cast<Head*>(memory) - 1;
        if (block->bytes < block_bytes_ || kept_count_ == blocks_max_) return ::operator delete(block);
        block->next = kept_;
        kept_ = block;
        ++kept_count_;
    }

private:
    struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) Head {
        std::size_t bytes;
        Head* next;
    };

    void drop_kept() noexcept {
        while (kept_ != nullptr) {
            Head* next = kept_->next;
            ::operator delete(kept_);
            kept_ = next;
        }
        kept_count_ = 0;
    }

    std::size_t blocks_max_;
    std::size_t block_bytes_ = 0;
    std::size_t kept_count_ = 0;
    Head* kept_ = nullptr;
};

/// The allocator over an `OperationMemory`, for handlers that bring none of their own.
template <class T = void>
class OperationAllocator {
public:
    using value_type = T;

    explicit OperationAllocator(OperationMemory& memory) noexcept : memory_(&memory) {}
    template <class Other>
    OperationAllocator(const OperationAllocator<Other>& other) noexcept : memory_(other.memory_) {}

    [[nodiscard]] T* allocate(std::size_t count) {
        static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__, "A completion handler may not be over-aligned.");
        return static_cast<T*>(memory_->acquire(count * sizeof(T)));
    }
    void deallocate(T* memory, std::size_t) noexcept { memory_->release(memory); }

    template <class Other>
    [[nodiscard]] bool operator==(const OperationAllocator<Other>& other) const noexcept {
        return memory_ == other.memory_;
    }

private:
    template <class>
    friend class OperationAllocator;

    OperationMemory* memory_;
};

}  // namespace replicator::detail
