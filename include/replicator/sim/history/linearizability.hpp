// SPDX-License-Identifier: BSL-1.0
// Whether a history could have come from one copy of the store that does one operation at a time.
//
// Every operation must take effect at one moment between its call and its return, and the answers must fit that order
// (Herlihy and Wing, "Linearizability: a correctness condition for concurrent objects", TOPLAS 12(3), 1990, section 2).
// Keys are checked one by one, which is enough: the same paper, section 3.1, locality, and for the keys of one map Horn
// and Kroening, "Faster linearizability checking via P-compositionality", FORTE 2015.
// The search is that of Wing and Gong ("Testing and verifying concurrent objects", JPDC 17, 1993) in the
// form of Lowe ("Testing for linearizability", CCPE 29(4), 2017, just-in-time linearization on a graph): it goes
// through the calls and returns in the order of time and holds every configuration that is possible so far, that is
// which of the open operations took effect and what the key holds, each once. An operation takes effect when its return
// needs that and not before. When no configuration is left, the operation that just returned has an answer that no
// order explains.
//
// Conventions
// * At first no key is there. Two operations of which one returns at the instant when the other is called may come in
//   either order; a clock that counts events gives the sharpest verdict.
// * unknown: a put or a cas takes effect at any time after its call, or never; a get tells nothing.
// * refused: never has an effect, and tells nothing. So whoever reads the value of a refused write is found out.
// * unequal (cas): a read of `output`. It fits no order at all when `output` is what was expected.
#pragma once

#include "history.hpp"
#include "register_search.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace replicator::sim {

enum class LinearizabilityVerdict : std::uint8_t {
    linearizable,
    not_linearizable,
    gave_up,  ///< the budget of steps ran out on a key, and no other key is wrong
};

struct LinearizabilityLimits {
    /// For each key, and as many again to shorten the explanation. A step is one look of one configuration at one open
    /// operation, so it is short, and a history cannot make it longer. The memory is at most a few bytes for each step.
    std::uint64_t steps_max = 100'000'000;
};

struct Linearizability {
    LinearizabilityVerdict verdict = LinearizabilityVerdict::linearizable;
    std::string key;                ///< that is wrong, or too hard
    std::vector<Operation> window;  ///< few operations of that key, by call, that have no order even without the rest
    std::string explanation;        ///< the same as text
    std::uint64_t steps = 0;        ///< taken for all keys

    [[nodiscard]] explicit operator bool() const noexcept { return verdict == LinearizabilityVerdict::linearizable; }
};

namespace linearizability {

/// The operations of one key as moves of a register, whose values are numbers.
class KeyHistory {
public:
    void add(const Operation& operation) {
        const bool is_get = operation.kind == OperationKind::get;
        const Answer answer = operation.answer;
        if (answer == Answer::refused || (is_get && answer == Answer::unknown)) return;
        Move move;
        move.called = operation.called;
        move.returned = answer == Answer::unknown ? forever : (std::max)(operation.called, operation.returned);
        if (is_get || answer == Answer::unequal) {
            move.kind = MoveKind::read;
            move.observed = number(operation.output);
            move.impossible = !is_get && operation.output == operation.expected;
        } else {
            move.kind = operation.kind == OperationKind::put ? MoveKind::write : MoveKind::swap;
            move.written = number(operation.value);
            if (move.kind == MoveKind::swap) move.observed = number(operation.expected);
        }
        moves_.push_back(move);
        sources_.push_back(&operation);
    }

    [[nodiscard]] const std::vector<Move>& moves() const noexcept { return moves_; }
    [[nodiscard]] std::size_t values() const noexcept { return numbers_.size(); }
    [[nodiscard]] const Operation& source(std::size_t move) const noexcept { return *sources_[move]; }

private:
    std::uint32_t number(const Value& value) {
        return numbers_.try_emplace(value, static_cast<std::uint32_t>(numbers_.size())).first->second;
    }

    std::map<Value, std::uint32_t> numbers_{{Value{}, initial_value}};
    std::vector<Move> moves_;
    std::vector<const Operation*> sources_;
};

/// Leaves out of a history that cannot be ordered what it does not take for that.
///
/// Only such operations are left out whose absence explains nothing: an operation that changes nothing; and one that
/// wrote what nobody among the rest observes. Any order of the whole, without these, is an order of the rest. So the
/// rest is evidence on its own, and the reader need not trust what is not shown.
class Shortening {
public:
    Shortening(const KeyHistory& history, std::uint64_t steps_max)
        : history_(history), moves_(history.moves()), steps_max_(steps_max), kept_(moves_.size()) {
        std::iota(kept_.begin(), kept_.end(), std::size_t{0});
        std::stable_sort(kept_.begin(), kept_.end(),
                         [this](std::size_t a, std::size_t b) { return moves_[a].called < moves_[b].called; });
    }

    /// Positions of what is left, by call.
    [[nodiscard]] const std::vector<std::size_t>& run() {
        for (std::size_t size = std::max<std::size_t>(kept_.size() / 2, 1); size > 1; size /= 2) leave_out(size);
        while (leave_out(1)) {
        }
        return kept_;
    }
    [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }

private:
    /// One pass over everything, `size` operations at a time. True when it left out something.
    bool leave_out(std::size_t size) {
        bool shorter = false;
        for (std::size_t begin = 0; begin < kept_.size() && steps_ < steps_max_;) {
            std::vector<std::size_t> rest = without(begin, (std::min)(begin + size, kept_.size()));
            if (rest.size() < kept_.size() && fails(rest)) {
                kept_ = std::move(rest);
                shorter = true;
            } else {
                begin += size;
            }
        }
        return shorter;
    }

