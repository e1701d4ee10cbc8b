// SPDX-License-Identifier: BSL-1.0
// What a node of a pair does with calls, time and frames. docs/pair.md says why each rule is needed.
#pragma once

#include "following.hpp"
#include "leading.hpp"
#include "options.hpp"
#include "parts/wire.hpp"
#include "self.hpp"

#include "../api/promotion.hpp"
#include "../encoding/bytes.hpp"
#include "../error.hpp"
#include "../types.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::pair::detail {

template <class Machine, class Codec, class Ack, class Limits, class Observer>
class Protocol {
    using Node = Self<Machine, Codec, Ack, Limits, Observer>;
    static constexpr bool leads = Node::leads, follows = Node::follows;
    static constexpr bool waits = Node::waits, hands_over = Node::hands_over;
    using Command = typename Machine::Command;
    using Lead = Leading<Node>;
    using Follow = Following<Node>;

public:
    static constexpr std::size_t command_bytes_max = Node::command_bytes_max;

    Protocol(bool second, std::uint32_t run, Observer* observer) noexcept : self_(second, run, observer) {}

    [[nodiscard]] const Node& self() const noexcept { return self_; }
    void drop() noexcept { self_.drop(); }
    void cut_off() noexcept {
        self_.drop();
        self_.hello_due = false;
    }
    Error damaged() noexcept {
        ++self_.frames_corrupt;
        return Error::corrupt;
    }
    /// A node of a group said hello, which changes nothing.
    Error refuse_group() noexcept {
        ++self_.refusals;
        return self_.refusal = Error::wrong_version;
    }

    // ---- calls ----

    [[nodiscard]] Error bootstrap(std::uint32_t history) noexcept {
        if (self_.role == Role::faulted) return Error::faulted;
        if (!self_.blank || self_.session != 0) return Error::already_bootstrapped;
        if (self_.epochs_are_spent()) return Error::stale_epoch;
        self_.history = history;
        self_.blank = false;
        return self_.open(false);
    }

    [[nodiscard]] Error write(const Command& command) noexcept {
        if (!self_.is_leader()) return self_.role == Role::faulted ? Error::faulted : Error::not_leader;
        if (self_.handing_over) return Error::handing_over;
        const std::size_t bytes = Codec::size(command);
        if (bytes > command_bytes_max) return Error::too_large;
        std::byte* const room = self_.opening_due ? nullptr : self_.log.room(bytes, self_.applied);
        if (room == nullptr) return Error::busy;
        Codec::encode(command, {room, bytes});
        self_.log.seal(static_cast<std::uint16_t>(bytes));
        self_.advance();
        return Error::none;
    }

    [[nodiscard]] Error promote(const PromotionOptions& options, NodeId self) noexcept {
        if (self_.role == Role::faulted) return Error::faulted;
        if (self_.blank) return Error::not_bootstrapped;
        // Who led last holds all that was acknowledged, if it did hold it in this run. A leader that told the other to
        // lead cannot know that it is the last one.
        const bool led_last =
            !waits && self_.complete && options.last_leader == self && !(self_.is_leader() && self_.handing_over);
        const bool forced = options.may_lose || led_last;
        if (self_.is_leader() && (!self_.handing_over || self_.session != 0 || !(forced || waits))) return Error::none;
        if (!forced) {
            if constexpr (hands_over) {
                if (self_.session != 0) {  // the leader is there: it gives way without loss
                    if (self_.handing_over) return Error::busy;
                    self_.handing_over = self_.owed = true;
                    self_.promotion = Error::busy;
                    return Error::none;
                }
            }
            if (!self_.complete || !waits || self_.session != 0) return self_.promotion = Error::nodes_missing;
        }
        return self_.promotion = self_.open(forced);
    }

    [[nodiscard]] Error hand_over() noexcept {
        if (!self_.is_leader()) return self_.role == Role::faulted ? Error::faulted : Error::not_leader;
        if (self_.handing_over) return Error::handing_over;
        if (!self_.confirmed || !self_.peer_can_lead) return Error::not_enough_followers;
        Lead::give_way(self_);
        return Error::none;
    }

