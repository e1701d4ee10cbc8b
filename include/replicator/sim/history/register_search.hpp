// SPDX-License-Identifier: BSL-1.0
// The search for an order of the operations of one key, a register that can be read, written, and swapped when equal.
//
// It goes through the calls and returns in the order of time. Between two of them it holds every configuration that is
// possible so far: what the register holds, and which of the open moves took effect. A move takes effect when a return
// needs it and not before. What keeps the configurations few, each with the reason why nothing is missed:
// * A read of what the register holds now takes effect at once: it changes nothing, and waiting cannot help it.
// * Of equal moves that are both open the one that returns first goes first: in any order, these two can trade places.
// * A write of what nobody observes any more goes just before any other write: there it is covered at once.
// * A value that someone must still observe is not covered when nobody is left to write it again.
// * A move without a return counts only when the next move observes what it writes: without it, the order is one too.
//   So one whose value nobody ever observes is left out, and the others are forgotten after the last such return.
// * Of two configurations that differ in moves without a return only, the one that used fewer can do all the other can.
#pragma once

#include "configurations.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace replicator::sim::linearizability {

/// The return of a move that has none.
inline constexpr std::uint64_t forever = ~std::uint64_t{0};
/// What the register holds at first.
inline constexpr std::uint32_t initial_value = 0;
/// Stands for every value that nobody observes any more.
inline constexpr std::uint32_t forgotten_value = ~std::uint32_t{0};

enum class MoveKind : std::uint8_t { read, write, swap };

/// An operation as the search sees it. Values are numbers.
struct Move {
    MoveKind kind = MoveKind::read;
    bool impossible = false;     ///< no order has it
    std::uint32_t observed = 0;  ///< read and swap
    std::uint32_t written = 0;   ///< write and swap
    std::uint64_t called = 0;
    std::uint64_t returned = forever;

    [[nodiscard]] bool open() const noexcept { return returned == forever; }
    [[nodiscard]] bool observes() const noexcept { return kind != MoveKind::write && !impossible; }
    [[nodiscard]] bool writes() const noexcept { return kind != MoveKind::read; }
};

enum class SearchEnd : std::uint8_t { ordered, failed, gave_up };

struct SearchResult {
    SearchEnd end = SearchEnd::ordered;
    std::uint64_t steps = 0;
};

class RegisterSearch {
public:
    /// Keeps no more than the first `width_max` configurations from one return to the next. If it left out some and
    /// finds no order, it gives up, since one of those might have led to one.
    RegisterSearch(std::vector<Move> moves, std::size_t values, std::uint64_t steps_max, std::size_t width_max)
        : moves_(std::move(moves)),
          steps_max_(steps_max),
          width_max_(width_max),
          writers_(values, 0),
          observers_(values, 0),
          askers_(values, 0),
          wanted_(values, 0) {}

    [[nodiscard]] SearchResult run() {
        schedule();
        frontier_.add(initial_value);
        for (const Event& event : events_) {
            if (event.kind == EventKind::call) {
                begin(event.move);
                continue;
            }
            if (event.kind == EventKind::come_back) {
                if (!settle(event.move)) return {SearchEnd::gave_up, steps_};
                if (frontier_.size() == 0) return {narrowed_ ? SearchEnd::gave_up : SearchEnd::failed, steps_};
            }
            finish(event.move);
        }
        return {SearchEnd::ordered, steps_};
    }

private:
    enum class EventKind : std::uint8_t { call, come_back, forget };
    struct Event {
        std::uint64_t time;
        EventKind kind;
        std::size_t move;
    };
    /// A move between its call and its return.
    struct Pending {
        std::size_t move;
        std::size_t slot;  ///< its bit in every configuration
    };

