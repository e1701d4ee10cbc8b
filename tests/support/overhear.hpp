// SPDX-License-Identifier: BSL-1.0
// What one of two nodes says when their connection begins anew.
#pragma once

#include "network.hpp"

#include <replicator/core/wire/hello.hpp>

#include <optional>

namespace support {

/// The hello that `from` said last, as a value that can be changed and said again.
inline std::optional<replicator::core::Hello> overhear(Network& network, NodeId from) {
    std::optional<replicator::core::Hello> heard;
    network.loses = [&heard, from](const Frame& frame) {
        const bool wanted = frame.type() == replicator::core::FrameType::hello && frame.from == from;
        if (wanted) heard = replicator::core::read_hello(frame.bytes.data());
        return false;
    };
    network.cut(NodeId{1}, NodeId{2});
    network.join(NodeId{1}, NodeId{2});
    network.run();
    network.loses = nullptr;
    network.transcript();
    return heard;
}

}  // namespace support
