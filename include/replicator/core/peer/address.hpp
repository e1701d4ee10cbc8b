// SPDX-License-Identifier: BSL-1.0
// What is said where no link says it: of which cluster, group and history a message is, from whom and to whom.
#pragma once

#include "../../types.hpp"
#include "../self.hpp"
#include "../wire/hello.hpp"

#include <cstdint>

namespace replicator::core {

template <class Composition, class Message>
void address(const Local<Composition>& local, NodeId receiver, Message& message) noexcept {
    message.cluster = local.cluster;
    message.history = local.history;
    message.group = local.group;
    message.sender = local.self;
    message.receiver = receiver;
    message.run = local.run;
    message.membership = local.membership;
    message.policy = local.policy();
}

}  // namespace replicator::core
