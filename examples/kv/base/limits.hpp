// SPDX-License-Identifier: BSL-1.0
// Every bound of the key-value server in one place: what a request, a connection and a node may cost.
#pragma once

#include <replicator/api/options.hpp>

#include <cstddef>
#include <cstdint>

namespace kv {

/// Bytes of one key. Small, because a write after a snapshot began copies the keys on one path of the tree.
inline constexpr std::size_t key_bytes_max = 4 * 1024;
/// Bytes of one value, also of what APPEND makes of it.
inline constexpr std::size_t value_bytes_max = 128 * 1024;
/// Words of one request, its name included. Its bytes are the narrower bound, unless most of its words are empty.
inline constexpr std::size_t words_max = 1024 * 1024;
/// Bytes of one request as it is sent, framing included.
inline constexpr std::size_t request_bytes_max = 256 * 1024;
/// Bytes of one request that is a line of text.
inline constexpr std::size_t inline_bytes_max = 16 * 1024;
/// Bytes of one reply. Only MGET comes near.
inline constexpr std::size_t reply_bytes_max = 1024 * 1024;
/// Bytes of replies that a client has not yet taken; no more requests of it are served before it does.
inline constexpr std::size_t unsent_bytes_max = 256 * 1024;
/// Writes of one connection that may be without an acknowledgement.
inline constexpr std::size_t writes_in_flight_max = 1024;
/// Connections of clients, unless the command line says otherwise.
inline constexpr std::size_t clients_max_default = 256;

/// Bytes that are taken from a peer at a time, most of all of a table that comes from the leader.
inline constexpr std::size_t peer_bytes_per_call = 64 * 1024;

/// Of a log on a disk, what is in memory.
inline constexpr std::uint64_t log_tail_bytes = std::uint64_t{8} << 20;

/// The bounds of the replicated part.
struct Limits : replicator::Options {
    static constexpr std::size_t command_bytes_max = value_bytes_max + key_bytes_max + 4 * 1024;
    static constexpr std::size_t writes_pending_max = 4096;
    // So that no call of the server's loop takes long: an entry of a small table is applied in a microsecond, of a
    // large one in several, and a piece of a state is gathered from nodes that lie anywhere in memory.
    static constexpr std::size_t apply_bytes_per_call = 64 * 1024;
    static constexpr std::size_t state_pieces_per_tick = 8;
};

}  // namespace kv
