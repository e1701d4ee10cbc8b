// SPDX-License-Identifier: BSL-1.0
// What must hold in every state, whoever did what in which order. It knows what was promised to clients, and reads the
// logs of the nodes; it believes nothing that they say of themselves.
#pragma once

#include "group.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace search {

/// What a log has: the chain at each index.
struct Line {
    std::uint64_t base = 0;
    std::uint64_t last = 0;
    std::array<Chain, 48> chains{};

    [[nodiscard]] bool has(Index index) const { return base <= index.value && index.value <= last; }
    [[nodiscard]] bool has(Index index, Chain chain) const { return has(index) && chains[index.value] == chain; }
};

[[nodiscard]] inline Line line_of(const Log& log) {
    Line line{log.base().index.value, log.last().value, {}};
    REPLICATOR_ASSERT(line.last < line.chains.size());
    line.chains[line.base] = log.base().chain;
    for (Cursor at = log.begin(); at.index <= log.last();) {
        const EntryHeader header = load_entry_header(log.read(at).bytes.data());
        line.chains[at.index.value] = header.chain;
        at = {at.index + 1, at.offset + header.bytes()};
    }
    return line;
}

/// What clients were told, and what only the past knows.
struct Past {
    struct Write {
        WriteState state = WriteState::pending;
        std::uint8_t place = 0;  ///< of the leader that took it
        Run run{};               ///< and its run
        Position position;
        Chain chain{};
        bool fenced = false;  ///< it must not be acknowledged any more
    };
    struct Opened {
        Epoch epoch;
        Index first;
        Chain chain{};
        bool forced = false;
    };
    struct Former {
        std::uint8_t place = 0;
        Incarnation incarnation{};
        std::uint8_t held = 0;  ///< which writes, as bits
    };

    std::array<Write, 8> writes{};
    std::uint8_t write_count = 0;
    std::array<Opened, 8> opened{};
    std::uint8_t opened_count = 0;
    std::array<Former, 4> former{};
    std::uint8_t former_count = 0;
    std::array<Chain, 48> committed{};  ///< by whoever committed first

    void put(Words& words) const {
        words.put(write_count, opened_count, former_count);
        for (std::size_t i = 0; i < write_count; ++i) {
            const Write& write = writes[i];
            words.put(write.state, write.place, write.run, write.position, write.chain, write.fenced);
        }
        for (std::size_t i = 0; i < opened_count; ++i) {
            words.put(opened[i].epoch, opened[i].first, opened[i].chain, opened[i].forced);
        }
        for (std::size_t i = 0; i < former_count; ++i) {
            words.put(former[i].place, former[i].incarnation, former[i].held);
        }
        for (const Chain chain : committed) {
            if (chain != Chain{}) words.put(chain);
        }
    }

    /// An epoch that was allowed to lose the entry at `position`, because somebody asked for it by name.
    [[nodiscard]] bool lost_on_purpose(Position position) const {
        for (std::size_t i = 0; i < opened_count; ++i) {
            if (opened[i].forced && position.epoch < opened[i].epoch && opened[i].first <= position.index) return true;
        }
        return false;
    }
    [[nodiscard]] bool forced_at_or_below(Index index) const {
        for (std::size_t i = 0; i < opened_count; ++i) {
            if (opened[i].forced && opened[i].first <= index) return true;
        }
        return false;
    }
};

template <class Ack>
class Promises {
public:
    explicit Promises(const Group<Ack>& group) : group_(&group) { static_cast<void>(check()); }

    [[nodiscard]] Past& past() { return past_; }
    [[nodiscard]] const Past& past() const { return past_; }

    void wrote(std::size_t place, Position position) {
        const auto& self = group_->inside(place).self();
        past_.writes[past_.write_count++] = {.state = WriteState::pending,
                                             .place = static_cast<std::uint8_t>(place),
                                             .run = self.run,
                                             .position = position,
                                             .chain = self.log().chain(),
                                             .fenced = false};
    }

    /// Just before the process at `place` dies.
    void dies(std::size_t place) {
        const auto& self = group_->inside(place).self();
        const Line line = line_of(self.log());
        Past::Former former{static_cast<std::uint8_t>(place), self.incarnation, 0};
        for (std::size_t i = 0; i < past_.write_count; ++i) {
            Past::Write& write = past_.writes[i];
            if (line.has(write.position.index, write.chain)) former.held |= static_cast<std::uint8_t>(1u << i);
            const bool its_own = write.place == place && write.state == WriteState::pending;
            if (its_own) write.state = WriteState::unknown;
        }
        past_.former[past_.former_count++ % past_.former.size()] = former;
    }

