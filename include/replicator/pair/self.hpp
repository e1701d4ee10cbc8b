// SPDX-License-Identifier: BSL-1.0
// What a node of a pair is, and what both of its halves do with it: begin and end an epoch, end a link, apply.
#pragma once

#include "options.hpp"
#include "parts/log.hpp"
#include "parts/results.hpp"
#include "parts/transfer.hpp"
#include "parts/wire.hpp"

#include "../api/observer.hpp"
#include "../api/write.hpp"
#include "../concepts/ack_policy.hpp"
#include "../concepts/codec.hpp"
#include "../concepts/state_machine.hpp"
#include "../encoding/bytes.hpp"
#include "../types.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace replicator::pair::detail {

template <class GivenMachine, class GivenCodec, class Ack, class GivenLimits, class Observer>
struct Self {
    using Machine = GivenMachine;
    using Codec = GivenCodec;
    using Limits = GivenLimits;
    using Command = typename Machine::Command;
    using LogOf = Log<Limits::log_entries_max, Limits::log_bytes_max>;
    using ResultsOf = Results<StoredResult<ApplyResult<Machine>>, Limits::log_entries_max>;
    using TransferOf = Transfer<Machine, Limits::Transfer::piece_bytes>;

    static constexpr bool leads = Limits::Roles::leads, follows = Limits::Roles::follows;
    static constexpr bool waits = Ack::kind == PolicyKind::semi_sync;
    static constexpr bool hands_over = leads && follows && Limits::can_hand_over;
    static constexpr std::size_t payload_max = Limits::frame_bytes_max - at::end - checksum_bytes;
    static constexpr std::size_t command_bytes_max = replicator::command_bytes_max<Codec>(Limits::command_bytes_max);
    static_assert(Limits::frame_bytes_max >= at::hello_end + checksum_bytes && Limits::frame_bytes_max < 0x10000,
                  "pair::Options::frame_bytes_max: a frame must have room for a hello, which takes 48 bytes.");
    static_assert(command_bytes_max + 2 <= payload_max,
                  "pair::Options::frame_bytes_max: a frame must have room for the largest command and 30 bytes.");
    static_assert(TransferOf::payload_max <= payload_max,
                  "pair::Options::frame_bytes_max: a frame must have room for a piece of the state and 28 bytes. Take "
                  "transfer::Pieces.");
    static_assert(align_up(command_bytes_max) <= Limits::log_bytes_max && command_bytes_max < LogOf::opening,
                  "pair::Options::log_bytes_max: the log must have room for the largest command.");

    Self(bool second, std::uint32_t run, [[maybe_unused]] Observer* told) noexcept
        : nonce(run * 0x9e3779b1u), tag((second ? second_node : 0u) | (run & 0x7fff)) {
        if constexpr (!std::is_same_v<Observer, NoObserver>) observer = told;
        log.reset(Limits::before_first, 0);
    }

    [[nodiscard]] bool is_leader() const noexcept {
        if constexpr (!leads) return false;
        return role == Role::leader;
    }
    /// It has the higher id.
    [[nodiscard]] bool is_second() const noexcept { return (tag & second_node) != 0; }
    /// Both hold it, as far as this node knows.
    [[nodiscard]] bool is_agreed(std::uint32_t index) const noexcept { return confirmed && !is_between(agreed, index); }
    /// An entry of the log after `position`; what is no entry of the log any more is before it, however long ago.
    [[nodiscard]] bool is_between(std::uint32_t position, std::uint32_t index) const noexcept {
        return index - position - 1 < log.last() - position;
    }

    // ---- epochs ----

    [[nodiscard]] bool epochs_are_spent() const noexcept { return epoch >= 0xffff0000u; }

    [[nodiscard]] Error open(bool by_force) noexcept {
        if (epochs_are_spent()) return Error::stale_epoch;
        epoch = ((epoch >> 16) + 1) << 16 | tag;
        role = Role::leader;
        forced = by_force;
        complete = true;
        handing_over = false;
        drop();
        opened = log.last();
        opening_due = true;
        advance();
        advance();
        report_role();
        return Error::none;
    }
    void step_down() noexcept {
        role = Role::follower;
        opening_due = handing_over = false;
        drop();
        report_role();
    }

    void fail(Error error) noexcept {
        role = Role::faulted;
        fault = error;
        drop();
        report_role();
    }
    void report_role() noexcept {
        if constexpr (requires { observer->on_role(role, epoch); }) observer->on_role(role, epoch);
    }

    /// Applies what is committed. A leader also opens its epoch in the log, once there is room.
    [[gnu::noinline]] void advance() noexcept {
        if constexpr (leads) {
            if (is_leader()) {
                if (!waits) commit = log.last();
                if (waits && confirmed && is_after(agreed, commit)) commit = agreed, owed = true;
            }
        }
        while (applied != commit) {
            ++applied;
            if ((log.size_at(applied) & LogOf::opening) != 0) continue;
            if (!Codec::decode(log.bytes_at(applied), [this](const Command& command) { apply(command); })) {
                return fail(Error::undecodable);
            }
        }
        if constexpr (leads) {
            // It must not be half a circle behind: then it would look as if it were ahead.
            if (is_after(log.base() - 1, opened)) opened = log.base() - 1;
            if (!opening_due) return;
            std::byte* const room = log.room(sizeof epoch, applied);
            if (room == nullptr) return;
            store(room, epoch);
            log.seal(LogOf::opening | sizeof epoch);
            opening_due = false;
        }
    }

