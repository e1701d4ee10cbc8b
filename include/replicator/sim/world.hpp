// SPDX-License-Identifier: BSL-1.0
// A group of nodes in one scenario: their clocks, their network, their clients, what happens to them, and an oracle
// that checks every promise after every event.
//
// The leader is never lost here, because nobody could take its place; followers crash and come back blank, pause, run
// fast or slow, and are cut off in every way. Whatever happens, nothing may be acknowledged that too few hold, no state
// may be wrong, and when all is healed, everything must be everywhere.
#pragma once

#include "group/group.hpp"
#include "group/host.hpp"
#include "oracle/oracle.hpp"
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
class World : public Group<UserNode, MakeCommand, World<UserNode, MakeCommand>> {
    using Base = Group<UserNode, MakeCommand, World>;
    friend Base;

public:
    using Node = typename Simulated<UserNode>::Node;
    using Policy = typename Simulated<UserNode>::Policy;
    using Limits = typename Simulated<UserNode>::Bounds;

    World(const Scenario& scenario, MakeCommand make_command) : Base(scenario, std::move(make_command)) {
        oracle_.set_nodes(ids_);
        if (!leader().bootstrap(HistoryId{random_.next() | 1})) fail({"the group cannot be bootstrapped"});
        follow_leader();
    }

    /// Runs the faults, then heals everything.
    [[nodiscard]] Verdict run() {
        this->play();
        this->heal();
        recover();
        return {failure_, events_, acknowledged_, trace_};
    }

private:
    using Base::acknowledged_;
    using Base::clients_;
    using Base::events_;
    using Base::fail;
    using Base::failure_;
    using Base::hosts_;
    using Base::ids_;
    using Base::make_command_;
    using Base::network_;
    using Base::now_;
    using Base::random_;
    using Base::start;
    using Base::step;
    using Base::trace_;

    [[nodiscard]] Node& leader() { return *hosts_[0].node; }

    void heard(std::size_t from, std::size_t to) {
        if (to == 0) hosts_[from].heard_at = now_;
    }
    // Here the leader lives for ever.
    void promote(std::size_t, bool) {}
    void hand_over(std::size_t) {}
    void drain(Duration) {}
    void stop(std::size_t, Duration) {}

    void ends(std::size_t place, bool) {
        Host<Node>& at = hosts_[place];
        const Stage stage = Simulated<UserNode>::keeps_copies ? Stage::durable : Stage::received;
        // What was done when the disk failed may not be there, and nobody was told of it.
        const bool stopped = at.node->role() == Role::faulted;
        const Index holds = stopped ? smaller(at.held, held(place, stage)) : held(place, stage);
        at.former.push_back({at.incarnation, at.began, holds, held(place, Stage::applied), false});
    }

    /// It was told that it is an older copy.
    void forgets(std::size_t place) {
        const Host<Node>& at = hosts_[place];
        hosts_[place].former.push_back({at.incarnation, at.began, at.held, at.applied, false});
    }

