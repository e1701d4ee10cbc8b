// SPDX-License-Identifier: BSL-1.0
// Whether reads that may be old show what is promised for them: a state that the leader once had, and in one session
// never an older one than before.
//
// Such reads are no part of a linearizable history. They are judged by when a value can have been there: a write takes
// effect between its call and its return, or, when nobody knows its end, at any time after its call; where somebody
// read it at the leader, or a cas found it, it had taken effect by then. So a value is *surely older* than another one
// of its key when it had taken effect, at the latest, before the other could at the earliest. What overlaps is given
// the benefit of the doubt, so everything that is found is wrong for sure.
//
// Conventions
// * A session is what one client was told by one node; its reads are in the order of their calls. A client that
//   connects again, and may find a node that started again, begins another one.
// * A read with an `index` is one that asked for at least what the session had written; it is compared with the writes
//   of its client at all nodes, too.
// * A value that two writes have is not judged. Nothing (no value) may have been at first, so it is never judged.
#pragma once

#include "operation.hpp"
#include "operation_json.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace replicator::sim {

struct StaleReads {
    std::size_t checked = 0;  ///< reads that showed something
    std::size_t skipped = 0;  ///< reads that showed nothing, a value that two writes have, or had no answer
    std::size_t sessions = 0;
    std::size_t wrong = 0;
    std::string explanation;  ///< of the first that is wrong

    [[nodiscard]] explicit operator bool() const noexcept { return wrong == 0; }
};

namespace stale_reads {

/// When the value of one write can have come to its key.
struct Span {
    const Operation* write = nullptr;
    std::uint64_t earliest = 0;
    std::uint64_t latest = ~std::uint64_t{0};
    bool ambiguous = false;
};

class Check {
public:
    Check(std::span<const Operation> ordered, std::span<const Operation> stale) {
        for (const Operation& operation : ordered) add_write(operation);
        for (const Operation& operation : ordered) add_sight(operation);
        std::vector<const Operation*> reads;
        for (const Operation& read : stale) reads.push_back(&read);
        std::stable_sort(reads.begin(), reads.end(),
                         [](const Operation* a, const Operation* b) { return a->called < b->called; });
        for (const Operation& operation : ordered) {
            if (operation.kind != OperationKind::get && operation.answer == Answer::succeeded)
                own_.push_back(&operation);
        }
        for (const Operation* read : reads) look_at(*read);
        found_.sessions = sessions_.size();
    }

    [[nodiscard]] const StaleReads& found() const noexcept { return found_; }

private:
    using Key = std::pair<std::string, std::string>;  // a key and a value of it

    void add_write(const Operation& operation) {
        const bool may_be_there = operation.answer == Answer::succeeded || operation.answer == Answer::unknown;
        if (operation.kind == OperationKind::get || !operation.value || !may_be_there) return;
        const auto [place, is_new] = spans_.try_emplace({operation.key, *operation.value});
        Span& span = place->second;
        span.ambiguous = !is_new;
        span.write = &operation;
        span.earliest = operation.called;
        if (operation.answer == Answer::succeeded) span.latest = operation.returned;
    }

    /// Somebody saw a value at the leader.
    void add_sight(const Operation& operation) {
        const bool reads = operation.kind == OperationKind::get && operation.answer == Answer::succeeded;
        const bool compares = operation.kind == OperationKind::cas;
        const Value& seen = reads || operation.answer == Answer::unequal ? operation.output : operation.expected;
        const bool saw =
            reads || (compares && operation.answer != Answer::refused && operation.answer != Answer::unknown);
        if (!saw || !seen) return;
        const auto place = spans_.find({operation.key, *seen});
        if (place != spans_.end()) place->second.latest = (std::min)(place->second.latest, operation.returned);
    }

    void look_at(const Operation& read) {
        if (read.kind != OperationKind::get || read.answer != Answer::succeeded || !read.output) {
            ++found_.skipped;
            return;
        }
        const auto place = spans_.find({read.key, *read.output});
        if (place == spans_.end() || read.returned < place->second.earliest) {
            return complain("it shows what the leader never had:", read, nullptr);
        }
        if (place->second.ambiguous) {
            ++found_.skipped;
            return;
        }
        ++found_.checked;
        const Span& shown = place->second;
        auto& newest = sessions_[{read.client, read.node}][read.key];
        if (newest != nullptr && shown.latest < newest->earliest) {
            return complain("it is older than what this session had read:", read, newest->write);
        }
        // What surely came last is what later reads are compared with.
        if (newest == nullptr || newest->earliest < shown.earliest) newest = &shown;
        if (read.index == Index{}) return;
        for (const Operation* write : own_) {
            const bool before =
                write->client == read.client && write->key == read.key && write->returned <= read.called;
            if (before && shown.latest < write->called) {
                return complain("it is older than what this session had written:", read, write);
            }
        }
    }

    void complain(const char* what, const Operation& read, const Operation* write) {
        if (++found_.wrong > 1) return;
        found_.explanation = "a read that may be old is wrong, " + std::string(what) + "\n  " + to_json(read) + '\n';
        if (write != nullptr) found_.explanation += "  " + to_json(*write) + '\n';
    }

    std::map<Key, Span> spans_;
    std::map<std::pair<std::uint64_t, NodeId>, std::map<std::string, const Span*>> sessions_;
    std::vector<const Operation*> own_;
    StaleReads found_;
};

}  // namespace stale_reads

/// See the head of this file. `ordered`: what is checked to be linearizable. `stale`: reads that may be old.
/// O(n log n), and for reads with an index O(writes) each.
[[nodiscard]] inline StaleReads check_stale_reads(std::span<const Operation> ordered,
                                                  std::span<const Operation> stale) {
    return stale_reads::Check(ordered, stale).found();
}

}  // namespace replicator::sim
