// SPDX-License-Identifier: BSL-1.0
// transport::Serial: frames over any stream of bytes that may lose, add and change some: a UART, RS-485, a pipe.
#pragma once

#include "serial/frame_length.hpp"
#include "serial/options.hpp"
#include "serial/receiver.hpp"
#include "serial/resends.hpp"
#include "serial/turns.hpp"

#include "../assert.hpp"
#include "../concepts/transport.hpp"
#include "../encoding/bytes.hpp"
#include "../encoding/checksum.hpp"
#include "../encoding/cobs.hpp"
#include "../error.hpp"
#include "../result.hpp"
#include "../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace replicator::transport {

/// One end of a line to one other node. `FrameBytesMax` is at least `Node::transmit_bytes_min`, which is checked. It is
/// the transport of its node, and carries frames of a `pair::Node` over `delivery::Frames` as well. Which node it
/// carries for is named in each call, so a node may have several lines.
///
///     transport::Serial<640> line{{.self = NodeId{1}, .peer = NodeId{2}}};
///     Node node{line, {.node = NodeId{1}, .nodes = nodes, .run = run}};
///     decltype(line)::Buffer buffer;
///
///     for (;;) {                                             // the main loop
///         line.tick(now);
///         node.tick(now);
///         if (!line.receive(node, bytes_that_came)) break;   // any number of them, cut anywhere
///         if (uart_is_idle) send(buffer, line.transmit(node, buffer));
///     }
///
/// A damaged frame is dropped, and sent again as soon as the other end says so, or says nothing. Whatever came before,
/// the next frame is found behind the next zero. The frames become shorter while some are lost. A frame that never
/// arrives is given up: the node tolerates that.
///
/// No heap, no thread, no clock. It belongs to the thread of its node: an interrupt hands its bytes over through a
/// `ByteQueue`.
template <std::size_t FrameBytesMax, Duplex Way = Duplex::full>
class Serial {
    static_assert(FrameBytesMax >= 32, "transport::Serial<FrameBytesMax>: no frame of a node is so short.");
    using Turns = std::conditional_t<Way == Duplex::half, serial::StrictTurns, serial::FreeTurns>;
    static constexpr bool is_half_duplex = Way == Duplex::half;

public:
    static constexpr Delivers delivers = Delivers::frames;
    static constexpr bool wakes = false;
    /// What one frame takes on the line at most.
    static constexpr std::size_t line_bytes_max = 1 + cobs::bytes_max(FrameBytesMax + serial::overhead);
    using Buffer = std::array<std::byte, line_bytes_max>;

    explicit Serial(const SerialOptions& options) noexcept
        : peer_(options.peer),
          pair_(options.pair),
          second_(options.peer < options.self),
          receiver_(options.pair, second_),
          turns_(options) {
        REPLICATOR_ASSERT(options.self != NodeId{} && options.peer != NodeId{} && options.self != options.peer);
    }
    Serial(const Serial&) = delete;
    Serial& operator=(const Serial&) = delete;

    /// Time passed. First in each turn of the loop, then `receive`, then `transmit`.
    void tick(Instant now) noexcept {
        resends_.tick(now);
        turns_.tick(now);
    }

    /// Bytes came. Whole frames among them go to the node, in constant time for each byte beside that.
    /// Errors: faulted (the node stopped), wrong_node (it has no such peer). All else is damage, and counted.
    template <class Node>
    [[nodiscard]] Result<void> receive(Node& node, std::span<const std::byte> bytes) noexcept {
        if (!bytes.empty()) turns_.heard();
        Error error = Error::none;
        for (const std::byte& byte : bytes) {
            const serial::Received received = receiver_.put(byte, counters_);
            if (received == serial::Received::damage) resends_.missed();
            if (received != serial::Received::frame) continue;
            if (const Error failed = take(node, &byte == bytes.data()); failed != Error::none) error = failed;
        }
        return error;
    }

