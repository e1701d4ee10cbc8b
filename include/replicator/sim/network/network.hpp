// SPDX-License-Identifier: BSL-1.0
// A network that loses, doubles, reorders, delays, splits and damages bytes, and cuts connections, all from one seed.
//
// It also says when disks flush, as transports do. It knows nodes only by the boundary of concepts/transport.hpp, and
// keeps to it strictly: it asks a node for bytes only after it was woken, after bytes came from that peer, or when
// there is room again. A node that forgets to wake stalls.
#pragma once

#include "arrival.hpp"
#include "bandwidth.hpp"
#include "faults.hpp"
#include "serial_line.hpp"

#include "../../assert.hpp"
#include "../../concepts/transport.hpp"
#include "../../transport/node_handle.hpp"
#include "../../types.hpp"
#include "../random.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace replicator::sim {

class Network {
public:
    Network(std::uint64_t seed, const NetworkFaults& faults, std::size_t buffer_bytes)
        : random_(seed), line_(seed), faults_(faults), buffer_(buffer_bytes) {}

    [[nodiscard]] Delivers delivers() const noexcept { return faults_.delivers(); }

    void set_faults(const NetworkFaults& faults) noexcept { faults_ = faults; }

    template <class Node>
    void attach(Node& node) {
        const std::size_t place = place_of(node.id());
        ways_.resize((std::max)(ways_.size(), nodes_.size() * nodes_.size()));
        nodes_[place].handle = transport::NodeHandle(node);
        nodes_[place].paused = false;
        nodes_[place].flush_at = never;
        for (std::size_t other = 0; other < nodes_.size(); ++other) {
            if (other == place) continue;
            forget(place, other);
            if (!nodes_[other].handle || is_cut(place, other) || faults_.line) continue;
            nodes_[other].handle.connected(nodes_[place].id);
            owe(other, place);
        }
    }
    /// The node is gone: what was on its way to it is lost, what it sent may still arrive.
    template <class Node>
    void detach(Node& node) {
        const std::size_t place = place_of(node.id());
        nodes_[place].handle = {};
        nodes_[place].flush_at = never;
        for (std::size_t other = 0; other < nodes_.size(); ++other) {
            if (other == place || !faults_.stream || !nodes_[other].handle) continue;
            nodes_[other].handle.disconnected(nodes_[place].id);
        }
    }
    template <class Node>
    void wake(Node& node, NodeId peer) noexcept {
        owe(place_of(node.id()), place_of(peer));
    }
    /// The disk works when its time has come, which is drawn.
    template <class Node>
    void flush_soon(Node& node) noexcept {
        nodes_[place_of(node.id())].flush_at = asked;
        flush_asked_ = true;
    }
    void set_flush_delay(Duration most) noexcept { flush_delay_max_ = most; }

    /// All nodes that will ever be there, before the first one is.
    void set_nodes(std::span<const NodeId> ids) {
        REPLICATOR_ASSERT(ids.size() <= nodes_max);
        for (const NodeId id : ids) nodes_.push_back({.id = id});
        ways_.resize(ids.size() * ids.size());
    }

