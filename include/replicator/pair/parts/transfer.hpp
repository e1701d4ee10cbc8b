// SPDX-License-Identifier: BSL-1.0
// A state on its way: whole in one frame, or in pieces out of a frozen copy.
#pragma once

#include "../options.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace replicator::pair::detail {

/// The state after the entry at `index`.
struct StatePosition {
    std::uint32_t index = 0;
    std::uint32_t chain = 0;
};

/// The state goes in one frame: nothing has to be kept.
template <class Machine, std::size_t PieceBytes>
class Transfer {
public:
    static constexpr std::size_t payload_max = sizeof(Machine);

    void reset() noexcept {}
    [[nodiscard]] std::uint32_t offset() const noexcept { return 0; }
    void ask(std::uint32_t) noexcept {}

    /// Leader: writes the state to `to`, and returns its bytes. `position` is that of the machine.
    [[nodiscard]] std::size_t write(std::byte* to, const Machine& machine, StatePosition&) noexcept {
        std::memcpy(to, &machine, sizeof(Machine));
        return sizeof(Machine);
    }
    /// Follower: true when the state is whole, and now in `machine`.
    [[nodiscard]] bool take(std::span<const std::byte> bytes, std::uint32_t, StatePosition, Machine& machine) noexcept {
        if (bytes.size() != sizeof(Machine)) return false;
        std::memcpy(static_cast<void*>(&machine), bytes.data(), sizeof(Machine));
        return true;
    }
};

/// In pieces. The follower asks for each by its offset, so at most one is on the way.
template <class Machine, std::size_t PieceBytes>
    requires(PieceBytes != 0)
class Transfer<Machine, PieceBytes> {
public:
    static constexpr std::size_t payload_max = PieceBytes < sizeof(Machine) ? PieceBytes : sizeof(Machine);

    void reset() noexcept {
        offset_ = 0;
        frozen_ = false;
    }
    [[nodiscard]] std::uint32_t offset() const noexcept { return offset_; }
    /// Leader: the follower has so much.
    void ask(std::uint32_t offset) noexcept {
        if (offset < sizeof(Machine)) offset_ = offset;
    }

    /// Leader: writes the piece that was asked for, and returns its bytes. `position` is that of the machine, and
    /// becomes that of the copy.
    [[nodiscard]] std::size_t write(std::byte* to, const Machine& machine, StatePosition& position) noexcept {
        if (!frozen_) {
            frozen_ = true;
            offset_ = 0;
            std::memcpy(bytes_, &machine, sizeof(Machine));
            index_ = position.index;
            chain_ = position.chain;
        }
        position = {index_, chain_};
        const std::size_t left = sizeof(Machine) - offset_;
        const std::size_t bytes = left < PieceBytes ? left : PieceBytes;
        std::memcpy(to, bytes_ + offset_, bytes);
        return bytes;
    }
    /// Follower: takes a piece, if it is the next one. True when the state is whole, and now in `machine`.
    [[nodiscard]] bool take(std::span<const std::byte> bytes, std::uint32_t offset, StatePosition position,
                            Machine& machine) noexcept {
        if (position.index != index_) {  // of another state: from the beginning
            offset_ = 0;
            index_ = position.index;
        }
        if (offset != offset_ || bytes.size() > sizeof(Machine) - offset_) return false;
        std::memcpy(bytes_ + offset_, bytes.data(), bytes.size());
        offset_ += static_cast<std::uint32_t>(bytes.size());
        if (offset_ != sizeof(Machine)) return false;
        std::memcpy(static_cast<void*>(&machine), bytes_, sizeof(Machine));
        return true;
    }

private:
    alignas(4) std::byte bytes_[sizeof(Machine)];
    std::uint32_t index_ = 0;
    std::uint32_t chain_ = 0;
    std::uint32_t offset_ = 0;
    bool frozen_ = false;
};

}  // namespace replicator::pair::detail
