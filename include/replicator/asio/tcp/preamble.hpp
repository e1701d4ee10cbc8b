// SPDX-License-Identifier: BSL-1.0
// The first bytes of every connection over TCP: they tell the side that was called who is calling.
#pragma once

#include "../../encoding/bytes.hpp"
#include "../../encoding/checksum.hpp"
#include "../../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace replicator::transport {

/// Little-endian: magic u64, version u16, zero u16, from u32, to u32, CRC-32C of all that u32. It belongs to the
/// transport; the nodes' own handshake comes after it and checks everything else.
struct TcpPreamble {
    static constexpr std::size_t size_bytes = 24;
    static constexpr std::uint64_t magic = 0x0a50'4354'6c70'6572;  // "replTCP\n"
    static constexpr std::uint16_t version = 1;

    NodeId from{};
    NodeId to{};
};

using TcpPreambleBytes = std::array<std::byte, TcpPreamble::size_bytes>;

inline void encode_preamble(const TcpPreamble& preamble, std::span<std::byte, TcpPreamble::size_bytes> to) noexcept {
    ByteWriter writer(to.data());
    writer.put(TcpPreamble::magic).put(TcpPreamble::version).put(std::uint16_t{0}).put(preamble.from).put(preamble.to);
    writer.put(checksum(to.first(TcpPreamble::size_bytes - sizeof(std::uint32_t))));
}

/// Nothing, when the bytes are not a preamble of a version that is known.
[[nodiscard]] inline std::optional<TcpPreamble> decode_preamble(
    std::span<const std::byte, TcpPreamble::size_bytes> from) noexcept {
    std::uint64_t magic = 0;
    std::uint16_t version = 0;
    std::uint16_t zero = 0;
    std::uint32_t sum = 0;
    TcpPreamble preamble;
    ByteReader(from.data()).get(magic).get(version).get(zero).get(preamble.from).get(preamble.to).get(sum);
    if (magic != TcpPreamble::magic || version != TcpPreamble::version || zero != 0) return std::nullopt;
    if (sum != checksum(from.first(TcpPreamble::size_bytes - sizeof sum))) return std::nullopt;
    return preamble;
}

}  // namespace replicator::transport
