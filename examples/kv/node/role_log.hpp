// SPDX-License-Identifier: BSL-1.0
// RoleLog: one line whenever a node begins to lead or to follow, for whoever asks later what happened.
#pragma once

#include <replicator/types.hpp>

#include <cstdio>

namespace kv {

/// A node says it before anybody else can know.
struct RoleLog {
    replicator::NodeId node;

    void on_role(replicator::Role role, replicator::Epoch epoch) const noexcept {
        std::printf("role=%s node=%u epoch=%llu\n", to_string(role), unsigned{value(node)},
                    static_cast<unsigned long long>(epoch.counter));
        std::fflush(stdout);
    }
};

}  // namespace kv
