// SPDX-License-Identifier: BSL-1.0
// What tests see of a node of a pair that no call shows.
#pragma once

#include <replicator/pair/node.hpp>

#include <type_traits>

namespace replicator::pair {

struct Inspect {
    template <class Node>
    static auto& self(Node& node) {
        return const_cast<std::remove_cvref_t<decltype(node.protocol_.self())>&>(node.protocol_.self());
    }
};

}  // namespace replicator::pair
