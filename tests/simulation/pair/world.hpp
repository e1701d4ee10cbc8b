// SPDX-License-Identifier: BSL-1.0
// Two nodes, a line that does its worst, an operator who promotes, and an oracle that knows what was promised.
#pragma once

#include "machine.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/pair/node.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace replicator::pair {

/// What the oracle sees of a node that its user does not.
struct Inspect {
    template <class Node>
    static const auto& log(const Node& node) {
        return node.protocol_.self().log;
    }
};

}  // namespace replicator::pair

namespace pair_simulation {

using namespace replicator;

class Random {
public:
    explicit Random(std::uint64_t seed) : state_(mix(seed + 0x9e3779b97f4a7c15u)) {}
    std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15u); }
    /// Below `end`.
    std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(next() % end); }
    bool one_in(std::uint32_t count) { return count != 0 && below(count) == 0; }

private:
    std::uint64_t state_;
};

/// How bad a world is: drawn for each seed, so that each has some faults and not all. "One in so many"; 0 is never.
struct Weather {
    std::uint32_t lost = 0, doubled = 0, late = 0, damaged = 0;
    std::uint32_t delay = 1;  // milliseconds, at most
    std::uint32_t write = 3, crash = 0, promote = 0, force = 0, hand_over = 0, cut = 0, restart_link = 0,
                  keep_down = 200;
    std::uint32_t step = 10;  // milliseconds, at most

    static Weather draw(Random& random) {
        const auto pick = [&](std::initializer_list<std::uint32_t> from) {
            return *(from.begin() + random.below(static_cast<std::uint32_t>(from.size())));
        };
        Weather weather;
        weather.lost = pick({0, 0, 100, 20, 5});
        weather.doubled = pick({0, 0, 50, 10});
        weather.late = pick({0, 0, 100, 30});
        weather.damaged = pick({0, 0, 200});
        weather.delay = pick({1, 5, 40, 120});
        weather.write = pick({1, 3, 10});
        weather.crash = pick({0, 400, 150, 60});
        weather.promote = pick({0, 300, 100, 30});
        weather.force = pick({0, 0, 0, 400, 100});
        weather.hand_over = pick({0, 300, 100, 30});
        weather.cut = pick({0, 300, 100});
        weather.restart_link = pick({0, 0, 100});
        weather.keep_down = pick({1, 200, 1000});
        weather.step = pick({3, 10, 25});
        return weather;
    }
};

struct Tally {
    std::uint64_t accepted = 0, acknowledged = 0, promotions = 0, forced = 0, hand_overs = 0, crashes = 0,
                  discarded = 0, states = 0, unsettled = 0;

    Tally& operator+=(const Tally& other) {
        accepted += other.accepted, acknowledged += other.acknowledged, promotions += other.promotions;
        forced += other.forced, hand_overs += other.hand_overs, crashes += other.crashes;
        discarded += other.discarded, states += other.states, unsettled += other.unsettled;
        return *this;
    }
};

template <class Ack, class Limits>
class World {
    static constexpr bool waits = Ack::kind == PolicyKind::semi_sync;

    /// One start of one node: what it was told, and what it told.
    struct Process {
        World* world;
        std::size_t place;
        std::uint64_t began;
        std::map<std::uint32_t, pair::Ticket> written;  // accepted, by command
        std::set<std::uint32_t> handed_back;

        void on_discarded(pair::Ticket ticket, const std::span<const std::byte>& command) {
            std::uint32_t id = 0;
            std::memcpy(&id, command.data(), sizeof id);
            ++world->tally.discarded;
            if (!handed_back.insert(id).second) world->fail("handed back twice");
            const auto own = written.find(id);
            if (own != written.end() && ticket.epoch != 0 && ticket != own->second)
                world->fail("handed back by another ticket");
        }
        void on_role(Role role, std::uint32_t epoch) {
            if (role == Role::leader) world->opened(*this, epoch);
        }
    };
    using Node = pair::Node<Machine, Ack, Limits, Process>;

    struct Place {
        std::optional<Process> process;
        std::optional<Node> node;
        std::uint64_t down_until = 0;
        bool user_promotes = false;  // whoever opens an epoch now was told to
    };
    struct Frame {
        std::uint64_t due;
        std::size_t to;
        std::vector<std::byte> bytes;
    };
    struct Acknowledged {
        std::uint32_t id;
        std::uint64_t at;
    };

public:
    explicit World(std::uint64_t seed, bool verbose = false)
        : random_(seed), weather_(Weather::draw(random_)), verbose_(verbose) {
        Machine::pasts.clear();
        now_ = random_.one_in(2) ? 0xffffffffu * std::uint64_t{1000} / 1000 - random_.below(3000000) : 1;
        run_ = random_.one_in(2) ? 1 : random_.below(1u << 30) + 1;
    }

