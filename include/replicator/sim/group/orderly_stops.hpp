// SPDX-License-Identifier: BSL-1.0
// Orderly stops: what must hold of a leader that drains, from the call until it says that it may stop, or that it was
// late. What it says of others is held against what they hold.
#pragma once

#include "host.hpp"

#include "../../api/drain.hpp"
#include "../../api/promotion.hpp"
#include "../../error.hpp"
#include "../../testing/inspect.hpp"
#include "../../types.hpp"
#include "../oracle/facts.hpp"
#include "../sentence.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace replicator::sim {

/// The drains of all places. Each question is answered with what is wrong, as a sentence; empty for nothing.
template <class Simulated>
class OrderlyStops {
public:
    using Node = typename Simulated::Node;
    using Limits = typename Simulated::Bounds;
    using Facts = sim::Facts<typename Simulated::StateMachine>;
    using Entry = typename Facts::Entry;

    explicit OrderlyStops(const Facts& facts) noexcept : facts_(facts), tree_(facts.tree) {}
    void set_hosts(std::size_t hosts) { drains_.resize(hosts); }

    /// The node drains, and nobody was told yet how that ended.
    [[nodiscard]] bool drains(std::size_t place) const { return drains_[place].has_value(); }
    /// What `drain` has to answer now.
    [[nodiscard]] Error expected(std::size_t place, const Node& node) const {
        if (node.role() != Role::leader) return node.role() == Role::faulted ? Error::faulted : Error::not_leader;
        return drains(place) ? Error::handing_over : Error::none;
    }

    /// The leader was told to drain, at `now` of true time.
    void begins(std::size_t place, const Node& node, Duration within, Instant now) {
        const auto& self = testing::Inspect::inside(node).self();
        drains_[place] = Drain{.began_at = self.now, .epoch = self.epoch, .within = within, .due = now + within};
    }
    /// The process ended.
    void ends(std::size_t place) { drains_[place].reset(); }
    /// A person told the node to lead.
    void promoted(std::size_t place, bool forced) {
        if (drains_[place]) drains_[place]->promoted = true;
        risked_ = risked_ || forced;
    }
    /// When the last drain that is under way must be over, in true time, where clocks run right.
    [[nodiscard]] Instant due(Instant now) const {
        for (const auto& drain : drains_) now = drain ? (std::max)(now, drain->due) : now;
        return now;
    }

    /// A write was refused with `error`, or accepted.
    [[nodiscard]] std::string writes(std::size_t place, const Node& node, Error error) const {
        if (!drains(place) || node.role() != Role::leader || error == Error::handing_over) return {};
        return say({"node ", name(place), " drains, and answers a write with: ", replicator::to_string(error)});
    }

    /// Call it whenever the node was told something, and after its outcomes were looked at.
    [[nodiscard]] std::string look(std::size_t place, const Node& node) {
        if (!drains_[place]) return {};
        Drain& drain = *drains_[place];
        const auto& inside = testing::Inspect::inside(node);
        const DrainStatus status = node.drain_status();
        const Duration passed = inside.self().now - drain.began_at;
        // From then on, a policy that lacks a follower is not waited for.
        const bool impatient = passed >= Limits::failure_timeout;
        drain.lacks = drain.lacks || (impatient && !inside.parts().leader.satisfiable(inside.self(), inside.applier(),
                                                                                      inside.peers()));
        std::string wrong;
        switch (status.step) {
            case DrainStep::none: return wrong_of(place, "forgot that it drains");
            case DrainStep::handing_over: wrong = look_at_order(place, drain, status); [[fallthrough]];
            case DrainStep::draining:
                if (wrong.empty()) wrong = look_at_wait(place, node, drain, passed);
                return wrong;
            case DrainStep::done: wrong = look_at_end(place, node, drain); break;
            case DrainStep::late: wrong = look_at_delay(place, node, status, passed, drain.within); break;
        }
        drains_[place].reset();
        return wrong;
    }

private:
    struct Drain {
        Instant began_at;  ///< by the node's clock
        Epoch epoch;       ///< that it led
        Duration within;
        Instant due;            ///< in true time
        bool promoted = false;  ///< by a person, meanwhile
        bool lacks = false;     ///< its policy lacked a follower when that mattered
        bool told = false;      ///< a successor was told to lead
    };

    [[nodiscard]] static std::string wrong_of(std::size_t place, const char* what) {
        return say({"node ", name(place), " ", what});
    }

