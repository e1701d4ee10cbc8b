// SPDX-License-Identifier: BSL-1.0
// How the command line of kv_server is read.

#include "options.hpp"

#include "arguments.hpp"
#include "text.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace kv {

namespace {

[[nodiscard]] std::optional<std::uint64_t> to_number(std::string_view text, std::uint64_t max) {
    std::uint64_t number = 0;
    if (!take_number(number, text) || number > max) return std::nullopt;
    return number;
}

/// HOST:PORT, or PORT alone for the loopback address. An IPv6 address, in which there are colons, is in brackets.
[[nodiscard]] std::optional<Address> to_address(std::string_view text) {
    Address address;
    if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
        std::string_view host = text.substr(0, colon);
        const bool in_brackets = host.starts_with('[') && host.ends_with(']');
        if (in_brackets) host = host.substr(1, host.size() - 2);
        if (host.empty() || in_brackets != (host.find(':') != std::string_view::npos)) return std::nullopt;
        address.host = host;
        text.remove_prefix(colon + 1);
    }
    const auto port = to_number(text, 65535);
    if (!port) return std::nullopt;
    address.port = static_cast<std::uint16_t>(*port);
    return address;
}

[[nodiscard]] bool read_peer(ServerOptions& options, std::string_view text) {
    constexpr std::string_view client_word = ",client=";
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return false;
    const std::size_t comma = text.find(client_word, equals);
    const auto node = to_number(text.substr(0, equals), UINT32_MAX);
    const auto address =
        to_address(text.substr(equals + 1, comma == std::string_view::npos ? comma : comma - equals - 1));
    if (!node || *node == 0 || !address) return false;
    const replicator::NodeId id{static_cast<std::uint32_t>(*node)};
    if (comma != std::string_view::npos) {
        const auto client = to_address(text.substr(comma + client_word.size()));
        if (!client || client->port == 0) return false;
        options.client_addresses.emplace(id, *client);
    }
    return options.peers.emplace(id, *address).second;
}

template <class Value, class Given>
[[nodiscard]] bool take(Value& value, const std::optional<Given>& given) {
    if (given) value = static_cast<Value>(*given);
    return given.has_value();
}

