// SPDX-License-Identifier: BSL-1.0
// Succession: a group in which leaders crash, pause, are cut off and are stopped in order, and others are promoted, by
// operators who take care or who take a risk, and sometimes too early, twice, or on the wrong node.
//
// However clumsy they are: no write that was acknowledged is missing from an epoch that says it is loss-free, no two
// nodes lead one epoch, nothing applied is taken back but by a forced epoch, and nobody is ever faulted. In the end all
// are healed, somebody leads, all are equal, and what only a forced epoch may have lost is all that is lost.
#pragma once

#include "group/group.hpp"
#include "group/host.hpp"
#include "group/orderly_stops.hpp"
#include "oracle/applied.hpp"
#include "oracle/comeback.hpp"
#include "oracle/facts.hpp"
#include "oracle/promises.hpp"
#include "random.hpp"
#include "scenario.hpp"

#include "../core/newest_roster.hpp"
#include "../testing/inspect.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace replicator::sim {

template <class UserNode, class MakeCommand>
class Succession : public Group<UserNode, MakeCommand, Succession<UserNode, MakeCommand>> {
    using Base = Group<UserNode, MakeCommand, Succession>;
    friend Base;

public:
    using Node = typename Simulated<UserNode>::Node;
    using Policy = typename Simulated<UserNode>::Policy;
    using Limits = typename Simulated<UserNode>::Bounds;

    Succession(const Scenario& scenario, MakeCommand make_command)
        : Base(scenario, std::move(make_command)), history_(HistoryId{random_.next() | 1}), facts_(history_) {
        views_.resize(hosts_.size());
        stops_.set_hosts(hosts_.size());
        if (!hosts_[0].node->bootstrap(history_)) fail({"the group cannot be bootstrapped"});
        check(0);
    }

    [[nodiscard]] Verdict run() {
        this->play();
        if (scenario_.nobody_comes) expect_leader();
        this->heal();
        is_healed_ = true;
        recover();
        return {failure_, events_, acknowledged_, trace_};
    }

private:
    using Base::acknowledged_, Base::clients_, Base::events_, Base::fail, Base::failure_, Base::ids_,
        Base::make_command_, Base::network_, Base::now_, Base::hosts_, Base::random_, Base::scenario_, Base::step,
        Base::trace_;
    using Facts = sim::Facts<typename Simulated<UserNode>::StateMachine>;
    using Entry = typename Facts::Entry;
    using View = typename Facts::View;
    using Reign = typename Facts::Reign;

    [[nodiscard]] static auto& self(const Node& node) noexcept { return testing::Inspect::inside(node).self(); }
    void heard(std::size_t, std::size_t) {}

    // ---- What happens ----

