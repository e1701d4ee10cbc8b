// SPDX-License-Identifier: BSL-1.0
// The scene: nodes in their places, with their clocks and their network, and the faults that happen to them. Who plays
// on it, what it writes and what must hold of it, is said by what derives from it.
#pragma once

#include "disk.hpp"
#include "host.hpp"
#include "opening.hpp"
#include "past.hpp"
#include "standstill.hpp"

#include "../../testing/inspect.hpp"
#include "../network/network.hpp"
#include "../random.hpp"
#include "../scenario.hpp"
#include "../sentence.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace replicator::sim {

/// `Play` has `check(place)`, called after a node was told something, `heard(from, to)`, `write(count)`,
/// `promote(place, forced)`, `hand_over(place)`, `stop(place, within)`, `drain(within)`; and `ends(place, in_order)`
/// before a process ends, `came_back(place, lost)` after the next one started there, which may have lost copies that it
/// had.
template <class UserNode, class MakeCommand, class Play>
class Group {
public:
    using Node = typename Simulated<UserNode>::Node;
    using Limits = typename Simulated<UserNode>::Bounds;
    static constexpr bool is_durable = Simulated<UserNode>::is_durable;

    /// Shows every delivered frame, for a chart.
    void watch(Network::Watch watch) { network_.watch(std::move(watch)); }
    /// Shows what clients see, for a history.
    void set_clients(Clients<Node> clients) { clients_ = std::move(clients); }

protected:
    static constexpr std::size_t larger_buffer = (std::max)(Limits::frame_bytes_max, UserNode::transmit_bytes_min);
    static constexpr Duration tick_interval_max{Limits::heartbeat_interval.microseconds / 2};

    Group(const Scenario& scenario, MakeCommand make_command)
        : scenario_(scenario),
          random_(scenario.seed ^ 0x5eed),
          make_command_(std::move(make_command)),
          network_(random_.next(), scenario.network, larger_buffer),
          pasts_(scenario.nodes) {
        network_.set_repeats(std::any_of(scenario.events.begin(), scenario.events.end(),
                                         [](const Event& event) { return event.kind == EventKind::repeat; }));
        for (std::size_t i = 0; i < scenario.nodes; ++i) ids_.push_back(NodeId{static_cast<std::uint32_t>(i + 1)});
        network_.set_nodes(ids_);
        network_.set_flush_delay(scenario.disks.flush_delay_max);
        hosts_.resize(scenario.nodes);
        standstills_.resize(scenario.nodes);
        for (Host<Node>& place : hosts_) {
            if (is_durable) place.drive = std::make_unique<Drive>(random_.next());
        }
        for (std::size_t i = 0; i < scenario.nodes; ++i) start(i);
    }

    [[nodiscard]] Play& self() noexcept { return static_cast<Play&>(*this); }

    [[nodiscard]] bool goes_on() const noexcept { return failure_.empty() && !void_; }

    /// Lets the scenario happen, up to its length.
    void play() {
        const Instant began = now_;
        std::size_t next = 0;
        while (goes_on() && now_ < began + scenario_.length) {
            for (; next < scenario_.events.size() && began + scenario_.events[next].at <= now_; ++next) {
                happen(scenario_.events[next]);
            }
            step();
        }
    }

    void start(std::size_t place, End before = End::kill) {
        Host<Node>& at = hosts_[place];
        if (before != End::again) at.run = Run{++runs_};
        const Config config{.node = ids_[place],
                            .nodes = ids_,
                            .run = at.run,
                            .cluster = {},
                            .group = {},
                            .leads_again = scenario_.disks.leads_again};
        if constexpr (is_durable) {
            // Who has to replace a disk may take a copy of another node's.
            const std::size_t other = (place + 1) % hosts_.size();
            Opening<Simulated<UserNode>> opening(*at.drive, *hosts_[other].drive, random_, scenario_.disks.sync_polls);
            at.node = opening.open(network_, config, [this](auto why) { fail(why); });
        } else {
            at.node = std::make_unique<Node>(network_, config);
        }
        const Incarnation incarnation = testing::Inspect::inside(*at.node).self().incarnation;
        if (incarnation != at.incarnation) at.began = now_;
        at.incarnation = incarnation;
        at.applied = at.commit = Index{};
        at.restarts_at = at.stops_at = Instant{};
        pasts_.started(hosts_, place, before);
        at.node->tick(at.clock);
    }

    /// The process ends; the next one finds on its disk what that leaves, and in memory nothing.
    void restart(std::size_t place, End how, bool in_order = false) {
        end(place, how, in_order);
        start(place, how);
        come_back(place, how);
    }
    void blackout() {
        for (std::size_t i = 0; i < hosts_.size(); ++i) end(i, End::power);
        for (std::size_t i = 0; i < hosts_.size(); ++i) start(i);
        for (std::size_t i = 0; i < hosts_.size(); ++i) come_back(i, End::power);
    }

