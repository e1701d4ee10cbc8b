// SPDX-License-Identifier: BSL-1.0
// Cuts a stream of bytes into heads and tails. It keeps at most one head; tails pass through as they come.
#pragma once

#include "frame.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <span>

namespace replicator::core {

class Inbound {
public:
    /// What came next in the stream.
    struct Event {
        enum class Kind : std::uint8_t {
            need_more,  ///< all bytes are used up
            head,       ///< a whole head, checked; `bytes` holds it until the next call
            tail,       ///< a piece of the tail of the last head; `bytes` holds it until the caller's bytes go
            garbage,    ///< no head begins here, or its checksum is wrong
        };
        Kind kind = Kind::need_more;
        std::span<const std::byte> bytes;
        bool tail_ends = false;  ///< this piece is the last of its tail
    };

    /// Takes the next event from the front of `bytes`, and shortens `bytes` by what it used.
    [[nodiscard]] Event next(std::span<const std::byte>& bytes) noexcept {
        if (bytes.empty()) return {};
        if (tail_left_ > 0) return next_tail(bytes);
        return kept_ == 0 && bytes.size() >= frame_head_bytes_max ? head_in_place(bytes) : head_in_pieces(bytes);
    }

    /// The stream starts anew: a frame that is there in part will never be completed.
    void restart() noexcept { kept_ = 0, tail_left_ = 0; }

private:
    Event next_tail(std::span<const std::byte>& bytes) noexcept {
        const std::size_t size = tail_left_ < bytes.size() ? tail_left_ : bytes.size();
        const auto piece = bytes.first(size);
        bytes = bytes.subspan(size);
        tail_left_ -= size;
        return {Event::Kind::tail, piece, tail_left_ == 0};
    }

    /// The common case: the head lies whole in the caller's buffer, and is read where it is.
    Event head_in_place(std::span<const std::byte>& bytes) noexcept {
        const std::size_t size = head_bytes(bytes.data());
        if (size == 0 || !head_intact(bytes.data(), size)) return {Event::Kind::garbage, {}, false};
        const auto head = bytes.first(size);
        bytes = bytes.subspan(size);
        tail_left_ = load_header(head.data()).tail_bytes;
        return {Event::Kind::head, head, false};
    }

    Event head_in_pieces(std::span<const std::byte>& bytes) noexcept {
        if (!keep_until(4, bytes)) return {};
        const std::size_t size = head_bytes(head_.data());
        if (size == 0) return {Event::Kind::garbage, {}, false};
        if (!keep_until(size, bytes)) return {};
        kept_ = 0;
        if (!head_intact(head_.data(), size)) return {Event::Kind::garbage, {}, false};
        tail_left_ = load_header(head_.data()).tail_bytes;
        return {Event::Kind::head, std::span(head_).first(size), false};
    }

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
    std::size_t tail_left_ = 0;
};

}  // namespace replicator::core
