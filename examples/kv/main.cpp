// SPDX-License-Identifier: BSL-1.0
// kv_server: a replicated map that speaks the Redis protocol. `kv_server --help` says how it is started.

#include "base/options.hpp"
#include "base/password_file.hpp"
#include "base/text.hpp"
#include "commands/client.hpp"
#include "disk/disk.hpp"
#include "node/fault_watch.hpp"
#include "node/flush_thread.hpp"
#include "node/networked_node.hpp"
#include "peers/name_thread.hpp"
#include "peers/peer_addresses.hpp"
#include "process/descriptors.hpp"
#include "process/loop.hpp"
#include "process/signal_watch.hpp"
#include "process/steady_heap.hpp"
#include "server/orderly_stop.hpp"
#include "server/server.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Endpoint = asio::ip::tcp::endpoint;

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

/// Null when no composition has such names.
[[nodiscard]] std::unique_ptr<kv::NetworkedNode> make_node(asio::io_context& context, const replicator::Config& config,
                                                           kv::Composition composition,
                                                           const replicator::transport::TcpOptions& tcp) {
    auto node = std::make_unique<kv::NetworkedNode>(context.get_executor(), config, std::move(composition), tcp);
    return node->node() ? std::move(node) : nullptr;
}

/// Lowers `clients_max` to what the limits of the process allow, and says so. False when they allow no client.
[[nodiscard]] bool fit_clients(kv::ServerOptions& options) {
    const std::size_t fit = kv::clients_that_fit(options.clients_max, options.peers.size());
    const std::size_t wanted = std::exchange(options.clients_max, fit);
    if (fit == wanted) return true;
    const std::size_t needed = wanted + kv::descriptors_beside_clients(options.peers.size());
    const std::string what =
        fit == 0 ? "there is room for no client" : kv::joined("--clients-max ", wanted, " is lowered to ", fit);
    static_cast<void>(fail(kv::joined(what, ": the process may open too few files (`ulimit -n`); it needs ", needed)));
    return fit > 0;
}

/// A node that has a history already goes on with that.
[[nodiscard]] std::string bootstrap(const kv::ServerOptions& options, kv::NetworkedNode& node) {
    const replicator::Error error = node.node().bootstrap(replicator::HistoryId{draw()}).error();
    const bool comes_back = error == replicator::Error::already_bootstrapped && !options.directory.empty();
    return error == replicator::Error::none || comes_back ? "" : kv::joined("cannot found: ", to_string(error));
}

/// Where to listen: asks until that is known, which a name may not be while a machine starts. Empty, when it cannot be
/// known, or when the process was told to end meanwhile.
[[nodiscard]] std::optional<Endpoint> place_of(asio::io_context& context, kv::NameThread& names,
                                               const kv::Address& address, const bool& ended) {
    asio::steady_timer timer(context);
    bool said = false;
    while (!ended) {
        const auto answer = std::make_shared<std::optional<kv::FoundHost>>();
        names.ask(address, [answer](const kv::FoundHost& host) { *answer = host; });
        while (!*answer && !ended) context.run_one();
        if (!*answer) break;
        const auto& found = (*answer)->endpoints;
        const auto is_v4 = [](const Endpoint& endpoint) { return endpoint.address().is_v4(); };
        const auto first_v4 = std::find_if(found.begin(), found.end(), is_v4);
        if (!found.empty()) return first_v4 == found.end() ? found.front() : *first_v4;
        const char* const next = address.is_name() ? "; it is looked up again and again" : "";
        if (!std::exchange(said, true)) {
            static_cast<void>(fail(kv::joined("cannot listen at ", address.host, ": ", (*answer)->wrong, next)));
        }
        if (!address.is_name()) break;
        bool rested = false;
        timer.expires_after(std::chrono::seconds(1));
        timer.async_wait([&rested](std::error_code) { rested = true; });
        while (!rested) {
            if (ended) timer.cancel();
            context.run_one();
        }
    }
    return std::nullopt;
}

/// What is wrong, if anything is.
[[nodiscard]] std::string add_peers(const kv::ServerOptions& options, kv::NetworkedNode& node,
                                    kv::PeerAddresses& addresses) {
    for (const auto& [peer, address] : options.peers) {
        Endpoint endpoint;
        if (!address.is_name()) {
            std::error_code error;
            endpoint = {asio::ip::make_address(address.host, error), address.port};
            if (error) return kv::joined("no address: ", address.host);
        }
        addresses.add(peer, address, peer > options.node);
        node.transport().add_peer(peer, endpoint);
    }
    if (!options.links_from_anywhere) addresses.screen_callers();
    return {};
}

/// What the exit status says when the system was short of something for too long; EX_TEMPFAIL in sysexits.h.
constexpr int shortage_status = 75;
constexpr std::chrono::milliseconds open_rest{500};

/// The node over its directory; null when that is refused, which `disk` then says.
[[nodiscard]] std::unique_ptr<kv::NetworkedNode> open_node(const kv::ServerOptions& options, asio::io_context& context,
                                                           replicator::Config& config,
                                                           const replicator::transport::TcpOptions& tcp,
                                                           kv::FlushThread& flush_thread, kv::OpenedDisk& disk) {
    disk = kv::open_disk(options, replicator::Incarnation{draw()}, flush_thread.worker());
    if (!disk.wrong.empty()) return nullptr;
    config.run = disk.log.run();
    config.leads_again = options.leads_again;
    auto node = make_node(context, config, {options.ack, options.log, std::move(disk.log)}, tcp);
    const auto fault = node == nullptr ? replicator::Error::none : node->node().status().fault;
    if (fault == replicator::Error::none) return node;
    disk.wrong = kv::fault_text(options.directory, fault, node->node().log_failure());
    disk.passes = fault == replicator::Error::log_full;
    return nullptr;
}

