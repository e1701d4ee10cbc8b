// SPDX-License-Identifier: BSL-1.0
// How many bytes may be on the way to a follower, so that whatever is sent next is there in good time: what the line
// carries within the time that is granted, and within an empty round trip.
//
// Nobody tells a node how fast a line is. It shows in how long the bytes on the way take to be acknowledged: with a
// full line, bytes on the way = rate times that time (Little, "A Proof for the Queuing Formula: L = lambda W", 1961).
#pragma once

#include "../../types.hpp"

#include <cstdint>

namespace replicator::core {

class Allowance {
public:
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    /// Of one frame: a part, so that others are on the way when it is acknowledged. A small part would be a head with
    /// little behind it.
    [[nodiscard]] std::uint64_t frame_bytes() const noexcept { return bytes_ / (bytes_ < 4 * bytes_first ? 2 : 4); }
    /// With more than this on the way, a frame would be so small that its head takes too much of the line.
    [[nodiscard]] std::uint64_t full_bytes() const noexcept { return bytes_ - bytes_ / 4; }

    /// How long to wait until what was sent is taken for lost: it may stand behind all that was on the way.
    [[nodiscard]] Duration patience(Duration least, Duration most) const noexcept {
        return {between(took_.microseconds * 2, least.microseconds, most.microseconds)};
    }

    /// What ends at `end` was sent, and `on_the_way` bytes are now without an acknowledgement. One sample at a time.
    void sent(std::uint64_t end, std::uint64_t on_the_way, Instant now) noexcept {
        if (sampled_bytes_ != 0 || end <= lost_end_) return;
        sampled_bytes_ = on_the_way;
        sampled_end_ = end;
        sampled_at_ = now;
    }

    /// All up to `end` is acknowledged. The line has `granted` to carry what is on the way; more than `most` is never
    /// wanted. True when that says how fast the line is.
    bool acknowledged(std::uint64_t end, Instant now, Duration granted, std::uint64_t most) noexcept {
        if (sampled_bytes_ == 0 || end < sampled_end_) return false;
        took_ = now - sampled_at_;
        const std::uint64_t sample = sampled_bytes_;
        sampled_bytes_ = 0;
        const std::uint64_t time = granted.microseconds + empty_.microseconds;
        const std::uint64_t carried = took_ == Duration{} ? most : in_proportion(sample, time, took_.microseconds);
        if (took_.microseconds > time) {
            if (waits_for_other_than_line(sample)) {
                empty_ = took_;
                return true;
            }
            // By a factor of two at most: one pause of the follower says little about the line.
            bytes_ = between(carried, bytes_ / 2, bytes_);
            if (bytes_ < bytes_min) bytes_ = bytes_min;
            late_bytes_ = sample;
            late_took_ = took_;
        } else if (sample >= bytes_ / 8) {
            // A frame is a quarter, and with whole entries at least half full, so all was used that there was.
            // What waits for the line stays below what is granted even if it becomes so many times as much.
            const std::uint64_t waited = took_ < empty_ ? 0 : took_.microseconds - empty_.microseconds;
            const std::uint64_t used = sample < bytes_ ? bytes_ : sample;
            const std::uint64_t more = waited * 8 <= granted.microseconds   ? 4 * used
                                       : waited * 4 <= granted.microseconds ? 2 * used
                                                                            : carried;
            bytes_ = between(more, bytes_, bytes_ < most ? most : bytes_);
        }
        return true;
    }

    /// What was sent up to `end` may be sent again. Nobody knows then which of both was acknowledged (Karn and
    /// Partridge, "Improving Round-Trip Time Estimates in Reliable Transport Protocols", 1987).
    void lost(std::uint64_t end) noexcept {
        sampled_bytes_ = 0;
        lost_end_ = end;
    }

    /// Something that is answered was sent while nothing else was on the way.
    void asked(Instant now) noexcept { asked_at_ = now; }
    /// What was sent at `sent` is answered.
    void answered(Instant sent, Instant now) noexcept {
        const Duration took = now - sent;
        if (sent == asked_at_ && empty_ < took) empty_ = took;
        if (took < empty_) empty_.microseconds -= (empty_.microseconds - took.microseconds) / 8;
    }

private:
    /// Fewer bytes that take nearly as long do not wait for the line, but for the follower's disk, or on a way that is
    /// long. Even fewer would take as long again.
    [[nodiscard]] bool waits_for_other_than_line(std::uint64_t sample) const noexcept {
        return sample * 4 <= late_bytes_ * 3 && took_.microseconds * 8 >= late_took_.microseconds * 7;
    }

    /// About `bytes` times `time` over `took`, for so many bytes as a window has; without a division of 64 bits, which
    /// takes small processors a function of their library.
    [[nodiscard]] static constexpr std::uint64_t in_proportion(std::uint64_t bytes, std::uint64_t time,
                                                               std::uint64_t took) noexcept {
        while (((time | took) >> 16) != 0) time >>= 1, took >>= 1;
        const auto n = static_cast<std::uint32_t>(bytes);
        const auto by = static_cast<std::uint32_t>(took == 0 ? 1 : took);
        return std::uint64_t{n / by} * time + n % by * static_cast<std::uint32_t>(time) / by;
    }

    [[nodiscard]] static constexpr std::uint64_t between(std::uint64_t n, std::uint64_t low,
                                                         std::uint64_t high) noexcept {
        return n < low ? low : n < high ? n : high;
    }

    static constexpr std::uint64_t bytes_first = 1024;
    static constexpr std::uint64_t bytes_min = 64;

    std::uint64_t bytes_ = bytes_first;
    std::uint64_t sampled_bytes_ = 0;  // on the way, up to the end of the sample; 0 while there is no sample
    std::uint64_t sampled_end_ = 0;
    std::uint64_t lost_end_ = 0;
    Instant sampled_at_;
    Instant asked_at_;
    Duration empty_;  // the time of a round trip with nothing else on the way: a long one, where they differ
    Duration took_;   // the time of the last sample
    std::uint64_t late_bytes_ = 0;  // of the last sample that took too long
    Duration late_took_;            // and its time
};

}  // namespace replicator::core