    void tick(std::uint32_t now) noexcept {
        constexpr std::uint32_t timeout = microseconds(Limits::failure_timeout);
        if (now - self_.now > timeout / 2) self_.heard_at = now;  // this node paused: nobody is to blame
        self_.now = now;
        if (self_.session == 0) {
            if (now - self_.heard_at >= timeout) self_.peer_heard = false;
            if (now - self_.sent_at >= microseconds(Limits::retry_interval)) self_.hello_due = true;
            return;
        }
        if (now - self_.sent_at >= microseconds(Limits::heartbeat_interval)) self_.owed = true;
        bool down = now - self_.heard_at >= timeout;
        if constexpr (hands_over) {
            down = down || (self_.is_leader() && self_.handing_over &&
                            now - self_.asked_at >= microseconds(Limits::promotion_timeout));
        }
        if (down) return self_.drop();
        if (self_.is_leader() && self_.sent != self_.agreed &&
            now - self_.moved_at >= microseconds(Limits::retry_interval)) {
            self_.sent = self_.agreed;
            self_.moved_at = now;
        }
    }

    [[nodiscard]] NodeStatus status() const noexcept {
        return {self_.role,         self_.fault,        self_.refusal, self_.promotion,
                self_.session != 0, self_.confirmed,    self_.blank,   self_.peer_blank,
                self_.complete,     self_.handing_over, self_.epoch,   self_.log.last(),
                self_.commit,       self_.applied,      self_.agreed,  self_.unsettled};
    }

    // ---- frames ----

    /// Takes a frame whose checksum was right, without it.
    void take(std::span<const std::byte> frame) noexcept {
        const std::byte* const head = frame.data();
        const auto type = static_cast<FrameType>(head[at::type]);
        if (type == FrameType::hello) {
            if (frame.size() == at::hello_end) take_hello(head);
            return;
        }
        if (self_.session == 0 || word(head, at::session) != self_.session) return;
        self_.heard_at = self_.now;
        if (self_.is_leader()) {
            if constexpr (leads) {
                if (type == FrameType::ack) Lead::on_ack(self_, head);
            }
        } else if constexpr (follows) {
            if (type == FrameType::append) Follow::take_append(self_, head, frame.subspan(at::end));
            if (type == FrameType::state) Follow::take_state(self_, head, frame.subspan(at::end));
        }
    }

    /// A frame is owed now.
    [[nodiscard]] bool owes() const noexcept {
        if (self_.role == Role::faulted) return false;
        if (self_.hello_due) return true;
        if (self_.session == 0) return false;
        return self_.owed ||
               (self_.is_leader() && self_.confirmed && !self_.state_due && self_.sent != self_.log.last());
    }