/// The same, again and again while the system is short of something. A supervisor would start the process again at
/// once, and give it up for good after a few times.
[[nodiscard]] std::unique_ptr<kv::NetworkedNode> open_patiently(const kv::ServerOptions& options,
                                                                asio::io_context& context, replicator::Config& config,
                                                                const replicator::transport::TcpOptions& tcp,
                                                                kv::FlushThread& flush_thread, kv::OpenedDisk& disk) {
    const auto until = std::chrono::steady_clock::now() + options.open_patience;
    for (bool said = false;; std::this_thread::sleep_for(open_rest)) {
        auto node = open_node(options, context, config, tcp, flush_thread, disk);
        if (node != nullptr || !disk.passes || std::chrono::steady_clock::now() >= until) return node;
        if (std::exchange(said, true)) continue;
        static_cast<void>(
            fail(kv::joined(disk.wrong, "; it is tried again for ", options.open_patience.count(), " s")));
    }
}

[[nodiscard]] int close(kv::NetworkedNode& node) {
    const auto closed = node.node().close().error();
    return closed == replicator::Error::none ? 0 : fail(kv::joined("not stopped in order: ", to_string(closed)));
}

[[nodiscard]] int serve(asio::io_context& context, const kv::ServerOptions& options, kv::NetworkedNode& node,
                        std::optional<kv::DiskReport> disk) {
    kv::NameThread names(context);
    kv::PeerAddresses addresses(context, names, node.transport());
    if (const std::string wrong = add_peers(options, node, addresses); !wrong.empty()) return fail(wrong);

    bool ended = false;
    std::function<void()> end;
    kv::SignalWatch signals(context, [&] {
        ended = true;
        if (end) end();
    });
    const auto listen = place_of(context, names, options.listen, ended);
    const auto client = listen ? place_of(context, names, options.client, ended) : std::nullopt;
    if (ended) return close(node);
    if (!listen || !client) return 1;

    std::error_code error;
    const auto peer_endpoint = node.transport().listen(*listen, error);
    if (error) return fail(kv::joined("cannot listen for nodes: ", error.message()));
    if (error = node.start(); error) return fail(kv::joined("cannot start: ", error.message()));
    if (options.bootstrap) {
        if (const std::string wrong = bootstrap(options, node); !wrong.empty()) return fail(wrong);
    }

    kv::Service service{node.node(), options.ack, options.log, options.peers, std::move(disk)};
    service.clients_max = options.clients_max;
    service.memory_bytes_max = options.memory_bytes_max;
    service.password = options.password;
    service.client_timeout = options.client_timeout;
    kv::Server server(context, node, service);
    const auto client_endpoint = server.listen(*client, error);
    if (error) return fail(kv::joined("cannot listen for clients: ", error.message()));
    service.client_port = client_endpoint.port();
    service.self = options.node;
    service.client_addresses = options.client_addresses;
    if (auto& own = service.client_addresses[options.node]; own.port == 0) own.port = client_endpoint.port();
    node.on_progress([](void* at) { static_cast<kv::Server*>(at)->node_moved(); }, &server);
    addresses.start();

    kv::FaultWatch watch(context, node.node(), options.fault_stay, [&] { end(); });
    watch.start();
    kv::OrderlyStop stop(context, node, server, options.stop_patience, [&] {
        addresses.stop();
        server.stop();
        node.stop();
        watch.stop();
        signals.stop();
    });
    end = [&] { stop.signal(); };
    std::printf("ready node=%u client=%u peer=%u\n", value(options.node), unsigned{client_endpoint.port()},
                unsigned{peer_endpoint.port()});
    std::fflush(stdout);
    kv::run(context, service.loop);
    if (node.node().role() == replicator::Role::faulted) return kv::faulted_status;
    const int closed = close(node);
    return stop.was_cut_short() ? 1 : closed;
}

}  // namespace

int main(int count, char** arguments) {
    kv::ServerOptions options =
        kv::read_options(std::span<const char* const>(arguments, static_cast<std::size_t>(count)).subspan(1));
    if (options.help) return std::fputs(kv::help_text().c_str(), stdout), 0;
    if (!options.wrong.empty()) return fail(options.wrong + " (--help says more)");
    if (!fit_clients(options)) return 1;
    kv::make_heap_steady();
    if (!options.password_file.empty() && !kv::read_password(options.password_file, options.password)) {
        return fail(options.password);
    }

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
    tcp.read_bytes_max = kv::peer_bytes_per_call;

    asio::io_context context(1);
    std::optional<kv::FlushThread> flush_thread;
    kv::OpenedDisk disk;
    if (!options.directory.empty()) flush_thread.emplace(context);
    const auto node = options.directory.empty() ? make_node(context, config, {options.ack, options.log}, tcp)
                                                : open_patiently(options, context, config, tcp, *flush_thread, disk);
    if (!disk.wrong.empty()) {
        static_cast<void>(fail(disk.wrong));
        return disk.passes ? shortage_status : 1;
    }
    if (node == nullptr) return fail(kv::joined("no composition has --ack ", options.ack, " and --log ", options.log));
    if (options.directory.empty()) return serve(context, options, *node, std::nullopt);
    flush_thread->tell(*node);
    std::printf("%s\n", disk.text.c_str());
    return serve(context, options, *node, std::move(disk.report));
}
