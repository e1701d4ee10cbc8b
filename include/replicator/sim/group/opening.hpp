// SPDX-License-Identifier: BSL-1.0
// How a process finds its disk when it starts: whole, damaged, as a copy of another node's, and with a power that fails
// while the log is being opened.
#pragma once

#include "disk.hpp"

#include "../../api/options.hpp"
#include "../../api/status.hpp"
#include "../../error.hpp"
#include "../../log/file.hpp"
#include "../../types.hpp"
#include "../network/network.hpp"
#include "../random.hpp"
#include "../sentence.hpp"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <utility>

namespace replicator::sim {

/// `Simulated` says what is simulated: its log is on a disk.
template <class Simulated>
class Opening {
public:
    using Node = typename Simulated::Node;
    using Log = typename Simulated::SimulatedLog;

    Opening(Drive& own, const Drive& others, Random& random, unsigned sync_polls) noexcept
        : own_(own), others_(others), random_(random), sync_polls_(sync_polls) {}

    /// Starts a node from its disk. Where that is damaged, what can be saved is; else it gets a new one. `fail` is told
    /// in words what should not be.
    template <class Fail>
    [[nodiscard]] std::unique_ptr<Node> open(Network& network, const Config& config, Fail&& fail) {
        const std::uint64_t name = value(config.node);
        const log::FileIdentity identity{.cluster = {},
                                         .group = {},
                                         .node = config.node,
                                         .incarnation = Incarnation{random_.next() >> 8},
                                         .history = {}};
        if (own_.is_new() && opens_as<Log>(others_, random_, identity)) {
            fail(std::initializer_list<Word>{"node ", name, " starts from a copy of the disk of another node"});
        }
        // In one of four starts.
        if (random_.below(4) == 0) lose_power(identity);
        auto on_damage = log::OnDamage::refuse;
        while (true) {
            own_.start(sync_polls_);
            Error error = Error::none;
            {
                auto log = Log::open(own_.storage(), Drive::folder, identity, on_damage);
                error = log.error();
                if (log) {
                    auto node = std::make_unique<Node>(network, config, std::move(*log));
                    if (node->role() != Role::faulted) return node;
                    error = node->status().fault;
                    on_damage = log::OnDamage::repair;
                }
            }
            if (!own_.is_damaged()) {
                fail(std::initializer_list<Word>{"node ", name,
                                                 " cannot start from its disk: ", replicator::to_string(error)});
            }
            if (on_damage == log::OnDamage::repair) {
                own_.change(own_.after(End::wipe, random_), End::wipe, random_);
                on_damage = log::OnDamage::refuse;
            } else {
                on_damage = log::OnDamage::repair;
            }
        }
    }

private:
    /// The power fails while the log is being opened.
    void lose_power(const log::FileIdentity& identity) {
        own_.mend(sync_polls_);
        own_.cut_power_in(random_.between(1, 60));
        const bool repairs = own_.is_damaged() && random_.below(2) == 0;
        static_cast<void>(Log::open(own_.storage(), Drive::folder, identity,
                                    repairs ? log::OnDamage::repair : log::OnDamage::refuse));
        own_.change(own_.after(End::power, random_), End::power, random_);
    }

    Drive& own_;
    const Drive& others_;
    Random& random_;
    unsigned sync_polls_;
};

}  // namespace replicator::sim
