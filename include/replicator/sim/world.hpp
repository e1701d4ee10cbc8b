// SPDX-License-Identifier: BSL-1.0
// A group of nodes in one scenario: their clocks, their network, their clients, what happens to them, and an oracle that
// checks every promise after every event.
//
// The leader is never lost here, because nobody could take its place; followers crash and come back blank, pause, run
// fast or slow, and are cut off in every way. Whatever happens, nothing may be acknowledged that too few hold, no state may
// be wrong, and when all is healed, everything must be everywhere.
#pragma once

#include "network.hpp"
#include "oracle.hpp"
#include "place.hpp"
#include "random.hpp"
#include "scenario.hpp"

#include "../testing/inspect.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace replicator::sim {

/// `make_command(Random&)` gives the next command of a client.
template <class UserNode, class MakeCommand>
class World {
public:
    using Node = typename Simulated<UserNode>::Node;
    using Policy = typename Simulated<UserNode>::Policy;
    using Limits = typename Simulated<UserNode>::Bounds;

    World(const Scenario& scenario, MakeCommand make_command)
        : scenario_(scenario),
          random_(scenario.seed ^ 0x5eed),
          make_command_(std::move(make_command)),
          network_(random_.next(), scenario.network, larger_buffer) {
        network_.set_repeats(std::any_of(scenario.events.begin(), scenario.events.end(),
                                         [](const Event& event) { return event.kind == EventKind::repeat; }));
        for (std::size_t i = 0; i < scenario.nodes; ++i) ids_.push_back(NodeId{static_cast<std::uint32_t>(i + 1)});
        network_.set_nodes(ids_);
        oracle_.set_nodes(ids_);
        places_.resize(scenario.nodes);
        for (std::size_t i = 0; i < scenario.nodes; ++i) start(i);
        if (!leader().found(HistoryId{random_.next() | 1})) fail("the group cannot be founded");
        follow_leader();
    }

    /// Shows every delivered frame, for a chart.
    void watch(Network::Watch watch) { network_.watch(std::move(watch)); }
    /// Shows what clients see, for a history.
    void set_clients(Clients<Node> clients) { clients_ = std::move(clients); }

    /// Runs the faults, then heals everything.
    [[nodiscard]] Verdict run() {
        const Instant began = now_;
        std::size_t next = 0;
        while (failure_.empty() && now_ < began + scenario_.length) {
            for (; next < scenario_.events.size() && began + scenario_.events[next].at <= now_; ++next) {
                happen(scenario_.events[next]);
            }
            step();
        }
        heal();
        recover();
        return {failure_, events_, acknowledged_, trace_};
    }

private:
    static constexpr std::size_t larger_buffer = std::max(Limits::frame_bytes_max, UserNode::transmit_bytes_min);
    static constexpr Duration tick_interval_max{Limits::heartbeat_interval.microseconds / 2};

    [[nodiscard]] Node& leader() { return *places_[0].node; }

    void start(std::size_t place) {
        Place<Node>& at = places_[place];
        at.run = Run{++runs_};
        at.began = now_;
        at.node = std::make_unique<Node>(
            network_, Config{.node = ids_[place], .nodes = ids_, .run = at.run, .cluster = {}, .group = {}});
        at.applied = at.commit = Index{};
        at.node->tick(at.clock);
    }

    /// What the clock of a node shows: it runs fast or slow, and sometimes not at all.
    [[nodiscard]] Instant read_clock(std::size_t place) {
        Place<Node>& at = places_[place];
        const std::uint64_t passed = (now_ - at.clock_read_at).microseconds;
        at.clock_read_at = now_;
        if (now_ < at.clock_stopped_until) return at.clock;
        const std::int64_t rate = 1000 + (scenario_.clock_skews.empty() ? 0 : scenario_.clock_skews[place]);
        return at.clock = at.clock + Duration{passed * static_cast<std::uint64_t>(rate) / 1000};
    }

