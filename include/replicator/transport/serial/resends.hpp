// SPDX-License-Identifier: BSL-1.0
// When the last frame is sent again, and which frames came before. One frame waits for its confirmation at a time: on a
// line, what is on the way is less than a frame, so nothing is gained by more.
#pragma once

#include "receiver.hpp"

#include "../../types.hpp"

#include <cstdint>

namespace replicator::transport::serial {

class Resends {
public:
    void tick(Instant now) noexcept { now_ = now; }

    // ---- what came ----

    /// Something damaged, which may have been a frame of the other end.
    void missed() noexcept { misses_ = is_there_; }
    /// True when the frame `head` is one that came before. `has_data`: the node of the other end wrote something.
    [[nodiscard]] bool on_frame(const Head& head, bool has_data) noexcept {
        is_there_ = was_heard_ = true;
        if (head.misses) due_ = true;
        if (waits_ && head.confirms && head.confirmed == number_) confirmed();
        if (!has_data || head.loose) return false;
        const bool again = met_ && head.number == last_;
        met_ = true;
        last_ = head.number;
        owes_word_ = true;
        return again;
    }

    // ---- what goes ----

    [[nodiscard]] bool waits() const noexcept { return waits_; }
    /// The frame that waits is to be sent again: the other end missed something, or has been silent for too long.
    [[nodiscard]] bool is_due() const noexcept { return waits_ && (due_ || now_ - sent_at_ >= patience()); }
    /// It has been sent often enough. The node finds out by itself.
    [[nodiscard]] bool is_hopeless() const noexcept { return tries_ >= tries_max; }
    void give_up() noexcept {
        waits_ = false;
        is_there_ = was_heard_;
    }
    /// The other end is owed a word: that its frame came, or did not.
    [[nodiscard]] bool owes_word() const noexcept { return owes_word_ || misses_; }
    [[nodiscard]] bool misses() const noexcept { return misses_; }

    /// The head of a new frame. Where nobody was heard, nobody will confirm it, and it is not waited for.
    [[nodiscard]] Head begin(bool second) noexcept {
        number_ = (number_ + 1) % numbers;
        waits_ = is_there_;
        was_heard_ = false;
        tries_ = 0;
        first_at_ = now_;
        return send(second, !waits_);
    }
    /// Of one that is sent again.
    [[nodiscard]] Head begin_again(bool second) noexcept {
        ++tries_;
        return send(second, false);
    }
    /// Of one without anything of the node.
    [[nodiscard]] Head begin_empty(bool second) noexcept {
        const Head head{second, true, misses_, met_, number_, last_};
        misses_ = owes_word_ = false;
        return head;
    }
    /// How often the frame that waits was sent again.
    [[nodiscard]] std::uint32_t tries() const noexcept { return tries_; }

private:
    static constexpr std::uint32_t tries_max = 8;
    static constexpr Duration took_max = milliseconds(1000);

    /// Half as long again as a confirmation takes; twice that for each try.
    [[nodiscard]] Duration patience() const noexcept {
        const std::uint64_t once = took_.microseconds + took_.microseconds / 2 + 2000;
        return {once << (tries_ < 4 ? tries_ : 4)};
    }

    [[nodiscard]] Head send(bool second, bool loose) noexcept {
        const Head head{second, loose, misses_, met_, number_, last_};
        misses_ = owes_word_ = due_ = false;
        sent_at_ = now_;
        return head;
    }

    void confirmed() noexcept {
        waits_ = due_ = false;
        // The longest time, which is forgotten slowly. Of a frame that was sent again, the time is that of all tries.
        const Duration took = now_ - first_at_;
        took_.microseconds -= took_.microseconds / 8;
        if (took_ < took) took_ = took;
        if (took_max < took_) took_ = took_max;
    }

    Instant now_;
    Instant first_at_;
    Instant sent_at_;
    Duration took_ = milliseconds(50);  // until a confirmation came
    std::uint32_t tries_ = 0;
    std::uint32_t number_ = 0;
    std::uint32_t last_ = 0;  // number of the other end
    bool met_ = false;        // it has one
    bool is_there_ = false;   // the other end was heard
    bool was_heard_ = false;  // since the frame that waits was sent first
    bool waits_ = false;
    bool due_ = false;
    bool owes_word_ = false;
    bool misses_ = false;
};

}  // namespace replicator::transport::serial