    /// All but those from `begin` to `end` whose absence explains nothing.
    [[nodiscard]] std::vector<std::size_t> without(std::size_t begin, std::size_t end) const {
        std::vector<bool> out(kept_.size(), false);
        std::vector<std::size_t> observers(history_.values(), 0);
        for (std::size_t i = 0; i < kept_.size(); ++i) {
            out[i] = i >= begin && i < end;
            if (!out[i] && moves_[kept_[i]].observes()) ++observers[moves_[kept_[i]].observed];
        }
        for (bool stable = false; !stable;) {
            stable = true;
            for (std::size_t i = begin; i < end; ++i) {
                const Move& move = moves_[kept_[i]];
                if (!out[i] || !move.writes() || observers[move.written] == 0) continue;
                out[i] = stable = false;
                if (move.observes()) ++observers[move.observed];
            }
        }
        std::vector<std::size_t> rest;
        for (std::size_t i = 0; i < kept_.size(); ++i) {
            if (!out[i]) rest.push_back(kept_[i]);
        }
        return rest;
    }

    [[nodiscard]] bool fails(const std::vector<std::size_t>& rest) {
        std::vector<Move> moves;
        moves.reserve(rest.size());
        for (const std::size_t i : rest) moves.push_back(moves_[i]);
        const SearchResult result = search_order(moves, history_.values(), steps_max_ - steps_);
        steps_ += result.steps + rest.size();
        return result.end == SearchEnd::failed;
    }

    const KeyHistory& history_;
    const std::vector<Move>& moves_;
    std::uint64_t steps_max_;
    std::vector<std::size_t> kept_;
    std::uint64_t steps_ = 0;
};

/// A value for people: as JSON, and cut when it is long.
inline void append_readable(std::string& text, const Value& value) {
    constexpr std::size_t bytes_max = 60;
    if (!value) {
        text += "nothing";
    } else if (value->size() <= bytes_max) {
        json::append_string(text, *value);
    } else {
        json::append_string(text, value->substr(0, bytes_max));
        text += "... (" + std::to_string(value->size()) + " bytes)";
    }
}

/// One operation as a line, such as: from 10 to 20 client 1: put "a" (node 1, epoch 1, index 7)
inline void append_line(std::string& text, const Operation& operation) {
    text += "  from " + std::to_string(operation.called);
    text += operation.answer == Answer::unknown ? " on" : " to " + std::to_string(operation.returned);
    text += " client " + std::to_string(operation.client) + ": " + to_string(operation.kind);
    if (operation.kind == OperationKind::cas) append_readable(text += ' ', operation.expected);
    if (operation.kind == OperationKind::cas) text += " to";
    if (operation.kind != OperationKind::get) append_readable(text += ' ', operation.value);
    if (operation.answer == Answer::unknown) text += ", outcome unknown";
    if (operation.answer == Answer::refused) text += ", refused";
    if (operation.answer == Answer::unequal) append_readable(text += ", unequal to ", operation.output);
    if (operation.kind == OperationKind::get) append_readable(text += " gave ", operation.output);
    text += " (node " + std::to_string(value(operation.node)) + ", epoch " + std::to_string(operation.epoch) +
            ", index " + std::to_string(operation.index.value) + ")\n";
}

inline void explain(Linearizability& found, const KeyHistory& history, const std::vector<std::size_t>& moves) {
    found.explanation = "key ";
    append_readable(found.explanation, found.key);
    found.explanation += moves.size() == 1 ? ": this answer is impossible\n" : ": no order explains these answers\n";
    for (const std::size_t move : moves) {
        found.window.push_back(history.source(move));
        append_line(found.explanation, found.window.back());
    }
}

}  // namespace linearizability

/// Checks every key, until one is wrong. Takes time that is about linear in the length of a history whose written
/// values are all different; with equal values, many open operations make it harder. It always ends: see
/// LinearizabilityLimits.
[[nodiscard]] inline Linearizability check_linearizable(const History& history, LinearizabilityLimits limits = {}) {
    std::map<std::string, linearizability::KeyHistory> keys;
    for (const Operation& operation : history.operations()) keys[operation.key].add(operation);
    Linearizability result;
    for (const auto& [key, moves] : keys) {
        const linearizability::SearchResult found =
            linearizability::search_order(moves.moves(), moves.values(), limits.steps_max);
        result.steps += found.steps;
        if (found.end == linearizability::SearchEnd::ordered) continue;
        if (found.end == linearizability::SearchEnd::failed || result.verdict == LinearizabilityVerdict::linearizable)
            result.key = key;
        if (found.end == linearizability::SearchEnd::gave_up) {
            result.verdict = LinearizabilityVerdict::gave_up;
            continue;
        }
        result.verdict = LinearizabilityVerdict::not_linearizable;
        linearizability::Shortening shortening(moves, limits.steps_max);
        linearizability::explain(result, moves, shortening.run());
        result.steps += shortening.steps();
        return result;
    }
    if (result.verdict == LinearizabilityVerdict::gave_up) {
        result.explanation = "key ";
        linearizability::append_readable(result.explanation, result.key);
        result.explanation += ": not decided within the limit of steps\n";
    }
    return result;
}

}  // namespace replicator::sim