    void write(std::uint32_t count) {
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            if (hosts_[i].node->role() != Role::leader || network_.is_paused(ids_[i])) continue;
            for (std::uint32_t n = 0; n < count && failure_.empty() && write_at(i); ++n) {
            }
        }
        network_.pump(now_);
    }

    bool write_at(std::size_t place) {
        Node& node = *hosts_[place].node;
        const Position before = node.last();
        const Result<Ticket> ticket = node.write(make_command_(random_));
        refuse(stops_.writes(place, node, ticket.error()));
        if (!ticket) {
            if (node.last() != before) fail({"a refused write changed the log"});
            return false;
        }
        views_[place].pending.push_back(*ticket);
        if (clients_.accepted) clients_.accepted(*ticket, now_);
        check(place);
        return true;
    }

    void ends(std::size_t place, bool in_order) {
        View& view = views_[place];
        if (in_order) view.held = view.last;
        view.former.push_back(view.held);
        view.pending.clear();
        view.answered = 0;
        stops_.ends(place);
        view.promised = self(*hosts_[place].node).promised;
        view.incarnation = hosts_[place].incarnation;
        if constexpr (Base::is_durable) {
            const auto& node = self(*hosts_[place].node);
            view.suspect = node.log().is_suspect() && node.suspect_from() != Index{};
        }
    }

    /// A log in memory is gone. What was on a disk, what was promised and what was suspected is there again.
    void came_back(std::size_t place, bool lost) {
        View& view = views_[place];
        const Entry before = std::exchange(view.held, 0);
        view.applied = 0;
        if (!Base::is_durable || hosts_[place].drive->is_new()) view.last = 0;
        if constexpr (Base::is_durable) {
            check(place);
            const bool keeps = Simulated<UserNode>::keeps_copies;
            const bool other = hosts_[place].drive->is_new() || hosts_[place].drive->is_older();
            // Of one that was told to be another, the disk may have failed meanwhile.
            const bool told = this->pasts_.went_back(place);
            const auto& now = self(*hosts_[place].node);
            if (keeps && !other) refuse(forgotten_by(now, tree_, view, before, lost, told));
        }
        if (lost) facts_.forget_what_is_gone(Base::is_durable);
    }

    void promote(std::size_t place, bool forced) {
        if (network_.is_paused(ids_[place])) return;
        Node& node = *hosts_[place].node;
        const Epoch before = self(node).promised;
        stops_.promoted(place, forced);
        static_cast<void>(node.promote({.may_lose = forced, .last_leader = {}}));
        // Only who needs nobody else may bind itself before it has heard anybody.
        const bool alone = forced || Policy::holders_floor(ids_.size()) >= ids_.size();
        if (!alone && before < self(node).promised) fail({"promises are asked for too early"});
        check(place);
        network_.pump(now_);
    }

    void hand_over(std::size_t to) {
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            if (i == to || hosts_[i].node->role() != Role::leader || network_.is_paused(ids_[i])) continue;
            if constexpr (Node::can_hand_over) static_cast<void>(hosts_[i].node->hand_over(ids_[to]));
            check(i);
        }
        network_.pump(now_);
    }

    /// Whoever leads stops in order.
    void drain(Duration within) {
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            if (Node::can_drain && hosts_[i].node->role() == Role::leader) stop(i, within);
        }
    }
    /// A leader drains first, if it can; any other node has nothing to hand over, and stops soon.
    void stop(std::size_t place, Duration within) {
        Node& node = *hosts_[place].node;
        if (network_.is_paused(ids_[place])) return;
        if constexpr (!Node::can_drain) return stop_soon(place);
        const Error expected = stops_.expected(place, node);
        const Error answer = begin_drain(node, within).error();
        if (answer != expected) fail({"node ", name(place), " shall drain, and says: ", replicator::to_string(answer)});
        if (expected == Error::none) stops_.begins(place, node, within, now_);
        if (expected == Error::not_leader && !stops_.drains(place)) stop_soon(place);
        check(place);
        network_.pump(now_);
    }
    [[nodiscard]] static Result<void> begin_drain(Node& node, Duration within) {
        if constexpr (Node::can_drain) return node.drain(within);
        return Error::not_leader;
    }
    void stop_soon(std::size_t place) { hosts_[place].stops_at = now_ + Duration{random_.between(1, 20'000)}; }

    // ---- What must hold ----

    /// Fails when something is wrong.
    void refuse(const std::string& wrong) {
        if (!wrong.empty()) fail({wrong.c_str()});
    }

    void check(std::size_t place) {
        const Calm calm(hosts_[place].drive.get());
        View& view = views_[place];
        const Node& node = *hosts_[place].node;
        this->note(place, node);
        const bool stopped = this->has_stopped(place);
        if (!self(node).bootstrapped()) return;
        const std::optional<Entry> last = tree_.take(self(node).log(), view.last);
        if (!last && self(node).log().fault() != Error::none) return;  // the disk cannot be read
        if (!last) return fail({"node ", name(place), " holds entries that no leader wrote"});
        if (!tree_.understands()) return fail({"the codec cannot decode what it encoded"});
        view.last = *last;
        const bool counts_flushed = Simulated<UserNode>::keeps_copies;
        const Index flushed = smaller(node.last().index, self(node).log().flushed());
        const Entry held = counts_flushed ? tree_.at(*last, flushed) : *last;
        // What was done when the disk failed may not be there, and nobody was told of it.
        view.held = stopped ? tree_.common(view.held, held) : held;
        // It may have opened an epoch, or committed more, just before its disk failed.
        if (node.role() == Role::leader || (stopped && led(place))) check_leader(place);
        if (stopped) return;
        this->check_seat_moves(place);
        look_at_leaders(place);
        if (failure_.empty()) refuse(misapplied_by(node, facts_, view, name(place)));
        if (failure_.empty()) check_acknowledged(place);
        if (failure_.empty() && stops_.drains(place)) check_drain(place);
        if (failure_.empty() && clients_.look) clients_.look(node, now_);
    }

    /// A leader commits also when a connection breaks, and others may hear of it before it is looked at itself.
    void look_at_leaders(std::size_t place) {
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            const Node& node = *hosts_[i].node;
            if (i == place || node.role() != Role::leader) continue;
            const auto known = epochs_.find(node.last().epoch);
            if (known == epochs_.end() || tree_.index(known->second.committed) < node.commit()) check(i);
        }
    }

    /// Whoever drained stops. Whoever was late with it goes on, or stops all the same.
    void check_drain(std::size_t place) {
        const Node& node = *hosts_[place].node;
        refuse(stops_.look(place, node));
        if (stops_.drains(place)) return;
        const bool stops_late = !is_healed_ && !scenario_.nobody_comes && random_.below(2) == 0;
        if (node.drain_status().step == DrainStep::done || stops_late) stop_soon(place);
    }

    /// The process that stopped at `place` wrote the newest entry there.
    [[nodiscard]] bool led(std::size_t place) const {
        const Epoch epoch = tree_.epoch(views_[place].last);
        const auto known = epochs_.find(epoch);
        return epoch.node == ids_[place] && (known == epochs_.end() || known->second.run == hosts_[place].run);
    }

    void check_leader(std::size_t place) {
        const Node& node = *hosts_[place].node;
        const Epoch epoch = node.last().epoch;
        const auto [known, is_new] = epochs_.try_emplace(epoch, Reign{hosts_[place].run, 0, false, 0, 0});
        Reign& reign = known->second;
        if (reign.run != hosts_[place].run) return fail({"two nodes lead one epoch"});
        const auto& inside = testing::Inspect::inside(node);
        const bool knows = core::newest_roster(self(node), inside.applier()) == self(node).roster();
        // Whoever looks may be the first to find that the disk failed.
        if (!knows && self(node).log().fault() == Error::none) {
            return fail({"the log of leader ", name(place), " says other things about the nodes than it does"});
        }
        reign.committed = tree_.at(views_[place].last, node.commit());
        if (!is_new) return;
        reign.start = tree_.at(views_[place].last, self(node).epochs().all().back().first);
        reign.forced = self(node).epochs().all().back().forced;
        // Somebody said that an old copy is the truth, in an epoch that is older than what others hold.
        if (reign.forced && this->pasts_.went_back(place) && epoch < epochs_.rbegin()->first) this->void_ = true;
        refuse(promises_.begins(epoch));
    }

    void check_acknowledged(std::size_t place) {
        View& view = views_[place];
        const Node& node = *hosts_[place].node;
        std::size_t done = 0;
        Entry newest = 0;
        for (; done < view.pending.size(); ++done) {
            const Ticket ticket = view.pending[done];
            const auto outcome = node.outcome(ticket);
            if (outcome.state == WriteState::pending) break;
            if (clients_.ended) clients_.ended(ticket, outcome, now_);
            if (outcome.state != WriteState::acknowledged) continue;
            ++acknowledged_;
            newest = tree_.at(view.last, ticket.position.index);
            if (tree_.epoch(newest) != ticket.position.epoch) {
                return fail({"a write is acknowledged at a position where another one stands"});
            }
        }
        view.pending.erase(view.pending.begin(), view.pending.begin() + static_cast<std::ptrdiff_t>(done));
        if (newest != 0) view.answered = newest;
        if (newest != 0) refuse(promises_.acknowledges(newest));
    }

    /// A leader was to be replaced, and perhaps a node died. If the one that died had not led, somebody leads in time
    /// although nobody promotes again. One that had is a leader that died, which is for people to replace. Whoever
    /// drained and was fenced by the one that died does not ask to lead before its time is over.
    void expect_leader() {
        const auto death = std::find_if(scenario_.events.begin(), scenario_.events.end(),
                                        [](const Event& event) { return detail::ends_nodes(event.kind); });
        const bool died = death != scenario_.events.end();
        const bool drains = std::any_of(scenario_.events.begin(), scenario_.events.end(), [](const Event& event) {
            return Node::can_drain && event.kind == EventKind::drain &&
                   Limits::promotion_timeout < milliseconds(event.amount);
        });
        const Instant begins = died || !drains ? stops_.due(now_) : now_;
        const Instant end =
            begins + Duration{Limits::failure_timeout.microseconds + Limits::promotion_timeout.microseconds};
        while (failure_.empty() && now_ < end) step();
        const auto leads = [](const Host<Node>& place) { return place.node->role() == Role::leader; };
        const NodeId last = epochs_.rbegin()->first.node;
        if (!died && drains && last == ids_[0]) return fail({"a leader drained, and nobody leads in its place"});
        const bool goes_on = Policy::holders_floor(ids_.size()) > 1 && Policy::holders(ids_.size()) < ids_.size();
        if (died && (!goes_on || last == ids_[death->node])) return;
        if (std::none_of(hosts_.begin(), hosts_.end(), leads)) fail({"a candidate died, and nobody leads"});
    }

    // ---- The end ----

    /// After all is healed, operators find a leader; all nodes must become equal, and a new write acknowledged.
    void recover() {
        const Duration patience{60 * Limits::failure_timeout.microseconds};
        // A log on a disk is so long that it takes a while to fetch.
        const Instant end = now_ + Duration{(Base::is_durable ? 4 : 2) * patience.microseconds};
        const Instant risk_at = now_ + Duration{patience.microseconds / 2};
        const Instant person_comes_at = now_ + Duration{patience.microseconds / 4};
        Instant operator_at = now_ + Duration{2 * Limits::promotion_timeout.microseconds};
        bool wrote = false;
        while (this->goes_on() && now_ < end) {
            step();
            if (now_ >= person_comes_at) admit_by_name();
            if (now_ >= operator_at) {
                operator_at = now_ + Duration{4 * Limits::promotion_timeout.microseconds};
                if (!find_leader(now_ >= risk_at)) return;
            }
            const std::optional<std::size_t> leader = equal_to_leader();
            if (!leader) continue;
            if (wrote) return check_survival(*leader);
            if (hosts_[*leader].node->status().handing_over) continue;
            wrote = write_at(*leader);
            // A log may still have to find out that its disk has room again.
            if (!wrote && !Base::is_durable) fail({"after healing, a write is refused"});
            network_.pump(now_);
        }
        if (this->goes_on()) fail({"after healing, the nodes do not become equal"});
    }

    /// False when there is nothing left to lead: every node lost its copies.
    [[nodiscard]] bool find_leader(bool may_lose) {
        std::size_t best = hosts_.size();
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            const Node& node = *hosts_[i].node;
            if (node.role() == Role::leader) return true;
            if (node.role() == Role::faulted) return true;  // it will be started again
            if (node.last().index == Index{}) continue;
            if (best == hosts_.size() || hosts_[best].node->last() < node.last()) best = i;
        }
        if (best == hosts_.size()) {
            facts_.forget_what_is_gone(Base::is_durable);
            check_survival(0);
            return false;
        }
        promote(best, may_lose);
        return true;
    }

    void admit_by_name() {
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            Node& node = *hosts_[i].node;
            if (node.role() != Role::leader) continue;
            for (const auto& peer : node.status().peers()) {
                if (peer.state == FollowerState::streaming && !peer.counts) static_cast<void>(node.admit(peer.node));
            }
            check(i);
        }
        network_.pump(now_);
    }

    /// The leader, when all nodes are as it is and nothing is pending.
    [[nodiscard]] std::optional<std::size_t> equal_to_leader() {
        std::optional<std::size_t> leader;
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            if (hosts_[i].node->role() == Role::leader) leader = i;
        }
        if (!leader) return std::nullopt;
        const Node& node = *hosts_[*leader].node;
        if (!views_[*leader].pending.empty() || !node.confirmed()) return std::nullopt;
        for (const Host<Node>& place : hosts_) {
            const bool equal = place.node->last() == node.last() && place.node->applied() == node.last().index &&
                               digest_of(place.node->state()) == digest_of(node.state());
            if (!equal) return std::nullopt;
        }
        return leader;
    }

    void check_survival(std::size_t leader) { refuse(promises_.survive(views_[leader].last)); }

    HistoryId history_;
    Facts facts_;
    EntryTree<typename Simulated<UserNode>::StateMachine>& tree_ = facts_.tree;
    std::vector<View>& views_ = facts_.views;
    decltype(Facts::reigns)& epochs_ = facts_.reigns;
    Promises<typename Simulated<UserNode>::StateMachine, Policy> promises_{facts_};
    OrderlyStops<Simulated<UserNode>> stops_{facts_};
    bool is_healed_ = false;
};

}  // namespace replicator::sim
