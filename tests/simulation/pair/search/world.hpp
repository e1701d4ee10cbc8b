// SPDX-License-Identifier: BSL-1.0
// A small pair whose whole world is bytes that can be copied: two nodes, the frames between them, what was promised,
// and what can happen next.
#pragma once

#include "visited.hpp"

#include "support/inside_pair.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/pair/node.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>

namespace pair_search {

using namespace replicator;

/// Remembers all that it applied.
struct Applied {
    /// So large that a frame has room for two, and three go in two frames.
    struct Command {
        std::uint8_t id;
        std::uint8_t rest[5] = {};
    };
    std::uint8_t ids[8] = {};

    void apply(const Command& command) {
        for (std::uint8_t& id : ids) {
            if (id == 0) {
                id = command.id;
                return;
            }
        }
    }
    [[nodiscard]] unsigned mask() const {
        unsigned all = 0;
        for (const std::uint8_t id : ids) all |= id != 0 ? 1u << id : 0u;
        return all;
    }
};

struct Limits : pair::Options {
    using Delivery = pair::delivery::Frames;
    using Transfer = pair::transfer::Pieces<4>;
    static constexpr std::size_t log_entries_max = 4;
    static constexpr std::size_t log_bytes_max = 32;
    static constexpr std::size_t frame_bytes_max = 48;
};

struct Observer {
    unsigned returned = 0;
    bool twice = false;
    void on_discarded(pair::Ticket, const Applied::Command& command) {
        twice = twice || (returned & 1u << command.id) != 0;
        returned |= 1u << command.id;
    }
};

/// On the way. A session is known by the numbers of both halves of its link.
struct Frame {
    std::uint32_t from_nonce = 0;
    std::uint32_t to_nonce = 0;
    std::uint8_t size = 0;
    std::byte bytes[Limits::frame_bytes_max] = {};

    [[nodiscard]] bool is_hello() const { return bytes[pair::detail::at::type] == std::byte{1}; }
    friend bool operator==(const Frame&, const Frame&) = default;
};
constexpr std::size_t line_max = 2;

struct Budget {
    int writes = 2, promotions = 1, hand_overs = 0, crashes = 1, losses = 1, drops = 0;
    int lates = 1;          // of the frames that are on the way while other things happen
    bool any_late = false;  // as many as the lines hold
};

constexpr NodeId id(std::size_t place) { return NodeId{static_cast<std::uint32_t>(place + 1)}; }
constexpr std::uint32_t noon = 1u << 30;

/// Those that ask for the least budget come first.
enum class Kind : std::uint8_t {
    hear,  // a frame that was on the way
    say,   // a frame that arrives at once
    retry,
    write,
    leave,  // a frame that stays on the way until something else happened to its sender
    hand_over,
    drop,
    promote,
    lose,  // a frame that never arrives
    crash,
    count
};
constexpr const char* names[] = {"hears",      "says",  "retries",     "writes",     "says, late",
                                 "hands over", "drops", "is promoted", "says, lost", "crashes"};
struct Event {
    Kind kind;
    std::uint8_t place;
    std::uint8_t which;
};

template <class Ack>
struct World {
    using Node = pair::Node<Applied, Ack, Limits, Observer>;
    static constexpr bool waits = Ack::kind == PolicyKind::semi_sync;

    alignas(Node) std::byte memory[2][sizeof(Node)];
    Observer observers[2];
    Frame lines[2][line_max];  // on the way to that node
    std::uint8_t waiting[2] = {};
    std::uint8_t runs[2] = {};
    unsigned opened = 0;     // runs that opened an epoch
    std::uint8_t fresh = 0;  // 1 + the place that must do something now, because it left a frame on the way
    Budget left;
    std::uint8_t next_run = 1;
    std::uint8_t next_write = 1;
    std::uint32_t newest_epoch = 0;
    pair::Ticket tickets[8];
    unsigned pending = 0;      // accepted, and not acknowledged yet
    unsigned required = 0;     // acknowledged, and to be kept
    unsigned holders[2] = {};  // of these, what this start of the node held when it was acknowledged
    const char* problem = nullptr;

    World() = default;
    World(const World& other) { *this = other; }
    World& operator=(const World& other) {
        if (this == &other) return *this;
        std::memcpy(static_cast<void*>(this), static_cast<const void*>(&other), sizeof other);
        for (std::size_t place = 0; place < 2; ++place) self(place).observer = &observers[place];
        return *this;
    }

    Node& node(std::size_t place) { return *std::launder(reinterpret_cast<Node*>(memory[place])); }
    auto& self(std::size_t place) { return pair::Inspect::self(node(place)); }
    bool leads(std::size_t place) { return node(place).role() == Role::leader; }