    /// Sorts calls before returns of the same instant, so that these overlap. Leaves out open moves that are no use.
    void schedule() {
        const std::vector<std::uint64_t> last_use = last_uses();
        std::map<std::tuple<MoveKind, std::uint32_t, std::uint32_t>, std::uint32_t> kinds;
        for (std::size_t i = 0; i < moves_.size(); ++i) {
            const Move& move = moves_[i];
            const auto number = static_cast<std::uint32_t>(kinds.size());
            equals_.push_back(kinds.try_emplace({move.kind, move.observed, move.written}, number).first->second);
            std::uint64_t end = move.returned;
            if (move.open()) {
                if (!move.writes() || last_use[move.written] < move.called) continue;
                end = last_use[move.written];
            }
            events_.push_back({move.called, EventKind::call, i});
            events_.push_back({end, move.open() ? EventKind::forget : EventKind::come_back, i});
            if (move.writes()) ++writers_[move.written];
            if (move.observes()) ++askers_[move.observed];
            if (move.observes() && !move.open()) ++observers_[move.observed];
        }
        std::sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) {
            return std::tie(a.time, a.kind, a.move) < std::tie(b.time, b.kind, b.move);
        });
        tried_.assign(kinds.size(), 0);
        std::size_t together = 0;
        std::size_t together_max = 0;
        for (const Event& event : events_) {
            together += event.kind == EventKind::call ? 1u : ~std::size_t{0};
            together_max = (std::max)(together_max, together);
        }
        for (std::size_t slot = together_max; slot > 0; --slot) free_slots_.push_back(slot - 1);
        frontier_ = Configurations(together_max);
        seen_ = Configurations(together_max);
        open_mask_ = Configurations(together_max);
        open_mask_.add(0);
    }

    /// For each value, when the last move returns that may observe it; 0 when none does. An open swap observes one
    /// value only so that another may be observed.
    [[nodiscard]] std::vector<std::uint64_t> last_uses() const {
        std::vector<std::uint64_t> last_use(writers_.size(), 0);
        for (const Move& move : moves_) {
            if (move.observes() && !move.open())
                last_use[move.observed] = (std::max)(last_use[move.observed], move.returned);
        }
        for (bool stable = false; !stable;) {
            stable = true;
            for (const Move& move : moves_) {
                if (move.kind != MoveKind::swap || !move.open() || last_use[move.written] <= last_use[move.observed])
                    continue;
                last_use[move.observed] = last_use[move.written];
                stable = false;
            }
        }
        return last_use;
    }

    /// Pending moves are kept in the order of their returns, so that the first of equal ones is the one to take.
    void begin(std::size_t move) {
        const std::size_t slot = free_slots_.back();
        free_slots_.pop_back();
        const auto place = std::upper_bound(pending_.begin(), pending_.end(), moves_[move].returned,
                                            [this](std::uint64_t returned, const Pending& pending) {
                                                return returned < moves_[pending.move].returned;
                                            });
        pending_.insert(place, {move, slot});
        if (moves_[move].open()) open_mask_.at(0).set(slot);
    }

    /// The move is over: nobody looks at its bit any more.
    void finish(std::size_t move) {
        const auto place = std::find_if(pending_.begin(), pending_.end(),
                                        [move](const Pending& pending) { return pending.move == move; });
        const std::size_t slot = place->slot;
        pending_.erase(place);
        free_slots_.push_back(slot);
        for (std::size_t i = 0; i < frontier_.size(); ++i) frontier_.at(i).clear(slot);
        open_mask_.at(0).clear(slot);
        const Move& over = moves_[move];
        if (over.writes()) --writers_[over.written];
        if (over.observes()) --askers_[over.observed];
        if (over.observes() && !over.open()) --observers_[over.observed];
        frontier_.keep_best(open_mask_.at(0), steps_);
    }

    /// Replaces the frontier by all configurations in which `target` took effect. False when the budget ran out.
    bool settle(std::size_t target) {
        const std::size_t target_slot = slot_of(target);
        seen_.reset();
        Configurations next(seen_.slots());
        for (std::size_t i = 0; i < frontier_.size(); ++i) {
            Configuration start = frontier_.at(i);
            tidy(start);
            seen_.add_if_new(start);
        }
        // What is found is appended, and stands in line to be looked at.
        for (std::size_t i = 0; i < seen_.size(); ++i) {
            if (steps_ > steps_max_) return false;
            if (next.size() >= width_max_) {
                narrowed_ = true;
                break;
            }
            current_.assign(seen_.at(i));
            if (current_.view().has(target_slot)) {
                next.add_if_new(current_.view());
                continue;
            }
            extend();
        }
        std::swap(frontier_, next);
        return steps_ <= steps_max_;
    }

    /// Every configuration that is one move away from the current one.
    void extend() {
        ++round_;
        steps_ += pending_.size() * 2;
        for (const Pending& pending : pending_) {
            const Move& move = moves_[pending.move];
            if (move.observes() && !current_.view().has(pending.slot)) wanted_[move.observed] = round_;
        }
        for (const Pending& pending : pending_) {
            const Move& move = moves_[pending.move];
            if (!move.writes() || current_.view().has(pending.slot)) continue;
            if (tried_[equals_[pending.move]] == round_) continue;
            const bool fits = move.kind == MoveKind::swap ? move.observed == current_.view().value()
                                                          : !current_.view().must_be_observed();
            if (!fits) continue;
            if (move.open() && wanted_[move.written] != round_) continue;
            tried_[equals_[pending.move]] = round_;
            candidate_.assign(current_.view());
            if (apply(candidate_.view(), pending)) seen_.add_if_new(candidate_.view());
        }
    }

    /// False when it makes the history impossible.
    bool apply(Configuration configuration, const Pending& pending) {
        const Move& move = moves_[pending.move];
        configuration.set(pending.slot);
        if (move.kind == MoveKind::write) cover_unobserved(configuration);
        const std::uint32_t before = configuration.value();
        if (before != move.written && before != forgotten_value && is_lost(configuration, before)) return false;
        configuration.set_value(move.written);
        if (!tidy(configuration) && move.open()) configuration.set_must_be_observed();
        return true;
    }

    /// Whether someone must still observe `value`, and nobody is left to write it.
    [[nodiscard]] bool is_lost(Configuration configuration, std::uint32_t value) {
        std::size_t observers = observers_[value];
        std::size_t writers = writers_[value];
        if (observers == 0) return false;
        steps_ += pending_.size();
        for (const Pending& pending : pending_) {
            if (!configuration.has(pending.slot)) continue;
            const Move& move = moves_[pending.move];
            if (move.observes() && !move.open() && move.observed == value) --observers;
            if (move.writes() && move.written == value) --writers;
        }
        return observers > 0 && writers == 0;
    }

    /// Everything that may as well take effect at once. True when that is a read.
    bool tidy(Configuration configuration) {
        steps_ += pending_.size();
        const std::uint32_t value = configuration.value();
        bool reads = false;
        if (value != forgotten_value) {
            for (const Pending& pending : pending_) {
                const Move& move = moves_[pending.move];
                if (move.kind != MoveKind::read || !move.observes() || move.observed != value) continue;
                reads = reads || !configuration.has(pending.slot);
                configuration.set(pending.slot);
            }
            if (askers_[value] > 0) return reads;
        }
        configuration.set_value(forgotten_value);
        cover_unobserved(configuration);
        return reads;
    }

    /// Writes of what nobody observes any more, just before another write or after one of their own kind.
    void cover_unobserved(Configuration configuration) {
        steps_ += pending_.size();
        for (const Pending& pending : pending_) {
            const Move& move = moves_[pending.move];
            if (move.kind == MoveKind::write && !move.open() && askers_[move.written] == 0)
                configuration.set(pending.slot);
        }
    }

    [[nodiscard]] std::size_t slot_of(std::size_t move) const {
        for (const Pending& pending : pending_) {
            if (pending.move == move) return pending.slot;
        }
        return 0;
    }

    std::vector<Move> moves_;
    std::uint64_t steps_max_;
    std::uint64_t steps_ = 0;
    std::size_t width_max_;
    bool narrowed_ = false;
    std::vector<Event> events_;
    std::vector<std::uint32_t> equals_;  // of each move: equal moves have the same number

    // Moves that are not over yet, by value.
    std::vector<std::size_t> writers_;
    std::vector<std::size_t> observers_;  // that must
    std::vector<std::size_t> askers_;     // that must or may

    std::vector<Pending> pending_;
    std::vector<std::size_t> free_slots_;
    Configurations frontier_;
    Configurations seen_;
    Configurations open_mask_;
    OneConfiguration current_;
    OneConfiguration candidate_;

    // In which round a value was last asked for, and a kind of move last tried.
    std::uint64_t round_ = 0;
    std::vector<std::uint64_t> wanted_;
    std::vector<std::uint64_t> tried_;
};

/// Looks first where an order is soonest found, among the configurations that used the fewest moves without a return,
/// and then ever wider. A history that is right seldom needs more than the first look, even when many values are equal.
[[nodiscard]] inline SearchResult search_order(const std::vector<Move>& moves, std::size_t values,
                                               std::uint64_t steps_max) {
    SearchResult result;
    for (std::size_t width = 16;; width *= 8) {
        const SearchResult look = RegisterSearch(moves, values, steps_max - result.steps, width).run();
        result = {look.end, result.steps + look.steps};
        if (look.end != SearchEnd::gave_up || result.steps >= steps_max) return result;
    }
}

}  // namespace replicator::sim::linearizability
