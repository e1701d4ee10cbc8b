// SPDX-License-Identifier: BSL-1.0
// WAIT, POSITION and AFTER: how a client learns how far its writes have come, on this node and on others.

#include "../base/text.hpp"
#include "commands.hpp"
#include "position.hpp"

#include <replicator/error.hpp>
#include <replicator/types.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kv {

namespace {

using replicator::Error;
using replicator::Index;
using replicator::Position;
using replicator::Role;

/// Milliseconds from now on, where 0 is for ever. False, and it is said why, when it is no time.
[[nodiscard]] bool take_timeout(Call& call, std::string_view word, Wait& wait) {
    const auto timeout = to_integer(word);
    if (!timeout || *timeout > INT64_C(1) << 40) {
        return call.reply.error("ERR timeout is not an integer or out of range"), false;
    }
    if (*timeout < 0) return call.reply.error("ERR timeout is negative"), false;
    if (*timeout > 0) wait.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(*timeout);
    return true;
}

/// At once: how many followers hold that entry.
[[nodiscard]] std::int64_t followers_with(const Status& status, Index index) {
    std::int64_t count = 0;
    for (const replicator::PeerStatus& peer : status.peers()) {
        count += peer.connected && peer.received.value_or(Index{}) >= index ? 1 : 0;
    }
    return count;
}

}  // namespace

/// How many followers hold the last write of this connection.
std::optional<Wait> begin_wait(Call& call) {
    if (call.service.node.role() != Role::leader) {
        call.reply.error("ERR WAIT cannot be used with replica instances.");
        return std::nullopt;
    }
    const auto followers = to_integer(call.words[1]);
    if (!followers || *followers < 0) {
        call.reply.error("ERR value is not an integer or out of range");
        return std::nullopt;
    }
    Wait wait;
    if (!take_timeout(call, call.words[2], wait)) return std::nullopt;
    const Index index = call.client.last_write.index;
    wait.answers = [index, wanted = *followers](const Service&, const Status& status, ReplyWriter& reply, bool late) {
        const std::int64_t count = followers_with(status, index);
        if (count < wanted && !late && status.role == Role::leader) return false;
        reply.integer(count);
        return true;
    };
    return wait;
}

/// The last write of this connection; where there is none, the newest entry that this node holds.
void answer_position(Call& call) {
    const bool has_written = call.client.last_write != Position{};
    call.reply.bulk(to_text(has_written ? call.client.last_write : call.service.node.last()));
}

/// Answers when this node's table includes a position, which may come from another node. What is read on this
/// connection afterwards is at least as new.
std::optional<Wait> begin_after(Call& call) {
    const std::optional<Position> position = to_position(call.words[1]);
    if (!position) {
        call.reply.error("ERR no position: it has the form counter:node:tag:index, see POSITION");
        return std::nullopt;
    }
    Wait wait;
    if (!take_timeout(call, call.words[2], wait)) return std::nullopt;
    wait.answers = [after = *position](const Service& service, const Status&, ReplyWriter& reply, bool late) {
        const Error error = service.node.read(after).error();
        if (error == Error::not_yet && !late) return false;
        if (error == Error::none) {
            reply.ok();
        } else if (error == Error::discarded) {
            reply.error("DISCARDED another history took the place of that position");
        } else {
            reply.null();
        }
        return true;
    };
    return wait;
}

}  // namespace kv
