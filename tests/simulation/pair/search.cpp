// SPDX-License-Identifier: BSL-1.0
// Goes through every order of events of a small pair: which node says something, which frame arrives or is lost, when a
// link is dropped, a node is promoted, hands over or loses its memory.
//
//     search_pair [--async] [--writes N] [--promotions N] [--hand-overs N] [--crashes N] [--losses N] [--drops N]
//                 [--late N] [--any-late] [--states N] [--seconds N] [--verify]
//
// --late N: so many frames, of all, are on the way while other things happen, so that others overtake them. --any-late:
// as many as the lines hold. Any other frame arrives, or is lost, when it is said.
// --verify: once more from all worlds that differ in any byte, which must meet no other states; else the canonical form
// leaves out something that counts.
//
// Ends with status 1 and the events that led there when a promise is broken; with 3 when it was stopped by --states or
// --seconds before it saw everything. "whole" is printed when nothing was left out.

#include "search/canonical.hpp"
#include "search/visited.hpp"
#include "search/world.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace {

using namespace pair_search;

struct Bounds {
    Budget budget;
    std::uint64_t states = ~std::uint64_t{0};
    double seconds = 1e9;
    bool verify = false;
};

/// What makes two worlds the same.
enum class By { form, form_with_runs, bytes };

template <class Ack>
class Search {
    using WorldOf = World<Ack>;
    struct Step {
        WorldOf world;
        std::uint32_t next = 0;  // the next event to try
        Event by{};
    };
    static constexpr std::uint32_t events = static_cast<std::uint32_t>(Kind::count) * 2 * line_max;

public:
    explicit Search(By by = By::form) : by_(by) {}

    [[nodiscard]] std::size_t states() const { return visited_.size(); }
    int run(const Bounds& bounds) {
        const auto began = std::chrono::steady_clock::now();
        const auto seconds = [&] {
            return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        };
        push();
        if (!path_.back()->world.begin(bounds.budget)) return 2;
        static_cast<void>(meet(path_.back()->world));
        const char* ending = "whole";
        while (!path_.empty()) {
            Step& step = *path_.back();
            if (step.next == events) {
                spare_.push_back(path_.back());
                path_.pop_back();
                continue;
            }
            const std::uint32_t number = step.next++;
            const Event event{static_cast<Kind>(number / (2 * line_max)),
                              static_cast<std::uint8_t>(number / line_max % 2),
                              static_cast<std::uint8_t>(number % line_max)};
            if (!is_possible(step.world, event)) continue;
            push();
            WorldOf& world = path_.back()->world;
            world = step.world;
            path_.back()->by = event;
            if (!world.happen(event)) {
                pop();
                continue;
            }
            ++transitions_;
            if (world.problem != nullptr) return report(world.problem);
            // What only waits for its sender to do something is not kept: it has no other way to go.
            if (world.fresh != 0) continue;
            if (!meet(world)) {
                pop();
                continue;
            }
            if (const char* problem = heal_sometimes(world)) return report(problem);
            if (visited_.size() < bounds.states && (visited_.size() % 4096 != 0 || seconds() < bounds.seconds))
                continue;
            ending = "stopped, not whole";
            break;
        }
        std::printf("%s: %zu states, %llu transitions, %llu healed, %.0f s, %zu MB\n", ending, visited_.size(),
                    static_cast<unsigned long long>(transitions_), static_cast<unsigned long long>(healed_), seconds(),
                    visited_.bytes() >> 20);
        return ending[0] == 'w' ? 0 : 3;
    }

private:
    void push() {
        path_.push_back(spare_.empty() ? new Step : spare_.back());
        if (!spare_.empty()) spare_.pop_back();
        path_.back()->next = 0;
    }
    void pop() {
        spare_.push_back(path_.back());
        path_.pop_back();
    }
    /// Cheap, and before a world is copied.
    static bool is_possible(const WorldOf& world, Event event) {
        const Budget& left = world.left;
        if (event.which != 0 && event.kind != Kind::hear) return false;
        switch (event.kind) {
            case Kind::hear: return event.which < world.waiting[event.place];
            case Kind::retry: return world.waiting[0] + world.waiting[1] == 0;
            case Kind::write: return left.writes != 0;
            case Kind::leave: return (left.any_late || left.lates != 0) && world.waiting[1 - event.place] < line_max;
            case Kind::hand_over: return left.hand_overs != 0;
            case Kind::drop: return left.drops != 0;
            case Kind::promote: return left.promotions != 0;
            case Kind::lose: return left.losses != 0;
            case Kind::crash: return left.crashes != 0;
            default: return true;
        }
    }
    bool meet(WorldOf& world) {
        hash_ = Canonical<Ack>(world, by_ != By::form).hash();
        const Budget& left = world.left;
        const bool is_new = visited_.add(hash_, {left.lates, left.losses, left.crashes, left.promotions});
        return by_ == By::bytes ? plain_.add(world.plain_hash(), {0, 0, 0, 0}) : is_new;
    }
    const char* heal_sometimes(const WorldOf& world) {
        if (hash_.high % 256 != 0) return nullptr;
        ++healed_;
        return heal(world);
    }
    /// Without further mischief both end with the same state, which has all that was acknowledged.
    static const char* heal(const WorldOf& from) {
        WorldOf world = from;
        for (int round = 0; round < 200; ++round) {
            for (std::uint8_t place = 0; place < 2; ++place) {
                while (world.happen({Kind::hear, place, 0})) {
                }
                if (round % 4 == 0) world.happen({Kind::retry, place, 0});
                world.happen({Kind::say, place, 0});
            }
            if (world.problem != nullptr) return world.problem;
            // Two that have sessions of different links hear nothing from each other, until the link is given up.
            if (round % 50 == 25 && world.self(0).session != world.self(1).session) world.give_up_links();
            if (round % 50 != 49 || world.leads(0) || world.leads(1)) continue;
            world.left.promotions = 1;
            if (world.happen({Kind::promote, 0, 0})) continue;
            world.left.promotions = 1;
            if (world.happen({Kind::promote, 1, 0})) continue;
            // Whoever is left does not know that it has everything. A person who forces it to lead loses nothing.
            const unsigned held = world.held(0) | world.held(1);
            return (world.required & ~held) != 0 ? "nobody has what was acknowledged" : nullptr;
        }
        if (std::memcmp(world.node(0).state().ids, world.node(1).state().ids, 8) != 0) return "two states in the end";
        if (!world.node(0).status().confirmed || !world.node(1).status().confirmed) return "not linked in the end";
        if ((world.node(0).state().mask() & world.required) != world.required) return "an acknowledged write is lost";
        return nullptr;
    }
    int report(const char* problem) {
        std::printf("%s, after %zu events and %zu states:\n", problem, path_.size() - 1, visited_.size());
        for (std::size_t i = 1; i < path_.size(); ++i) {
            const Event by = path_[i]->by;
            std::printf("  %u %s %u\n", by.place, names[static_cast<std::size_t>(by.kind)], by.which);
        }
        return 1;
    }

