// SPDX-License-Identifier: BSL-1.0
// Whose turn it is to transmit. On a half-duplex line one end polls: it sends one frame, and the other end answers with
// one, if it can do so soon. Who polls goes on when the answer is there, or when the line was silent for so long that
// none will begin any more. So both never transmit at once, whatever is lost.
#pragma once

#include "options.hpp"

#include "../../assert.hpp"
#include "../../types.hpp"

namespace replicator::transport::serial {

/// On a full-duplex line always.
class FreeTurns {
public:
    explicit FreeTurns(const SerialOptions&) noexcept {}

    static void tick(Instant) noexcept {}
    static void heard() noexcept {}
    static void received(bool, bool) noexcept {}
    static void began(bool) noexcept {}
    [[nodiscard]] static bool is_ours() noexcept { return true; }
    [[nodiscard]] static bool is_poll_due() noexcept { return false; }
};

class StrictTurns {
public:
    explicit StrictTurns(const SerialOptions& options) noexcept
        : answer_within_(options.answer_within),
          silence_(options.silence),
          poll_interval_(options.poll_interval),
          polls_(options.self < options.peer) {
        REPLICATOR_ASSERT(options.answer_within < options.silence);
    }

    void tick(Instant now) noexcept {
        if (!started_) looked_at_ = quiet_since_ = now_ = now;  // the other end may be in the middle of an answer
        started_ = true;
        looked_at_ = now_;
        now_ = now;
    }
    /// Bytes came, whatever they are.
    void heard() noexcept {
        was_quiet_ = now_ - heard_at_ > answer_within_;
        heard_at_ = quiet_since_ = now_;
    }
    /// A frame of the other end came, with something of its node or without; `at_once`: with the first byte that was
    /// heard. When that came after a silence, it is the beginning of the next frame, and the end of the one that came
    /// was lost. Nobody waits for an answer to that any more, nor is it one.
    void received(bool empty, bool at_once) noexcept {
        if (at_once && was_quiet_) return;
        waits_ = false;
        if (polls_ && !empty) poll_at_ = now_;
        asked_at_ = looked_at_;  // it may have been there ever since
    }
    /// A frame was handed out to be transmitted.
    void began(bool empty) noexcept {
        waits_ = true;
        if (!polls_) return;
        transmits_ = true;
        poll_at_ = empty ? now_ + poll_interval_ : now_;
    }
    /// Its last byte is out.
    void ended() noexcept {
        transmits_ = false;
        quiet_since_ = now_;
    }

    [[nodiscard]] bool is_ours() const noexcept {
        if (!started_ || transmits_) return false;
        if (polls_) return !waits_ || now_ - quiet_since_ >= silence_;
        return !waits_ && now_ - asked_at_ <= answer_within_;
    }
    /// An empty frame is sent when the node has nothing to say.
    [[nodiscard]] bool is_poll_due() const noexcept { return !polls_ || now_ >= poll_at_; }

private:
    Duration answer_within_;
    Duration silence_;
    Duration poll_interval_;
    Instant now_;
    Instant looked_at_;  // the time before `now_`
    Instant heard_at_;
    Instant quiet_since_;  // nobody transmits
    Instant asked_at_;
    Instant poll_at_;
    bool polls_;
    bool waits_ = true;  // for the other end
    bool transmits_ = false;
    bool started_ = false;
    bool was_quiet_ = true;
};

}  // namespace replicator::transport::serial