    /// Writes the frame that is owed, without its checksum, and returns its bytes; 0 when none is.
    [[nodiscard]] std::size_t write_frame(std::byte* to) noexcept {
        if (!owes()) return 0;
        to[at::policy] = to[at::policy + 1] = std::byte{0};
        std::size_t bytes = at::end;
        std::uint32_t flags = 0;
        FrameType type = FrameType::ack;
        StatePosition position{self_.log.last(), self_.log.last_chain()};
        std::uint32_t commit = self_.applied;
        if (self_.hello_due) {
            type = FrameType::hello;
            flags = self_.write_hello(to);
            bytes = at::hello_end;
            self_.hello_due = false;
        } else {
            self_.owed = false;
            if (self_.is_leader()) {
                if constexpr (leads) {
                    if (!self_.log.reaches(self_.sent)) self_.state_due = true;
                    if (self_.state_due) {
                        type = FrameType::state;
                        position = {self_.applied, self_.log.chain_at(self_.applied)};
                        bytes += self_.transfer.write(to + at::end, self_.machine, position);
                        commit = self_.transfer.offset();
                    } else {
                        type = FrameType::append;
                        position = {self_.sent, self_.log.chain_at(self_.sent)};
                        bytes += Lead::write_entries(self_, to + at::end);
                        commit = self_.commit;
                        if (self_.is_agreed(self_.needed)) flags = flag::complete;
                        if constexpr (hands_over) {
                            if (self_.handing_over && self_.confirmed && self_.agreed == self_.log.last())
                                flags |= flag::lead_now;
                        }
                    }
                }
            } else if constexpr (follows) {
                if (self_.state_due) flags = flag::lacks;
                if constexpr (hands_over) {
                    if (self_.handing_over) flags |= flag::wants_lead;
                }
                if (self_.confirmed) position = {self_.agreed, self_.log.chain_at(self_.agreed)};
                commit = self_.transfer.offset();
            }
        }
        self_.sent_at = self_.now;
        to[at::type] = std::byte{static_cast<std::uint8_t>(type)};
        to[at::flags] = std::byte{static_cast<std::uint8_t>(flags)};
        store(to + at::session, self_.session);
        store(to + at::epoch, self_.epoch);
        store(to + at::index, position.index);
        store(to + at::chain, position.chain);
        store(to + at::commit, commit);
        return bytes;
    }

private:
    /// Links of one start are counted up, so that a late hello can be told from that of a start anew.
    static constexpr std::uint32_t late_links = 256;

    [[nodiscard]] static constexpr std::uint32_t microseconds(Duration duration) noexcept {
        return static_cast<std::uint32_t>(duration.microseconds);
    }

    void take_hello(const std::byte* head) noexcept {
        self_.refusal = self_.mismatch(head);
        if (self_.refusal != Error::none) ++self_.refusals;
        if (self_.refusal != Error::none || self_.role == Role::faulted) return;
        const std::uint32_t nonce = word(head, at::nonce);
        if (nonce != self_.echo) {
            if (self_.session != 0) {
                if (self_.echo - nonce < late_links) return;  // of a link before this one, and late
                self_.drop();
            }
            self_.echo = nonce;
            self_.hello_due = true;
        }
        const auto flags = std::to_integer<std::uint32_t>(head[at::flags]);
        const bool hears_us = word(head, at::echo) == self_.nonce;
        // Who lacks nothing that this node could tell is not answered, or both would talk for ever.
        if ((flags & flag::linked) == 0 && (self_.session != 0 || !hears_us)) self_.hello_due = true;
        if (!hears_us) return;  // it has not heard of this link, or it was sent before
        const bool they_lead = (flags & flag::leads) != 0;
        const std::uint32_t epoch = word(head, at::epoch);
        self_.peer_blank = word(head, at::history) == 0;
        self_.peer_heard = true;
        self_.heard_at = self_.now;
        if (epoch > self_.epoch) {
            self_.epoch = epoch;
            if (self_.is_leader()) return outdone();
        }
        if (self_.session != 0 || self_.is_leader() == they_lead || (they_lead && epoch < self_.epoch)) return;
        const std::uint32_t first = self_.is_second() ? self_.echo : self_.nonce;
        self_.session = first * 0x85ebca6bu ^ (first ^ self_.nonce ^ self_.echo);
        if (self_.session == 0) self_.session = 1;
        self_.heard_at = self_.moved_at = self_.now;
        self_.hello_due = self_.owed = true;
        if (self_.is_leader()) {
            self_.peer_can_lead = (flags & flag::can_lead) != 0;
            Lead::begin(self_, word(head, at::index), word(head, at::chain), word(head, at::commit));
        } else {
            // Nor may what this node applied in a forced epoch of its own be held against the other.
            self_.forced = self_.forced || (flags & flag::forced) != 0;
            if (self_.blank) self_.history = word(head, at::history);
        }
    }

    /// A leader hears of an epoch after its own. One that cannot follow opened that one itself, in a run before: no
    /// other node leads. So it leads on in an epoch of this run.
    void outdone() noexcept {
        if constexpr (!follows) {
            if (self_.open(false) == Error::none) return;
        }
        self_.step_down();
    }

    Node self_;
};

}  // namespace replicator::pair::detail
