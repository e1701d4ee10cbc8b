// SPDX-License-Identifier: BSL-1.0
// The checker of linearizability: known cases of each kind, a second checker that tries everything, and its limits.

#include <replicator/sim/history/history.hpp>
#include <replicator/sim/history/linearizability.hpp>
#include <replicator/sim/random.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(linearizability)

namespace sim = replicator::sim;

namespace {

using sim::Answer;
using sim::History;
using sim::Operation;
using sim::OperationKind;
using sim::Value;
using Verdict = sim::LinearizabilityVerdict;

/// Short ways to write histories down. Times come first: called, returned.
struct Script {
    History history;
    std::string key = "x";

    Script& add(OperationKind kind, std::uint64_t called, std::uint64_t returned, Answer answer, Value value,
                Value expected, Value output) {
        Operation operation;
        operation.client = history.operations().size() + 1;
        operation.kind = kind;
        operation.key = key;
        operation.called = called;
        operation.returned = returned;
        operation.answer = answer;
        operation.value = std::move(value);
        operation.expected = std::move(expected);
        operation.output = std::move(output);
        history.append(std::move(operation));
        return *this;
    }
    Script& put(std::uint64_t called, std::uint64_t returned, Value value, Answer answer = Answer::succeeded) {
        return add(OperationKind::put, called, returned, answer, std::move(value), {}, {});
    }
    Script& get(std::uint64_t called, std::uint64_t returned, Value output, Answer answer = Answer::succeeded) {
        return add(OperationKind::get, called, returned, answer, {}, {}, std::move(output));
    }
    Script& cas(std::uint64_t called, std::uint64_t returned, Value expected, Value value,
                Answer answer = Answer::succeeded, Value output = {}) {
        return add(OperationKind::cas, called, returned, answer, std::move(value), std::move(expected),
                   std::move(output));
    }
    Script& lost_put(std::uint64_t called, Value value) { return put(called, 0, std::move(value), Answer::unknown); }
    Script& lost_cas(std::uint64_t called, Value expected, Value value) {
        return cas(called, 0, std::move(expected), std::move(value), Answer::unknown);
    }

    [[nodiscard]] sim::Linearizability check() const { return sim::check_linearizable(history); }
    [[nodiscard]] bool ordered() const { return check().verdict == Verdict::linearizable; }
    /// Not linearizable, and shown with so many operations.
    [[nodiscard]] bool wrong(std::size_t shown) const {
        const sim::Linearizability found = check();
        if (found.verdict != Verdict::not_linearizable) return false;
        BOOST_TEST(found.key == key);
        BOOST_TEST(found.window.size() == shown, found.explanation);
        return found.window.size() == shown;
    }
};

/// Tries every order of every choice of unknown operations, on all keys together.
class Everything {
public:
    explicit Everything(const History& history) {
        for (const Operation& operation : history.operations()) {
            const bool is_no_write = operation.kind == OperationKind::get && operation.answer == Answer::unknown;
            if (operation.answer != Answer::refused && !is_no_write) operations_.push_back(operation);
        }
        done_.assign(operations_.size(), false);
    }

    [[nodiscard]] bool ordered() {
        bool all_done = true;
        for (std::size_t i = 0; i < operations_.size(); ++i) {
            if (done_[i]) continue;
            all_done = all_done && operations_[i].answer == Answer::unknown;
            if (!may_be_next(i)) continue;
            const std::map<std::string, Value> before = state_;
            if (take_effect(operations_[i])) {
                done_[i] = true;
                const bool found = ordered();
                done_[i] = false;
                if (found) return true;
            }
            state_ = before;
        }
        return all_done;
    }

private:
    [[nodiscard]] bool may_be_next(std::size_t i) const {
        for (std::size_t other = 0; other < operations_.size(); ++other) {
            const Operation& operation = operations_[other];
            if (done_[other] || operation.answer == Answer::unknown) continue;
            if (operation.returned < operations_[i].called) return false;
        }
        return true;
    }
    [[nodiscard]] bool take_effect(const Operation& operation) {
        Value& held = state_[operation.key];
        if (operation.kind == OperationKind::get) return held == operation.output;
        if (operation.kind == OperationKind::put) return held = operation.value, true;
        if (operation.answer == Answer::unequal) return held == operation.output && held != operation.expected;
        if (held != operation.expected) return false;
        held = operation.value;
        return true;
    }