    /// True for a node that stopped because its disk failed, or had no room when it started; somebody starts it again
    /// after a while. A node that stopped for another reason is a failure.
    [[nodiscard]] bool has_stopped(std::size_t place) {
        Host<Node>& at = hosts_[place];
        if (at.node->role() != Role::faulted) return false;
        const Error fault = at.node->status().fault;
        const bool is_of_disk = fault == Error::log_failed || fault == Error::log_full;
        if (at.drive != nullptr && at.drive->is_troubled() && is_of_disk) {
            if (at.restarts_at == Instant{}) at.restarts_at = now_ + Duration{random_.between(1'000, 100'000)};
            return true;
        }
        fail({"node ", name(place), " is faulted: ", replicator::to_string(fault)});
        return true;
    }

    /// The next thing that happens by itself: a packet arrives, or a node is told the time.
    void step() {
        Instant next = network_.next_arrival(Instant{~std::uint64_t{0}});
        std::size_t ticking = hosts_.size();
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            if (hosts_[i].ticks_at < next) next = hosts_[i].ticks_at, ticking = i;
        }
        bool flushes = false;
        if constexpr (is_durable) {
            const Instant flush = network_.next_flush(next);
            flushes = flush < next;
            next = flush;
        }
        now_ = (std::max)(now_, next);
        ++events_;
        if (flushes) {
            const NodeId flushed = network_.flush(now_);
            return flushed == NodeId{} ? void() : self().check(value(flushed) - 1);
        }
        if (ticking < hosts_.size()) return tick(ticking);
        const NodeId receiver = network_.deliver(now_);
        if (receiver == NodeId{}) return;
        self().heard(value(network_.sender()) - 1, value(receiver) - 1);
        self().check(value(receiver) - 1);
    }

    void tick(std::size_t place) {
        Host<Node>& at = hosts_[place];
        at.ticks_at =
            now_ + Duration{random_.between(tick_interval_max.microseconds / 3, tick_interval_max.microseconds)};
        if (network_.is_paused(ids_[place])) {
            if (now_ >= at.paused_until) network_.pause(ids_[place], false);
            return;
        }
        if (at.stops_at != Instant{} && at.stops_at <= now_) return stop_in_order(place);
        if constexpr (is_durable) look_after(place);
        at.node->tick(at.read_clock(now_, scenario_.clock_skews.empty() ? 0 : scenario_.clock_skews[place]));
        network_.pump(now_);
        self().check(place);
    }

    void happen(const Event& event) {
        const std::size_t place = event.node;
        const NodeId node = ids_[place];
        const NodeId other = ids_[event.other];
        switch (event.kind) {
            case EventKind::write: return self().write(event.amount);
            case EventKind::crash: return come_and_go(event, End::power);
            case EventKind::kill: return come_and_go(event, End::kill);
            case EventKind::wipe: return come_and_go(event, End::wipe);
            case EventKind::rot: return come_and_go(event, End::rot);
            case EventKind::blackout: return blackout();
            case EventKind::disk_error:
            case EventKind::disk_full:
            case EventKind::disk_hang: return is_durable ? trouble(event) : void();
            case EventKind::pause:
                network_.pause(node, true);
                hosts_[place].paused_until = now_ + milliseconds(event.amount);
                return;
            case EventKind::cut: network_.cut(other, node); [[fallthrough]];
            case EventKind::cut_one_way: network_.cut(node, other); return;
            case EventKind::bridge: return bridge(place);
            case EventKind::clog: network_.clog(node, other, now_ + milliseconds(event.amount)); return;
            case EventKind::heal: network_.heal(); return;
            case EventKind::reconnect: network_.reconnect(); return;
            case EventKind::clock_jump: hosts_[place].clock = hosts_[place].clock + milliseconds(event.amount); return;
            case EventKind::clock_stop: hosts_[place].clock_stopped_until = now_ + milliseconds(event.amount); return;
            case EventKind::promote: return self().promote(place, false);
            case EventKind::force: return self().promote(place, true);
            case EventKind::hand_over: return self().hand_over(place);
            case EventKind::drain: return self().drain(milliseconds(event.amount));
            case EventKind::stop: return self().stop(place, milliseconds(event.amount));
            case EventKind::repeat: return network_.repeat(node, other, milliseconds(event.amount), now_);
            case EventKind::image:
                if (is_durable) hosts_[place].drive->take_image();
                return;
            case EventKind::restore:
                if (!is_durable || !hosts_[place].drive->has_image()) return;
                return restart(place, event.amount % 2 == 0 ? End::image : End::copy);
            case EventKind::same_run: return is_durable ? void() : restart(place, End::again);
        }
    }

    void trouble(const Event& event) {
        const bool hangs = event.kind == EventKind::disk_hang;
        DiskTrouble what = hangs ? DiskTrouble::hangs : DiskTrouble::full;
        std::uint64_t amount = hangs ? 0 : event.other;
        if (event.kind == EventKind::disk_error) {
            what = static_cast<DiskTrouble>(random_.below(5));
            amount = random_.next() % 1000;
        }
        hosts_[event.node].drive->trouble(what, amount, now_ + milliseconds(event.amount));
    }

    /// A node with a disk may be away for a while, in which others miss it.
    void come_and_go(const Event& event, End how) {
        restart(event.node, how);
        if (!is_durable || event.amount % 2 == 0) return;
        network_.pause(ids_[event.node], true);
        hosts_[event.node].paused_until = now_ + milliseconds(event.amount);
    }

    /// The process closes what it has, ends, and is away for a while; the machine may be switched off meanwhile.
    void stop_in_order(std::size_t place) {
        bool closed = false;
        if constexpr (is_durable) closed = static_cast<bool>(hosts_[place].node->close());
        restart(place, closed && random_.below(2) == 0 ? End::power : End::kill, closed);
        network_.pause(ids_[place], true);
        hosts_[place].paused_until = now_ + Duration{random_.between(1'000, 100'000)};
    }

    /// The nodes before and after `middle` see it, and not each other.
    void bridge(std::size_t middle) {
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            for (std::size_t j = i + 1; j < hosts_.size(); ++j) {
                if (i == middle || j == middle || (i < middle) == (j < middle)) continue;
                network_.cut(ids_[i], ids_[j]);
                network_.cut(ids_[j], ids_[i]);
            }
        }
    }

    void heal() {
        network_.heal();
        for (const NodeId id : ids_) network_.pause(id, false);
        for (Host<Node>& place : hosts_) {
            place.clock_stopped_until = now_;
            if (place.drive != nullptr) place.drive->mend(scenario_.disks.sync_polls);
        }
        network_.set_faults(scenario_.network.healed());
        // Nobody talks to them until then.
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            if (!is_durable && pasts_.is_unseen(i)) restart(i, End::kill);
        }
    }

    /// What was seen of a node becomes part of the trace.
    void note(std::size_t place, const Node& node) {
        for (const std::uint64_t part : {now_.microseconds, std::uint64_t{place}, node.applied().value,
                                         node.commit().value, node.last().index.value}) {
            trace_ = core::mix(trace_, part);
        }
        if (const Incarnation now = testing::Inspect::inside(node).self().incarnation;
            now != hosts_[place].incarnation) {
            if constexpr (requires { self().forgets(place); }) self().forgets(place);
            pasts_.forgot(hosts_, place, now_);
        }
        if (const std::string wrong = pasts_.wrong_with(hosts_, place); !wrong.empty()) fail_for_sure({wrong.c_str()});
        if (scenario_.leaders_fail && pasts_.is_void(hosts_)) void_ = true;
    }

    /// A leader whose seat stands still, while another follower gets on, gives it to that one.
    void check_seat_moves(std::size_t place) {
        if (!standstills_[place].look(*hosts_[place].node)) return;
        fail({"node ", name(place), " acknowledges nothing, although a follower that gets on could have the seat"});
    }

    /// Only what goes wrong first is told, with all nodes as they are.
    void fail(std::initializer_list<Word> why) {
        // One of two leaders may have counted a copy that nobody could recognize.
        if (scenario_.leaders_fail && pasts_.any_unseen()) void_ = true;
        if (!void_) fail_for_sure(why);
    }
    void fail_for_sure(std::initializer_list<Word> why) {
        if (!failure_.empty()) return;
        append(failure_, why);
        describe(failure_, hosts_);
    }

