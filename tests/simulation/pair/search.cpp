// SPDX-License-Identifier: BSL-1.0
// Goes through every order of events of a small pair: which node says something, which frame arrives or is lost, when a
// link is dropped, a node is promoted, hands over or loses its memory.
//
//     search_pair [--writes N] [--promotions N] [--hand-overs N] [--crashes N] [--losses N] [--drops N] [--states N]
//
// Ends with status 1 and the events that led there when a promise is broken; with 3 when it saw as many states as it
// may.

#include <replicator/ack/semi_sync.hpp>
#include <replicator/pair/node.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

namespace {

using namespace replicator;

/// Remembers all that it applied.
struct Applied {
    struct Command {
        std::uint8_t id;
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
using Node = pair::Node<Applied, ack::SemiSync<>, Limits, Observer>;

struct Frame {
    std::uint8_t size = 0;
    std::byte bytes[Limits::frame_bytes_max] = {};
};
constexpr std::size_t line_max = 2;

struct Budget {
    int writes = 2, promotions = 1, hand_overs = 0, crashes = 1, losses = 1, drops = 1;
};

}  // namespace

namespace replicator::pair {

struct Inspect {
    template <class AnyNode>
    static auto& self(AnyNode& node) {
        return const_cast<std::remove_cvref_t<decltype(node.protocol_.self())>&>(node.protocol_.self());
    }
};

}  // namespace replicator::pair

namespace {

/// All there is, as bytes that can be copied.
struct World {
    alignas(Node) std::byte memory[2][sizeof(Node)];
    Observer observers[2];
    Frame lines[2][line_max];  // on the way to that node
    std::uint8_t waiting[2] = {};
    std::uint8_t runs[2] = {};
    Budget left;
    std::uint8_t next_run = 1;
    std::uint8_t next_write = 1;
    pair::Ticket tickets[8];
    unsigned pending = 0;             // accepted, and not acknowledged yet
    unsigned required = 0;            // acknowledged, and to be kept
    std::uint8_t holders[8][2] = {};  // the starts that held it then
    const char* problem = nullptr;