    std::vector<Operation> operations_;
    std::vector<bool> done_;
    std::map<std::string, Value> state_;
};

Value small_value(sim::Random& random, std::uint64_t values) {
    const std::uint64_t drawn = random.below(values + 1);
    return drawn == 0 ? Value{} : Value(std::string(1, static_cast<char>('a' + drawn - 1)));
}

/// Answers come from a store that works, except that some are replaced. Every operation takes effect when it is called
/// or when it returns, so that there is overlap to explain.
struct RandomRun {
    std::uint64_t operations = 6;
    std::uint64_t keys = 1;
    std::uint64_t values = 2;  // 0: all different
    std::uint64_t clients = 3;
    std::uint64_t unknown = 0;  // per million
    std::uint64_t unknown_max = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t wrong = 0;  // per million
    std::uint64_t puts = 4;   // of ten
    std::uint64_t swaps = 2;  // of ten

    [[nodiscard]] History draw(std::uint64_t seed) {
        sim::Random random(seed);
        History history;
        std::map<std::string, Value> state;
        std::vector<Operation> open;
        std::vector<bool> at_return;
        std::uint64_t now = 0;
        std::uint64_t unknown_left = unknown_max;
        std::uint64_t called = 0;
        std::uint64_t written = 0;
        while (called < operations || !open.empty()) {
            now += random.below(3);
            const bool may_call = called < operations && open.size() < clients;
            if (may_call && (open.empty() || random.below(2) == 0)) {
                Operation operation;
                operation.client = ++called;
                operation.key = std::string(1, static_cast<char>('k' + random.below(keys)));
                const std::uint64_t kind = random.below(10);
                operation.kind = kind < puts           ? OperationKind::put
                                 : kind < puts + swaps ? OperationKind::cas
                                                       : OperationKind::get;
                if (operation.kind != OperationKind::get) {
                    operation.value = values == 0 ? Value(std::to_string(++written)) : small_value(random, values);
                }
                if (operation.kind == OperationKind::cas) {
                    operation.expected =
                        values == 0 || random.below(2) == 0 ? state[operation.key] : small_value(random, values);
                }
                operation.called = now;
                at_return.push_back(random.below(2) == 0);
                if (!at_return.back()) run(operation, state);
                open.push_back(operation);
            } else {
                const std::size_t i = random.below(open.size());
                Operation operation = open[i];
                operation.returned = now;
                const bool loses = unknown_left > 0 && random.chance(unknown);
                if (at_return[i] && !(loses && random.below(2) == 0)) run(operation, state);
                if (loses) {
                    --unknown_left;
                    operation.answer = Answer::unknown;
                    operation.output.reset();
                } else if (random.chance(wrong)) {
                    spoil(operation, random);
                }
                history.append(operation);
                open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
                at_return.erase(at_return.begin() + static_cast<std::ptrdiff_t>(i));
            }
        }
        return history;
    }

private:
    static void run(Operation& operation, std::map<std::string, Value>& state) {
        Value& held = state[operation.key];
        operation.answer = Answer::succeeded;
        if (operation.kind == OperationKind::get) operation.output = held;
        if (operation.kind == OperationKind::put) held = operation.value;
        if (operation.kind == OperationKind::cas && held == operation.expected) {
            held = operation.value;
        } else if (operation.kind == OperationKind::cas) {
            operation.answer = Answer::unequal;
            operation.output = held;
        }
    }
    void spoil(Operation& operation, sim::Random& random) const {
        if (operation.kind != OperationKind::get && random.below(3) == 0) {
            operation.answer = Answer::refused;
            operation.output.reset();
        } else if (operation.kind == OperationKind::cas) {
            operation.answer = operation.answer == Answer::succeeded ? Answer::unequal : Answer::succeeded;
            operation.output = operation.answer == Answer::unequal ? small_value(random, values) : Value{};
        } else if (operation.kind == OperationKind::get) {
            operation.output = small_value(random, values);
        }
    }
};

/// Compares with the checker that tries everything. Returns how many were not linearizable.
std::size_t compare(RandomRun run, std::uint64_t first_seed, std::uint64_t count) {
    std::size_t wrong = 0;
    for (std::uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
        const History history = run.draw(seed);
        const sim::Linearizability found = sim::check_linearizable(history);
        const bool expected = Everything(history).ordered();
        std::ostringstream lines;
        history.write_json_lines(lines);
        BOOST_REQUIRE_MESSAGE(static_cast<bool>(found) == expected, "seed " << seed << '\n' << lines.str());
        if (expected) continue;
        ++wrong;
        History window;
        for (const Operation& operation : found.window) window.append(operation);
        BOOST_REQUIRE_MESSAGE(!Everything(window).ordered(), "seed " << seed << '\n'
                                                                     << lines.str() << found.explanation);
    }
    return wrong;
}

}  // namespace