private:
    void end(std::size_t place, End how, bool in_order = false) {
        Host<Node>& at = hosts_[place];
        self().ends(place, in_order);
        network_.detach(*at.node);
        if constexpr (is_durable) {
            auto found = at.drive->after(how, random_);
            at.node.reset();
            at.drive->change(std::move(found), how, random_);
        } else {
            at.node.reset();
        }
    }

    void come_back(std::size_t place, End how) {
        const bool keeps = Simulated<UserNode>::keeps_copies && (how == End::kill || how == End::power);
        const bool lost = !keeps || hosts_[place].drive->is_damaged();
        self().came_back(place, lost);
        if (is_durable) hosts_[place].drive->settle();
    }

    /// Somebody comes by: troubles of disks end, and nodes start again that stopped because of them.
    void look_after(std::size_t place) {
        Host<Node>& at = hosts_[place];
        if (at.drive->trouble_ends() <= now_) at.drive->mend(scenario_.disks.sync_polls);
        if (at.restarts_at == Instant{} || now_ < at.restarts_at) return;
        restart(place, random_.below(2) == 0 ? End::kill : End::power);
    }

protected:
    const Scenario& scenario_;
    Random random_;
    MakeCommand make_command_;
    Network network_;
    Clients<Node> clients_;
    std::vector<NodeId> ids_;
    std::vector<Host<Node>> hosts_;
    std::vector<Standstill<Simulated<UserNode>>> standstills_;
    Pasts<Node> pasts_;
    bool void_ = false;  // nothing is promised any more
    Instant now_{1'000'000};
    std::uint64_t runs_ = 0;
    std::string failure_;
    std::uint64_t events_ = 0;
    std::uint64_t acknowledged_ = 0;
    std::uint64_t trace_ = 0;
};

}  // namespace replicator::sim
