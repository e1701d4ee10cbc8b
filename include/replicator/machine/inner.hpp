// SPDX-License-Identifier: BSL-1.0
// The machine inside of another one: how the wrapper passes on its snapshots, whatever their strategy.
#pragma once

#include "../concepts/state_machine.hpp"
#include "../core/frozen.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace replicator::machine {

/// Fills a machine piece by piece where it stands.
template <class Machine>
class InnerLoader {
public:
    [[nodiscard]] bool load(Machine& machine, std::span<const std::byte> piece) {
        if constexpr (Loadable<Machine>) {
            return machine.load(piece);
        } else {
            if (piece.size() > sizeof(Machine) - offset_) return false;
            if (piece.empty()) return true;
            std::memcpy(reinterpret_cast<std::byte*>(&machine) + offset_, piece.data(), piece.size());
            offset_ += piece.size();
            return true;
        }
    }

private:
    std::size_t offset_ = 0;
};

}  // namespace replicator::machine