[[nodiscard]] bool read_option(ServerOptions& options, std::string_view name, std::string_view text) {
    if (name == "--node") return take(options.node, to_number(text, UINT32_MAX));
    if (name == "--listen") return take(options.listen, to_address(text));
    if (name == "--peer") return read_peer(options, text);
    if (name == "--client-port") return take(options.client, to_address(text));
    if (name == "--cluster") return take(options.cluster, to_number(text, UINT64_MAX));
    if (name == "--clients-max") return take(options.clients_max, to_number(text, 100'000));
    if (name == "--memory-max") return take(options.memory_bytes_max, to_number(text, UINT64_MAX));
    if (name == "--client-timeout") {
        const auto seconds = to_number(text, 32'767);  // the system takes no longer one
        options.client_timeout = std::chrono::seconds(seconds.value_or(0));
        return options.client_timeout.count() > 0;
    }
    if (name == "--links-from") {
        options.links_from_anywhere = text == "anywhere";
        return text == "anywhere" || text == "peers";
    }
    if (name == "--requirepass") return options.password = text, !text.empty();
    if (name == "--requirepass-file") return options.password_file = text, !text.empty();
    if (name == "--announce") return take(options.announced, to_address(text)) && options.announced.port != 0;
    if (name == "--fault-stay") {
        const auto given = to_number(text, 3'600'000);
        options.fault_stay = std::chrono::seconds(given.value_or(0));
        return given.has_value();
    }
    if (name == "--open-patience") {
        const auto given = to_number(text, 3'600'000);
        options.open_patience = std::chrono::seconds(given.value_or(0));
        return given.has_value();
    }
    if (name == "--stop-patience") {
        const auto given = to_number(text, 3'600'000);
        options.stop_patience = std::chrono::milliseconds(given.value_or(0));
        return given.has_value();
    }
    if (name == "--ack") return options.ack = text, true;
    if (name == "--log") return options.log = text, text != "file";
    if (name == "--dir") return options.directory = text, !text.empty();
    if (name == "--leads-again") return options.leads_again = text == "yes", text == "yes" || text == "no";
    return false;
}

[[nodiscard]] std::string what_is_missing(const ServerOptions& options) {
    if (options.node == replicator::NodeId{}) return "--node is missing";
    if (options.peers.contains(options.node)) return "--peer names this node itself";
    if (options.peers.empty()) return "--peer is missing: a group has at least two nodes";
    if (options.repair && options.directory.empty()) return "--repair is for --dir";
    if (!options.password.empty() && !options.password_file.empty()) {
        return "--requirepass and --requirepass-file are given";
    }
    if (options.peers.size() >= Limits::nodes_max) {
        return joined("a group has at most ", Limits::nodes_max, " nodes");
    }
    return {};
}

}  // namespace

bool Address::is_name() const {
    // What has no letter in it is meant to be an address, so a slip of the hand is told at once, and not looked up.
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return host.find(':') == std::string::npos && std::any_of(host.begin(), host.end(), is_letter);
}

ServerOptions read_options(std::span<const char* const> arguments) {
    ServerOptions options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view name = arguments[i];
        if (name == "--help" || name == "-h") return options.help = true, options;
        if (name == "--bootstrap" || name == "--repair") {
            (name == "--bootstrap" ? options.bootstrap : options.repair) = true;
            continue;
        }
        if (i + 1 == arguments.size() || !read_option(options, name, arguments[i + 1])) {
            options.wrong = joined("cannot understand ", name, i + 1 < arguments.size() ? " " : "",
                                   i + 1 < arguments.size() ? arguments[i + 1] : "");
            return options;
        }
        ++i;
    }
    options.wrong = what_is_missing(options);
    const Address& announced = options.announced.port == 0 ? options.client : options.announced;
    options.client_addresses.insert_or_assign(options.node, announced);
    if (!options.directory.empty()) options.log = "file";
    return options;
}

std::string help_text() {
    return joined(
        R"(kv_server: a replicated key-value server that speaks the Redis protocol

  --node N                this node's number, from 1
  --listen [HOST:]PORT    where nodes with larger numbers call; default 127.0.0.1, port 0 takes a free one
  --peer N=[HOST:]PORT[,client=[HOST:]PORT]
                          another node, once for each; the same group on all nodes. client: where its clients call
  --links-from WHERE      peers (default): calls of other nodes are taken from the addresses that --peer means, and
                          closed unheard from elsewhere. Of a name, all its addresses count; all loopback ones are one.
                          anywhere: for peers that call from addresses at which they are not called
  --client-port [HOST:]PORT
                          where clients call; default 127.0.0.1, port 0 takes a free one
                          HOST is an address (an IPv6 one in brackets) or a name. The name of a peer is looked up for
                          each attempt to connect, and its addresses are tried in turn: one that changes holds from the
                          next attempt on, and connections stay. A name to listen at is looked up until it has an
                          address, of several the first of IPv4. What cannot be found is said once, and tried again.
  --announce [HOST:]PORT  where clients call this node, if not where --client-port says. What the other nodes tell
                          clients of it is what their --peer says: --peer N=[HOST:]PORT,client=[HOST:]PORT. ROLE and INFO
                          name these addresses; of a node without client= they say "?" and port 0
  --bootstrap             begin a new history with this node as its leader; on one node, once. A node that finds a
                          history in its --dir goes on with that
  --ack POLICY            when a write is acknowledged, the same on all nodes:
                            async      the leader holds it
                            semi-sync  the leader and one chosen follower hold it (default)
                            quorum     the leader and any other node hold it
                            majority   more than half of all nodes hold it
                            sync       all nodes hold it
                          While a needed follower is missing, writes are refused with NOREPLICAS.
  --log LOG               where entries live: ring (8 MiB, fixed) or memory (grows up to 64 MiB, default).
                          Either is lost with the process: a node that restarts is blank and gets a snapshot.
  --dir DIR               keep the log and the state in this directory instead; it is made when it is missing. A write is
                          then acknowledged when the disks of as many nodes have it, and a node that restarts goes on
                          from its own. A directory that is damaged is refused, and nothing in it is changed
  --repair                with --dir: give up what is damaged there, and get it from the leader again
  --leads-again YES       with --dir: yes (default) lets the node that led last lead again by itself after a restart,
                          unless another one leads or led since; no waits for an operator
  --cluster N             nodes with different numbers refuse each other; default 0
  --clients-max N         connections of clients; default )",
        clients_max_default, R"(
                          As many fewer as `ulimit -n` leaves no room for: the node's own files come first
  --client-timeout SECONDS
                          a client that vanished without closing, or takes none of its replies, is given up after so
                          long; default 120
  --memory-max BYTES      that the table takes in memory, what the allocator adds included: about 220 beside each key
                          and value. More is refused with OOM. The log comes on top. Default 1 GiB
  --requirepass PASSWORD  clients must say it, with AUTH or in HELLO, before anything else is served. Other users of
                          this machine see it in the list of processes, so rather give
  --requirepass-file FILE which has it in its first line
  --fault-stay SECONDS    a node that faulted (INFO: replicator_fault) says so on stderr, answers reads and PING with
                          errors for so long, and then ends with status 3; default 10
  --open-patience SECONDS with --dir: a disk that is full, and a system that is short of descriptors or memory, are
                          named on stderr at the start and asked again for so long; then it ends with status 75, which
                          says that nothing is wrong with the directory. Default 30
  --stop-patience MS      how long a leader that is told to end tries to hand over; default 15000

Another node leads when an operator says so:
  REPLICAOF NO ONE [FORCE]   to a follower: it leads. +OK when enough others have confirmed it; otherwise the error names
                             who is missing: NODESMISSING (nothing has changed) or UNCONFIRMED (it leads, and
                             acknowledges nothing yet). FORCE goes on without them, and may lose acknowledged writes.
  FAILOVER [TO N]            to the leader: node N, or the follower that holds the most, leads in its place. Meanwhile
                             writes are refused with TRYAGAIN. Nothing is lost.
A client follows its writes from node to node:
  POSITION                   of the last write of this connection, or the newest entry of this node
  AFTER POSITION MS          +OK when this node's data include that position, nothing when they do not in time (0: no
                             limit), the error DISCARDED when they never will
  REPLICATOR STATE           one word: confirmed (leads, and more than half of all nodes have said so within 500 ms),
                             not_confirmed (leads, and may be cut off), following, leaderless, loading, faulted, stopping
INFO replication shows the step of a promotion, the epoch, and whether the leader is confirmed. Reads show a node's data
as they are: those of a follower, and of a leader that is not confirmed or was replaced unnoticed, may be old.

Where followers came back blank and too few others are left to confirm the leader, writes stay refused until
REPLICATOR ADMIT N, sent to the leader, says that node N may count again.

When it is ready it prints one line: ready node=N client=PORT peer=PORT. It stops on SIGINT and SIGTERM, in order:
commands are refused with TRYAGAIN, a leader waits until the writes on the way are answered and another node holds
everything, and lets that lead; all clients get their answers, and the exit status is 0. When --stop-patience is over
first, it says what is missing. A second signal ends it at once, with status 1.
Nothing is encrypted, the password neither, and nodes ask each other for none: keep it on networks you trust.

Bounds of a request: a key has at most )",
        key_bytes_max, " bytes, a value ", value_bytes_max, ",\nall of one write ", Limits::command_bytes_max,
        ", a request ", request_bytes_max, " bytes and ", words_max, " words, a reply ", reply_bytes_max,
        " bytes.\nOne connection may have ", writes_in_flight_max, " writes on the way, all together ",
        Limits::writes_pending_max, ".\n");
}

}  // namespace kv