    /// What is wrong; empty when nothing is.
    [[nodiscard]] std::string check() {
        for (std::size_t i = 0; i < node_count; ++i) lines_[i] = line_of(self(i).log());
        std::string failure;
        for (std::size_t i = 0; i < node_count && failure.empty(); ++i) {
            if (self(i).role == Role::leader) failure = check_leader(i);
        }
        for (std::size_t i = 0; i < node_count && failure.empty(); ++i) failure = check_node(i);
        for (std::size_t i = 0; i < past_.write_count && failure.empty(); ++i) failure = check_write(i);
        if (failure.empty()) failure = check_lines();
        return failure;
    }

private:
    static constexpr Guarantee guarantee = guarantee_of<Ack>(node_count, Stage::received);

    [[nodiscard]] const auto& self(std::size_t place) const { return group_->inside(place).self(); }
    [[nodiscard]] static std::string name(std::size_t place) { return "node " + std::to_string(place + 1); }
    [[nodiscard]] static std::string name(Epoch epoch) {
        return "epoch " + std::to_string(epoch.counter) + " of node " + std::to_string(value(epoch.node));
    }

    [[nodiscard]] std::string check_node(std::size_t place) {
        const auto& own = self(place);
        if (own.role == Role::faulted) return name(place) + " is faulted: " + to_string(own.fault);
        if (own.commit > own.log().last()) return name(place) + " commits what it does not hold";
        if (group_->node(place).applied() > own.commit) return name(place) + " applies what is not committed";
        if (const std::string failure = check_state(place); !failure.empty()) return failure;
        for (std::uint64_t i = lines_[place].base + 1; i <= own.commit.value; ++i) {
            Chain& first = past_.committed[i];
            if (first == Chain{}) first = lines_[place].chains[i];
            if (first == lines_[place].chains[i] || past_.forced_at_or_below({i})) continue;
            return name(place) + " commits another entry at " + std::to_string(i) + " than somebody before";
        }
        return {};
    }

    /// The state is what the log says, as long as the log has all.
    [[nodiscard]] std::string check_state(std::size_t place) const {
        const auto& log = self(place).log();
        if (log.base().index != Index{}) return {};
        Machine machine;
        const Index applied = group_->node(place).applied();
        for (Cursor at = log.begin(); at.index <= applied;) {
            const std::byte* const entry = log.read(at).bytes.data();
            const EntryHeader header = load_entry_header(entry);
            if (header.type() == EntryType::command) machine.apply({load<std::uint64_t>(entry_body(entry).data())});
            at = {at.index + 1, at.offset + header.bytes()};
        }
        return machine == group_->node(place).state() ? "" : name(place) + " has not applied what its log says";
    }

    [[nodiscard]] std::string check_leader(std::size_t place) {
        const auto& own = self(place);
        if (own.epoch.node != own.id) return name(place) + " leads an epoch that another node opened";
        const core::EpochStart* start = nullptr;
        for (const core::EpochStart& each : own.epochs().all()) {
            if (each.epoch == own.epoch) start = &each;
        }
        if (start == nullptr) return name(place) + " leads an epoch that its log does not have";
        const Chain chain = lines_[place].chains[start->first.value];
        bool known = false;
        for (std::size_t i = 0; i < past_.opened_count; ++i) {
            const Past::Opened& opened = past_.opened[i];
            if (opened.epoch != own.epoch) continue;
            known = true;
            if (opened.chain != chain) return name(own.epoch) + " was opened twice";
        }
        if (!known) {
            REPLICATOR_ASSERT(past_.opened_count < past_.opened.size());
            past_.opened[past_.opened_count++] = {own.epoch, start->first, chain, start->forced};
        }
        for (std::size_t other = 0; other < place; ++other) {
            if (self(other).role == Role::leader && self(other).epoch == own.epoch)
                return "two nodes lead " + name(own.epoch);
        }
        return {};
    }