    /// The next thing that happens by itself: a packet arrives, or a node is told the time.
    void step() {
        Instant next = network_.next_arrival(Instant{~std::uint64_t{0}});
        std::size_t ticking = places_.size();
        for (std::size_t i = 0; i < places_.size(); ++i) {
            if (places_[i].ticks_at < next) next = places_[i].ticks_at, ticking = i;
        }
        now_ = std::max(now_, next);
        ++events_;
        if (ticking < places_.size()) return tick(ticking);
        const NodeId receiver = network_.deliver(now_);
        if (receiver == NodeId{}) return;
        if (receiver == ids_[0]) places_[value(network_.sender()) - 1].heard_at = now_;
        check(value(receiver) - 1);
    }

    void tick(std::size_t place) {
        Place<Node>& at = places_[place];
        at.ticks_at = now_ + Duration{random_.between(tick_interval_max.microseconds / 3, tick_interval_max.microseconds)};
        if (network_.is_paused(ids_[place])) {
            if (now_ >= at.paused_until) network_.pause(ids_[place], false);
            return;
        }
        at.node->tick(read_clock(place));
        network_.pump(now_);
        check(place);
    }

    void happen(const Event& event) {
        const std::size_t place = event.node;
        const NodeId node = ids_[place];
        const NodeId other = ids_[event.other];
        switch (event.kind) {
            case EventKind::write: return write(event.amount);
            case EventKind::crash: return crash(place);
            case EventKind::pause:
                network_.pause(node, true);
                places_[place].paused_until = now_ + milliseconds(event.amount);
                return;
            case EventKind::cut: network_.cut(other, node); [[fallthrough]];
            case EventKind::cut_one_way: network_.cut(node, other); return;
            case EventKind::bridge: return bridge(place);
            case EventKind::clog: network_.clog(node, other, now_ + milliseconds(event.amount)); return;
            case EventKind::heal: network_.heal(); return;
            case EventKind::reconnect: network_.reconnect(); return;
            case EventKind::clock_jump:
                places_[place].clock = places_[place].clock + milliseconds(event.amount);
                return;
            case EventKind::clock_stop: places_[place].clock_stopped_until = now_ + milliseconds(event.amount); return;
            case EventKind::repeat:
                return network_.repeat(node, other, milliseconds(event.amount), now_);
        }
    }

    /// The nodes before and after `middle` see it, and not each other.
    void bridge(std::size_t middle) {
        for (std::size_t i = 0; i < places_.size(); ++i) {
            for (std::size_t j = i + 1; j < places_.size(); ++j) {
                if (i == middle || j == middle || (i < middle) == (j < middle)) continue;
                network_.cut(ids_[i], ids_[j]);
                network_.cut(ids_[j], ids_[i]);
            }
        }
    }

    void crash(std::size_t place) {
        Place<Node>& at = places_[place];
        at.former.push_back({at.run, at.began, held(place), std::min(held(place), at.node->applied()), false});
        network_.detach(*at.node);
        at.node.reset();
        start(place);
    }

    void write(std::uint32_t count) {
        if (network_.is_paused(ids_[0])) return;
        while (failure_.empty() && count-- > 0 && write_one()) {
        }
        network_.pump(now_);
    }

    bool write_one() {
        const Position before = leader().last();
        const Result<Ticket> ticket = leader().write(make_command_(random_));
        if (!ticket) {
            if (leader().last() != before) fail("a refused write changed the log");
            return false;
        }
        follow_leader();
        pending_.push_back(*ticket);
        if (clients_.accepted) clients_.accepted(*ticket, now_);
        check_acknowledged();
        return true;
    }

    void heal() {
        network_.heal();
        for (const NodeId id : ids_) network_.pause(id, false);
        for (Place<Node>& place : places_) place.clock_stopped_until = now_;
        NetworkFaults none = scenario_.network;
        none.loss = none.duplication = none.corruption = none.truncation = 0;
        network_.set_faults(none);
    }

    /// After all is healed, all nodes must become equal, and a new write must be acknowledged.
    void recover() {
        const Duration patience{30 * Limits::failure_timeout.microseconds};
        const Instant person_comes_at = now_ + Duration{patience.microseconds / 3};
        const Instant end = now_ + patience;
        bool wrote = false;
        while (failure_.empty() && now_ < end) {
            step();
            if (now_ >= person_comes_at) admit_by_name();
            if (!all_equal()) continue;
            if (wrote) return;
            wrote = true;
            if (!write_one()) fail("after healing, a write is refused" + describe());
            network_.pump(now_);
        }
        if (failure_.empty()) fail("after healing, the nodes do not become equal" + describe());
    }

