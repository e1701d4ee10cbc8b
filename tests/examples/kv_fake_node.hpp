// SPDX-License-Identifier: BSL-1.0
// A node that says what a test wants, and requests to it.
#pragma once

#include "kv/commands/commands.hpp"

#include <replicator/ack/semi_sync.hpp>
#include <replicator/basic_replicator.hpp>
#include <replicator/log/memory.hpp>
#include <replicator/transport/manual.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kv::testing {

using replicator::Error;
using replicator::HistoryId;
using replicator::Index;
using replicator::NodeId;
using replicator::Result;
using replicator::Role;

constexpr std::array fake_group{NodeId{1}, NodeId{2}, NodeId{3}};
using RealNode = replicator::Replicator<Table, replicator::log::Memory<>, replicator::ack::SemiSync<>,
                                        replicator::transport::Manual, Limits>;

/// A real node where a test asks for nothing else.
struct FakeNode : RealNode {
    FakeNode() : RealNode(nowhere, {.node = NodeId{1}, .nodes = fake_group, .run = replicator::Run{1}}) {}

    Result<void> promote(const replicator::PromotionOptions& options) noexcept {
        forced = options.may_lose;
        return refuses;
    }
    Result<void> hand_over(NodeId to) noexcept {
        handed_to = to;
        return refuses;
    }
    [[nodiscard]] PromotionStatus promotion() const noexcept { return candidacy; }
    Result<void> drain(replicator::Duration) noexcept { return {}; }
    [[nodiscard]] replicator::DrainStatus drain_status() const noexcept { return drained; }
    [[nodiscard]] bool confirmed() const noexcept { return false; }
    [[nodiscard]] bool confirmed(replicator::Instant) const noexcept { return is_confirmed; }
    [[nodiscard]] replicator::Position last() const noexcept { return {now.epoch, now.last}; }
    [[nodiscard]] Result<const Table*> read(replicator::Position position) const noexcept {
        if (position.epoch != now.epoch) return Error::discarded;
        if (position.index > now.applied) return Error::not_yet;
        return &contents;
    }
    [[nodiscard]] Result<const Table*> read(replicator::Session& session) const noexcept {
        return read(session.newest());
    }
    [[nodiscard]] const Table& state() const noexcept { return contents; }
    [[nodiscard]] Role role() const noexcept { return now.role; }
    [[nodiscard]] NodeId leader() const noexcept { return now.leader; }
    [[nodiscard]] Status status() const noexcept { return now; }

    static inline replicator::transport::Manual nowhere;

    Table contents;
    Status now;
    PromotionStatus candidacy;
    replicator::DrainStatus drained;
    bool is_confirmed = false;
    Error refuses = Error::none;
    bool forced = false;  // what the last call asked for
    NodeId handed_to{};
};

struct Fixture {
    Fixture() {
        node.now.node = NodeId{1};
        node.now.role = Role::leader;
        node.now.leader = NodeId{1};
        node.now.history = HistoryId{0xabc};
        node.now.epoch = {1, NodeId{1}, 7};
        node.now.last = Index{42};
        node.now.peer_count = 2;
        node.now.peer_slots[0].node = NodeId{2};
        node.now.peer_slots[0].state = replicator::FollowerState::streaming;
        node.now.peer_slots[0].connected = true;
        node.now.peer_slots[0].received = Index{41};
        node.now.peer_slots[0].lag_time = replicator::milliseconds(2500);
        node.now.peer_slots[1].node = NodeId{3};
        service.memory_bytes_max = 1000;
        service.self = NodeId{1};
        service.client_addresses = {{NodeId{1}, {"kv1", 7001}}, {NodeId{2}, {"127.0.0.1", 7002}}};
    }

    std::string run(std::vector<std::string_view> words) {
        std::string text;
        ReplyWriter reply(text, client.protocol);
        Call call{words, client, service, reply};
        const CommandType* const type = find_command(words[0]);
        if (std::string error = refusal(type, words); !error.empty()) return error;
        if (std::string error = refusal(*type, service); !error.empty()) return error;
        if (type->begin != nullptr) {
            wait = type->begin(call);
            return wait ? "waits" : text;
        }
        BOOST_REQUIRE(type->answer != nullptr);
        type->answer(call);
        return text;
    }

    /// What the command that waits is answered with now; empty while it goes on waiting.
    std::string answer(bool late = false) {
        std::string text;
        ReplyWriter reply(text, client.protocol);
        BOOST_REQUIRE(wait.has_value());
        const bool answered = wait->answers(service, node.now, reply, late);
        BOOST_TEST(answered == !text.empty());
        return text;
    }

    static bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

    std::string refused(std::string_view name) { return refusal(*find_command(name), service); }

    FakeNode node;
    Client client;
    std::optional<Wait> wait;
    Service service{node, "semi-sync", "ring", {{NodeId{2}, {"127.0.0.1", 4002}}, {NodeId{3}, {"::1", 4003}}}};
};

}  // namespace kv::testing