    Node& node(std::size_t place) { return *std::launder(reinterpret_cast<Node*>(memory[place])); }
    auto& self(std::size_t place) { return pair::Inspect::self(node(place)); }
};
constexpr NodeId id(std::size_t place) { return NodeId{static_cast<std::uint32_t>(place + 1)}; }
constexpr std::uint32_t noon = 1u << 30;

/// Only what happens counts, not when.
void stop_clock(World& world) {
    for (std::size_t place = 0; place < 2; ++place) {
        auto& self = world.self(place);
        self.now = self.heard_at = self.sent_at = self.moved_at = self.asked_at = noon;
    }
}
void start(World& world, std::size_t place) {
    std::memset(world.memory[place], 0, sizeof(Node));
    world.observers[place] = {};
    world.runs[place] = world.next_run++;
    new (world.memory[place]) Node({id(place), id(1 - place), world.runs[place]}, world.observers[place]);
}
unsigned held(World& world, std::size_t place) {
    auto& self = world.self(place);
    unsigned all = self.machine.mask();
    for (std::uint32_t index = self.applied; index != self.log.last();) {
        ++index;
        if ((self.log.size_at(index) & 0x8000) == 0)
            all |= 1u << std::to_integer<unsigned>(self.log.bytes_at(index)[0]);
    }
    return all;
}

/// What must be so after every event.
void judge(World& world) {
    for (std::size_t place = 0; place < 2; ++place) {
        Node& node = world.node(place);
        if (node.role() == Role::faulted) world.problem = "a node is faulted";
        if (world.observers[place].twice) world.problem = "handed back twice";
        const unsigned applied = world.node(0).state().mask() | world.node(1).state().mask();
        if ((world.observers[place].returned & applied) != 0) world.problem = "handed back, and applied";
        if (node.role() != Role::leader) continue;
        for (unsigned write = 1; write < world.next_write; ++write) {
            if ((world.pending & 1u << write) == 0) continue;
            if (node.outcome(world.tickets[write]).state != WriteState::acknowledged) continue;
            world.pending &= ~(1u << write);
            world.required |= 1u << write;
            for (std::size_t each = 0; each < 2; ++each) {
                if ((held(world, each) & 1u << write) != 0) world.holders[write][each] = world.runs[each];
            }
        }
    }
    const std::uint8_t* one = world.node(0).state().ids;
    const std::uint8_t* other = world.node(1).state().ids;
    for (std::size_t i = 0; i < 8; ++i) {
        if (one[i] != 0 && other[i] != 0 && one[i] != other[i]) world.problem = "two states of one position";
    }
    for (unsigned write = 1; write < world.next_write; ++write) {
        if ((world.required & 1u << write) == 0) continue;
        for (std::size_t place = 0; place < 2; ++place) {
            if (world.holders[write][place] == world.runs[place] && (held(world, place) & 1u << write) == 0) {
                world.problem = "a node gave up an acknowledged write";
            }
        }
    }
}
void crash(World& world, std::size_t place) {
    const std::size_t other = 1 - place;
    // Where the second copy goes before the first one was made anew, the write is lost, and rightly so.
    const unsigned kept = held(world, other);
    world.required &= kept;
    start(world, place);
}
/// Whoever leads without force has all that was acknowledged.
void led(World& world, std::size_t place) {
    if ((held(world, place) & world.required) != world.required) world.problem = "leads without an acknowledged write";
}

enum class Kind : std::uint8_t { transmit, retry, deliver, lose, write, promote, hand_over, crash, drop, count };
constexpr const char* names[] = {"says",        "retries",    "hears",   "misses", "writes",
                                 "is promoted", "hands over", "crashes", "drops"};
struct Event {
    Kind kind;
    std::uint8_t place;
    std::uint8_t which;
};

void take_from_line(World& world, std::size_t place, std::size_t which, bool arrives) {
    const Frame frame = world.lines[place][which];
    for (std::size_t i = which + 1; i < world.waiting[place]; ++i) world.lines[place][i - 1] = world.lines[place][i];
    world.lines[place][--world.waiting[place]] = {};
    if (!arrives) return;
    const bool before = world.node(place).role() == Role::leader;
    static_cast<void>(world.node(place).receive(id(1 - place), std::span(frame.bytes).first(frame.size)));
    if (!before && world.node(place).role() == Role::leader) led(world, place);
}

/// False when the event cannot happen here.
bool happen(World& world, Event event) {
    const std::size_t place = event.place;
    Node& node = world.node(place);
    switch (event.kind) {
        case Kind::transmit: {
            if (event.which != 0 || world.waiting[1 - place] == line_max) return false;
            Frame& frame = world.lines[1 - place][world.waiting[1 - place]];
            frame.size = static_cast<std::uint8_t>(node.transmit(id(1 - place), frame.bytes));
            if (frame.size == 0) return false;
            ++world.waiting[1 - place];
            break;
        }
        case Kind::retry:
            // Nobody waits so long while something is on the way.
            if (event.which != 0 || world.waiting[0] + world.waiting[1] != 0) return false;
            node.tick({noon + 100000});
            break;
        case Kind::deliver:
            if (event.which >= world.waiting[place]) return false;
            take_from_line(world, place, event.which, true);
            break;
        case Kind::lose:
            if (event.which >= world.waiting[place] || world.left.losses-- == 0) return false;
            take_from_line(world, place, event.which, false);
            break;
        case Kind::write: {
            if (event.which != 0 || world.left.writes-- == 0) return false;
            const auto ticket = node.write({world.next_write});
            if (!ticket) return false;
            world.tickets[world.next_write] = *ticket;
            world.pending |= 1u << world.next_write++;
            break;
        }
        case Kind::promote: {
            if (event.which != 0 || world.left.promotions-- == 0 || node.role() == Role::leader) return false;
            if (!node.promote()) return false;
            if (node.role() == Role::leader) led(world, place);
            break;
        }
        case Kind::hand_over:
            if (event.which != 0 || world.left.hand_overs-- == 0 || !node.hand_over(id(1 - place))) return false;
            break;
        case Kind::crash:
            if (event.which != 0 || world.left.crashes-- == 0) return false;
            crash(world, place);
            break;
        case Kind::drop:
            if (event.which != 0 || world.left.drops-- == 0 || !world.self(place).session) return false;
            node.disconnected(id(1 - place));
            break;
        case Kind::count: return false;
    }
    stop_clock(world);
    judge(world);
    return true;
}

void copy(World& to, const World& from) {
    std::memcpy(static_cast<void*>(&to), &from, sizeof to);
    for (std::size_t place = 0; place < 2; ++place) to.self(place).observer = &to.observers[place];
}

/// Feeds what decides about the future.
class Digest {
public:
    void add(std::uint64_t word) {
        state_ = (state_ ^ word) * 0x9e3779b97f4a7c15u;
        state_ ^= state_ >> 29;
    }
    void add(std::span<const std::byte> bytes) {
        for (const std::byte byte : bytes) add(std::to_integer<std::uint64_t>(byte) + 1);
    }
    [[nodiscard]] std::uint64_t value() const { return state_ * 0xbf58476d1ce4e5b9u ^ state_ >> 31; }

private:
    std::uint64_t state_ = 88172645463325252u;
};
std::uint64_t digest(World& world) {
    Digest digest;
    for (std::size_t place = 0; place < 2; ++place) {
        auto& self = world.self(place);
        digest.add(std::as_bytes(std::span(self.machine.ids)));
        digest.add(std::uint64_t{self.log.base()} << 32 | self.log.last());
        digest.add(self.log.chain_at(self.log.base()));
        for (std::uint32_t index = self.log.base(); index != self.log.last();) {
            ++index;
            digest.add(std::uint64_t{self.log.chain_at(index)} << 32 | self.log.size_at(index));
        }
        digest.add(std::as_bytes(std::span(&self.transfer, 1)));
        for (const std::uint32_t word :
             {self.epoch, self.history, self.applied, self.commit, self.agreed, self.sent, self.opened, self.needed,
              self.common, self.unsettled, self.nonce, self.echo, self.session, self.tag}) {
            digest.add(word);
        }
        std::uint64_t flags = 0;
        for (const bool each :
             {self.owed, self.hello_due, self.confirmed, self.state_due, self.blank, self.complete, self.forced,
              self.peer_blank, self.peer_can_lead, self.handing_over, self.opening_due, self.common_known}) {
            flags = flags << 1 | (each ? 1u : 0u);
        }
        digest.add(flags << 32 | static_cast<std::uint64_t>(self.role) << 16 |
                   static_cast<std::uint64_t>(self.promotion) << 8 | static_cast<std::uint64_t>(self.refusal));
        digest.add(world.observers[place].returned);
        for (std::size_t i = 0; i < world.waiting[place]; ++i) {
            digest.add(std::span(world.lines[place][i].bytes).first(world.lines[place][i].size));
        }
        digest.add(world.runs[place]);
    }
    const Budget& left = world.left;
    for (const int each : {left.writes, left.promotions, left.hand_overs, left.crashes, left.losses, left.drops}) {
        digest.add(static_cast<std::uint64_t>(each));
    }
    digest.add(std::uint64_t{world.pending} << 32 | world.required);
    for (const auto& each : world.holders) digest.add(std::uint64_t{each[0]} << 8 | each[1]);
    return digest.value();
}

/// Without further mischief both end with the same state, which has all that was acknowledged.
const char* heal(const World& from) {
    World world;
    copy(world, from);
    for (int round = 0; round < 200; ++round) {
        for (std::size_t place = 0; place < 2; ++place) {
            while (happen(world, {Kind::deliver, static_cast<std::uint8_t>(place), 0})) {
            }
            if (round % 4 == 0) happen(world, {Kind::retry, static_cast<std::uint8_t>(place), 0});
            happen(world, {Kind::transmit, static_cast<std::uint8_t>(place), 0});
        }
        if (world.problem != nullptr) return world.problem;
        const bool leads = world.node(0).role() == Role::leader || world.node(1).role() == Role::leader;
        if (round % 50 != 49 || leads) continue;
        world.left.promotions = 1;
        if (happen(world, {Kind::promote, 0, 0})) continue;
        world.left.promotions = 1;
        if (happen(world, {Kind::promote, 1, 0})) continue;
        return world.required != 0 ? "nobody may lead, and something is acknowledged" : nullptr;
    }
    if (std::memcmp(world.node(0).state().ids, world.node(1).state().ids, 8) != 0) return "two states in the end";
    if (!world.node(0).status().confirmed || !world.node(1).status().confirmed) return "not linked in the end";
    if ((world.node(0).state().mask() & world.required) != world.required) return "an acknowledged write is lost";
    return nullptr;
}

struct Step {
    World world;
    std::uint32_t next = 0;  // the next event to try
    Event by{};
};
constexpr std::uint32_t events = static_cast<std::uint32_t>(Kind::count) * 2 * line_max;

int search(const Budget& budget, std::uint64_t states_max) {
    std::vector<Step*> path;
    std::unordered_set<std::uint64_t> seen;
    const auto report = [&](const char* problem) {
        std::printf("%s, after %zu events:\n", problem, path.size() - 1);
        for (std::size_t i = 1; i < path.size(); ++i) {
            const Event by = path[i]->by;
            std::printf("  %u %s %u\n", by.place, names[static_cast<std::size_t>(by.kind)], by.which);
        }
        return 1;
    };
    auto* const first = new Step;
    first->world.left = budget;
    for (std::size_t place = 0; place < 2; ++place) start(first->world, place);
    stop_clock(first->world);
    if (!first->world.node(0).bootstrap(HistoryId{7})) return 2;
    path.push_back(first);
    seen.insert(digest(first->world));
    std::vector<Step*> spare;
    std::uint64_t healed = 0;
    while (!path.empty()) {
        Step& step = *path.back();
        if (step.next == events) {
            spare.push_back(path.back());
            path.pop_back();
            continue;
        }
        const std::uint32_t number = step.next++;
        const Event event{static_cast<Kind>(number / (2 * line_max)), static_cast<std::uint8_t>(number / line_max % 2),
                          static_cast<std::uint8_t>(number % line_max)};
        Step* further = spare.empty() ? new Step : spare.back();
        if (!spare.empty()) spare.pop_back();
        copy(further->world, step.world);
        further->next = 0;
        further->by = event;
        if (!happen(further->world, event)) {
            spare.push_back(further);
            continue;
        }
        const std::uint64_t value = digest(further->world);
        if (!seen.insert(value).second) {
            spare.push_back(further);
            continue;
        }
        path.push_back(further);
        if (further->world.problem != nullptr) return report(further->world.problem);
        if (value % 256 == 0) {
            ++healed;
            if (const char* problem = heal(further->world)) return report(problem);
        }
        if (seen.size() >= states_max) {
            std::printf("%zu states seen, %llu healed; not all\n", seen.size(),
                        static_cast<unsigned long long>(healed));
            return 3;
        }
    }
    std::printf("%zu states, all; %llu healed\n", seen.size(), static_cast<unsigned long long>(healed));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Budget budget;
    std::uint64_t states_max = 100000000;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::uint64_t number = std::strtoull(argv[i + 1], nullptr, 10);
        const std::pair<const char*, int*> bounds[] = {
            {"--writes", &budget.writes},   {"--promotions", &budget.promotions}, {"--hand-overs", &budget.hand_overs},
            {"--crashes", &budget.crashes}, {"--losses", &budget.losses},         {"--drops", &budget.drops},
        };
        if (std::strcmp(argv[i], "--states") == 0) states_max = number;
        for (const auto& [name, bound] : bounds) {
            if (std::strcmp(argv[i], name) == 0) *bound = static_cast<int>(number);
        }
    }
    return search(budget, states_max);
}
