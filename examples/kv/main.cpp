// SPDX-License-Identifier: BSL-1.0
// kv_server: a replicated map that speaks the Redis protocol. `kv_server --help` says how it is started.

#include "client.hpp"
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
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
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

[[nodiscard]] std::unique_ptr<kv::NetworkedNode> make_node(const kv::ServerOptions& options, asio::io_context& context,
                                                           const replicator::Config& config,
                                                           const replicator::transport::TcpOptions& tcp) {
    for (const Policy& policy : policies) {
        if (policy.name == options.ack) return policy.make(options.log, context, config, tcp);
    }
    return nullptr;
}

[[nodiscard]] int serve(asio::io_context& context, const kv::ServerOptions& options, kv::NetworkedNode& node) {
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
        if (const auto founded = node.found(replicator::HistoryId{draw()}); !founded) {
            return fail(kv::joined("cannot found: ", to_string(founded.error())));
        }
    }

    kv::Service service{node, options.ack, options.log, options.peers};
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
    const std::uint64_t run = draw();
    replicator::Config config;
    config.node = options.node;
    config.nodes = nodes;
    config.run = replicator::Run{run};
    config.cluster = replicator::ClusterId{options.cluster};
    replicator::transport::TcpOptions tcp;
    tcp.seed = run;

    asio::io_context context(1);
    const auto node = make_node(options, context, config, tcp);
    if (node == nullptr) return fail(kv::joined("no composition has --ack ", options.ack, " and --log ", options.log));
    return serve(context, options, *node);
}