    /// Runs it, and returns what went wrong; "" for nothing.
    std::string run(std::size_t steps) {
        for (std::size_t place = 0; place < 2; ++place) start(place);
        bootstrap(random_.below(2));
        for (std::size_t i = 0; i < steps && problem_.empty(); ++i) {
            misfortunes();
            step();
        }
        if (problem_.empty()) heal();
        for (const Place& place : places_) tally.unsettled += place.node ? place.node->status().unsettled : 0;
        return problem_;
    }

    Tally tally;

private:
    void fail(const char* text) {
        if (problem_.empty()) problem_ = text;
    }
    static NodeId id(std::size_t place) { return NodeId{static_cast<std::uint32_t>(place + 1)}; }
    static std::size_t other(std::size_t place) { return 1 - place; }
    Node& node(std::size_t place) { return *places_[place].node; }
    bool is_up(std::size_t place) const { return places_[place].node.has_value(); }
    bool leads(std::size_t place) { return is_up(place) && node(place).role() == Role::leader; }
    void say(const char* what, std::size_t place) {
        if (!verbose_) return;
        std::printf("%llu %zu %s", static_cast<unsigned long long>(now_ / 1000), place, what);
        for (Place& each : places_) {
            if (!each.node) {
                std::printf(" | down");
                continue;
            }
            const pair::NodeStatus status = each.node->status();
            std::printf(" | %s%s%s%s%s e%x last %u applied %u agreed %u", to_string(status.role),
                        status.linked ? " linked" : "", status.confirmed ? " confirmed" : "",
                        status.complete ? " complete" : "", status.handing_over ? " handing" : "", status.epoch,
                        status.last, status.applied, status.agreed);
        }
        std::printf("\n");
    }

    void start(std::size_t place) {
        Place& at = places_[place];
        at.process.emplace(Process{this, place, now_, {}, {}});
        at.node.emplace(pair::Config{id(place), id(other(place)), run_++}, *at.process);
        at.node->tick({now_});
    }

    // ---- what the oracle knows ----

    void opened(Process& process, std::uint32_t epoch) {
        if (!epochs_.insert(epoch).second) fail("an epoch was opened twice");
        say("opened", process.place);
        // Whoever was promoted by force may lack anything; anybody else has all that was promised.
        if (forcing_) {
            std::erase_if(required_, [&](const Acknowledged& each) { return !holds(process.place, each.id); });
            return;
        }
        for (const Acknowledged& each : required_) {
            if (!holds(process.place, each.id)) fail("leads without an acknowledged write");
        }
    }
    static bool history_has(std::uint64_t digest, std::uint32_t id) {
        while (digest != 0) {
            const Past& past = Machine::pasts[digest];
            if (past.command == id) return true;
            digest = past.before;
        }
        return false;
    }
    static std::uint32_t id_of(std::span<const std::byte> bytes) {
        std::uint32_t id = 0;
        std::memcpy(&id, bytes.data(), sizeof id);
        return id;
    }
    bool holds(std::size_t place, std::uint32_t id) {
        const auto& log = pair::Inspect::log(node(place));
        for (std::uint32_t index = node(place).status().applied; index != log.last();) {
            ++index;
            if ((log.size_at(index) & 0x8000) == 0 && id_of(log.bytes_at(index)) == id) return true;
        }
        return history_has(node(place).state().digests[0], id);
    }
    /// What was acknowledged is lost, rightly, when its second copy goes before the first one was made anew.
    void before_crash(std::size_t place) {
        const std::size_t left = other(place);
        std::erase_if(required_, [&](const Acknowledged& each) {
            if (!waits) return !is_up(left) || !holds(left, each.id);
            return !is_up(left) || (places_[left].process->began > each.at && !holds(left, each.id));
        });
    }

