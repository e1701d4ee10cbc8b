// SPDX-License-Identifier: BSL-1.0
// A group of three nodes and the frames between them, as a state that can be kept, put back and compared.
#pragma once

#include "canonical.hpp"
#include "composition.hpp"
#include "frames.hpp"
#include "words.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace search {

inline constexpr std::size_t node_count = 3;
inline constexpr std::size_t way_count = 6;
inline constexpr std::array<NodeId, node_count> node_ids = {NodeId{1}, NodeId{2}, NodeId{3}};
/// From where to where; an earlier way goes first where an order is needed.
inline constexpr std::array<std::array<std::uint8_t, 2>, way_count> ways = {
    {{0, 1}, {1, 0}, {0, 2}, {2, 0}, {1, 2}, {2, 1}}};

/// How often each thing may happen.
struct Budget {
    std::uint8_t writes = 2;
    std::uint8_t crashes = 1;
    std::uint8_t losses = 1;
    std::uint8_t steps = 2;                                    ///< of time
    std::array<std::uint8_t, node_count> promotions{0, 1, 1};  ///< for each node
    std::uint8_t hand_overs = 0;
};

struct Choice {
    enum class Kind : std::uint8_t { deliver, lose, write, promote, hand_over, crash, pass_time, hold, release };
    Kind kind{};
    std::uint8_t place = 0;     ///< a node, or a way
    std::uint8_t position = 0;  ///< of the frame on the way, or of the node that is to lead
    std::uint8_t cost = 0;      ///< towards the bound, where deviations are counted
};

/// The frames on one way, oldest first.
struct Queue {
    std::array<std::uint32_t, 24> frames{};
    std::uint8_t size = 0;

    void remove(std::size_t at) {
        for (std::size_t i = at + 1; i < size; ++i) frames[i - 1] = frames[i];
        --size;
    }
};

/// All that is not inside the nodes.
struct Surroundings {
    std::array<Queue, way_count> queues{};
    Budget left{};
    std::array<std::uint8_t, node_count> crashes{};
    std::uint8_t held = 0;  ///< ways that are held back, as bits
    std::uint8_t written = 0;
    Instant now{1'000'000};
};

template <class Ack>
class Group {
public:
    using Node = search::Node<Ack>;
    using Inside = search::Inside<Ack>;
    static_assert(std::is_trivially_copyable_v<Inside>, "A state is kept as a copy of the nodes.");

    struct State {
        std::array<Inside, node_count> insides;
        Surroundings surroundings;
    };

    Group(Frames& frames, const Budget& budget, bool may_lose) : frames_(&frames), may_lose_(may_lose) {
        for (std::size_t i = 0; i < node_count; ++i) start(i);
        static_cast<void>(nodes_[0].bootstrap(HistoryId{77}));
        for (int step = 0; step < 6; ++step) {
            settle();
            static_cast<void>(pass_time());
        }
        settle();
        around_.left = budget;
    }

    [[nodiscard]] State state() const { return {{inside(0), inside(1), inside(2)}, around_}; }
    void keep(State& state) const {
        for (std::size_t i = 0; i < node_count; ++i) state.insides[i] = inside(i);
        state.surroundings = around_;
    }
    void put_back(const State& state) {
        for (std::size_t i = 0; i < node_count; ++i) inside(i) = state.insides[i];
        around_ = state.surroundings;
    }

    [[nodiscard]] const Node& node(std::size_t place) const { return nodes_[place]; }
    [[nodiscard]] Inside& inside(std::size_t place) { return nodes_[place].node_; }
    [[nodiscard]] const Inside& inside(std::size_t place) const { return nodes_[place].node_; }
    [[nodiscard]] Surroundings& around() { return around_; }
    [[nodiscard]] const Surroundings& around() const { return around_; }
    [[nodiscard]] const Frame& frame(std::size_t way, std::size_t position) const {
        return frames_->at(around_.queues[way].frames[position]);
    }

    // ---- What may happen. Each answers what went wrong; empty when nothing did. ----

    /// Frames that can never have any effect again are taken off their ways at once, unless frames may overtake.
    void drop_the_dead() {
        for (std::size_t way = 0; way < way_count; ++way) {
            Queue& queue = around_.queues[way];
            while (queue.size > 0 && is_dead(way)) queue.remove(0);
        }
    }

    [[nodiscard]] std::string deliver(std::size_t way, std::size_t position) {
        const Frame& arrived = frame(way, position);
        around_.queues[way].remove(position);
        const auto [from, to] = ways[way];
        const auto taken = nodes_[to].receive(node_ids[from], arrived.bytes);
        const std::string failure = send(to);
        if (!failure.empty()) return failure;
        if (taken || nodes_[to].role() == Role::faulted) return {};
        return "node " + std::to_string(to + 1) + " refuses a frame of an honest peer: " + to_string(taken.error());
    }
    void lose(std::size_t way, std::size_t position) { around_.queues[way].remove(position); }

