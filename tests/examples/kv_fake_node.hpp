// SPDX-License-Identifier: BSL-1.0
// A node that says what a test wants, and requests to it.
#pragma once

#include "kv/commands.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kv::testing {

using replicator::Error;
using replicator::HistoryId;
using replicator::Index;
using replicator::NodeId;
using replicator::Role;

/// `Base` is a node, or one with connections.
template <class Base>
struct Fake : Base {
    bool write(const Command&, const std::shared_ptr<Writer>&, std::uint64_t) override { return false; }
    Error admit(NodeId) override { return Error::none; }
    Error promote(bool may_lose) override {
        forced = may_lose;
        return refuses;
    }
    Error hand_over(NodeId to) override {
        handed_to = to;
        return refuses;
    }
    PromotionStatus promotion() const noexcept override { return candidacy; }
    bool confirmed() const noexcept override { return is_confirmed; }
    replicator::Position last() const noexcept override { return {now.epoch, now.last}; }
    Error includes(replicator::Position position) const noexcept override {
        if (position.epoch != now.epoch) return Error::discarded;
        return position.index > now.applied ? Error::not_yet : Error::none;
    }
    const Table& table() const noexcept override { return contents; }
    Role role() const noexcept override { return now.role; }
    NodeId leader() const noexcept override { return now.leader; }
    Status status() const override { return now; }
    replicator::Guarantee guarantee(std::size_t nodes) const noexcept override {
        return {replicator::Stage::received, nodes, 2, 1, nodes - 1};
    }
    std::size_t log_bytes_max() const noexcept override { return 1000; }

    Table contents;
    Status now;
    PromotionStatus candidacy;
    bool is_confirmed = false;
    Error refuses = Error::none;
    bool forced = false;  // what the last call asked for
    NodeId handed_to{};
};

using FakeNode = Fake<Node>;

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
