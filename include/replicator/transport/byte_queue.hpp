// SPDX-License-Identifier: BSL-1.0
// transport::ByteQueue: bytes from an interrupt, or another thread, to the loop of a node.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::transport {

/// At most `Bytes` of them, a power of two: what the line brings in the longest turn of the loop. One puts, and one
/// takes; neither waits.
///
///     transport::ByteQueue<256> queue;
///     void uart_interrupt() { queue.put(std::byte{UART->DATA}); }
///
///     for (auto came = queue.front(); !came.empty(); came = queue.front()) {   // in the loop
///         if (!line.receive(node, came)) stop();
///         queue.pop(came.size());
///     }
template <std::size_t Bytes>
class ByteQueue {
    static_assert(Bytes > 0 && (Bytes & (Bytes - 1)) == 0 && Bytes <= std::size_t{1} << 31,
                  "transport::ByteQueue<Bytes>: Bytes is a power of two.");

public:
    /// False when there is no room: the byte is lost, as on the line.
    bool put(std::byte byte) noexcept {
        const std::uint32_t end = end_.load(std::memory_order_relaxed);
        if (end - begin_.load(std::memory_order_acquire) == Bytes) return false;
        bytes_[end % Bytes] = byte;
        end_.store(end + 1, std::memory_order_release);
        return true;
    }

    /// Bytes that came first, as many as lie in one piece; none when there are none.
    [[nodiscard]] std::span<const std::byte> front() const noexcept {
        const std::uint32_t begin = begin_.load(std::memory_order_relaxed);
        const std::uint32_t count = end_.load(std::memory_order_acquire) - begin;
        const std::size_t at = begin % Bytes;
        return {bytes_.data() + at, count < Bytes - at ? count : Bytes - at};
    }
    void pop(std::size_t count) noexcept {
        const std::uint32_t begin = begin_.load(std::memory_order_relaxed);
        begin_.store(begin + static_cast<std::uint32_t>(count), std::memory_order_release);
    }

private:
    std::array<std::byte, Bytes> bytes_{};
    std::atomic<std::uint32_t> begin_{0};  // moved by who takes
    std::atomic<std::uint32_t> end_{0};    // moved by who puts
};

}  // namespace replicator::transport
