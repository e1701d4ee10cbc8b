// SPDX-License-Identifier: BSL-1.0
// What was promised to the users of a simulated pair, and whether it is kept.
#pragma once

#include "any_node.hpp"
#include "weather.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace pair_simulation {

class Oracle;

/// One start of one node: what it was told, and what it told.
struct Process final : Told {
    Process(Oracle& asked, std::size_t at, std::uint32_t number, std::uint64_t now)
        : oracle(asked), place(at), run(number), began(now) {}

    inline void on_discarded(pair::Ticket ticket, const Command& command) override;
    inline void on_role(Role role, std::uint32_t epoch) override;

    Oracle& oracle;
    std::size_t place;
    std::uint32_t run;
    std::uint64_t began;
    std::map<std::uint32_t, pair::Ticket> written;  // accepted, by number
    std::set<std::uint32_t> handed_back;
    std::unique_ptr<AnyNode> node;  // empty while it is built
};

class Oracle {
    struct Acknowledged {
        std::uint32_t number;
        std::uint64_t at;
        pair::Ticket ticket;
        std::uint32_t history;
    };

public:
    Oracle(const Composition& composition, Tally& tally)
        : composition_(composition), waits_(composition.waits), tally_(tally) {}

    std::optional<Process> processes[2];
    std::uint64_t now = 0;
    bool forcing = false;  // whoever opens an epoch now was told to

    [[nodiscard]] const std::string& problem() const { return problem_; }
    void fail(const char* text) {
        if (problem_.empty()) problem_ = text;
    }

    [[nodiscard]] static std::size_t other(std::size_t place) { return 1 - place; }
    [[nodiscard]] bool is_up(std::size_t place) const { return processes[place].has_value(); }
    [[nodiscard]] AnyNode& node(std::size_t place) { return *processes[place]->node; }
    [[nodiscard]] bool leads(std::size_t place) { return is_up(place) && node(place).status().role == Role::leader; }
    /// Its log or its state has the command.
    [[nodiscard]] bool holds(std::size_t place, std::uint32_t number) {
        const std::vector<std::uint32_t> pending = node(place).pending();
        return std::find(pending.begin(), pending.end(), number) != pending.end() ||
               history_has(node(place).state().digests[0], number);
    }
    [[nodiscard]] bool holds_required(std::size_t place) {
        return std::all_of(required_.begin(), required_.end(),
                           [&](const Acknowledged& each) { return holds(place, each.number); });
    }
    [[nodiscard]] bool requires_anything() const { return !required_.empty(); }
    /// It opened the newest epoch of all, in this run.
    [[nodiscard]] bool led_last(std::size_t place) const {
        const std::uint32_t tag = (place != 0 ? pair::detail::second_node : 0) | (processes[place]->run & 0x7fff);
        return !epochs_.empty() && (*epochs_.rbegin() & 0xffff) == tag;
    }

    // ---- what happens ----

    void opened(Process& process, std::uint32_t epoch) {
        if (!epochs_.insert(epoch).second) fail("an epoch was opened twice");
        // Whoever was promoted by force may lack anything; anybody else has all that was promised.
        if (forcing) {
            ++tally_.forced;
            std::erase_if(required_, [&](const Acknowledged& each) { return !holds(process.place, each.number); });
        } else if (!holds_required(process.place)) {
            fail("leads without an acknowledged write");
        }
    }
    void discarded(Process& process, pair::Ticket ticket, std::uint32_t number) {
        ++tally_.discarded;
        if (!process.handed_back.insert(number).second) fail("handed back twice");
        const auto own = process.written.find(number);
        if (own != process.written.end() && ticket.epoch != 0 && ticket != own->second)
            fail("handed back by another ticket");
    }
    void accepted(std::size_t place, std::uint32_t number, pair::Ticket ticket) {
        ++tally_.accepted;
        processes[place]->written[number] = ticket;
        pending_.push_back({number, ticket});
    }
    /// What was acknowledged is lost, rightly, when its second copy goes before the first one was made anew.
    void before_crash(std::size_t place) {
        const std::size_t left = other(place);
        std::erase_if(required_, [&](const Acknowledged& each) {
            if (!is_up(left)) return true;
            return (!waits_ || processes[left]->began > each.at) && !holds(left, each.number);
        });
    }
    /// A person gave up what is left of the history before.
    void begins_anew() { required_.clear(); }

