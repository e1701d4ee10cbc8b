// SPDX-License-Identifier: BSL-1.0
// The state of a pair goes as its bytes.
//
// expect: profile::Pair sends the state of a node as its bytes, so the state machine must be trivially
// expect: copyable, without pointers and padding; save and load are for groups.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

struct Saved {
    struct Command {
        std::int32_t add;
    };
    std::int32_t* total = nullptr;
    void apply(const Command&) {}
    std::size_t save(std::uint64_t, std::span<std::byte>) const { return 0; }
    bool load(std::span<const std::byte>) { return true; }
};

void refused(transport::Memory& network) {
    use<Replicator<Saved, Log, ack::SemiSync<>, transport::Memory, profile::Pair>>(network);
}
