// SPDX-License-Identifier: BSL-1.0
// REPLICAOF NO ONE and FAILOVER: another node leads, because an operator said so.

#include "../base/text.hpp"
#include "commands.hpp"

#include <replicator/api/promotion.hpp>
#include <replicator/api/status.hpp>
#include <replicator/error.hpp>
#include <replicator/types.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kv {

namespace {

using replicator::Error;
using replicator::Index;
using replicator::NodeId;
using replicator::PeerStatus;
using replicator::PromotionStep;
using replicator::Role;
using Clock = std::chrono::steady_clock;

/// Every step of the library ends by itself before; the bound is for what it waits for after it leads: the others.
constexpr std::chrono::milliseconds confirmation_time{500};
/// A hand-over ends within one `promotion_timeout`, and where it failed the old leader may need as much again.
constexpr std::chrono::milliseconds hand_over_time{2 * Limits::promotion_timeout.microseconds / 1000 + 500};

[[nodiscard]] std::string names(const PromotionStatus& promotion) {
    std::string text;
    for (const NodeId node : promotion.missing()) text += joined(" ", value(node));
    return text;
}

/// The nodes without which this leader acknowledges nothing, or that are not yet what it needs.
[[nodiscard]] std::string names_of_absent(const Status& status) {
    std::string text;
    for (const PeerStatus& peer : status.peers()) {
        if (!peer.connected || !peer.counts) text += joined(" ", value(peer.node));
    }
    return text.empty() ? " none" : text;
}

/// What a promotion waits for depends on the time, too.
constexpr std::chrono::milliseconds promotion_look_interval{10};

constexpr const char* overtaken = "STALEEPOCH another node was promoted meanwhile, or leads";

void write_refusal(ReplyWriter& reply, const PromotionStatus& promotion) {
    if (promotion.error == Error::nodes_missing) {
        return reply.error(
            joined("NODESMISSING heard ", promotion.heard, " of ", promotion.needed, ", missing", names(promotion)));
    }
    if (promotion.error == Error::stale_epoch) return reply.error(overtaken);
    reply.error(joined("ERR the promotion was refused: ", to_string(promotion.error)));
}

/// Goes with a promotion to its end, and then waits a little until the others have confirmed it.
class PromotionWait {
public:
    bool operator()(const Service& service, const Status& status, ReplyWriter& reply, bool) {
        const Node node = service.node;
        if (is_confirmed_now(node)) return reply.ok(), true;
        const PromotionStatus promotion = node.promotion();
        if (promotion.step == PromotionStep::refused) return write_refusal(reply, promotion), true;
        if (promotion.step != PromotionStep::leading && promotion.step != PromotionStep::none) return false;
        if (node.role() != Role::leader) return reply.error(overtaken), true;
        if (!leads_since_) leads_since_ = Clock::now();
        if (Clock::now() - *leads_since_ < confirmation_time) return false;
        reply.error(joined("UNCONFIRMED leads in epoch ", status.epoch.counter,
                           ", and acknowledges nothing before enough others confirm it; missing",
                           names_of_absent(status)));
        return true;
    }

private:
    std::optional<Clock::time_point> leads_since_;
};

/// The follower that counts and holds the most; NodeId{} when there is none.
[[nodiscard]] NodeId most_complete(const Status& status) {
    const PeerStatus* best = nullptr;
    for (const PeerStatus& peer : status.peers()) {
        if (!peer.connected || !peer.counts || !peer.received) continue;
        if (best == nullptr || *best->received < *peer.received) best = &peer;
    }
    return best == nullptr ? NodeId{} : best->node;
}

void write_failover_refusal(ReplyWriter& reply, Error error) {
    switch (error) {
        case Error::not_leader: return reply.error("ERR FAILOVER is not valid when server is a replica.");
        case Error::handing_over: return reply.error("ERR FAILOVER already in progress.");
        case Error::not_enough_followers:
            return reply.error("ERR FAILOVER needs a follower that is connected, counts and has caught up");
        default: return reply.error(joined("ERR FAILOVER was refused: ", to_string(error)));
    }
}

}  // namespace

/// REPLICAOF NO ONE [FORCE]: FORCE goes on with the nodes that can be heard, and may lose acknowledged writes.
std::optional<Wait> begin_replicaof(Call& call) {
    const auto& words = call.words;
    const bool forced = words.size() == 4 && is_word(words[3], "FORCE");
    if (!is_word(words[1], "NO") || !is_word(words[2], "ONE") || (words.size() > 3 && !forced)) {
        call.reply.error("ERR REPLICAOF has only NO ONE [FORCE] here: nodes find their leader by themselves");
        return std::nullopt;
    }
    if (const Error error = call.service.node.promote({.may_lose = forced}).error(); error != Error::none) {
        call.reply.error(joined("ERR the promotion was refused: ", to_string(error)));
        return std::nullopt;
    }
    return Wait{PromotionWait{}, std::nullopt, promotion_look_interval};
}

/// FAILOVER [TO NODE]: without a name, to the follower that holds the most.
std::optional<Wait> begin_failover(Call& call) {
    const auto& words = call.words;
    const Node node = call.service.node;
    NodeId to{};
    if (words.size() == 3 && is_word(words[1], "TO")) {
        const std::int64_t number = to_integer(words[2]).value_or(0);
        if (number >= 1 && number <= UINT32_MAX) to = NodeId{static_cast<std::uint32_t>(number)};
    }
    if (words.size() != 1 && to == NodeId{}) {
        call.reply.error("ERR FAILOVER has only TO here, with the number of a node");
        return std::nullopt;
    }
    if (to == NodeId{} && node.role() == Role::leader) to = most_complete(node.status());
    const Error error = node.role() != Role::leader ? Error::not_leader
                        : to == NodeId{}            ? Error::not_enough_followers
                                                    : node.hand_over(to).error();
    if (error != Error::none) {
        write_failover_refusal(call.reply, error);
        return std::nullopt;
    }
    return Wait{[to](const Service& service, const Status&, ReplyWriter& reply, bool late) {
                    const Node now = service.node;
                    if (now.role() == Role::follower && now.leader() == to) return reply.ok(), true;
                    if (late) reply.error(joined("ERR node ", value(to), " did not take over"));
                    return late;
                },
                Clock::now() + hand_over_time, promotion_look_interval};
}

}  // namespace kv
