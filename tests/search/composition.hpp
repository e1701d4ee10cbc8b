// SPDX-License-Identifier: BSL-1.0
// The nodes that are searched: small, but otherwise what a program would have.
#pragma once

#include "opened.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace search {

using namespace replicator;

/// Remembers which commands it was given, in their order.
struct Machine {
    struct Command {
        std::uint64_t value = 0;
    };
    std::array<std::uint8_t, 7> values{};
    std::uint8_t count = 0;

    void apply(const Command& command) {
        if (count < values.size()) values[count++] = static_cast<std::uint8_t>(command.value);
    }
    [[nodiscard]] bool contains(std::uint8_t value) const {
        for (std::size_t i = 0; i < count; ++i) {
            if (values[i] == value) return true;
        }
        return false;
    }
    friend bool operator==(const Machine&, const Machine&) = default;
};

/// What a step of time is: enough for a heartbeat and for saying something again; silence is noticed after two.
inline constexpr Duration time_step = milliseconds(10);

struct Limits : Options {
    static constexpr std::size_t nodes_max = 3;
    static constexpr std::size_t command_bytes_max = 8;
    static constexpr std::size_t frame_bytes_max = 800;
    static constexpr std::size_t writes_pending_max = 4;
    static constexpr std::size_t epochs_max = 8;
    static constexpr std::size_t snapshot_piece_bytes_max = 64;
    static constexpr Duration heartbeat_interval = time_step;
    static constexpr Duration retry_interval = time_step;
    static constexpr Duration failure_timeout = milliseconds(20);
    static constexpr Duration promotion_timeout = milliseconds(20);
    static constexpr Duration seat_rest_interval = milliseconds(20);
    static constexpr Duration snapshot_keep_interval = milliseconds(40);
    static constexpr Duration snapshot_backoff = milliseconds(10);
};

/// So large that nothing ever leaves it: what is in it follows from its ends then.
using Log = log::Ring<1024, 128>;

/// The search asks for frames by itself, after every step.
struct Silent {
    template <class Node>
    void wake(Node&, NodeId) noexcept {}
};

template <class Ack>
using Node = Replicator<Machine, Log, Ack, Silent, Limits>;

template <class Ack>
using Inside = decltype(Node<Ack>::node_);

}  // namespace search