    /// What a node held when its process ended, it holds again if that was on its disk.
    void came_back(std::size_t place, bool lost) {
        if constexpr (Base::is_durable) {
            const Calm calm(hosts_[place].drive.get());
            const Index before = hosts_[place].former.back().held;
            const bool less = held(place, Stage::durable) < before;
            const bool is_new = hosts_[place].drive->is_new() || hosts_[place].drive->is_older();
            if (less && !lost) fail({"node ", name(place), " comes back without what its disk had"});
            if (less && !is_new && Simulated<UserNode>::keeps_copies &&
                hosts_[place].node->status().suspect_from == Index{}) {
                fail({"node ", name(place), " comes back with less than its disk had, and is not suspect"});
            }
            check(place);
        }
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
            if (leader().last() != before) fail({"a refused write changed the log"});
            return false;
        }
        follow_leader();
        pending_.push_back(*ticket);
        if (clients_.accepted) clients_.accepted(*ticket, now_);
        check_acknowledged();
        return true;
    }

    /// After all is healed, all nodes must become equal, and a new write must be acknowledged.
    void recover() {
        const Duration patience{30 * Limits::failure_timeout.microseconds};
        const Instant person_comes_at = now_ + Duration{patience.microseconds / 3};
        // A log on a disk is so long that it takes a while to fetch.
        const Instant end = now_ + Duration{(Base::is_durable ? 4 : 1) * patience.microseconds};
        bool wrote = false;
        while (this->goes_on() && now_ < end) {
            step();
            if (now_ >= person_comes_at) admit_by_name();
            if (!all_equal()) continue;
            if (wrote) return;
            wrote = write_one();
            // A log may still have to find out that its disk has room again.
            if (!wrote && !Base::is_durable) fail({"after healing, a write is refused"});
            network_.pump(now_);
        }
        if (this->goes_on()) fail({"after healing, the nodes do not become equal"});
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
        const auto& self = testing::Inspect::inside(leader()).self();
        if (oracle_.last() == self.log().last()) return;
        const auto former = oracle_.roster();
        oracle_.follow(self.log());
        if (!oracle_.understands()) fail({"the codec cannot decode what it encoded"});
        if (!same_roster(self.roster())) fail({"the entries do not say of the nodes what the leader believes"});
        check_seat(former.seat_index);
        for (std::size_t i = 1; i < hosts_.size(); ++i) check_admission(i, former.counting(ids_[i]));
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
            fail({"the seat was given to node ", name(value(roster.seat) - 1), ", which lacks acknowledged entries"});
        }
    }

    /// An incarnation takes the place of one that counted only after so many others were heard as a leader of another
    /// epoch would need, so that there is none.
    void check_admission(std::size_t place, Incarnation former) {
        const Incarnation counting = oracle_.roster().counting(ids_[place]);
        if (former == Incarnation{} || former == counting || person_came_) return;
        const std::size_t heard = heard_since_began(hosts_, place, counting);
        const std::size_t nodes = hosts_.size();
        const std::size_t holders = Policy::holders(nodes);
        if (heard < (std::min)(nodes - 1, (std::max)(holders, nodes - holders + 1))) {
            fail({"node ", name(place), " counts again, although only ", heard, " nodes were heard"});
        }
    }

    /// How far a node holds the line at `stage`.
    [[nodiscard]] Index held(std::size_t place, Stage stage) {
        const Node& node = *hosts_[place].node;
        const auto& log = testing::Inspect::inside(node).self().log();
        const Index received = oracle_.held_by(log);
        switch (stage) {
            case Stage::received: return received;
            case Stage::durable: return smaller(received, log.flushed());
            case Stage::applied: return smaller(received, node.applied());
        }
        return {};
    }

    /// How far incarnations of a node that count, as the entries say, hold the line at `stage`, or held it when they
    /// ended.
    [[nodiscard]] Index held_and_counted(std::size_t place, Stage stage = Node::stage) {
        const Incarnation counting = oracle_.roster().counting(ids_[place]);
        const Index former = hosts_[place].held_before(counting, stage == Stage::applied);
        if (counting != hosts_[place].incarnation) return former;
        return (std::max)(former, held(place, stage));
    }

    /// Everything that must hold of one node after it was told something.
    void check(std::size_t place) {
        Host<Node>& at = hosts_[place];
        const Calm calm(at.drive.get());
        follow_leader();
        const Node& node = *at.node;
        const Index applied = node.applied();
        const Index commit = node.commit();
        const Index last = node.last().index;
        this->note(place, node);
        if (this->has_stopped(place)) return;
        at.held = held(place, Simulated<UserNode>::keeps_copies ? Stage::durable : Stage::received);
        if (applied < at.applied || commit < at.commit) return fail({"node ", name(place), " went back"});
        if (commit < applied || last < commit) return fail({"node ", name(place), " applied or committed too much"});
        if (applied > leader().commit()) return fail({"node ", name(place), " applied what is not committed"});
        if (applied != at.applied) {
            const char* const wrong = oracle_.find_wrong(node, at.applied);
            if (wrong != nullptr) {
                return fail({wrong, " node ", name(place), " after entry ", applied.value,
                             " is not what the commands make it"});
            }
        }
        at.applied = applied;
        at.commit = commit;
        if (place != 0) return;
        this->check_seat_moves(0);
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
                return fail({"the outcome of a write is unknown, although its leader lives"});
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
        std::size_t holders = 0;
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            const Index index = i == 0 ? held(0, Node::stage) : held_and_counted(i);
            if (index >= newest_acknowledged_) ++holders;
        }
        const bool seat_matters = Policy::has_seat && Policy::when_missing != WhenMissing::degrade;
        if (seat_matters && !seat_holds(oracle_.roster()) && !seat_holds(roster_before_)) {
            fail(
                {"entry ", newest_acknowledged_.value, " is acknowledged, but not held by the node that has the seat"});
        }
        if (holders < Policy::holders_floor(ids_.size())) {
            fail({"entry ", newest_acknowledged_.value, " is acknowledged, and held by ", holders, " nodes only"});
        }
    }

    /// The newest acknowledged entry, and the one that gave the seat, are on the node that has it.
    template <class Roster>
    [[nodiscard]] bool seat_holds(const Roster& roster) {
        if (roster.seat == NodeId{}) return false;
        return held_and_counted(value(roster.seat) - 1) >= (std::max)(newest_acknowledged_, roster.seat_index);
    }

    [[nodiscard]] bool all_equal() {
        if (!pending_.empty()) return false;
        for (const Host<Node>& place : hosts_) {
            const bool equal = place.node->applied() == leader().last().index &&
                               same_roster(testing::Inspect::inside(*place.node).self().applied_roster()) &&
                               digest_of(place.node->state()) == digest_of(leader().state());
            if (!equal) return false;
        }
        return true;
    }

    typename Simulated<UserNode>::Oracle oracle_;
    std::vector<Ticket> pending_;
    Index newest_acknowledged_;
    core::Roster<Simulated<UserNode>::Oracle::nodes_max>
        roster_before_;  // one event may acknowledge and then move the seat
    bool person_came_ = false;
};

}  // namespace replicator::sim