BOOST_AUTO_TEST_CASE(histories_of_one_client) {
    BOOST_TEST(Script{}.ordered());
    BOOST_TEST(Script{}.get(1, 2, {}).put(3, 4, "a").get(5, 6, "a").put(7, 8, {}).get(9, 10, {}).ordered());
    BOOST_TEST(Script{}.cas(1, 2, {}, "a").cas(3, 4, "a", "b").cas(5, 6, "a", "c", Answer::unequal, "b").ordered());
    BOOST_TEST(Script{}.get(1, 2, "a").wrong(1));
    BOOST_TEST(Script{}.put(1, 2, "a").get(3, 4, {}).wrong(2));
}

BOOST_AUTO_TEST_CASE(operations_that_overlap_come_in_any_order) {
    BOOST_TEST(Script{}.put(1, 10, "a").put(1, 10, "b").get(11, 12, "a").ordered());
    BOOST_TEST(Script{}.put(1, 10, "a").put(1, 10, "b").get(11, 12, "b").ordered());
    BOOST_TEST(Script{}.put(1, 10, "a").get(2, 3, "a").ordered());
    BOOST_TEST(Script{}.put(1, 10, "a").get(2, 3, {}).ordered());
    BOOST_TEST(Script{}.put(1, 10, "a").get(2, 3, {}).get(4, 5, "a").ordered());
    BOOST_TEST(Script{}.put(1, 2, "a").get(2, 3, {}).ordered());  // the same instant
    BOOST_TEST(Script{}.put(1, 2, "a").put(3, 20, "b").put(4, 20, "c").get(5, 6, "c").get(7, 8, "b").ordered());
}

BOOST_AUTO_TEST_CASE(stale_read) { BOOST_TEST(Script{}.put(1, 2, "a").put(3, 4, "b").get(5, 6, "a").wrong(3)); }

BOOST_AUTO_TEST_CASE(read_going_back_in_time) {
    BOOST_TEST(Script{}.put(1, 2, "a").put(3, 20, "b").get(4, 5, "b").get(6, 7, "a").wrong(4));
    BOOST_TEST(Script{}.put(1, 20, "a").get(4, 5, "a").get(6, 7, {}).wrong(3));
}

BOOST_AUTO_TEST_CASE(lost_update) {
    // Both read nothing and both replaced it.
    BOOST_TEST(Script{}.cas(1, 10, {}, "a").cas(2, 11, {}, "b").wrong(2));
    BOOST_TEST(Script{}.put(1, 2, "a").put(3, 4, "b").get(5, 6, "b").get(7, 8, "a").wrong(3));
}

BOOST_AUTO_TEST_CASE(double_success_of_cas) {
    BOOST_TEST(Script{}.put(1, 2, "a").cas(3, 10, "a", "b").cas(4, 11, "a", "c").wrong(3));
    BOOST_TEST(Script{}.put(1, 2, "a").cas(3, 10, "a", "b").cas(4, 11, "b", "a").cas(5, 12, "a", "c").ordered());
}

BOOST_AUTO_TEST_CASE(cas_that_was_unequal_is_a_read) {
    BOOST_TEST(Script{}.put(1, 2, "a").cas(3, 4, "b", "c", Answer::unequal, "a").get(5, 6, "a").ordered());
    BOOST_TEST(Script{}.put(1, 2, "a").cas(3, 4, "b", "c", Answer::unequal, "d").wrong(1));
    BOOST_TEST(Script{}.cas(1, 2, "b", "c", Answer::unequal, {}).ordered());
    BOOST_TEST(Script{}.put(1, 2, "a").cas(3, 4, "a", "c", Answer::unequal, "a").wrong(1));
    BOOST_TEST(Script{}.put(1, 2, "a").cas(3, 4, "b", "c", Answer::unequal, "a").get(5, 6, "c").wrong(1));
}

BOOST_AUTO_TEST_CASE(read_of_a_refused_write) {
    BOOST_TEST(Script{}.put(1, 2, "a", Answer::refused).get(3, 4, {}).ordered());
    BOOST_TEST(Script{}.put(1, 2, "a", Answer::refused).get(3, 4, "a").wrong(1));
    BOOST_TEST(Script{}.cas(1, 2, {}, "a", Answer::refused).get(3, 4, {}).ordered());
    BOOST_TEST(Script{}.cas(1, 2, {}, "a", Answer::refused).get(3, 4, "a").wrong(1));
}

