// SPDX-License-Identifier: BSL-1.0
// What commands know about the client that sent them and about the server that runs them.
#pragma once

#include "../base/limits.hpp"
#include "../base/options.hpp"
#include "../disk/disk_report.hpp"
#include "../node/node.hpp"
#include "../process/loop_times.hpp"
#include "../protocol/reply.hpp"

#include <replicator/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kv {

/// One connection.
struct Client {
    std::uint64_t id = 0;
    int protocol = 2;
    std::string name;
    std::string library;  ///< what it says that it is written with, and of which version
    std::string library_version;
    std::string address;        ///< where it calls from
    std::string local_address;  ///< and where it called
    std::chrono::steady_clock::time_point since{};
    std::chrono::steady_clock::time_point active{};  ///< when its newest request was served
    std::string_view command;                        ///< of that request
    bool waits = false;                              ///< in WAIT and its like
    replicator::Position last_write;                 ///< the newest write of this connection that was acknowledged
    bool quits = false;                              ///< no more requests are read
    bool logged_in = false;                          ///< it has said the password
};

/// The server, as commands see it.
struct Service {
    Node node;
    std::string ack;
    std::string log;
    std::map<replicator::NodeId, Address> peers;  ///< where nodes call them
    std::optional<DiskReport> disk{};             ///< nothing where the log is in memory
    std::uint16_t client_port = 0;
    std::size_t clients_max = clients_max_default;
    std::uint64_t memory_bytes_max = 0;
    std::chrono::seconds client_timeout{120};
    std::string password{};  ///< empty when nobody is asked for one
    replicator::NodeId self{};
    std::map<replicator::NodeId, Address> client_addresses{};  ///< where clients call nodes, this one included
    bool stopping = false;                                     ///< commands are refused; another server takes them

    std::map<std::uint64_t, Client*> all_clients{};        ///< by their ids
    std::function<void(std::uint64_t id)> close_client{};  ///< at once, and not the one that asks for it
    std::size_t clients = 0;
    std::size_t clients_waiting = 0;        ///< in WAIT and its like
    std::uint64_t connections = 0;          ///< since the start
    std::uint64_t connections_refused = 0;  ///< because there were `clients_max`
    std::uint64_t requests = 0;
    std::uint64_t protocol_errors = 0;
    LoopTimes loop{};  ///< how long others had to wait
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

    [[nodiscard]] std::size_t nodes() const noexcept { return peers.size() + 1; }
};

/// One request that is being answered. The first word is the name of the command.
struct Call {
    std::span<const std::string_view> words;
    Client& client;
    Service& service;
    ReplyWriter& reply;
};

}  // namespace kv
