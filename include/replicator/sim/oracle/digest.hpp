// SPDX-License-Identifier: BSL-1.0
// A number by which states are compared.
#pragma once

#include "../../concepts/checks/requirements.hpp"
#include "../../concepts/state_machine.hpp"
#include "../../encoding/checksum.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::sim {

/// A number that is equal for equal states: the machine's own `digest()`, or the checksum of its snapshot.
template <class Machine>
[[nodiscard]] std::uint64_t digest_of(const Machine& machine) {
    if constexpr (requires {
                      { machine.digest() } -> std::convertible_to<std::uint64_t>;
                  }) {
        return machine.digest();
    } else if constexpr (Saveable<Machine>) {
        std::array<std::byte, 4096> piece;
        std::uint32_t sum = 0;
        std::uint64_t offset = 0;
        while (const std::size_t size = machine.save(offset, piece)) {
            sum = checksum(std::span(piece).first(size), sum);
            offset += size;
        }
        return sum;
    } else {
        using namespace replicator::detail;  // the node complains of a machine that does not fit; once is enough
        static_assert(
            RawSaveable<Machine> || machine_fault<Machine> != MachineFault::none,
            "To compare states, the simulator needs digest(), save(offset, span), or a trivially copyable type.");
        return checksum({reinterpret_cast<const std::byte*>(&machine), sizeof machine});
    }
}

}  // namespace replicator::sim