    void look(std::size_t place) {
        if (!is_up(place)) return;
        const pair::NodeStatus status = node(place).status();
        if (status.role == Role::faulted) return fail(to_string(status.fault));
        const Machine& state = node(place).state();
        if (!state.is_of_one_piece()) return fail("a state that never was");
        if (state.count == 0) return;
        // Below commit all have the same, as long as nobody was forced to lead.
        if (!waits || tally.forced != 0) return;
        const auto [at, fresh] = line_.try_emplace({history_, state.count}, state.digests[0]);
        if (!fresh && at->second != state.digests[0]) fail("two states of one position");
    }
    void look_at_tickets(std::size_t place) {
        if (!leads(place)) return;
        std::erase_if(pending_, [&](const std::pair<std::uint32_t, pair::Ticket>& each) {
            const pair::Outcome outcome = node(place).outcome(each.second);
            if (outcome.state != WriteState::acknowledged) return false;
            ++tally.acknowledged;
            // The second copy may be gone by now: the other confirmed it, and went down.
            const bool both = is_up(other(place)) && holds(other(place), each.first);
            if (waits && !both && !other_restarted(place)) fail("acknowledged, and held by one alone");
            // A leader that was replaced by force, and does not know it yet, acknowledges alone what will be lost.
            if (waits || each.second.epoch == *epochs_.rbegin()) required_.push_back({each.first, both ? now_ : 0});
            return true;
        });
    }
    /// The acknowledgement of the other was on the way when it went down.
    bool other_restarted(std::size_t place) {
        const std::size_t there = other(place);
        return !is_up(there) || places_[there].process->began + 20000000 > now_;
    }

    // ---- what happens ----

    void bootstrap(std::size_t place) {
        ++history_;
        forcing_ = true;
        if (!node(place).bootstrap(HistoryId{random_.next() | 1})) fail("bootstrap was refused");
        forcing_ = false;
        say("bootstrapped", place);
    }
    void write(std::size_t place) {
        const std::uint32_t command = ++ids_;
        std::byte bytes[28] = {};
        const std::size_t size = 4 + command % 25;
        std::memset(bytes, static_cast<int>(command & 0xff), size);
        std::memcpy(bytes, &command, sizeof command);
        const auto accepted = node(place).write(std::span<const std::byte>(bytes).first(size));
        if (!accepted) return;
        ++tally.accepted;
        places_[place].process->written[command] = *accepted;
        pending_.push_back({command, *accepted});
        look_at_tickets(place);
    }
    void promote(std::size_t place, bool force) {
        PromotionOptions options;
        options.may_lose = force;
        say(force ? "force" : "promote", place);
        const bool led = leads(place);
        forcing_ = force;
        const auto promoted = node(place).promote(options);
        forcing_ = false;
        if (promoted && leads(place) && !led) ++(force ? tally.forced : tally.promotions);
    }
    void crash(std::size_t place) {
        before_crash(place);
        ++tally.crashes;
        places_[place].node.reset();
        places_[place].process.reset();
        places_[place].down_until = now_ + random_.below(weather_.keep_down) * 1000;
        say("crash", place);
        if (!is_up(other(place))) required_.clear();
    }
    void misfortunes() {
        for (std::size_t place = 0; place < 2; ++place) {
            if (!is_up(place)) continue;
            if (leads(place) && random_.one_in(weather_.write)) write(place);
            if constexpr (Limits::can_hand_over) {
                if (random_.one_in(weather_.hand_over) && leads(place)) {
                    say("hand over", place);
                    tally.hand_overs += node(place).hand_over(id(other(place))) ? 1 : 0;
                }
            }
            if (random_.one_in(weather_.promote)) promote(place, false);
            if (random_.one_in(weather_.force)) promote(place, true);
            if (random_.one_in(weather_.restart_link)) node(place).disconnected(id(other(place)));
            if (random_.one_in(weather_.crash)) crash(place);
        }
        if (random_.one_in(weather_.cut)) cut_until_ = now_ + random_.below(2000) * 1000;
    }
    void send(std::size_t from, std::span<const std::byte> bytes) {
        if (now_ < cut_until_ || random_.one_in(weather_.lost)) return;
        std::size_t copies = 1;
        if (random_.one_in(weather_.doubled)) copies = 2 + random_.below(2);
        for (; copies > 0; --copies) {
            std::uint64_t delay = random_.below(weather_.delay) * 1000;
            if (random_.one_in(weather_.late)) delay = random_.below(3000) * 1000;
            frames_.push_back({now_ + delay, other(from), {bytes.begin(), bytes.end()}});
            if (random_.one_in(weather_.damaged)) {
                frames_.back().bytes[random_.below(static_cast<std::uint32_t>(bytes.size()))] ^= std::byte{4};
            }
        }
    }
    void step() {
        now_ += (1 + random_.below(weather_.step)) * 1000;
        for (std::size_t place = 0; place < 2; ++place) {
            if (!is_up(place)) {
                if (now_ >= places_[place].down_until) start(place);
                continue;
            }
            node(place).tick({now_});
        }
        for (std::size_t round = 0; round < 4; ++round) {
            for (std::size_t place = 0; place < 2; ++place) {
                if (is_up(place)) transmit(place);
            }
            deliver();
        }
    }
    void transmit(std::size_t place) {
        std::byte buffer[Node::transmit_bytes_min];
        for (std::size_t count = 0;; ++count) {
            const std::size_t bytes = node(place).transmit(id(other(place)), buffer);
            if (bytes == 0) return;
            if (count > 1000) return fail("has something to say without end");
            if (buffer[0] == std::byte{4}) ++tally.states;
            send(place, std::span(buffer).first(bytes));
        }
    }
    void deliver() {
        for (std::size_t i = 0; i < frames_.size() && problem_.empty();) {
            if (frames_[i].due > now_) {
                ++i;
                continue;
            }
            const Frame frame = std::move(frames_[i]);
            frames_[i] = std::move(frames_.back());  // which also mixes their order
            frames_.pop_back();
            if (!is_up(frame.to)) continue;
            static_cast<void>(node(frame.to).receive(id(other(frame.to)), frame.bytes));
            look(frame.to);
            look_at_tickets(frame.to);
        }
    }