    By by_;
    std::vector<Step*> path_;
    std::vector<Step*> spare_;
    Visited visited_;
    Visited plain_;  // by all bytes of the worlds
    Hash hash_;
    std::uint64_t transitions_ = 0;
    std::uint64_t healed_ = 0;
};

template <class Ack>
int search(const Bounds& bounds) {
    if (!bounds.verify) return Search<Ack>().run(bounds);
    Search<Ack> by_form(By::form_with_runs), by_bytes(By::bytes);
    if (const int status = by_form.run(bounds); status != 0) return status;
    if (const int status = by_bytes.run(bounds); status != 0) return status;
    if (by_form.states() == by_bytes.states()) return 0;
    std::printf("the canonical form leaves out something that counts\n");
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    Bounds bounds;
    Budget& budget = bounds.budget;
    bool async = false;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--async") == 0) {
            async = true;
            continue;
        }
        if (std::strcmp(argv[i], "--verify") == 0) {
            bounds.verify = true;
            continue;
        }
        if (std::strcmp(argv[i], "--any-late") == 0) {
            budget.any_late = true;
            budget.lates = 0;
            continue;
        }
        if (i + 1 == argc) return std::fprintf(stderr, "no number after %s\n", argv[i]), 2;
        const std::uint64_t number = std::strtoull(argv[i + 1], nullptr, 10);
        const std::pair<const char*, int*> counts[] = {
            {"--writes", &budget.writes},   {"--promotions", &budget.promotions}, {"--hand-overs", &budget.hand_overs},
            {"--crashes", &budget.crashes}, {"--losses", &budget.losses},         {"--drops", &budget.drops},
            {"--late", &budget.lates},
        };
        bool known = true;
        if (std::strcmp(argv[i], "--states") == 0) {
            bounds.states = number;
        } else if (std::strcmp(argv[i], "--seconds") == 0) {
            bounds.seconds = static_cast<double>(number);
        } else {
            known = false;
            for (const auto& [name, count] : counts) {
                if (std::strcmp(argv[i], name) == 0) *count = static_cast<int>(number), known = true;
            }
        }
        if (!known) return std::fprintf(stderr, "unknown: %s\n", argv[i]), 2;
        ++i;
    }
    if (budget.lates > 2 || budget.losses > 2 || budget.crashes > 2 || budget.promotions > 2 || budget.writes > 7) {
        return std::fprintf(stderr, "at most 2 of losses, late frames, crashes and promotions, and 7 writes\n"), 2;
    }
    return async ? search<ack::Async<>>(bounds) : search<ack::SemiSync<>>(bounds);
}