    /// The newest entry that the process at `place` acknowledged.
    [[nodiscard]] Entry answered(std::size_t place) const { return facts_.views[place].answered; }
    /// The node at `other` holds it, or an earlier process there held it in the end.
    [[nodiscard]] bool held_at(std::size_t other, Entry entry) const {
        const auto& view = facts_.views[other];
        return tree_.has(view.held, entry) || std::any_of(view.former.begin(), view.former.end(),
                                                          [&](Entry former) { return tree_.has(former, entry); });
    }

    /// A successor was told to lead: no write waits any more, and it holds what was acknowledged, on its disk where
    /// nodes have disks.
    [[nodiscard]] std::string look_at_order(std::size_t place, Drain& drain, const DrainStatus& status) {
        if (std::exchange(drain.told, true)) return {};
        const std::uint64_t successor = value(status.successor);
        if (!drain.lacks && !facts_.views[place].pending.empty()) {
            return say({"node ", name(place), " hands over to node ", successor, " while writes are pending"});
        }
        if (risked_ || held_at(successor - 1, answered(place))) return {};
        return say({"node ", name(place), " hands over to node ", successor, ", which lacks acknowledged entry ",
                    tree_.index(answered(place)).value});
    }

    [[nodiscard]] std::string look_at_wait(std::size_t place, const Node& node, const Drain& drain,
                                           Duration passed) const {
        if (passed >= drain.within) return wrong_of(place, "drains for longer than it was given");
        const bool asks = node.promotion().step == PromotionStep::asking && node.leader() == NodeId{};
        if (asks && !drain.promoted) return wrong_of(place, "drains, and asks to lead");
        const bool leads = node.role() == Role::leader && node.last().epoch != drain.epoch;
        if (leads && !drain.promoted) return wrong_of(place, "drains, and takes the lead");
        return {};
    }

    /// It may stop: another node leads, and its epoch, in which something is acknowledged, has all that was here.
    [[nodiscard]] std::string look_at_end(std::size_t place, const Node& node, const Drain& drain) const {
        if (!facts_.views[place].pending.empty()) return wrong_of(place, "drained, and writes have no outcome");
        if (node.role() == Role::leader) {
            return drain.promoted ? std::string{} : wrong_of(place, "drained, and leads");
        }
        // A link to whoever leads may have broken since.
        const auto reign = facts_.reigns.find(testing::Inspect::inside(node).self().epoch);
        const bool stands = reign != facts_.reigns.end() && tree_.has(reign->second.committed, reign->second.start);
        if (!stands) return wrong_of(place, "drained into an epoch that nobody committed");
        if (risked_ || tree_.has(reign->second.start, answered(place))) return {};
        return say({"node ", name(place), " drained, and the next leader lacks acknowledged entry ",
                    tree_.index(answered(place)).value});
    }

    /// It was given up, because time was over or nobody was there, and what may be lost is not less than it says.
    [[nodiscard]] std::string look_at_delay(std::size_t place, const Node& node, const DrainStatus& status,
                                            Duration passed, Duration within) const {
        const auto& inside = testing::Inspect::inside(node);
        const bool leads = node.role() == Role::leader;
        if (status.error == Error::none) return wrong_of(place, "was late with its drain, and does not say why");
        if (leads && node.status().handing_over) return wrong_of(place, "gave its drain up, and refuses writes");
        for (const auto& peer : inside.peers()) {
            const bool is_heard = peer.heard_at && inside.self().now - *peer.heard_at < Limits::promotion_timeout;
            if (passed < within && is_heard) return wrong_of(place, "gave its drain up too early");
            if (status.error == Error::not_enough_followers && peer.progress.up()) {
                return wrong_of(place, "drained, and did not see a follower that was there");
            }
        }
        if (status.error != Error::nodes_missing || risked_) return {};
        for (std::size_t other = 0; other < facts_.views.size(); ++other) {
            if (other != place && held_at(other, answered(place))) return {};
        }
        return say({"node ", name(place),
                    " says that nothing depends on it, and no other node holds acknowledged entry ",
                    tree_.index(answered(place)).value});
    }

    const Facts& facts_;
    const EntryTree<typename Simulated::StateMachine>& tree_;
    std::vector<std::optional<Drain>> drains_;
    bool risked_ = false;  ///< a person forced an epoch, so that writes may be lost
};

}  // namespace replicator::sim