    /// Writes the next frame as it is to go over the line, and returns its bytes; 0 when there is none now. Call it
    /// when the line has sent what came before, or nearly so: a frame that waits cannot tell what happened since.
    template <class Node>
    [[nodiscard]] std::size_t transmit(Node& node, std::span<std::byte, line_bytes_max> buffer) noexcept {
        static_assert(Node::transmit_bytes_min <= FrameBytesMax,
                      "The frames of this node do not fit: take a larger transport::Serial<FrameBytesMax>, or smaller "
                      "limits in Options.");
        if (!turns_.is_ours()) return 0;
        if (resends_.waits() && (is_half_duplex || resends_.is_due())) {
            if (resends_.is_hopeless()) {
                resends_.give_up();
                ++counters_.given_up;
            } else {
                if (resends_.tries() < 3) length_.lost(size_);
                ++counters_.resent;
                return code(resends_.begin_again(second_), size_, buffer);
            }
        }
        // Whoever sends long frames, sends many, and waits for the word. A short one does not hold up the next, which
        // mostly says the same and more.
        const bool word_first = resends_.owes_word() && (was_long_ || resends_.misses());
        if (!word_first && (!resends_.waits() || size_ <= short_bytes)) {
            // The frame that waits is there until the node has something new.
            const auto room = buffer.template last<FrameBytesMax>();
            if (const std::size_t size = ask(node, room); size != 0) {
                std::memcpy(frame_.data() + serial::head_bytes, room.data(), size);
                size_ = size;
                return code(resends_.begin(second_), size, buffer);
            }
        }
        if (resends_.owes_word() || turns_.is_poll_due()) return code(resends_.begin_empty(second_), 0, buffer);
        was_quiet_ = true;
        return 0;
    }

    /// Half-duplex: the last byte of what `transmit` wrote has left the driver. The line is not used before.
    void transmitted() noexcept requires is_half_duplex { turns_.ended(); }

    [[nodiscard]] const SerialCounters& counters() const noexcept { return counters_; }
    /// Bytes of entries and their head in the next frame. What cannot be cut may take a longer one.
    [[nodiscard]] std::size_t frame_bytes() const noexcept { return length_.bytes(); }

    // The boundary to the node, see concepts/transport.hpp. The loop asks anyway, so nobody needs to be woken.

    template <class Node>
    void wake(Node&, NodeId) noexcept {}

private:
    /// Frames with more bytes are confirmed at once, others with the node's next word.
    static constexpr std::size_t short_bytes = 80;

    template <class Node>
    [[nodiscard]] Error take(Node& node, bool at_once) noexcept {
        const auto payload = receiver_.payload();
        const bool waited = resends_.waits();
        const bool again = resends_.on_frame(receiver_.head(), !payload.empty());
        if (waited && !resends_.waits()) length_.arrived(size_);
        turns_.received(payload.empty(), at_once);
        if (again) ++counters_.repeated;
        if (again || payload.empty()) return Error::none;
        was_long_ = payload.size() > short_bytes;
        const Result<void> taken = node.receive(peer_, payload);
        if (taken) return Error::none;
        ++counters_.refused;
        return after_error(delivers, taken.error()) == AfterError::stop ? taken.error() : Error::none;
    }

    /// Entries go in frames of the length that suits the line. What does not fit into one, goes in a longer one.
    template <class Node>
    [[nodiscard]] std::size_t ask(Node& node, std::span<std::byte> room) noexcept {
        for (std::size_t bytes = length_.bytes();; bytes *= 2) {
            if (bytes >= FrameBytesMax) return node.transmit(peer_, room);
            if (const std::size_t size = node.transmit(peer_, room.first(bytes)); size != 0) return size;
        }
    }

    /// The frame with `size` bytes of the node, or one without any; what waits to be sent again stays.
    [[nodiscard]] std::size_t code(const serial::Head& head, std::size_t size, std::span<std::byte> to) noexcept {
        std::array<std::byte, serial::overhead> empty;
        const auto frame = size == 0 ? std::span<std::byte>(empty) : std::span<std::byte>(frame_);
        frame[0] = std::byte{pair_};
        frame[1] = head.byte();
        const auto checked = frame.first(serial::head_bytes + size);
        store(checked.data() + checked.size(), checksum(checked));
        turns_.began(size == 0);
        ++counters_.sent;
        // What came before on a line that was quiet may be noise, which this zero ends.
        const std::size_t begin = is_half_duplex || was_quiet_ ? 1 : 0;
        to[0] = std::byte{0};
        was_quiet_ = false;
        return begin + cobs::encode(to.data() + begin, frame.first(checked.size() + serial::checksum_bytes));
    }

    NodeId peer_;
    std::uint8_t pair_;
    bool second_;
    bool was_quiet_ = true;
    bool was_long_ = false;  // what the other end sent last
    serial::Receiver<FrameBytesMax> receiver_;
    serial::Resends resends_;
    serial::FrameLength<FrameBytesMax> length_;
    [[no_unique_address]] Turns turns_;
    SerialCounters counters_;
    std::size_t size_ = 0;  // what the node wrote into the last frame, which is kept until it arrived
    alignas(8) std::array<std::byte, FrameBytesMax + serial::overhead> frame_;
};

}  // namespace replicator::transport