    /// The position of the write; index 0 when it was refused.
    [[nodiscard]] Position write(std::size_t place, std::string& failure) {
        const auto ticket = nodes_[place].write({std::uint64_t{around_.written} + 1});
        if (!ticket) return {};
        ++around_.written;
        failure = send(place);
        return ticket->position;
    }

    /// False when it was refused.
    [[nodiscard]] bool promote(std::size_t place, std::string& failure) {
        if (nodes_[place].role() != Role::follower) return false;
        if (!nodes_[place].promote({.may_lose = may_lose_, .last_leader = {}})) return false;
        failure = send(place);
        return true;
    }

    /// False when it was refused.
    [[nodiscard]] bool hand_over(std::size_t place, std::size_t to, std::string& failure) {
        if (!nodes_[place].hand_over(node_ids[to])) return false;
        failure = send(place);
        return true;
    }

    /// The process dies and comes back at once, with nothing. One that stays away is one to which nothing is delivered.
    [[nodiscard]] std::string crash(std::size_t place) {
        ++around_.crashes[place];
        return start(place);
    }

    [[nodiscard]] std::string pass_time() {
        around_.now = around_.now + time_step;
        std::string failure;
        for (std::size_t i = 0; i < node_count; ++i) {
            nodes_[i].tick(around_.now);
            if (failure.empty()) failure = send(i);
        }
        return failure;
    }

    /// What counts of all this, in words.
    void put(Words& words) const {
        Canonical canonical(words, around_.now);
        for (std::size_t i = 0; i < node_count; ++i) {
            canonical.node(inside(i));
            // A hello that says nothing new may wait for its answer.
            for (const core::Peer& peer : inside(i).peers()) {
                if (peer.hello_heard != 0) words.append(frames_->hello(peer.hello_heard).words);
            }
        }
        for (const Queue& queue : around_.queues) {
            words.put(queue.size);
            for (std::size_t i = 0; i < queue.size; ++i) words.append(frames_->at(queue.frames[i]).words);
        }
        const Budget& left = around_.left;
        words.put(left.writes, left.crashes, left.losses, left.steps, left.hand_overs, around_.held);
        for (const std::uint8_t promotions : left.promotions) words.put(promotions);
    }

private:
    /// Runs are counted, so that no two are ever equal.
    [[nodiscard]] Run run(std::size_t place) const { return Run{1 + place + node_count * around_.crashes[place]}; }

    template <std::size_t... Places>
    static std::array<Node, node_count> make_nodes(Silent& silent, std::index_sequence<Places...>) {
        return {Node(silent, Config{.node = node_ids[Places], .nodes = node_ids, .run = Run{1 + Places}})...};
    }

    std::string start(std::size_t place) {
        inside(place) = Inside({.node = node_ids[place], .nodes = node_ids, .run = run(place)}, nullptr);
        nodes_[place].tick(around_.now);
        return send(place);
    }

    /// Puts everything that a node has to say on its ways.
    std::string send(std::size_t place) {
        std::array<std::byte, Limits::frame_bytes_max> buffer;
        for (std::size_t way = 0; way < way_count; ++way) {
            const auto [from, to] = ways[way];
            if (from != place) continue;
            while (const std::size_t size = nodes_[place].transmit(node_ids[to], buffer)) {
                Queue& queue = around_.queues[way];
                if (queue.size == queue.frames.size())
                    return "there is no end to what node " + std::to_string(from + 1) + " says";
                queue.frames[queue.size++] = frames_->number(std::span(buffer).first(size));
            }
        }
        return {};
    }

    /// Delivers in order until nobody has anything to say.
    void settle() {
        for (bool moved = true; moved;) {
            moved = false;
            for (std::size_t way = 0; way < way_count; ++way) {
                if (around_.queues[way].size == 0) continue;
                REPLICATOR_ASSERT(deliver(way, 0).empty());
                moved = true;
            }
        }
    }

    /// A frame of a link that is over, or an answer to a question that nobody asks any more. A link comes about only
    /// with a hello, which is behind this frame; a question is never asked twice.
    [[nodiscard]] bool is_dead(std::size_t way) {
        const Frame& first = frame(way, 0);
        const auto [from, to] = ways[way];
        if (first.header.type == FrameType::hello || first.header.type == FrameType::promise_request) return false;
        Inside& receiver = inside(to);
        if (first.header.type == FrameType::promise_reply) {
            const auto& candidacy = receiver.parts().promotion.candidacy_;
            return !candidacy.active() || candidacy.question() != first.question ||
                   receiver.self().run != first.receiver_run;
        }
        return receiver.find(node_ids[from])->link != first.header.link;
    }

    Frames* frames_;
    bool may_lose_;
    Silent silent_;
    std::array<Node, node_count> nodes_ = make_nodes(silent_, std::make_index_sequence<node_count>{});
    Surroundings around_;
};

}  // namespace search
