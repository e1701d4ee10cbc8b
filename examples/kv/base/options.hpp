// SPDX-License-Identifier: BSL-1.0
// What the command line of kv_server says.
#pragma once

#include "limits.hpp"

#include <replicator/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace kv {

/// Where somebody is called.
struct Address {
    std::string host = "127.0.0.1";  ///< an address in numbers, or a name
    std::uint16_t port = 0;

    /// Somebody has to be asked what its address is, and the answer may change.
    [[nodiscard]] bool is_name() const;
};

struct ServerOptions {
    replicator::NodeId node{};
    Address listen;
    std::map<replicator::NodeId, Address> peers;
    Address client;
    bool links_from_anywhere = false;                        ///< not only from the addresses of peers
    Address announced;                                       ///< port 0: where it listens
    std::map<replicator::NodeId, Address> client_addresses;  ///< where clients call nodes, as far as it was said
    std::string ack = "semi-sync";
    std::string log = "memory";  ///< "file" where there is a directory
    std::string directory;       ///< for the log and the state; empty when both are in memory
    bool repair = false;
    bool leads_again = true;
    std::uint64_t cluster = 0;
    std::size_t clients_max = clients_max_default;
    std::uint64_t memory_bytes_max = std::uint64_t{1} << 30;
    std::chrono::seconds client_timeout{120};
    std::string password;                             ///< empty when nobody is asked for one
    std::string password_file;                        ///< where it is instead
    std::chrono::seconds fault_stay{10};              ///< how long a node that faulted is still asked
    std::chrono::seconds open_patience{30};           ///< for what the system is short of when the directory is opened
    std::chrono::milliseconds stop_patience{15'000};  ///< for handing over, when the server is told to end
    bool bootstrap = false;
    bool help = false;

    std::string wrong;  ///< what cannot be understood; empty when all can
};

[[nodiscard]] ServerOptions read_options(std::span<const char* const> arguments);
[[nodiscard]] std::string help_text();

}  // namespace kv
