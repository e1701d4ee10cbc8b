// SPDX-License-Identifier: BSL-1.0
// How many files the process may open, and how many of them are kept for the node, so that clients never take the last.
#pragma once

#include <cstddef>
#include <string>

namespace kv {

/// What the server opens beside its clients: the three streams, what Asio needs, two listeners, a log on a disk, names
/// that are looked up, callers that have not said who they are, and clients that are told that there are too many.
inline constexpr std::size_t descriptors_of_the_server = 3 + 3 + 2 + 12 + 6 + 16 + 17;
/// For each other node: one connection, and one that takes its place.
inline constexpr std::size_t descriptors_of_a_peer = 2;

[[nodiscard]] constexpr std::size_t descriptors_beside_clients(std::size_t peers) noexcept {
    return descriptors_of_the_server + peers * descriptors_of_a_peer;
}

/// The most clients that fit beside that, of `wanted`. The soft limit of the process is raised as far as the hard one
/// lets it; 0 when there is no room for any.
[[nodiscard]] std::size_t clients_that_fit(std::size_t wanted, std::size_t peers);

/// The same for a process that may open `limit` files.
[[nodiscard]] constexpr std::size_t clients_that_fit(std::size_t wanted, std::size_t peers,
                                                     std::size_t limit) noexcept {
    const std::size_t kept = descriptors_beside_clients(peers);
    if (limit <= kept) return 0;
    return wanted < limit - kept ? wanted : limit - kept;
}

}  // namespace kv
