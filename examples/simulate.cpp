// SPDX-License-Identifier: BSL-1.0
// Looks for a bug in a state machine: orders are served in the order of a hash map, which is not the same on a node
// that got its state as a snapshot. Ends with 0 when the simulator finds it.

#include <replicator/log/ring.hpp>
#include <replicator/replicator.hpp>
#include <replicator/sim/explore.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <unordered_map>

struct Orders {
    struct Command {
        std::uint32_t serve;  // 0: a new order, 1: serve the next one
        std::uint32_t customer;
        std::uint32_t amount;
    };
    std::unordered_map<std::uint32_t, std::uint32_t> open;
    std::uint64_t served = 0;

    void apply(const Command& command) {
        if (command.serve == 0) {
            open[command.customer] += command.amount;
        } else if (!open.empty()) {
            const auto next = open.begin();  // the bug: which one that is depends on how the map came to be
            served = served * 31 + next->first;
            open.erase(next);
        }
    }

    // As a snapshot: what was served, then pairs of customer and amount.
    std::size_t save(std::uint64_t offset, std::span<std::byte> piece) const {
        std::string all(reinterpret_cast<const char*>(&served), sizeof served);
        for (const auto& [customer, amount] : open) {
            all.append(reinterpret_cast<const char*>(&customer), sizeof customer);
            all.append(reinterpret_cast<const char*>(&amount), sizeof amount);
        }
        if (offset >= all.size()) return 0;
        const std::size_t size = std::min(piece.size() / 8 * 8, all.size() - static_cast<std::size_t>(offset));
        std::memcpy(piece.data(), all.data() + offset, size);
        return size;
    }
    bool load(std::span<const std::byte> piece) {
        for (; piece.size() >= 8; piece = piece.subspan(8)) {
            if (!loaded_served_) {
                std::memcpy(&served, piece.data(), sizeof served);
                loaded_served_ = true;
                continue;
            }
            std::uint32_t pair[2];
            std::memcpy(pair, piece.data(), sizeof pair);
            open[pair[0]] = pair[1];
        }
        return piece.empty();
    }

    // Does not depend on the order, so that only wrong states count as wrong.
    std::uint64_t digest() const {
        std::uint64_t sum = served;
        for (const auto& [customer, amount] : open) sum += std::uint64_t{customer} * 0x9e3779b97f4a7c15u + amount;
        return sum;
    }

private:
    bool loaded_served_ = false;
};

// Small limits, so that logs wrap and timers run out within a short time.
struct Limits : replicator::Options {
    static constexpr std::size_t command_bytes_max = 16;
    static constexpr std::size_t frame_bytes_max = 700;
    static constexpr std::size_t snapshot_piece_bytes_max = 96;
    static constexpr replicator::Duration heartbeat_interval = replicator::milliseconds(10);
    static constexpr replicator::Duration failure_timeout = replicator::milliseconds(50);
    static constexpr replicator::Duration retry_interval = replicator::milliseconds(15);
};

using namespace replicator;
using Node = Replicator<Orders, log::Ring<1024>, ack::Majority<>, transport::Memory, Limits>;

int main() {
    const sim::Exploration found = sim::explore<Node>({.seeds = 10'000}, [](sim::Random& random) {
        return Orders::Command{.serve = random.below(3) == 0 ? 1u : 0u,
                               .customer = static_cast<std::uint32_t>(random.below(50)),
                               .amount = static_cast<std::uint32_t>(random.between(1, 9))};
    });
    if (found) {
        std::printf("no failure in %llu seeds\n", static_cast<unsigned long long>(found.seeds));
        return 1;
    }
    std::printf("%s", found.report.c_str());
}