    /// After everything that a node did.
    void look(std::size_t place) {
        if (!is_up(place)) return;
        look_at_status(place);
        look_at_tickets(place);
        const Machine& state = node(place).state();
        if (!state.is_of_one_piece()) return fail("a state that never was");
        // Below commit both have the same, as long as nobody was forced to lead.
        if (!waits_ || tally_.forced != 0 || state.count == 0) return;
        const auto [at, fresh] = line_.try_emplace({node(place).history(), state.count}, state.digests[0]);
        if (!fresh && at->second != state.digests[0]) fail("two states of one position");
    }
    /// Slower, so of one write: what is complete has it, and a state that can be read after it has it.
    void look_closely(std::size_t place, Random& random) {
        if (!is_up(place) || required_.empty()) return;
        const Acknowledged& each =
            random.one_in(2) ? required_.back() : required_[random.below(std::uint32_t(required_.size()))];
        if (waits_ && node(place).status().complete && !holds(place, each.number))
            fail("complete without an acknowledged write");
        if (tally_.forced != 0 || each.history != node(place).history()) return;
        if (!node(place).can_read(each.ticket)) return;
        ++tally_.reads;
        if (!history_has(node(place).state().digests[0], each.number)) fail("read before the write");
    }

    // ---- the end ----

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
            if (!applied.contains(each.number)) return fail("an acknowledged write is lost");
        }
        for (std::size_t place = 0; place < 2; ++place) judge_discarded(place, applied);
    }

private:
    static bool history_has(std::uint64_t digest, std::uint32_t number) {
        while (digest != 0) {
            const Past& past = Machine::pasts[digest];
            if (past.command == number) return true;
            digest = past.before;
        }
        return false;
    }
    void look_at_status(std::size_t place) {
        using pair::detail::is_after;
        const pair::NodeStatus status = node(place).status();
        if (status.role == Role::faulted) return fail(to_string(status.fault));
        if (status.applied != status.commit) return fail("committed, and not applied");
        if (is_after(status.applied, status.last)) return fail("applied more than there is");
        if (status.confirmed && !status.linked) return fail("confirmed without a link");
        if (status.confirmed && is_after(status.agreed, status.last)) return fail("agreed on more than there is");
        if (status.blank && (status.role == Role::leader || status.last != composition_.before_first))
            return fail("blank, and holds something");
        if (status.role == Role::leader && !status.complete) return fail("leads, and is not complete");
        if (status.role == Role::leader && !epochs_.contains(status.epoch)) return fail("leads in no epoch of its own");
    }
    void look_at_tickets(std::size_t place) {
        if (!leads(place)) return;
        std::erase_if(pending_, [&](const std::pair<std::uint32_t, pair::Ticket>& each) {
            const pair::Outcome outcome = node(place).outcome(each.second);
            if (outcome.state != WriteState::acknowledged) return false;
            ++tally_.acknowledged;
            // The second copy may be gone by now: the other confirmed it, and went down.
            const bool both = is_up(other(place)) && holds(other(place), each.first);
            if (waits_ && !both && !restarted(other(place))) fail("acknowledged, and held by one alone");
            // A leader that was replaced by force, and does not know it yet, acknowledges alone what will be lost.
            if (waits_ || each.second.epoch == *epochs_.rbegin())
                required_.push_back({each.first, both ? now : 0, each.second, node(place).history()});
            return true;
        });
    }
    /// The acknowledgement was on the way when this one went down.
    bool restarted(std::size_t place) { return !is_up(place) || processes[place]->began + 20000000 > now; }
    void judge_discarded(std::size_t place, const std::unordered_set<std::uint32_t>& applied) {
        const Process& process = *processes[place];
        for (const std::uint32_t number : process.handed_back) {
            if (applied.contains(number)) return fail("handed back, and applied");
        }
        for (const auto& [number, ticket] : process.written) {
            if (!applied.contains(number) && !process.handed_back.contains(number) &&
                process.node->status().unsettled == 0) {
                return fail("neither applied nor handed back");
            }
        }
    }

    const Composition& composition_;
    bool waits_;
    Tally& tally_;
    std::vector<std::pair<std::uint32_t, pair::Ticket>> pending_;
    std::vector<Acknowledged> required_;
    std::set<std::uint32_t> epochs_;
    std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint64_t> line_;
    std::string problem_;
};

void Process::on_discarded(pair::Ticket ticket, const Command& command) {
    oracle.discarded(*this, ticket, number_of(command));
}
void Process::on_role(Role role, std::uint32_t epoch) {
    if (role == Role::leader) oracle.opened(*this, epoch);
}

}  // namespace pair_simulation
