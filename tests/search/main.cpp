// SPDX-License-Identifier: BSL-1.0
// Searches all that can happen to a group of three nodes within a bound, with each acknowledgement policy. Prints a
// line for each bound, and the choices that led to what is wrong, if something is.

namespace {

[[noreturn]] void broken_assertion(const char* condition);

}  // namespace

#define REPLICATOR_ASSERT(condition) \
    (static_cast<bool>(condition) ? static_cast<void>(0) : broken_assertion(#condition))

#include "search.hpp"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

namespace {

std::function<std::string()> where;

void broken_assertion(const char* condition) {
    std::printf("FAILED: an assertion does not hold: %s\n%s", condition, where ? where().c_str() : "");
    std::fflush(stdout);
    std::_Exit(1);
}

/// False when something is wrong.
template <class Ack>
bool run(const char* name, const search::Wanted& wanted) {
    search::Search<Ack> search(wanted);
    where = [&search] { return search.path_now(); };
    const char* const unit = wanted.deviations ? "deviations" : "steps";
    for (unsigned bound = wanted.bound_first; bound <= wanted.bound_last; ++bound) {
        const search::Found found = search.run(bound);
        const double seconds = search.seconds();
        std::printf("%-9s %3u %s: %s, %llu states, %llu transitions, at most %zu in a row, %.1f s so far\n", name,
                    bound, unit, found.finished ? (found.complete ? "all there is" : "done") : "not finished",
                    static_cast<unsigned long long>(found.states), static_cast<unsigned long long>(found.steps),
                    found.deepest, seconds);
        std::fflush(stdout);
        if (!found.failure.empty()) {
            std::printf("FAILED: %s\n%s", found.failure.c_str(), found.path.c_str());
            return false;
        }
        if (!found.finished || found.complete) break;
    }
    where = nullptr;
    return true;
}

struct Policy {
    const char* name;
    bool may_lose;  ///< a promotion could hardly succeed otherwise
    bool (*run)(const char*, const search::Wanted&);
};

constexpr Policy policies[] = {
    {"async", true, run<replicator::ack::Async<>>},     {"semi-sync", false, run<replicator::ack::SemiSync<>>},
    {"quorum", false, run<replicator::ack::Quorum<2>>}, {"majority", false, run<replicator::ack::Majority<>>},
    {"sync", false, run<replicator::ack::Sync<>>},
};

int usage() {
    std::puts(
        "search [--only POLICY] [--bound steps|deviations] [--first N] [--last N] [--seconds N] [--states N]\n"
        "       [--writes N] [--crashes N] [--losses N] [--time N] [--promotions ABC] [--hand-overs N]\n"
        "       [--overtaking] [--may-lose] [--verify]\n"
        "  policies: async semi-sync quorum majority sync; --promotions: how many attempts nodes 1, 2 and 3 have, e.g. "
        "011");
    return 2;
}

}  // namespace

int main(int count, char** arguments) {
    search::Wanted wanted;
    std::string only;
    for (int i = 1; i < count; ++i) {
        const std::string name = arguments[i];
        bool* const flag = name == "--overtaking" ? &wanted.overtaking
                           : name == "--may-lose" ? &wanted.may_lose
                           : name == "--verify"   ? &wanted.verify
                                                  : nullptr;
        if (flag != nullptr) {
            *flag = true;
            continue;
        }
        if (++i == count) return usage();
        const std::string text = arguments[i];
        const auto number = static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, 10));
        const auto small = static_cast<std::uint8_t>(number < 8 ? number : 8);
        if (name == "--only") {
            only = text;
        } else if (name == "--bound") {
            wanted.deviations = text == "deviations";
        } else if (name == "--first") {
            wanted.bound_first = number;
        } else if (name == "--last") {
            wanted.bound_last = number < 200 ? number : 200;
        } else if (name == "--seconds") {
            wanted.seconds = number;
        } else if (name == "--states") {
            wanted.states_max = std::strtoull(text.c_str(), nullptr, 10);
        } else if (name == "--writes") {
            wanted.budget.writes = small;
        } else if (name == "--crashes") {
            wanted.budget.crashes = small < 4 ? small : 4;
        } else if (name == "--losses") {
            wanted.budget.losses = small;
        } else if (name == "--hand-overs") {
            wanted.budget.hand_overs = small;
        } else if (name == "--time") {
            wanted.budget.steps = static_cast<std::uint8_t>(number < 200 ? number : 200);
        } else if (name == "--promotions" && text.size() == search::node_count) {
            for (std::size_t place = 0; place < search::node_count; ++place) {
                wanted.budget.promotions[place] = static_cast<std::uint8_t>(text[place] - '0');
            }
        } else {
            return usage();
        }
    }
    bool good = true;
    bool any = false;
    for (const Policy& policy : policies) {
        if (!only.empty() && only != policy.name) continue;
        any = true;
        search::Wanted its = wanted;
        its.may_lose = wanted.may_lose || policy.may_lose;
        good = policy.run(policy.name, its) && good;
    }
    if (!any) return usage();
    return good ? 0 : 1;
}