    /// Nothing gets from one node to the other until it is healed. Cut both ways for a whole partition.
    void cut(NodeId from, NodeId to) {
        way(place_of(from), place_of(to)).cut = true;
        if (faults_.stream) break_connection(place_of(from), place_of(to));
    }
    /// What is sent from one node to the other from now on arrives at `until` at the earliest.
    void clog(NodeId from, NodeId to, Instant until) { way(place_of(from), place_of(to)).clogged_until = until; }
    void heal() {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            for (std::size_t j = 0; j < nodes_.size(); ++j) {
                if (i != j && std::exchange(way(i, j).cut, false)) connect(i, j);
            }
        }
    }
    /// All connections break, and are made again at once.
    void reconnect() {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            for (std::size_t j = i + 1; j < nodes_.size(); ++j) {
                if (!faults_.stream) continue;
                break_connection(i, j);
                connect(i, j);
            }
        }
    }

    /// Is shown everything that a node receives.
    using Watch = std::function<void(Instant, NodeId from, NodeId to, std::span<const std::byte>)>;
    void watch(Watch watch) { watch_ = std::move(watch); }

    /// A paused node is told nothing and asked nothing. What comes on its connections waits for it; datagrams are lost.
    void pause(NodeId node, bool paused) {
        Known& known = nodes_[place_of(node)];
        known.paused = paused;
        if (paused) return;
        for (Packet& packet : std::exchange(known.waiting, {})) push(std::move(packet));
    }
    [[nodiscard]] bool is_paused(NodeId node) const noexcept { return nodes_[place_of(node)].paused; }

    /// When the next packet arrives; `otherwise` when none is on its way.
    [[nodiscard]] Instant next_arrival(Instant otherwise) const noexcept {
        return arrivals_.empty() ? otherwise : arrivals_.front().at;
    }

    /// Asks every node for what it owes.
    void pump(Instant now) {
        for (std::size_t from = 0; from < nodes_.size(); ++from) {
            for (std::size_t to = 0; nodes_[from].owes >> to != 0; ++to) {
                if ((nodes_[from].owes >> to & 1) != 0) ask(from, to, now);
            }
        }
        if (std::exchange(flush_asked_, false)) draw_flushes(now);
    }

    /// When the next disk works; `otherwise` when none is to.
    [[nodiscard]] Instant next_flush(Instant otherwise) const noexcept {
        for (const Known& known : nodes_) otherwise = (std::min)(otherwise, known.flush_at);
        return otherwise;
    }
    /// Lets the disk work whose time has come first. Returns whose it was, or NodeId{} when that node is paused.
    NodeId flush(Instant now) {
        Known& known = *std::min_element(nodes_.begin(), nodes_.end(),
                                         [](const Known& a, const Known& b) { return a.flush_at < b.flush_at; });
        known.flush_at = known.paused ? now + milliseconds(1) : never;
        if (known.paused) return {};
        known.handle.flush();
        pump(now);
        return known.id;
    }

    /// What arrived at `to` from `from` in the last `length` comes once more, at once and in the same order: a path
    /// that holds packets back and doubles them. Connections have none of that.
    void repeat(NodeId from, NodeId to, Duration length, Instant now) {
        const std::size_t sender = place_of(from);
        const std::size_t receiver = place_of(to);
        if (faults_.in_order()) return;
        const Way& path = way(sender, receiver);
        for (std::size_t i = 0; i < path.arrived.size(); ++i) {
            const Packet& former = path.arrived[(path.oldest + i) % path.arrived.size()];
            if (now - former.arrives > length) continue;
            Packet packet = former;
            packet.arrives = now;
            packet.order = ++order_;
            way(sender, receiver).in_flight_bytes += packet.bytes.size();
            push(std::move(packet));
        }
    }
    /// Only then are packets kept for `repeat`.
    void set_repeats(bool repeats) noexcept { repeats_ = repeats; }

    /// Delivers the packet that arrives next. Returns the receiver, or NodeId{} when nobody got it.
    NodeId deliver(Instant now) {
        Packet packet = pop();
        if (faults_.stream && nodes_[packet.to].paused) {
            nodes_[packet.to].waiting.push_back(std::move(packet));
            return NodeId{};
        }
        Way& path = way(packet.from, packet.to);
        path.in_flight_bytes -= packet.bytes.size();
        owe(packet.from, packet.to);
        sender_ = nodes_[packet.from].id;
        const NodeId receiver = receive(packet, path, now);
        keep(std::move(packet), path, now);
        pump(now);
        return receiver;
    }

    /// Who sent the packet that was delivered last.
    [[nodiscard]] NodeId sender() const noexcept { return sender_; }
    [[nodiscard]] std::uint64_t delivered() const noexcept { return delivered_; }

