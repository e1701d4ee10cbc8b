// SPDX-License-Identifier: BSL-1.0
// The leader is lost: another node is promoted, no acknowledged write is lost, and the old leader comes back to follow.

#include <replicator/replicator.hpp>

#include <cstdint>
#include <cstdio>
#include <optional>

using namespace replicator;

struct Account {
    struct Command {
        std::int64_t amount;
    };
    std::int64_t balance = 0;
    std::int64_t apply(const Command& command) { return balance += command.amount; }
};

using Node = Replicator<Account, log::Ring<4096>, ack::Majority<>, transport::Memory>;

constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}, NodeId{3}};

bool acknowledged(transport::Memory& network, Node& leader, std::int64_t amount) {
    const auto ticket = leader.write({amount});
    network.settle();
    return ticket && leader.outcome(*ticket).state == WriteState::acknowledged;
}

int main() {
    transport::Memory network;
    std::optional<Node> first;
    first.emplace(network, Config{.node = nodes[0], .nodes = nodes, .run = Run{1}});
    Node second{network, {.node = nodes[1], .nodes = nodes, .run = Run{2}}};
    Node third{network, {.node = nodes[2], .nodes = nodes, .run = Run{3}}};
    if (!first->bootstrap(HistoryId{1})) return 1;
    network.settle();
    if (!acknowledged(network, *first, 100)) return 1;

    first.reset();  // the process is killed, and its log in memory is gone
    network.advance(Options::failure_timeout);
    if (!second.promote()) return 1;  // you, or your orchestrator, say who leads now
    while (second.role() != Role::leader) {
        if (second.promotion().step == PromotionStep::refused) {
            std::printf("refused: %s\n", to_string(second.promotion().error));
            return 1;
        }
        network.advance(milliseconds(1));
    }
    if (!acknowledged(network, second, -30)) return 1;

    first.emplace(network, Config{.node = nodes[0], .nodes = nodes, .run = Run{4}});  // another start, another run
    network.settle();
    std::printf("node 2 leads: %d; balances: %lld, %lld, %lld\n", second.role() == Role::leader,
                static_cast<long long>(first->state().balance), static_cast<long long>(second.state().balance),
                static_cast<long long>(third.state().balance));
}