BOOST_AUTO_TEST_CASE(unknown_put) {
    BOOST_TEST(Script{}.lost_put(1, "a").get(3, 4, {}).ordered());
    BOOST_TEST(Script{}.lost_put(1, "a").get(3, 4, "a").ordered());
    BOOST_TEST(Script{}.lost_put(1, "a").get(3, 4, {}).put(5, 6, "b").get(7, 8, "b").get(9, 10, "a").ordered());
    // Seen, then unseen.
    BOOST_TEST(Script{}.lost_put(1, "a").get(3, 4, "a").get(5, 6, {}).wrong(3));
    BOOST_TEST(Script{}.put(1, 2, "b").lost_put(1, "a").get(3, 4, "a").get(5, 6, "b").wrong(4));
    // Seen before it was called.
    BOOST_TEST(Script{}.get(1, 2, "a").lost_put(3, "a").wrong(2));
    // Seen, covered, and seen again: one put cannot do that, two can.
    BOOST_TEST(Script{}.lost_put(1, "a").get(3, 4, "a").put(5, 6, "b").get(7, 8, "a").wrong(4));
    BOOST_TEST(Script{}.lost_put(1, "a").lost_put(1, "a").get(3, 4, "a").put(5, 6, "b").get(7, 8, "a").ordered());
}

BOOST_AUTO_TEST_CASE(unknown_cas) {
    BOOST_TEST(Script{}.lost_cas(1, {}, "a").get(3, 4, "a").ordered());
    BOOST_TEST(Script{}.lost_cas(1, {}, "a").get(3, 4, {}).ordered());
    BOOST_TEST(Script{}.put(1, 2, "b").lost_cas(3, "c", "a").get(5, 6, "a").wrong(2));
    // A chain of which only the last is seen.
    BOOST_TEST(Script{}.lost_put(1, "a").lost_cas(1, "a", "b").lost_cas(1, "b", "c").get(3, 4, "c").ordered());
    BOOST_TEST(Script{}.lost_put(1, "a").lost_cas(1, "b", "c").get(3, 4, "c").wrong(2));
}

BOOST_AUTO_TEST_CASE(failed_get_says_nothing) {
    BOOST_TEST(Script{}.get(1, 2, "a", Answer::refused).get(1, 2, "a", Answer::unknown).get(3, 4, {}).ordered());
}

BOOST_AUTO_TEST_CASE(keys_are_apart) {
    Script script;
    script.put(1, 2, "a").get(3, 4, "a");
    script.key = "y";
    script.get(3, 4, {});
    BOOST_TEST(script.ordered());
    script.get(5, 6, "a");
    BOOST_TEST(script.wrong(1));
}

BOOST_AUTO_TEST_CASE(explanation_can_be_read) {
    Script script;
    for (std::uint64_t i = 0; i < 50; ++i)
        script.put(10 * i, 10 * i + 2, std::to_string(i)).get(10 * i + 4, 10 * i + 5, std::to_string(i));
    script.cas(501, 505, "49", "fifty").lost_put(506, std::string(100, 'z')).get(510, 512, "48").get(520, 521, "49");
    const sim::Linearizability found = script.check();
    BOOST_TEST(found.explanation ==
               "key \"x\": no order explains these answers\n"
               "  from 480 to 482 client 97: put \"48\" (node 0, epoch 0, index 0)\n"
               "  from 490 to 492 client 99: put \"49\" (node 0, epoch 0, index 0)\n"
               "  from 510 to 512 client 103: get gave \"48\" (node 0, epoch 0, index 0)\n");
}