    void apply(const Command& command) noexcept {
        if constexpr (std::is_void_v<ApplyResult<Machine>>) {
            machine.apply(command);
        } else {
            results.keep(applied, machine.apply(command));
        }
    }

    /// The epoch that wrote `index`, as far as the log tells; else 0. O(entries in the log).
    [[nodiscard]] std::uint32_t epoch_at(std::uint32_t index) const noexcept {
        if (is_leader() && is_after(index, opened)) return epoch;
        std::uint32_t found = 0;
        for (std::uint32_t at = log.base(); at != index && log.reaches(at + 1);) {
            if ((log.size_at(++at) & LogOf::opening) != 0) found = load<std::uint32_t>(log.bytes_at(at).data());
        }
        return found;
    }

    // ---- links ----

    /// The link is gone. No frame of it counts from now on, because its session is over.
    [[gnu::noinline]] void drop() noexcept {
        session = 0;
        ++nonce;
        hello_due = true;
        confirmed = state_due = false;
        transfer.reset();
        if constexpr (follows) common_known = false;
        if constexpr (hands_over) {
            // A leader that told the other to lead waits until that one has dropped this link, too: see begin_leading.
            if (!is_leader() && handing_over) handing_over = false, promotion = Error::nodes_missing;
        }
    }

    [[nodiscard]] std::uint32_t write_hello(std::byte* to) const noexcept {
        store(to + at::policy, policy);
        store(to + at::nonce, nonce);
        store(to + at::echo, echo);
        store(to + at::history, blank ? 0 : history);
        store(to + at::schema, schema);
        store(to + at::limits, limits);
        return (is_second() ? flag::second : 0u) | (is_leader() ? flag::leads : 0u) | (forced ? flag::forced : 0u) |
               (session != 0 ? flag::linked : 0u) | (leads ? flag::can_lead : 0u);
    }
    /// Why this node and the sender of a hello cannot be a pair.
    [[nodiscard]] Error mismatch(const std::byte* head) const noexcept {
        const auto flags = std::to_integer<std::uint32_t>(head[at::flags]);
        if (((flags & flag::second) != 0) == is_second()) return Error::wrong_node;
        if (head[at::policy + 1] != std::byte{wire_version}) return Error::wrong_version;
        const auto unlike = static_cast<std::uint32_t>(load<std::uint16_t>(head + at::policy) ^ policy);
        if ((unlike & 1) != 0) return Error::wrong_policy;
        if (unlike != 0) return Error::wrong_parts;
        if (word(head, at::schema) != schema) return Error::wrong_schema;
        if (word(head, at::limits) != limits) return Error::wrong_limits;
        const std::uint32_t theirs = word(head, at::history);
        if (!blank && theirs != 0 && theirs != history) return Error::wrong_history;
        // Somebody must lead, and the other follow.
        if (!follows && (flags & flag::leads) != 0) return Error::wrong_parts;
        if (!leads && (flags & flag::can_lead) == 0) return Error::wrong_parts;
        return Error::none;
    }
    Machine machine{};
    LogOf log;
    [[no_unique_address]] TransferOf transfer;
    [[no_unique_address]] ResultsOf results;
    [[no_unique_address]] std::conditional_t<std::is_same_v<Observer, NoObserver>, Absent<0>, Observer*> observer{};

    std::uint32_t epoch = 0;
    std::uint32_t history = 0;
    std::uint32_t applied = Limits::before_first;
    std::uint32_t commit = Limits::before_first;
    std::uint32_t agreed = Limits::before_first;  // up to here both have the same entries; good while `confirmed`
    std::uint32_t sent = Limits::before_first;
    std::uint32_t opened = 0;  // the last position of the epochs before that of this leader
    std::uint32_t needed = 0;  // what may have been acknowledged when this leader's link began
    std::uint32_t common = 0;
    std::uint32_t unsettled = 0;

    std::uint32_t nonce;     // of this node's half of the link; another one after each drop
    std::uint32_t echo = 0;  // the other's, as it was heard last
    std::uint32_t session = 0;
    std::uint32_t tag;
    std::uint32_t now = 0;
    std::uint32_t heard_at = 0;
    std::uint32_t sent_at = 0;
    std::uint32_t moved_at = 0;
    std::uint32_t asked_at = 0;
    std::uint32_t refusals = 0;
    std::uint32_t frames_corrupt = 0;

    Role role = Role::follower;
    Error fault = Error::none;
    Error refusal = Error::none;
    Error promotion = Error::none;
    bool owed = false;
    bool hello_due = true;
    bool confirmed = false;
    bool state_due = false;
    bool blank = true;
    bool complete = false;
    bool forced = false;
    bool peer_blank = false;
    bool peer_heard = false;  // lately, so that the above says something
    bool peer_can_lead = false;
    bool handing_over = false;
    bool opening_due = false;
    bool common_known = false;

private:
    static constexpr std::uint16_t policy =
        static_cast<std::uint16_t>(wire_version << 8 | (Limits::Transfer::piece_bytes != 0 ? 2 : 0) | (waits ? 1 : 0));
    static constexpr std::uint32_t limits = static_cast<std::uint32_t>(
        Limits::frame_bytes_max << 16 ^ Limits::log_bytes_max ^ Limits::log_entries_max << 8);
    static constexpr std::uint32_t schema =
        static_cast<std::uint32_t>((value(Codec::schema) ^ value(Codec::schema) >> 32) * 0x85ebca6bu + sizeof(Machine));
};

}  // namespace replicator::pair::detail