    // ---- the end ----

    void heal() {
        weather_ = Weather{};
        weather_.write = 0;
        weather_.keep_down = 1;
        cut_until_ = 0;
        say("heal", 0);
        for (std::size_t i = 0; i < 800 && problem_.empty(); ++i) {
            step();
            if (is_up(0) && is_up(1) && i % 100 == 99) operate();
        }
        std::uint32_t last_written = 0;
        if (problem_.empty() && (leads(0) || leads(1))) {
            write(leads(0) ? 0 : 1);
            last_written = ids_;
        }
        for (std::size_t i = 0; i < 100 && problem_.empty(); ++i) step();
        say("end", 0);
        if (problem_.empty()) judge(last_written);
    }
    /// What a person does who looks at both boards.
    void operate() {
        for (std::size_t place = 0; place < 2; ++place) {
            if (leads(place)) {
                const pair::NodeStatus status = node(place).status();
                if (status.handing_over && !status.linked) promote(place, !waits);
                return;
            }
        }
        const pair::NodeStatus status[] = {node(0).status(), node(1).status()};
        if (status[0].blank && status[1].blank) {
            if (!required_.empty()) fail("nobody has what was acknowledged");
            return bootstrap(0);
        }
        for (std::size_t place = 0; place < 2; ++place) {
            if (waits && status[place].complete && !status[place].blank) return promote(place, false);
        }
        std::size_t best = status[0].blank || (!status[1].blank && status[1].last > status[0].last) ? 1 : 0;
        if (waits) {
            for (const Acknowledged& each : required_) {
                if (!holds(best, each.id)) fail("nobody may lead, and something acknowledged is at stake");
            }
        }
        promote(best, true);
    }
    void judge(std::uint32_t last_written) {
        if (leads(0) == leads(1)) return fail("not one leader in the end");
        const Machine& state = node(0).state();
        if (std::memcmp(&state, &node(1).state(), sizeof state) != 0) return fail("two states in the end");
        for (std::size_t place = 0; place < 2; ++place) {
            const pair::NodeStatus status = node(place).status();
            if (!status.linked || !status.confirmed || !status.complete) return fail("not linked in the end");
            if (status.applied != status.last) return fail("not all is applied in the end");
        }
        std::unordered_set<std::uint32_t> applied;
        std::uint64_t count = 0;
        for (std::uint64_t digest = state.digests[0]; digest != 0; digest = Machine::pasts[digest].before, ++count) {
            if (!applied.insert(Machine::pasts[digest].command).second) return fail("applied twice");
        }
        if (count != state.count) return fail("the state is not its replay");
        if (!applied.contains(last_written)) return fail("the last write is not there");
        for (const Acknowledged& each : required_) {
            if (!applied.contains(each.id)) return fail("an acknowledged write is lost");
        }
        for (const Place& place : places_) {
            for (const std::uint32_t id : place.process->handed_back) {
                if (applied.contains(id)) return fail("handed back, and applied");
            }
            for (const auto& [id, ticket] : place.process->written) {
                if (!applied.contains(id) && !place.process->handed_back.contains(id) &&
                    place.node->status().unsettled == 0) {
                    return fail("neither applied nor handed back");
                }
            }
        }
    }

    Random random_;
    Weather weather_;
    bool verbose_;
    bool forcing_ = false;
    Place places_[2];
    std::vector<Frame> frames_;
    std::vector<std::pair<std::uint32_t, pair::Ticket>> pending_;
    std::vector<Acknowledged> required_;
    std::set<std::uint32_t> epochs_;
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> line_;
    std::string problem_;
    std::uint64_t now_ = 0;
    std::uint64_t cut_until_ = 0;
    std::uint64_t history_ = 0;
    std::uint32_t run_ = 1;
    std::uint32_t ids_ = 0;
};

}  // namespace pair_simulation
