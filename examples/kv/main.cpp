// SPDX-License-Identifier: BSL-1.0
// kv_server: a replicated map that speaks the Redis protocol. `kv_server --help` says how it is started.

#include "client.hpp"
#include "disk.hpp"
#include "flush_thread.hpp"
#include "networked_node.hpp"
#include "options.hpp"
#include "server.hpp"
#include "text.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

/// Not used before: the library has no entropy of its own.
[[nodiscard]] std::uint64_t draw() {
    std::random_device random;
    const std::uint64_t drawn = std::uint64_t{random()} << 32 | random();
    const auto now = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
    return (drawn ^ now) | 1;
}

[[nodiscard]] int fail(const std::string& what) {
    std::fprintf(stderr, "kv_server: %s\n", what.c_str());
    return 1;
}

/// False when the address is none; without this it would become that of all interfaces.
[[nodiscard]] bool to_endpoint(const kv::Address& address, asio::ip::tcp::endpoint& endpoint) {
    std::error_code error;
    endpoint = {asio::ip::make_address(address.ip, error), address.port};
    return !error;
}

struct Policy {
    std::string_view name;
    kv::MakeNode* make;
};

constexpr Policy policies[] = {
    {"async", kv::make_async},       {"semi-sync", kv::make_semi_sync}, {"quorum", kv::make_quorum},
    {"majority", kv::make_majority}, {"sync", kv::make_sync},
};

[[nodiscard]] std::unique_ptr<kv::NetworkedNode> make_node(std::string_view ack, kv::NodeParts parts) {
    for (const Policy& policy : policies) {
        if (policy.name == ack) return policy.make(std::move(parts));
    }
    return nullptr;
}

/// A node that has a history already goes on with that.
[[nodiscard]] std::string found(const kv::ServerOptions& options, kv::NetworkedNode& node) {
    const replicator::Error error = node.found(replicator::HistoryId{draw()}).error();
    const bool comes_back = error == replicator::Error::already_founded && !options.directory.empty();
    return error == replicator::Error::none || comes_back ? "" : kv::joined("cannot found: ", to_string(error));
}

[[nodiscard]] int serve(asio::io_context& context, const kv::ServerOptions& options, kv::NetworkedNode& node,
                        std::optional<kv::DiskReport> disk) {
    std::error_code error;
    asio::ip::tcp::endpoint listen;
    asio::ip::tcp::endpoint client;
    if (!to_endpoint(options.listen, listen)) return fail(kv::joined("no address: ", options.listen.ip));
    if (!to_endpoint(options.client, client)) return fail(kv::joined("no address: ", options.client.ip));
    for (const auto& [peer, address] : options.peers) {
        asio::ip::tcp::endpoint endpoint;
        if (!to_endpoint(address, endpoint)) return fail(kv::joined("no address: ", address.ip));
        node.add_peer(peer, endpoint);
    }
    const auto peer_endpoint = node.listen(listen, error);
    if (error) return fail(kv::joined("cannot listen for nodes: ", error.message()));
    if (error = node.start(); error) return fail(kv::joined("cannot start: ", error.message()));
    if (options.found) {
        if (const std::string wrong = found(options, node); !wrong.empty()) return fail(wrong);
    }

    kv::Service service{node, options.ack, options.log, options.peers, std::move(disk)};
    service.clients_max = options.clients_max;
    service.memory_bytes_max = options.memory_bytes_max;
    kv::Server server(context, service);
    const auto client_endpoint = server.listen(client, error);
    if (error) return fail(kv::joined("cannot listen for clients: ", error.message()));
    service.client_port = client_endpoint.port();

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](std::error_code, int) {
        server.stop();
        node.stop();
    });
    std::printf("ready node=%u client=%u peer=%u\n", value(options.node), unsigned{client_endpoint.port()},
                unsigned{peer_endpoint.port()});
    std::fflush(stdout);
    context.run();
    if (const auto closed = node.close(); closed != replicator::Error::none) {
        return fail(kv::joined("not stopped in order: ", to_string(closed)));
    }
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    const kv::ServerOptions options =
        kv::read_options(std::span<const char* const>(arguments, static_cast<std::size_t>(count)).subspan(1));
    if (options.help) return std::fputs(kv::help_text().c_str(), stdout), 0;
    if (!options.wrong.empty()) return fail(options.wrong + " (--help says more)");

    std::vector<replicator::NodeId> nodes{options.node};
    for (const auto& [peer, address] : options.peers) nodes.push_back(peer);
    const std::uint64_t drawn = draw();
    replicator::Config config;
    config.node = options.node;
    config.nodes = nodes;
    config.run = replicator::Run{drawn};
    config.cluster = replicator::ClusterId{options.cluster};
    replicator::transport::TcpOptions tcp;
    tcp.seed = drawn;

    asio::io_context context(1);
    std::optional<kv::FlushThread> flush_thread;
    kv::OpenedDisk disk;
    if (!options.directory.empty()) {
        flush_thread.emplace(context);
        disk = kv::open_disk(options, replicator::Incarnation{draw()}, flush_thread->worker());
        if (!disk.wrong.empty()) return fail(disk.wrong);
        config.run = disk.log.run();
        config.leads_again = options.leads_again;
    }

    const auto node = make_node(options.ack, {options.log, std::move(disk.log), context, config, tcp});
    if (node == nullptr) return fail(kv::joined("no composition has --ack ", options.ack, " and --log ", options.log));
    if (options.directory.empty()) return serve(context, options, *node, std::nullopt);
    if (const auto fault = node->status().fault; fault != replicator::Error::none) {
        return fail(kv::fault_text(options.directory, fault));
    }
    flush_thread->tell(*node);
    std::printf("%s\n", disk.text.c_str());
    return serve(context, options, *node, std::move(disk.report));
}
