// SPDX-License-Identifier: BSL-1.0
// Where the bytes of fields go, and where they come from.
#pragma once

#include "../../encoding/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace replicator::codec {

/// Takes bytes one after the other, and keeps those of one window: so a value that is larger than a piece is written in
/// several, without memory for the whole of it.
class FieldWriter {
public:
    /// Leaves out the first `skipped` bytes, and what no longer fits.
    explicit FieldWriter(std::span<std::byte> to, std::size_t skipped = 0) noexcept : to_(to), skipped_(skipped) {}

    void bytes(const void* from, std::size_t size) noexcept {
        const std::size_t before = smaller(skipped_, size);
        skipped_ -= before;
        const std::size_t taken = smaller(size - before, to_.size() - written_);
        if (taken == 0) return;
        std::memcpy(to_.data() + written_, static_cast<const std::byte*>(from) + before, taken);
        written_ += taken;
    }
    template <class Integer>
        requires std::is_unsigned_v<Integer>
    void number(Integer number) noexcept {
        std::byte stored[sizeof number];
        store(stored, number);
        bytes(stored, sizeof stored);
    }

    [[nodiscard]] std::size_t written() const noexcept { return written_; }

private:
    std::span<std::byte> to_;
    std::size_t skipped_;
    std::size_t written_ = 0;
};

/// Gives out bytes that came from elsewhere, and never more than there are.
class FieldReader {
public:
    explicit FieldReader(std::span<const std::byte> from) noexcept : from_(from) {}

    /// The next bytes where they stand; null when there are not so many.
    [[nodiscard]] const std::byte* bytes(std::size_t size) noexcept {
        if (size > from_.size()) return nullptr;
        const std::byte* at = from_.data();
        from_ = from_.subspan(size);
        return at;
    }
    template <class Integer>
        requires std::is_unsigned_v<Integer>
    [[nodiscard]] bool number(Integer& number) noexcept {
        const std::byte* at = bytes(sizeof number);
        if (at == nullptr) return false;
        number = load<Integer>(at);
        return true;
    }
    [[nodiscard]] std::size_t left() const noexcept { return from_.size(); }

private:
    std::span<const std::byte> from_;
};

}  // namespace replicator::codec