    /// When so many nodes lost their copies that nobody can vouch for the leader, a person has to.
    void admit_by_name() {
        person_came_ = true;
        for (const auto& peer : leader().status().peers()) {
            if (peer.state == FollowerState::streaming && !peer.counts) static_cast<void>(leader().admit(peer.node));
        }
        network_.pump(now_);
    }

    void follow_leader() {
        const auto& local = testing::Inspect::engine(leader()).local();
        if (oracle_.last() == local.log.last()) return;
        const auto former = oracle_.roster();
        oracle_.follow(local.log);
        if (!oracle_.understands()) fail("the codec cannot decode what it encoded");
        if (!same_roster(local.roster)) fail("the entries do not say of the nodes what the leader believes");
        check_seat(former.seat_index);
        for (std::size_t i = 1; i < places_.size(); ++i) check_admission(i, former.counting(ids_[i]));
    }

    template <class Roster>
    [[nodiscard]] bool same_roster(const Roster& roster) const {
        const auto& told = oracle_.roster();
        return roster.seat == told.seat && roster.seat_index == told.seat_index &&
               std::all_of(ids_.begin(), ids_.end(),
                           [&](NodeId id) { return roster.counting(id) == told.counting(id); });
    }

    /// Who is given the seat holds everything that is acknowledged.
    void check_seat(Index former) {
        const auto& roster = oracle_.roster();
        if (!Policy::has_seat || roster.seat == NodeId{} || roster.seat_index == former) return;
        if (held_and_counted(value(roster.seat) - 1, Stage::received) < newest_acknowledged_) {
            fail("the seat was given to node " + name(value(roster.seat) - 1) + ", which lacks acknowledged entries");
        }
    }

    /// An incarnation takes the place of one that counted only after so many others were heard as a leader of another
    /// epoch would need, so that there is none.
    void check_admission(std::size_t place, Incarnation former) {
        const Incarnation counting = oracle_.roster().counting(ids_[place]);
        if (former == Incarnation{} || former == counting || person_came_) return;
        const std::size_t heard = heard_since_began(places_, place, Run{value(counting)});
        const std::size_t nodes = places_.size();
        const std::size_t holders = Policy::holders(nodes);
        if (heard < std::min(nodes - 1, std::max(holders, nodes - holders + 1))) {
            fail("node " + name(place) + " counts again, although only " + std::to_string(heard) + " nodes were heard");
        }
    }

    [[nodiscard]] Index held(std::size_t place) {
        return oracle_.held_by(testing::Inspect::engine(*places_[place].node).local().log);
    }

    /// How far incarnations of a node that count, as the entries say, hold the line at `stage`, or held it when they
    /// ended.
    [[nodiscard]] Index held_and_counted(std::size_t place, Stage stage = Node::stage) {
        const bool applied = stage == Stage::applied;
        const Run counting{value(oracle_.roster().counting(ids_[place]))};
        const Index former = places_[place].held_before(counting, applied);
        if (counting != places_[place].run) return former;
        const Index now = applied ? std::min(held(place), places_[place].node->applied()) : held(place);
        return std::max(former, now);
    }

    /// Everything that must hold of one node after it was told something.
    void check(std::size_t place) {
        follow_leader();
        Place<Node>& at = places_[place];
        const Node& node = *at.node;
        const Index applied = node.applied();
        const Index commit = node.commit();
        const Index last = node.last().index;
        for (const std::uint64_t part : {now_.microseconds, std::uint64_t{place}, applied.value, commit.value, last.value}) {
            trace_ = core::mix(trace_, part);
        }
        if (node.role() == Role::faulted) {
            return fail("node " + name(place) + " is faulted: " + replicator::to_string(node.status().fault));
        }
        if (applied < at.applied || commit < at.commit) return fail("node " + name(place) + " went back");
        if (commit < applied || last < commit) return fail("node " + name(place) + " applied or committed too much");
        if (applied > leader().commit()) return fail("node " + name(place) + " applied what is not committed");
        if (applied != at.applied && digest_of(node.state()) != oracle_.digest_at(applied)) {
            return fail("the state of node " + name(place) + " after entry " + std::to_string(applied.value) +
                        " is not what the commands make it");
        }
        at.applied = applied;
        at.commit = commit;
        if (place != 0) return;
        check_acknowledged();
        if (clients_.look) clients_.look(node, now_);
        roster_before_ = oracle_.roster();
    }