    std::uint32_t epoch_led(std::size_t place) { return leads(place) ? self(place).epoch : 0; }

    /// Two nodes, of which the first one leads.
    bool begin(const Budget& budget) {
        left = budget;
        for (std::size_t place = 0; place < 2; ++place) start(place);
        if (!node(0).bootstrap(HistoryId{7})) return false;
        opened = 1u << runs[0];
        newest_epoch = self(0).epoch;
        stop_clock();
        return true;
    }

    /// False when the event cannot happen here.
    bool happen(Event event) {
        const std::size_t place = event.place, other = 1 - place;
        if (fresh != 0 && fresh != place + 1 && event.kind != Kind::say) return false;
        if (event.which != 0 && event.kind != Kind::hear) return false;
        const std::uint32_t led_before[] = {epoch_led(0), epoch_led(1)};
        by_force_ = false;
        switch (event.kind) {
            case Kind::hear:
                if (event.which >= waiting[place] || !hear(place, event.which)) return false;
                break;
            case Kind::say:
            case Kind::lose:
            case Kind::leave:
                if (!say(place, event.kind)) return false;
                break;
            case Kind::retry:
                // Nobody waits so long while something is on the way.
                if (waiting[0] + waiting[1] != 0) return false;
                node(place).tick({noon + 100000});
                break;
            case Kind::write:
                if (left.writes-- == 0 || !write(place)) return false;
                break;
            case Kind::promote:
                if (left.promotions-- == 0 || !promote(place)) return false;
                break;
            case Kind::hand_over:
                if (left.hand_overs-- == 0 || !node(place).hand_over(id(other))) return false;
                break;
            case Kind::crash:
                if (left.crashes-- == 0) return false;
                crash(place);
                break;
            case Kind::drop:
                if (left.drops-- == 0 || !self(place).session) return false;
                node(place).disconnected(id(other));
                break;
            case Kind::count: return false;
        }
        fresh = event.kind == Kind::leave ? static_cast<std::uint8_t>(place + 1) : std::uint8_t{0};
        stop_clock();
        for (std::size_t each = 0; each < 2; ++each) {
            if (epoch_led(each) != 0 && epoch_led(each) != led_before[each]) led(each);
            forget_void(each);
        }
        judge();
        return true;
    }

    /// All that there is, but for where it stands.
    [[nodiscard]] Hash plain_hash() const {
        World plain = *this;
        for (std::size_t place = 0; place < 2; ++place) plain.self(place).observer = nullptr;
        plain.by_force_ = false;
        Digest digest;
        digest.add(std::as_bytes(std::span(&plain, 1)));
        return digest.value();
    }

    /// Each was silent for too long.
    void give_up_links() {
        for (std::size_t place = 0; place < 2; ++place) node(place).disconnected(id(1 - place));
    }

    unsigned held(std::size_t place) {
        auto& self = this->self(place);
        unsigned all = self.machine.mask();
        if (self.log.last() - self.applied > Limits::log_entries_max) {
            problem = "applied what is not there";
            return all;
        }
        for (std::uint32_t index = self.applied; index != self.log.last();) {
            ++index;
            if ((self.log.size_at(index) & 0x8000) == 0)
                all |= 1u << std::to_integer<unsigned>(self.log.bytes_at(index)[0]);
        }
        return all;
    }

private:
    /// Only what happens counts, not when.
    void stop_clock() {
        for (std::size_t place = 0; place < 2; ++place) {
            auto& self = this->self(place);
            self.now = self.heard_at = self.sent_at = self.moved_at = self.asked_at = noon;
        }
    }
    void start(std::size_t place) {
        std::memset(memory[place], 0, sizeof(Node));
        observers[place] = {};
        runs[place] = next_run++;
        new (memory[place]) Node({id(place), id(1 - place), runs[place]}, observers[place]);
    }
    void receive(std::size_t place, const Frame& frame) {
        static_cast<void>(node(place).receive(id(1 - place), std::span(frame.bytes).first(frame.size)));
    }
    bool hear(std::size_t place, std::size_t which) {
        for (std::size_t i = 0; i < which; ++i) {  // the same frame twice is one choice
            if (lines[place][i] == lines[place][which]) return false;
        }
        const Frame frame = lines[place][which];
        take_from_line(place, which);
        receive(place, frame);
        return true;
    }
    /// Whether it is lost, or arrives at once, is decided here: in between, nothing could have told the difference.
    bool say(std::size_t place, Kind how) {
        const std::size_t other = 1 - place;
        if (how == Kind::leave && waiting[other] == line_max) return false;
        if (how == Kind::lose && left.losses-- == 0) return false;
        if (how == Kind::leave && !left.any_late && left.lates-- == 0) return false;
        Frame frame;
        frame.from_nonce = self(place).nonce;
        frame.to_nonce = self(place).echo;
        frame.size = static_cast<std::uint8_t>(node(place).transmit(id(other), frame.bytes));
        if (frame.size == 0) return false;
        if (how == Kind::lose) return true;
        if (how == Kind::say) return receive(other, frame), true;
        if (is_void(other, frame)) return false;
        lines[other][waiting[other]++] = frame;
        return true;
    }
    bool write(std::size_t place) {
        const auto ticket = node(place).write({next_write});
        if (!ticket) return false;
        tickets[next_write] = *ticket;
        pending |= 1u << next_write++;
        return true;
    }
    bool promote(std::size_t place) {
        if (leads(place) && !self(place).handing_over) return false;
        PromotionOptions options;
        if constexpr (!waits) {
            if (self(place).session == 0) {
                const bool led_last = (newest_epoch & 0xffff) == self(place).tag;
                options.last_leader = led_last ? id(place) : NodeId{};
                options.may_lose = by_force_ = !led_last;
            }
        }
        return bool(node(place).promote(options));
    }
    /// Where the second copy goes before the first one was made anew, what was acknowledged is lost, and rightly so.
    void crash(std::size_t place) {
        required &= held(1 - place);
        holders[place] = 0;
        start(place);
    }