    [[nodiscard]] bool holds(std::size_t place, const Past::Write& write, std::size_t number) const {
        if (lines_[place].has(write.position.index)) return lines_[place].has(write.position.index, write.chain);
        const bool before = write.position.index.value < lines_[place].base;
        return before && group_->node(place).state().contains(static_cast<std::uint8_t>(number + 1));
    }

    [[nodiscard]] std::string check_write(std::size_t number) {
        Past::Write& write = past_.writes[number];
        const std::string what = "write " + std::to_string(number + 1);
        if (write.state == WriteState::pending) {
            // Who holds it is asked after whether it was acknowledged: both come with the same step.
            const WriteState now = group_->node(write.place).outcome({write.position}).state;
            if (now != WriteState::acknowledged) {
                if constexpr (guarantee.holders >= 2) write.fenced = write.fenced || is_fenced(write, number);
                return {};
            }
            write.state = WriteState::acknowledged;
            if (write.fenced) return what + " is acknowledged after enough nodes promised a higher epoch";
            const std::size_t holders = count_holders(write, number);
            if (holders < guarantee.holders && !past_.lost_on_purpose(write.position)) {
                return what + " is acknowledged, and only " + std::to_string(holders) + " nodes that count hold it";
            }
        }
        if (write.state != WriteState::acknowledged) return {};
        return check_kept(write, number, what);
    }

    /// So many promised a higher epoch that no set of nodes can hold the write any more under its own: none of those
    /// who promised has it.
    [[nodiscard]] bool is_fenced(const Past::Write& write, std::size_t number) const {
        std::size_t promised = 0;
        for (std::size_t i = 0; i < node_count; ++i) {
            const auto& own = self(i);
            const bool counts = self(write.place).roster().counting(own.id) == own.incarnation;
            if (!counts || own.promised <= write.position.epoch) continue;
            if (holds(i, write, number)) return false;
            ++promised;
        }
        return promised >= guarantee.promotion_hears;
    }

    /// Nodes whose copies count that hold the write, and those that died with it after they had said so.
    [[nodiscard]] std::size_t count_holders(const Past::Write& write, std::size_t number) const {
        const auto& roster = self(write.place).roster();
        std::size_t holders = 0;
        for (std::size_t i = 0; i < node_count; ++i) {
            const Incarnation counting = roster.counting(node_ids[i]);
            bool held = counting == self(i).incarnation && holds(i, write, number);
            for (std::size_t gone = 0; gone < past_.former_count && gone < past_.former.size(); ++gone) {
                const Past::Former& former = past_.former[gone];
                held =
                    held || (former.place == i && former.incarnation == counting && (former.held >> number & 1) != 0);
            }
            holders += held ? 1u : 0u;
        }
        return holders;
    }

    /// Every leader of a later epoch has what was acknowledged, unless more copies were destroyed than the policy
    /// survives, or somebody said that it may be lost.
    [[nodiscard]] std::string check_kept(const Past::Write& write, std::size_t number, const std::string& what) const {
        if (past_.former_count > guarantee.losses_survived || past_.lost_on_purpose(write.position)) return {};
        for (std::size_t i = 0; i < node_count; ++i) {
            const auto& own = self(i);
            if (own.role != Role::leader || own.epoch <= write.position.epoch || holds(i, write, number)) continue;
            return what + " was acknowledged in " + name(write.position.epoch) + " and is not in the log of " +
                   name(i) + ", which leads " + name(own.epoch);
        }
        return {};
    }

    /// Entries of one epoch at one index are the same.
    [[nodiscard]] std::string check_lines() const {
        for (std::size_t a = 0; a < node_count; ++a) {
            for (std::size_t b = a + 1; b < node_count; ++b) {
                const std::uint64_t last = lines_[a].last < lines_[b].last ? lines_[a].last : lines_[b].last;
                const std::uint64_t base = lines_[a].base < lines_[b].base ? lines_[b].base : lines_[a].base;
                for (std::uint64_t i = base + 1; i <= last; ++i) {
                    if (lines_[a].chains[i] == lines_[b].chains[i]) continue;
                    if (self(a).epochs().at({i}) != self(b).epochs().at({i})) continue;
                    return name(a) + " and " + name(b) + " hold different entries of one epoch at " + std::to_string(i);
                }
            }
        }
        return {};
    }

    const Group<Ack>* group_;
    Past past_;
    std::array<Line, node_count> lines_{};
};

}  // namespace search