    /// Every write that was just acknowledged is held by as many nodes as the policy says, at this moment.
    void check_acknowledged() {
        std::size_t done = 0;
        for (; done < pending_.size(); ++done) {
            const auto outcome = leader().outcome(pending_[done]);
            if (outcome.state == WriteState::pending) break;
            if (outcome.state == WriteState::unknown && Policy::when_missing != WhenMissing::fail) {
                return fail("the outcome of a write is unknown, although its leader lives");
            }
            if (outcome.state == WriteState::acknowledged) newest_acknowledged_ = pending_[done].position.index;
            if (clients_.ended) clients_.ended(pending_[done], outcome, now_);
        }
        if (done == 0) return;
        acknowledged_ += done;
        pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(done));
        check_holders();
    }

    void check_holders() {
        std::size_t holders = 1;
        for (std::size_t i = 1; i < places_.size(); ++i) {
            if (held_and_counted(i) >= newest_acknowledged_) ++holders;
        }
        const bool seat_matters = Policy::has_seat && Policy::when_missing != WhenMissing::degrade;
        if (seat_matters && !seat_holds(oracle_.roster()) && !seat_holds(roster_before_)) {
            fail("entry " + std::to_string(newest_acknowledged_.value) +
                 " is acknowledged, but not held by the node that has the seat" + describe());
        }
        if (holders < Policy::holders_floor(ids_.size())) {
            fail("entry " + std::to_string(newest_acknowledged_.value) + " is acknowledged, and held by " +
                 std::to_string(holders) + " nodes only" + describe());
        }
    }

    /// The newest acknowledged entry, and the one that gave the seat, are on the node that has it.
    template <class Roster>
    [[nodiscard]] bool seat_holds(const Roster& roster) {
        if (roster.seat == NodeId{}) return false;
        return held_and_counted(value(roster.seat) - 1) >= std::max(newest_acknowledged_, roster.seat_index);
    }

    [[nodiscard]] bool all_equal() {
        if (!pending_.empty()) return false;
        for (const Place<Node>& place : places_) {
            const bool equal = place.node->applied() == leader().last().index &&
                               same_roster(testing::Inspect::engine(*place.node).local().applied_roster) &&
                               digest_of(place.node->state()) == digest_of(leader().state());
            if (!equal) return false;
        }
        return true;
    }

    [[nodiscard]] std::string describe() const { return sim::describe(places_); }

    void fail(const std::string& why) {
        if (failure_.empty()) failure_ = why;
    }

    const Scenario& scenario_;
    Random random_;
    MakeCommand make_command_;
    Network network_;
    Clients<Node> clients_;
    std::vector<NodeId> ids_;
    std::vector<Place<Node>> places_;
    Instant now_{1'000'000};
    std::uint64_t runs_ = 0;

    typename Simulated<UserNode>::Oracle oracle_;
    std::vector<Ticket> pending_;
    Index newest_acknowledged_;
    core::Roster<Simulated<UserNode>::Oracle::nodes_max> roster_before_;  // one event may acknowledge and then move the seat
    bool person_came_ = false;
    std::string failure_;
    std::uint64_t events_ = 0;
    std::uint64_t acknowledged_ = 0;
    std::uint64_t trace_ = 0;
};

/// Runs one scenario.
template <class UserNode, class MakeCommand>
[[nodiscard]] Verdict run_scenario(const Scenario& scenario, MakeCommand make_command) {
    return World<UserNode, MakeCommand>(scenario, std::move(make_command)).run();
}

}  // namespace replicator::sim