BOOST_AUTO_TEST_CASE(agrees_with_a_checker_that_tries_everything) {
    const auto compared = [](RandomRun run, std::uint64_t seed) {
        const std::size_t wrong = compare(run, seed, 3000);
        BOOST_TEST(wrong > 100u);
        BOOST_TEST(wrong < 2900u);
    };
    for (const std::uint64_t values : {1u, 2u, 3u}) {
        for (const std::uint64_t unknown : {0u, 300'000u, 700'000u}) {
            const std::uint64_t seed = 1'000'000 * values + 10 * unknown;
            compared({.values = values, .unknown = unknown, .wrong = 250'000}, seed);
            compared({.values = values, .clients = 6, .unknown = unknown, .wrong = 400'000, .swaps = 5},
                     seed + 100'000);
            compared({.keys = 2, .values = values, .unknown = unknown, .wrong = 400'000}, seed + 200'000);
            compared({.operations = 5,
                      .values = values,
                      .clients = 5,
                      .unknown = unknown,
                      .wrong = 500'000,
                      .puts = 7,
                      .swaps = 0},
                     seed + 300'000);
        }
    }
}

BOOST_AUTO_TEST_CASE(accepts_what_a_store_that_works_answers) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        RandomRun run{.operations = 200, .keys = 2, .values = seed % 4, .clients = 2 + seed % 7, .unknown = 100'000};
        const sim::Linearizability found = sim::check_linearizable(run.draw(seed));
        BOOST_REQUIRE_MESSAGE(found, "seed " << seed << '\n' << found.explanation);
    }
}

// Bounds on steps and not on time, since the machine of a test may be slow. A step is a few nanoseconds.
BOOST_AUTO_TEST_CASE(long_histories_take_few_steps) {
    const auto check = [](RandomRun run, std::uint64_t steps_max) {
        run.operations = 10'000;
        run.clients = 10;
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            const sim::Linearizability found = sim::check_linearizable(run.draw(seed));
            BOOST_TEST(static_cast<bool>(found), found.explanation);
            BOOST_TEST(found.steps < steps_max);
            BOOST_TEST_MESSAGE("steps: " << found.steps);
        }
    };
    // Written values are all different.
    check({.keys = 3, .values = 0}, 1'000'000);
    check({.keys = 1, .values = 0}, 1'000'000);
    check({.keys = 1, .values = 0, .puts = 10, .swaps = 0}, 1'000'000);
    check({.keys = 1, .values = 0, .puts = 1, .swaps = 9}, 1'000'000);
    check({.keys = 3, .values = 0, .unknown = 50'000, .unknown_max = 90}, 1'000'000);
    check({.keys = 1, .values = 0, .unknown = 200'000, .unknown_max = 90}, 1'000'000);
    // Few values, so that each answer fits many writes.
    check({.keys = 3, .values = 4}, 2'000'000);
    check({.keys = 1, .values = 4}, 50'000'000);
    check({.keys = 3, .values = 4, .unknown = 50'000, .unknown_max = 60, .swaps = 0}, 50'000'000);
}

/// Few values, and many open swaps that may have been any link of any chain between them: some of these are given up.
BOOST_AUTO_TEST_CASE(hard_histories_end_and_are_not_called_wrong) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        RandomRun run{.operations = 5'000, .values = 4, .clients = 10, .unknown = 100'000, .unknown_max = 100};
        const sim::Linearizability found = sim::check_linearizable(run.draw(seed), {.steps_max = 20'000'000});
        BOOST_TEST((found.verdict != Verdict::not_linearizable), found.explanation);
        BOOST_TEST(found.steps < 21'000'000u);
    }
}

BOOST_AUTO_TEST_CASE(gives_up_within_its_budget) {
    RandomRun run{.operations = 2000, .keys = 2, .values = 3, .clients = 10, .unknown = 300'000};
    History history = run.draw(7);
    const sim::Linearizability found = sim::check_linearizable(history, {.steps_max = 1000});
    BOOST_TEST((found.verdict == Verdict::gave_up));
    BOOST_TEST(!found.explanation.empty());
    BOOST_TEST(found.window.empty());

    // What is wrong on another key is found nevertheless.
    Operation wrong;
    wrong.key = "z";
    wrong.answer = Answer::succeeded;
    wrong.output = "never written";
    history.append(wrong);
    const sim::Linearizability again = sim::check_linearizable(history, {.steps_max = 1000});
    BOOST_TEST((again.verdict == Verdict::not_linearizable));
    BOOST_TEST(again.key == "z");
}

BOOST_AUTO_TEST_CASE(one_wrong_answer_in_a_long_history_is_shown_by_few_operations) {
    RandomRun run{.operations = 10'000, .keys = 3, .values = 0, .clients = 10, .unknown = 10'000, .unknown_max = 60};
    const History good = run.draw(11);
    History bad;
    bool spoiled = false;
    std::map<std::string, Value> earlier;
    for (Operation operation : good.operations()) {
        const bool is_get = operation.kind == OperationKind::get && operation.answer == Answer::succeeded;
        if (!spoiled && is_get && bad.operations().size() > 5000) {
            operation.output = earlier[operation.key];
            spoiled = true;
        } else if (is_get && bad.operations().size() < 4000) {
            earlier[operation.key] = operation.output;
        }
        bad.append(operation);
    }
    const sim::Linearizability found = sim::check_linearizable(bad);
    BOOST_TEST((found.verdict == Verdict::not_linearizable));
    BOOST_TEST(found.window.size() <= 6u, found.explanation);
    BOOST_TEST_MESSAGE(found.explanation << found.steps);
    BOOST_TEST(found.steps < 30'000'000u);
}

BOOST_AUTO_TEST_SUITE_END()
