// SPDX-License-Identifier: BSL-1.0
// Cuts a stream of bytes into heads and tails. It keeps at most one head; tails pass through as they come.
//
// Where bytes may be damaged, it can hunt: it looks at every byte for the beginning of a head, also at those of what
// looked like one and was none. Somebody else says whether a head that is found so is to be believed, because the
// bytes of a command may look like a frame.
#pragma once

#include "frame.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <span>

namespace replicator::core {

class FrameReader {
public:
    /// What came next in the stream.
    struct Event {
        enum class Kind : std::uint8_t {
            need_more,      ///< all bytes are used up
            head,           ///< a whole head, checked; `bytes` holds it until the next call
            tail,           ///< a piece of the tail of the last head; `bytes` holds it until the caller's bytes go
            garbage,        ///< no head begins here, or its checksum is wrong; from then on it hunts
            first_version,  ///< so does no head that this version reads, but a hello of version 1
        };
        Kind kind = Kind::need_more;
        std::span<const std::byte> bytes;
        bool tail_ends = false;  ///< this piece is the last of its tail
    };

    /// Takes the next event from the front of `bytes`, and shortens `bytes` by what it used.
    [[nodiscard]] Event next(std::span<const std::byte>& bytes) noexcept {
        if (used_ > 0) drop();
        if (bytes.empty() && kept_ == 0) return {};
        if (tail_left_ > 0) return kept_ > 0 ? kept_tail() : next_tail(bytes);
        if (kept_ == 0 && !hunts_ && bytes.size() >= 4) {
            const std::size_t size = head_bytes(bytes.data());
            if (size <= bytes.size()) return head_in_place(bytes, size);
        }
        return head_in_pieces(bytes);
    }

    /// The same where `bytes` is one frame, or what is left of it: nothing of it is kept.
    [[nodiscard]] Event next_of_frame(std::span<const std::byte>& bytes) noexcept {
        if (bytes.empty()) return {};
        if (tail_left_ > 0) return next_tail(bytes);
        const std::size_t size = bytes.size() < 4 ? 0 : head_bytes(bytes.data());
        if (size > bytes.size()) return {Event::Kind::garbage, {}, false};
        return bytes.size() < 4 ? Event{Event::Kind::garbage, {}, false} : head_in_place(bytes, size);
    }

    /// The stream starts anew: a frame that is there in part will never be completed.
    void restart() noexcept { kept_ = used_ = tail_left_ = 0, hunts_ = false; }

    /// True when the next byte is the first of a frame, as far as anybody knows.
    [[nodiscard]] bool is_between_frames() const noexcept { return kept_ == 0 && tail_left_ == 0 && !hunts_; }

    /// True when bytes of a frame are here and others are missing.
    [[nodiscard]] bool is_partial() const noexcept { return kept_ > used_ || tail_left_ > 0; }

    // Where bytes may be damaged.

    [[nodiscard]] bool hunts() const noexcept { return hunts_; }
    /// What comes next need not be the end of this tail, nor the beginning of a frame.
    void hunt() noexcept { tail_left_ = 0, hunts_ = true; }
    /// The last head is to be believed.
    void found() noexcept { hunts_ = false; }
    /// It is not, and neither is its tail.
    void pass_over() noexcept { tail_left_ = 0, used_ = 1; }
    /// The rest of what is here in part does not come. What is kept may hold whole frames all the same.
    void give_up() noexcept {
        if (tail_left_ == 0) used_ = 1;
        hunt();
    }

private:
    Event next_tail(std::span<const std::byte>& bytes) noexcept {
        const std::size_t size = tail_left_ < bytes.size() ? tail_left_ : bytes.size();
        const auto piece = bytes.first(size);
        bytes = bytes.subspan(size);
        tail_left_ -= size;
        return {Event::Kind::tail, piece, tail_left_ == 0};
    }

    /// The tail of a head that was found among bytes which were kept as a part of something else.
    Event kept_tail() noexcept {
        auto kept = std::span<const std::byte>(head_).first(kept_);
        const Event event = next_tail(kept);
        used_ = event.bytes.size();
        return event;
    }

    /// The common case: the head lies whole in the caller's buffer, and is read where it is.
    Event head_in_place(std::span<const std::byte>& bytes, std::size_t size) noexcept {
        if (size == 0 || !head_intact(bytes.data(), size)) return garbage(bytes.data());
        const auto head = bytes.first(size);
        bytes = bytes.subspan(size);
        tail_left_ = load_header(head.data()).tail_bytes;
        return {Event::Kind::head, head, false};
    }

    Event head_in_pieces(std::span<const std::byte>& bytes) noexcept {
        for (;; drop()) {
            if (!keep_until(4, bytes)) return {};
            used_ = head_bytes(head_.data());
            if (!keep_until(used_, bytes)) {
                used_ = 0;
                return {};
            }
            if (used_ > 0 && head_intact(head_.data(), used_)) break;
            used_ = 1;
            if (!hunts_) return garbage(head_.data());
        }
        tail_left_ = load_header(head_.data()).tail_bytes;
        return {Event::Kind::head, std::span(head_).first(used_), false};
    }

    Event garbage(const std::byte* begin) noexcept {
        hunts_ = true;
        const bool first_version = load<std::uint32_t>(begin) == first_version_hello;
        return {first_version ? Event::Kind::first_version : Event::Kind::garbage, {}, false};
    }

    /// Forgets what was used of the kept bytes; while it hunts, also what no head can begin with.
    void drop() noexcept {
        std::size_t at = used_;
        while (hunts_ && tail_left_ == 0 && at < kept_ && !may_begin(head_[at])) ++at;
        kept_ -= at;
        used_ = 0;
        if (kept_ > 0) std::memmove(head_.data(), head_.data() + at, kept_);
    }

    static constexpr bool may_begin(std::byte first) noexcept { return first == std::byte{frame_magic & 0xff}; }

    /// Moves bytes to the kept head until it has `size` of them; false when they do not suffice.
    bool keep_until(std::size_t size, std::span<const std::byte>& bytes) noexcept {
        if (kept_ >= size) return true;
        const std::size_t missing = size - kept_;
        const std::size_t more = missing < bytes.size() ? missing : bytes.size();
        if (more > 0) std::memcpy(head_.data() + kept_, bytes.data(), more);
        kept_ += more;
        bytes = bytes.subspan(more);
        return kept_ >= size;
    }

    std::array<std::byte, frame_head_bytes_max> head_{};
    std::size_t kept_ = 0;
    std::size_t used_ = 0;  // of the kept bytes: what the last event was made of
    std::size_t tail_left_ = 0;
    bool hunts_ = false;
};

}  // namespace replicator::core
