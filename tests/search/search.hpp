// SPDX-License-Identifier: BSL-1.0
// The search: from the state of a settled group, every choice in every state, up to a bound that grows. States that
// were met before, with as much left of the bound, are not followed again.
//
// Two bounds. Steps: whatever may happen may happen next, up to so many steps. Deviations: frames are delivered in a
// fixed order until none is left; to hold back a way, to let it go early, or to do anything else while frames are on
// their way, is a deviation. The first has all interleavings of the beginning, the second has whole runs to their end.
#pragma once

#include "group.hpp"
#include "promises.hpp"
#include "visited.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace search {

struct Wanted {
    Budget budget;
    bool deviations = false;  ///< what is bounded: they, or the steps
    unsigned bound_first = 0;
    unsigned bound_last = 60;
    double seconds = 600;  ///< for all bounds together
    std::size_t states_max = std::size_t{1} << 27;
    bool overtaking = false;  ///< any frame on a way may be the next, not only the oldest
    bool verify = false;      ///< check that states which are taken for equal go on alike
    bool may_lose = false;    ///< promotions may lose what was acknowledged
};

/// What became of a search with one bound.
struct Found {
    std::string failure;       ///< empty when nothing was wrong
    std::string path;          ///< the choices that led to it
    bool finished = false;     ///< everything within the bound was seen
    bool complete = false;     ///< there is nothing beyond the bound
    std::uint64_t states = 0;  ///< different ones, since the search began
    std::uint64_t steps = 0;   ///< taken with this bound
    std::size_t deepest = 0;
};

template <class Ack>
class Search {
public:
    explicit Search(const Wanted& wanted)
        : wanted_(wanted),
          links_(run_max(wanted.budget)),
          frames_(links_),
          words_(links_),
          group_(frames_, wanted.budget, wanted.may_lose),
          promises_(group_),
          began_(std::chrono::steady_clock::now()) {}

    /// Everything within the bound, as far as time and room allow.
    [[nodiscard]] Found run(unsigned bound) {
        found_ = {};
        path_.clear();
        stopped_ = false;
        const bool cut = explore(0, bound);
        found_.finished = !stopped_ && found_.failure.empty();
        found_.complete = found_.finished && !cut;
        found_.states = visited_.size();
        return found_;
    }

    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    }

    /// The path so far, for whoever must say where an assertion failed.
    [[nodiscard]] std::string path_now() const { return tell(path_); }

