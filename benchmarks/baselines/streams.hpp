// SPDX-License-Identifier: BSL-1.0
// One direction of a loopback connection, as fast as it goes: framed and parsed, or bare.
#pragma once

#include "sockets.hpp"

#include "../process.hpp"
#include "../tcp_result.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace benchmark::baseline {

inline constexpr std::size_t stream_header_bytes = 8;

/// Counts whole frames of {length, number} and payload.
inline void receive_frames(const Socket& from, SharedPage& page) {
    std::vector<std::byte> buffer(256 * 1024);
    std::size_t filled = 0;
    std::uint64_t frames = 0;
    std::uint64_t numbers = 0;
    for (;;) {
        const ssize_t bytes = recv(from.descriptor(), buffer.data() + filled, buffer.size() - filled, 0);
        if (bytes <= 0) return;
        filled += static_cast<std::size_t>(bytes);
        std::size_t at = 0;
        while (filled - at >= stream_header_bytes) {
            std::uint32_t header[2];
            std::memcpy(header, buffer.data() + at, sizeof header);
            if (filled - at < stream_header_bytes + header[0]) break;
            numbers += header[1];
            ++frames;
            at += stream_header_bytes + header[0];
        }
        std::memmove(buffer.data(), buffer.data() + at, filled - at);
        filled -= at;
        if (numbers == ~std::uint64_t{0}) fail("never; keeps the sum alive");
        page.progress.store(frames, std::memory_order_relaxed);
    }
}

inline void receive_bytes(const Socket& from, SharedPage& page) {
    std::vector<std::byte> buffer(256 * 1024);
    std::uint64_t received = 0;
    for (;;) {
        const ssize_t bytes = recv(from.descriptor(), buffer.data(), buffer.size(), 0);
        if (bytes <= 0) return;
        received += static_cast<std::uint64_t>(bytes);
        page.progress.store(received, std::memory_order_relaxed);
    }
}

/// Sends the block again and again; the rate of what arrived, in frames or bytes a second.
[[nodiscard]] inline double run_stream(const std::vector<std::byte>& block, const TcpRun& run,
                                       void (*receive)(const Socket&, SharedPage&)) {
    const Socket listener = listen_on_loopback();
    const Child receiver(core_of_follower(0), [&](SharedPage& page) { receive(accept_on(listener), page); });
    const Socket socket = connect_to(listener);
    Meter meter(run, receiver.page());
    while (meter.go_on(receiver.page().progress.load(std::memory_order_relaxed))) {
        send_all(socket, block.data(), block.size());
    }
    return meter.result().writes_per_second;
}

/// Frames of `payload_bytes` a second, 64 KiB a send, parsed by the receiver.
[[nodiscard]] inline double run_framed_stream(const TcpRun& run, std::uint32_t payload_bytes) {
    std::vector<std::byte> block;
    for (std::uint32_t number = 0; block.size() + stream_header_bytes + payload_bytes <= 64 * 1024; ++number) {
        const std::uint32_t header[2] = {payload_bytes, number};
        const std::size_t at = block.size();
        block.resize(at + stream_header_bytes + payload_bytes);
        std::memcpy(block.data() + at, header, sizeof header);
    }
    return run_stream(block, run, receive_frames);
}

/// Bytes a second, 256 KiB a send, looked at by nobody.
[[nodiscard]] inline double run_raw_stream(const TcpRun& run) {
    return run_stream(std::vector<std::byte>(256 * 1024), run, receive_bytes);
}

}  // namespace benchmark::baseline