    void take_from_line(std::size_t place, std::size_t which) {
        for (std::size_t i = which + 1; i < waiting[place]; ++i) lines[place][i - 1] = lines[place][i];
        lines[place][--waiting[place]] = {};
    }
    /// The receiver will never look at it: it is of a link that is gone there.
    bool is_void(std::size_t place, const Frame& frame) {
        if (frame.is_hello()) return false;
        const auto& self = this->self(place);
        if (frame.to_nonce != self.nonce) return true;
        return self.session != 0 && pair::detail::word(frame.bytes, pair::detail::at::session) != self.session;
    }
    void forget_void(std::size_t place) {
        for (std::size_t i = 0; i < waiting[place];) {
            if (is_void(place, lines[place][i])) {
                take_from_line(place, i);
            } else {
                ++i;
            }
        }
    }

    // ---- what must be so ----

    /// Whoever leads without force has all that was acknowledged.
    void led(std::size_t place) {
        opened |= 1u << runs[place];
        const std::uint32_t epoch = self(place).epoch;
        if (epoch == newest_epoch) problem = "an epoch was opened twice";
        if (epoch > newest_epoch) newest_epoch = epoch;
        if (by_force_) {
            required &= held(place);
        } else if ((held(place) & required) != required) {
            problem = "leads without an acknowledged write";
        }
    }
    void judge() {
        for (std::size_t place = 0; place < 2; ++place) {
            if (node(place).role() == Role::faulted) problem = "a node is faulted";
            if (observers[place].twice) problem = "handed back twice";
            const unsigned applied = node(0).state().mask() | node(1).state().mask();
            if ((observers[place].returned & applied) != 0) problem = "handed back, and applied";
            note_acknowledged(place);
        }
        if constexpr (waits) {
            const std::uint8_t* one = node(0).state().ids;
            const std::uint8_t* other = node(1).state().ids;
            for (std::size_t i = 0; i < 8; ++i) {
                if (one[i] != 0 && other[i] != 0 && one[i] != other[i]) problem = "two states of one position";
            }
            for (std::size_t place = 0; place < 2; ++place) {
                holders[place] &= required;
                const unsigned holds = held(place);
                if ((holders[place] & ~holds) != 0) problem = "a node gave up an acknowledged write";
                if (self(place).complete && (required & ~holds) != 0)
                    problem = "complete without an acknowledged write";
            }
        }
    }
    void note_acknowledged(std::size_t place) {
        unsigned live = 0;
        for (unsigned write = 1; write < next_write; ++write) {
            if ((pending & 1u << write) == 0) continue;
            if (leads(0) && tickets[write].epoch == self(0).epoch) live |= 1u << write;
            if (leads(1) && tickets[write].epoch == self(1).epoch) live |= 1u << write;
            if (!leads(place) || node(place).outcome(tickets[write]).state != WriteState::acknowledged) continue;
            live &= ~(1u << write);
            // A leader that was replaced by force, and does not know it yet, acknowledges alone what will be lost.
            if (!waits && tickets[write].epoch != newest_epoch) continue;
            required |= 1u << write;
            for (std::size_t each = 0; each < 2; ++each) holders[each] |= held(each) & 1u << write;
        }
        pending = live;
    }

    bool by_force_ = false;
};

}  // namespace pair_search
