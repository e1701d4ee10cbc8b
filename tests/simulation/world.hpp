// SPDX-License-Identifier: BSL-1.0
// A group of nodes, clients and faults from one seed, and an oracle beside them that knows what was promised.
//
// The leader is never lost here; followers crash (and come back blank), pause, and are cut off in every way. Within that
// nothing acknowledged may be missing anywhere, ever, and when all is healed everything must be everywhere.
#pragma once

#include <replicator/ack/async.hpp>
#include <replicator/ack/majority.hpp>
#include <replicator/ack/quorum.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/ack/sync.hpp>
#include <replicator/basic_replicator.hpp>
#include <replicator/log/memory.hpp>
#include <replicator/log/ring.hpp>
#include <replicator/sim/network.hpp>
#include <replicator/testing/inspect.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace replicator::tests {

/// Remembers in which order commands came, by a digest over all of them, and is as large as a snapshot of a few pieces.
struct Journal {
    struct Command {
        std::uint64_t id;
        std::uint64_t size_as_filler[2];
    };
    std::uint64_t digest = 0;
    std::uint64_t count = 0;
    std::array<std::uint64_t, 61> last{};

    [[nodiscard]] static std::uint64_t fold(std::uint64_t digest, std::uint64_t id) {
        return core::mix(digest, id);
    }
    std::uint64_t apply(const Command& command) {
        last[count++ % last.size()] = command.id;
        return digest = fold(digest, command.id);
    }
};

/// Everything small and fast, so that rings wrap, windows fill and timers run out within a second of simulated time.
struct SmallOptions : Options {
    static constexpr std::size_t command_bytes_max = 24;
    static constexpr std::size_t frame_bytes_max = 700;
    static constexpr std::size_t writes_pending_max = 40;
    static constexpr std::size_t gather_bytes = 128;
    static constexpr std::size_t snapshot_chunk_bytes_max = 96;
    static constexpr std::size_t snapshot_chunks_in_flight_max = 3;
    static constexpr Duration heartbeat_interval = milliseconds(10);
    static constexpr Duration failure_timeout = milliseconds(50);
    static constexpr Duration retry_interval = milliseconds(15);
    static constexpr Duration seat_rest_interval = milliseconds(100);
    static constexpr Duration snapshot_backoff = milliseconds(5);
    static constexpr Duration snapshot_keep_interval = milliseconds(200);
};

/// What goes wrong in one seed, and how often. Drawn once, so that some seeds have one fault at a high rate.
struct Plan {
    std::size_t nodes = 3;
    sim::NetworkFaults network;
    std::uint64_t crash = 0;   // each per million, at every tick
    std::uint64_t pause = 0;
    std::uint64_t cut = 0;
    std::uint64_t cut_one_way = 0;
    std::uint64_t heal = 0;
    std::uint64_t writes_at_once_max = 1;