private:
    static constexpr Instant never{~std::uint64_t{0}};
    static constexpr Instant asked{~std::uint64_t{0} - 1};

    struct Packet {
        Instant arrives;
        std::uint64_t order = 0;
        std::size_t from = 0;
        std::size_t to = 0;
        std::uint64_t connection = 0;
        std::vector<std::byte> bytes;
    };
    /// From one node to another.
    struct Way {
        bool cut = false;
        std::uint64_t connection = 0;  ///< what was sent on a former one is lost
        std::size_t in_flight_bytes = 0;
        Instant last_arrival;
        Bandwidth bandwidth;
        Instant clogged_until;
        std::vector<Packet> arrived;  ///< the newest, in a ring
        std::size_t oldest = 0;       ///< of those
    };
    struct Known {
        NodeId id;
        transport::NodeHandle handle{};
        bool paused = false;
        std::vector<Packet> waiting{};
        Instant flush_at = never;
        std::uint64_t owes = 0;  ///< a bit for each node that it may have bytes for
    };

    static constexpr std::size_t nodes_max = 32;

    void draw_flushes(Instant now) {
        for (Known& known : nodes_) {
            if (known.flush_at == asked)
                known.flush_at = now + Duration{random_.below(flush_delay_max_.microseconds + 1)};
        }
    }

    [[nodiscard]] std::size_t place_of(NodeId node) const noexcept {
        std::size_t place = 0;
        while (nodes_[place].id != node) ++place;
        return place;
    }
    [[nodiscard]] Way& way(std::size_t from, std::size_t to) noexcept { return ways_[from * nodes_.size() + to]; }
    void owe(std::size_t from, std::size_t to) noexcept { nodes_[from].owes |= std::uint64_t{1} << to; }
    [[nodiscard]] bool is_cut(std::size_t a, std::size_t b) noexcept { return way(a, b).cut || way(b, a).cut; }

    void forget(std::size_t a, std::size_t b) noexcept {
        for (Way* const path : {&way(a, b), &way(b, a)}) ++path->connection, path->bandwidth.drop();
    }

    void break_connection(std::size_t a, std::size_t b) {
        forget(a, b);
        if (nodes_[a].handle) nodes_[a].handle.disconnected(nodes_[b].id);
        if (nodes_[b].handle) nodes_[b].handle.disconnected(nodes_[a].id);
    }

    void connect(std::size_t a, std::size_t b) {
        if (!faults_.stream || is_cut(a, b) || !nodes_[a].handle || !nodes_[b].handle) return;
        forget(a, b);
        nodes_[a].handle.connected(nodes_[b].id);
        nodes_[b].handle.connected(nodes_[a].id);
        owe(a, b);
        owe(b, a);
    }

    void ask(std::size_t from, std::size_t to, Instant now) {
        if (!nodes_[from].handle || nodes_[from].paused) return;
        Way& path = way(from, to);
        while (path.in_flight_bytes < faults_.in_flight_bytes_max) {
            const std::size_t size = nodes_[from].handle.transmit(nodes_[to].id, buffer_);
            if (size == 0) {
                nodes_[from].owes &= ~(std::uint64_t{1} << to);
                return;
            }
            send(from, to, size, now);
        }
    }

    void send(std::size_t from, std::size_t to, std::size_t size, Instant now) {
        Way& path = way(from, to);
        if (path.cut || !nodes_[to].handle) return;
        if (faults_.line) {
            return line_.carry(std::span(buffer_).first(size), faults_,
                               [&](auto piece, Duration after) { enqueue(from, to, piece, now + after); });
        }
        if (random_.chance(faults_.loss)) {
            if (!faults_.stream) return;
            break_connection(from, to);
            connect(from, to);
            return;
        }
        if (random_.chance(faults_.corruption)) {
            buffer_[random_.below(size)] ^= static_cast<std::byte>(1u << random_.below(8));
        }
        if (faults_.stream) return send_stream(from, to, size, now);
        if (random_.chance(faults_.truncation)) size = random_.between(1, size);
        enqueue(from, to, std::span(buffer_).first(size), now);
        if (random_.chance(faults_.duplication)) enqueue(from, to, std::span(buffer_).first(size), now);
    }

    void send_stream(std::size_t from, std::size_t to, std::size_t size, Instant now) {
        const auto frame = std::span<const std::byte>(buffer_).first(size);
        if (random_.chance(faults_.one_byte_reads)) {
            for (std::size_t i = 0; i < size; ++i) enqueue(from, to, frame.subspan(i, 1), now);
        } else if (random_.chance(faults_.split_reads)) {
            const std::size_t at = random_.below(size);
            enqueue(from, to, frame.first(at), now);
            enqueue(from, to, frame.subspan(at), now);
        } else {
            const std::size_t most = Bandwidth::piece_bytes(faults_.bytes_per_second);
            for (std::size_t at = 0; at < size; at += (std::min)(most, size - at)) {
                enqueue(from, to, frame.subspan(at, (std::min)(most, size - at)), now);
            }
        }
    }

    void enqueue(std::size_t from, std::size_t to, std::span<const std::byte> bytes, Instant now) {
        Way& path = way(from, to);
        Packet packet;
        packet.arrives = path.bandwidth.carry(bytes.size(), faults_.bytes_per_second, now);
        const std::uint64_t most = faults_.delay_max.microseconds;
        if (!faults_.line) packet.arrives.microseconds += random_.between(faults_.delay_min.microseconds, most);
        packet.arrives = (std::max)(packet.arrives, path.clogged_until);
        if (faults_.in_order()) path.last_arrival = packet.arrives = (std::max)(packet.arrives, path.last_arrival);
        packet.order = ++order_;
        packet.from = from;
        packet.to = to;
        packet.connection = path.connection;
        if (!spare_.empty()) {
            packet.bytes = std::move(spare_.back());
            spare_.pop_back();
        }
        packet.bytes.assign(bytes.begin(), bytes.end());
        path.in_flight_bytes += bytes.size();
        push(std::move(packet));
    }

    void push(Packet&& packet) {
        if (free_slots_.empty()) {
            free_slots_.push_back(packets_.size());
            packets_.emplace_back();
        }
        arrivals_.push_back({packet.arrives, packet.order, free_slots_.back()});
        std::push_heap(arrivals_.begin(), arrivals_.end(), Later{});
        packets_[free_slots_.back()] = std::move(packet);
        free_slots_.pop_back();
    }
    [[nodiscard]] Packet pop() {
        std::pop_heap(arrivals_.begin(), arrivals_.end(), Later{});
        const std::size_t slot = arrivals_.back().slot;
        arrivals_.pop_back();
        free_slots_.push_back(slot);
        return std::move(packets_[slot]);
    }

    void keep(Packet&& packet, Way& path, Instant now) {
        if (!repeats_) return spare_.push_back(std::move(packet.bytes));
        packet.arrives = now;
        if (path.arrived.size() < arrived_max) return path.arrived.push_back(std::move(packet));
        std::swap(path.arrived[path.oldest], packet);
        path.oldest = (path.oldest + 1) % arrived_max;
        spare_.push_back(std::move(packet.bytes));
    }

    NodeId receive(const Packet& packet, const Way& path, Instant now) {
        Known& to = nodes_[packet.to];
        const bool lost =
            path.cut || !to.handle || to.paused || (faults_.stream && packet.connection != path.connection);
        if (lost) return NodeId{};
        ++delivered_;
        const NodeId sender = nodes_[packet.from].id;
        if (watch_) watch_(now, sender, to.id, packet.bytes);
        const bool accepted = static_cast<bool>(to.handle.receive(sender, packet.bytes));
        if (!accepted && faults_.stream) {
            break_connection(packet.from, packet.to);
            connect(packet.from, packet.to);
        }
        owe(packet.to, packet.from);
        return to.id;
    }

    static constexpr std::size_t arrived_max = 64;

    Random random_;
    SerialLine line_;
    NetworkFaults faults_;
    bool repeats_ = false;
    bool flush_asked_ = false;
    Duration flush_delay_max_{100};
    NodeId sender_{};
    Watch watch_;
    std::vector<std::byte> buffer_;
    std::vector<Known> nodes_;
    std::vector<Way> ways_;
    std::vector<Arrival> arrivals_;  // a heap
    std::vector<Packet> packets_;
    std::vector<std::size_t> free_slots_;
    std::vector<std::vector<std::byte>> spare_;
    std::uint64_t order_ = 0;
    std::uint64_t delivered_ = 0;
};

}  // namespace replicator::sim