private:
    using Kind = Choice::Kind;
    struct Level {
        explicit Level(const typename Group<Ack>::State& now) : state(now) {}

        typename Group<Ack>::State state;
        Past past;
        std::vector<Choice> choices;
    };

    [[nodiscard]] static std::uint32_t run_max(const Budget& budget) {
        return static_cast<std::uint32_t>(node_count * (1u + budget.crashes));
    }

    /// True when the bound kept something from being seen.
    bool explore(std::size_t depth, unsigned left) {
        if (depth > found_.deepest) found_.deepest = depth;
        const std::uint64_t own_key = hash();
        if (wanted_.verify && !goes_on_as_before(own_key)) return true;
        std::uint8_t& seen = visited_.at(own_key);
        const auto now = static_cast<std::uint8_t>(left + 1);
        if (seen == Visited::complete) return false;
        if (seen >= now) return true;
        seen = now;
        if (levels_.size() <= depth) levels_.push_back(std::make_unique<Level>(group_.state()));
        Level& level = *levels_[depth];
        group_.keep(level.state);
        level.past = promises_.past();
        level.choices.clear();
        list_choices(level.choices);
        bool cut = false;
        for (const Choice choice : level.choices) {
            const unsigned cost = wanted_.deviations ? choice.cost : 1;
            if (cost > left) {
                cut = true;
                continue;
            }
            if (out_of_time()) return true;
            path_.push_back(choice);
            if (take(choice)) cut = explore(depth + 1, left - cost) || cut;
            if (stopped_ || !found_.failure.empty()) return true;
            path_.pop_back();
            group_.put_back(level.state);
            promises_.past() = level.past;
        }
        if (!cut) visited_.at(own_key) = Visited::complete;
        return cut;
    }

    /// Whether states that are taken for equal are: every choice must lead from this one to where it led from the one
    /// that was met first. False, and something is wrong, when it does not.
    [[nodiscard]] bool goes_on_as_before(std::uint64_t key) {
        const typename Group<Ack>::State state = group_.state();
        const Past past = promises_.past();
        std::vector<Choice> choices;
        list_choices(choices);
        std::uint64_t all = choices.size();
        for (const Choice choice : choices) {
            path_.push_back(choice);
            const bool taken = take(choice);
            if (!found_.failure.empty()) return false;
            all = core::mix(all, taken ? hash() : 0);
            path_.pop_back();
            group_.put_back(state);
            promises_.past() = past;
        }
        if (ways_on_.try_emplace(key, all).first->second == all) return true;
        found_.failure = "this state was taken for another one, from which things go on differently";
        found_.path = tell(path_);
        return false;
    }

    [[nodiscard]] std::uint64_t hash() {
        words_.clear();
        group_.put(words_);
        promises_.past().put(words_);
        return words_.hash();
    }

    [[nodiscard]] bool out_of_time() {
        if ((++found_.steps & 1023) != 0) return false;
        stopped_ = seconds() > wanted_.seconds || visited_.size() > wanted_.states_max;
        return stopped_;
    }

    // ---- What may happen next ----

    void list_choices(std::vector<Choice>& choices) const {
        const Surroundings& around = group_.around();
        std::size_t next = way_count;
        std::uint8_t held = 0;
        for (std::size_t way = way_count; way-- > 0;) {
            if (around.queues[way].size == 0) continue;
            (around.held >> way & 1) != 0 ? static_cast<void>(++held) : static_cast<void>(next = way);
        }
        if (wanted_.deviations) {
            if (next < way_count) {
                choices.push_back({Kind::deliver, static_cast<std::uint8_t>(next), 0, 0});
                choices.push_back({Kind::hold, static_cast<std::uint8_t>(next), 0, 1});
            }
            for (std::uint8_t way = 0; way < way_count && held > 0; ++way) {
                if (around.queues[way].size == 0 || (around.held >> way & 1) == 0) continue;
                choices.push_back({Kind::release, way, 0, static_cast<std::uint8_t>(next < way_count ? 1 : 0)});
            }
        }
        const auto cost = static_cast<std::uint8_t>(next < way_count ? 1 : 0);
        for (std::uint8_t way = 0; way < way_count; ++way) {
            const std::uint8_t positions =
                wanted_.overtaking ? around.queues[way].size : std::uint8_t{around.queues[way].size > 0};
            for (std::uint8_t position = 0; position < positions; ++position) {
                if (!wanted_.deviations) choices.push_back({Kind::deliver, way, position, 0});
                if (around.left.losses > 0) choices.push_back({Kind::lose, way, position, 0});
            }
        }
        for (std::uint8_t place = 0; place < node_count; ++place) {
            const Role role = group_.node(place).role();
            if (around.left.writes > 0 && role == Role::leader) choices.push_back({Kind::write, place, 0, cost});
            if (around.left.promotions[place] > 0 && role == Role::follower) {
                choices.push_back({Kind::promote, place, 0, cost});
            }
            for (std::uint8_t to = 0; to < node_count && around.left.hand_overs > 0 && role == Role::leader; ++to) {
                if (to != place) choices.push_back({Kind::hand_over, place, to, cost});
            }
            if (around.left.crashes > 0) choices.push_back({Kind::crash, place, 0, cost});
        }
        if (around.left.steps > 0) choices.push_back({Kind::pass_time, 0, 0, cost});
    }

    /// False when nothing came of it, or something is wrong.
    [[nodiscard]] bool take(const Choice& choice) {
        std::string failure;
        Surroundings& around = group_.around();
        switch (choice.kind) {
            case Kind::deliver: failure = group_.deliver(choice.place, choice.position); break;
            case Kind::lose:
                --around.left.losses;
                group_.lose(choice.place, choice.position);
                break;
            case Kind::write: {
                --around.left.writes;
                const Position position = group_.write(choice.place, failure);
                if (position.index == Index{}) return false;
                promises_.wrote(choice.place, position);
                break;
            }
            case Kind::promote:
                --around.left.promotions[choice.place];
                if (!group_.promote(choice.place, failure)) return false;
                break;
            case Kind::hand_over:
                --around.left.hand_overs;
                if (!group_.hand_over(choice.place, choice.position, failure)) return false;
                break;
            case Kind::crash:
                --around.left.crashes;
                promises_.dies(choice.place);
                failure = group_.crash(choice.place);
                break;
            case Kind::pass_time:
                --around.left.steps;
                failure = group_.pass_time();
                break;
            case Kind::hold: around.held |= static_cast<std::uint8_t>(1u << choice.place); return true;
            case Kind::release: around.held &= static_cast<std::uint8_t>(~(1u << choice.place)); return true;
        }
        if (!wanted_.overtaking) group_.drop_the_dead();
        if (failure.empty()) failure = promises_.check();
        if (failure.empty()) return true;
        found_.failure = failure;
        found_.path = tell(path_);
        return false;
    }

    // ---- For people ----

    /// The choices one by one, found out by making them again.
    [[nodiscard]] std::string tell(const std::vector<Choice>& path) const {
        auto frames = std::make_unique<Frames>(links_);
        auto group = std::make_unique<Group<Ack>>(*frames, wanted_.budget, wanted_.may_lose);
        std::string text;
        std::string failure;
        for (const Choice& choice : path) {
            const std::string node = "node " + std::to_string(choice.place + 1);
            switch (choice.kind) {
                case Kind::deliver:
                    text += "  deliver " + describe(*group, choice) + '\n';
                    failure = group->deliver(choice.place, choice.position);
                    break;
                case Kind::lose:
                    text += "  lose    " + describe(*group, choice) + '\n';
                    group->lose(choice.place, choice.position);
                    break;
                case Kind::write:
                    text += "  write   at " + node;
                    text += " is entry " + std::to_string(group->write(choice.place, failure).index.value) + '\n';
                    break;
                case Kind::promote:
                    text += "  promote " + node + '\n';
                    static_cast<void>(group->promote(choice.place, failure));
                    break;
                case Kind::hand_over:
                    text += "  hand    over from " + node + " to node " + std::to_string(choice.position + 1) + '\n';
                    static_cast<void>(group->hand_over(choice.place, choice.position, failure));
                    break;
                case Kind::crash:
                    text += "  crash   " + node + " and start it blank\n";
                    failure = group->crash(choice.place);
                    break;
                case Kind::pass_time:
                    text += "  time    passes\n";
                    failure = group->pass_time();
                    break;
                case Kind::hold:
                case Kind::release: break;
            }
            if (!wanted_.overtaking) group->drop_the_dead();
        }
        return text;
    }

    [[nodiscard]] static std::string describe(const Group<Ack>& group, const Choice& choice) {
        const auto [from, to] = ways[choice.place];
        return std::to_string(from + 1) + " -> " + std::to_string(to + 1) + ": " +
               Frames::describe(group.frame(choice.place, choice.position));
    }

    Wanted wanted_;
    LinkOrigins links_;
    Frames frames_;
    Words words_;
    Group<Ack> group_;
    Promises<Ack> promises_;
    Visited visited_;
    std::vector<std::unique_ptr<Level>> levels_;
    std::vector<Choice> path_;
    std::unordered_map<std::uint64_t, std::uint64_t> ways_on_;  // of each state, where its choices led
    Found found_;
    bool stopped_ = false;
    std::chrono::steady_clock::time_point began_;
};

}  // namespace search