    [[nodiscard]] static Plan draw(sim::Random& random, std::size_t nodes) {
        Plan plan;
        plan.nodes = nodes;
        const auto sometimes = [&random](std::uint64_t rate_max) {
            return random.below(3) == 0 ? random.below(rate_max + 1) : 0;
        };
        sim::NetworkFaults& network = plan.network;
        network.stream = random.below(2) == 0;
        network.delay_max = Duration{network.delay_min.microseconds + random.below(random.below(4) == 0 ? 40'000 : 2'000)};
        network.in_flight_bytes_max = random.below(3) == 0 ? 700 : 16 * 1024;
        plan.writes_at_once_max = random.between(1, 60);
        if (random.below(20) == 0) return plan;  // nothing goes wrong: too strict a check would show
        const bool extreme = random.below(10) == 0;
        network.loss = sometimes(extreme ? 500'000 : network.stream ? 10'000 : 150'000);
        network.duplication = sometimes(extreme ? 500'000 : 100'000);
        network.corruption = sometimes(extreme ? 200'000 : 20'000);
        network.truncation = sometimes(extreme ? 200'000 : 20'000);
        network.one_byte_reads = sometimes(50'000);
        network.split_reads = sometimes(300'000);
        plan.crash = sometimes(20'000);
        plan.pause = sometimes(30'000);
        plan.cut = sometimes(30'000);
        plan.cut_one_way = sometimes(30'000);
        plan.heal = random.between(10'000, 200'000);
        return plan;
    }
};

template <class Log, class Ack>
class World {
public:
    using Node = Replicator<Journal, Log, Ack, sim::Network, SmallOptions>;

    World(std::uint64_t seed, std::size_t nodes)
        : random_(seed),
          plan_(Plan::draw(random_, nodes)),
          network_(random_.next(), plan_.network, SmallOptions::frame_bytes_max) {
        for (std::size_t i = 0; i < nodes; ++i) ids_.push_back(NodeId{static_cast<std::uint32_t>(i + 1)});
        network_.set_nodes(ids_);
        places_.resize(nodes);
        for (std::size_t i = 0; i < nodes; ++i) start(i);
        if (!places_[0].node->found(HistoryId{random_.next() | 1})) fail("the group cannot be founded");
        note_entries();
    }

    /// Runs the faults, then heals everything. Empty when every promise was kept, else what was not.
    [[nodiscard]] std::string run() {
        const Instant end_of_faults = now_ + milliseconds(random_.between(100, 600));
        while (failure_.empty() && now_ < end_of_faults) step(true);
        heal();
        const Instant end_of_healing = now_ + milliseconds(1500);
        const Instant operator_at = now_ + milliseconds(500);
        while (failure_.empty() && now_ < end_of_healing && !(all_equal() && fresh_write_done_)) {
            step(false);
            if (now_ >= operator_at) admit_by_name();
            if (all_equal() && !fresh_write_) write_fresh();
        }
        if (failure_.empty() && !all_equal()) fail("after healing, the nodes do not become equal: " + describe());
        if (failure_.empty() && !fresh_write_done_) fail("after healing, a new write is not acknowledged: " + describe());
        if (failure_.empty() && !pending_.empty()) fail("a write has no outcome");
        return failure_;
    }

    [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
    [[nodiscard]] std::uint64_t acknowledged() const noexcept { return acknowledged_; }
    [[nodiscard]] std::uint64_t snapshots() const noexcept { return snapshots_; }

private:
    struct Place {
        std::unique_ptr<Node> node;
        Instant ticks_at;
        Instant paused_until;
        Index applied;       // seen last, of this incarnation
        Index commit;
        Index held_before;   // the most that former incarnations held, on the one line of history that there is
    };
    struct Written {
        Ticket ticket;
        std::uint64_t id = 0;
    };

    void start(std::size_t place) {
        places_[place].node = std::make_unique<Node>(
            network_, Config{.node = ids_[place], .nodes = ids_, .run = Run{++runs_}, .cluster = {}, .group = {}});
        places_[place].node->tick(now_);
        places_[place].applied = places_[place].commit = Index{};
    }

    void step(bool faults) {
        Instant next = network_.next_arrival(Instant{~std::uint64_t{0}});
        std::size_t ticking = places_.size();
        for (std::size_t i = 0; i < places_.size(); ++i) {
            if (places_[i].ticks_at < next) next = places_[i].ticks_at, ticking = i;
        }
        now_ = max_of(now_, next);
        ++events_;
        if (ticking == places_.size()) {
            const NodeId receiver = network_.deliver(now_);
            if (receiver != NodeId{}) check(value(receiver) - 1);
            return;
        }
        places_[ticking].ticks_at = now_ + Duration{random_.between(2'000, 6'000)};
        if (network_.is_paused(ids_[ticking])) {
            if (now_ >= places_[ticking].paused_until) network_.pause(ids_[ticking], false);
            return;
        }
        places_[ticking].node->tick(now_);
        network_.pump(now_);
        check(ticking);
        if (faults) {
            break_something(ticking);
            if (ticking == 0) write_some();
        }
    }

    [[nodiscard]] static Instant max_of(Instant a, Instant b) { return a < b ? b : a; }

    void break_something(std::size_t place) {
        if (place != 0 && random_.chance(plan_.crash)) {
            Place& crashed = places_[place];
            snapshots_ += crashed.node->status().installing ? 1u : 0u;
            crashed.held_before = max(crashed.held_before, held(place));
            network_.detach(*crashed.node);
            crashed.node.reset();
            start(place);
        }
        if (random_.chance(plan_.pause)) {
            network_.pause(ids_[place], true);
            places_[place].paused_until = now_ + milliseconds(random_.between(1, 120));
        }
        const std::size_t other = random_.below(places_.size());
        if (other != place && random_.chance(plan_.cut)) {
            network_.cut(ids_[place], ids_[other]);
            network_.cut(ids_[other], ids_[place]);
        }
        if (other != place && random_.chance(plan_.cut_one_way)) network_.cut(ids_[place], ids_[other]);
        if (random_.chance(plan_.heal)) network_.heal();
    }

    void heal() {
        network_.heal();
        for (const NodeId id : ids_) network_.pause(id, false);
        sim::NetworkFaults none = plan_.network;
        none.loss = none.duplication = none.corruption = none.truncation = 0;
        network_.set_faults(none);
    }

    /// When so many nodes lost their copies that nobody can vouch for the leader, a person has to.
    void admit_by_name() {
        for (const auto& peer : leader().status().peers()) {
            if (peer.state == FollowerState::streaming && !peer.counts) static_cast<void>(leader().admit(peer.node));
        }
        network_.pump(now_);
    }

    [[nodiscard]] Node& leader() { return *places_[0].node; }

    void write_some() {
        if (random_.below(3) != 0) return;
        for (std::uint64_t count = random_.between(1, plan_.writes_at_once_max); count > 0; --count) {
            if (!write_one()) break;
        }
        network_.pump(now_);
    }

    bool write_one() {
        const std::uint64_t id = random_.next();
        const Position before = leader().last();
        const auto ticket = leader().write({id, {id, id}});
        if (!ticket) {
            if (leader().last() != before) fail("a refused write changed the log");
            return false;
        }
        note_entries();
        entries_[ticket->position.index.value] = id;
        pending_.push_back({*ticket, id});
        check_acknowledged();
        return true;
    }

    void write_fresh() {
        fresh_write_ = true;
        if (!write_one()) fail("after healing, a write is refused: " + describe());
        network_.pump(now_);
    }

    /// Entries that are no commands leave the state as it is; the oracle counts them as 0.
    void note_entries() { entries_.resize(leader().last().index.value + 1); }

    [[nodiscard]] std::uint64_t digest_at(Index index) {
        while (digests_.size() <= index.value) {
            const std::uint64_t id = digests_.size() < entries_.size() ? entries_[digests_.size()] : 0;
            digests_.push_back(id == 0 ? digests_.back() : Journal::fold(digests_.back(), id));
        }
        return digests_[index.value];
    }

    /// How far the node at `place` holds what the leader wrote, found by comparing chains and not by what anyone says.
    [[nodiscard]] Index held(std::size_t place) {
        const auto& own = testing::Inspect::engine(leader()).local();
        const auto& other = testing::Inspect::engine(*places_[place].node).local();
        if (other.history != own.history) return Index{};
        const Index index = min(own.log.last(), other.log.last());
        if (index < own.log.base().index || index < other.log.base().index) return Index{};
        return chain_at(own.log, index) == chain_at(other.log, index) ? index : Index{};
    }

    void check(std::size_t place) {
        Place& at = places_[place];
        const Node& node = *at.node;
        const Index applied = node.applied();
        note_entries();
        if (node.role() == Role::faulted) return fail("a node is faulted: " + std::string(to_string(node.status().fault)));
        if (applied < at.applied || node.commit() < at.commit) return fail("a node went back");
        if (node.commit() < applied || node.last().index < node.commit()) return fail("applied, commit, last: disorder");
        if (applied > leader().commit()) return fail("a follower applied what is not committed");
        if (at.applied != applied && node.state().digest != digest_at(applied)) return fail("a state is wrong");
        at.applied = applied;
        at.commit = node.commit();
        if (place == 0) check_acknowledged();
    }

    /// Every write that was just acknowledged is held by as many nodes as the policy says, at this moment.
    void check_acknowledged() {
        std::size_t done = 0;
        Index newest;
        for (; done < pending_.size(); ++done) {
            const auto outcome = leader().outcome(pending_[done].ticket);
            if (outcome.state == WriteState::pending) break;
            if (outcome.state == WriteState::unknown) return fail("a write under a living leader became unknown");
            const Index index = pending_[done].ticket.position.index;
            if (outcome.result_kept && outcome.result != digest_at(index)) return fail("a result is wrong");
            newest = index;
        }
        if (done == 0) return;
        acknowledged_ += done;
        pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(done));
        if (fresh_write_ && pending_.empty()) fresh_write_done_ = true;
        std::size_t holders = 1;
        for (std::size_t i = 1; i < places_.size(); ++i) {
            if (max(held(i), places_[i].held_before) >= newest) ++holders;
        }
        if (holders < Ack::holders(ids_.size())) fail("acknowledged by too few: " + describe());
    }

    [[nodiscard]] bool all_equal() {
        for (const Place& place : places_) {
            const bool equal = place.node->applied() == leader().last().index &&
                               place.node->state().digest == leader().state().digest;
            if (!equal) return false;
        }
        return pending_.empty();
    }

    [[nodiscard]] std::string describe() {
        std::ostringstream text;
        for (const Place& place : places_) {
            const auto status = place.node->status();
            text << "\n  node " << value(status.node) << " " << to_string(status.role) << " last " << status.last.value
                 << " commit " << status.committed.value << " applied " << status.applied.value << " first "
                 << status.first.value << (status.installing ? " installing" : "");
            for (const auto& peer : status.peers()) {
                text << " [" << value(peer.node) << " " << to_string(peer.state) << (peer.counts ? " counts" : "")
                     << (peer.seat ? " seat" : "") << " " << (peer.received ? peer.received->value : 0) << " in vain "
                     << peer.snapshots_in_vain << " " << to_string(peer.refusal) << "]";
            }
        }
        return text.str();
    }

    void fail(const std::string& why) {
        if (failure_.empty()) failure_ = why;
    }

    sim::Random random_;
    Plan plan_;
    sim::Network network_;
    std::vector<NodeId> ids_;
    std::vector<Place> places_;
    Instant now_{1'000'000};
    std::uint64_t runs_ = 0;

    // The oracle: what the leader wrote, at each index, and what the state is after it.
    std::vector<std::uint64_t> entries_;
    std::vector<std::uint64_t> digests_{0};
    std::vector<Written> pending_;
    bool fresh_write_ = false;
    bool fresh_write_done_ = false;

    std::string failure_;
    std::uint64_t events_ = 0;
    std::uint64_t acknowledged_ = 0;
    std::uint64_t snapshots_ = 0;
};

}  // namespace replicator::tests
