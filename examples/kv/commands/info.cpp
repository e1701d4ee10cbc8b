// SPDX-License-Identifier: BSL-1.0
// INFO and ROLE: what Redis operators look at, and beside it what replicator knows more.
//
// Offsets count entries of the log where Redis counts bytes. An address is where clients call a node, as --peer says it
// behind client=; without, nobody knows it, and it is "?" and port 0, so that no client is sent to the port for nodes.

#include "../base/limits.hpp"
#include "../base/text.hpp"
#include "../base/work.hpp"
#include "../disk/disk_failure.hpp"
#include "../node/word.hpp"
#include "commands.hpp"

#include <replicator/version.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include <unistd.h>

namespace kv {

namespace {

using replicator::FollowerState;
using replicator::Index;
using replicator::NodeId;
using replicator::PeerStatus;
using replicator::Role;

/// Lines of the form that INFO has.
class Lines {
public:
    void section(std::string_view name) {
        if (!text_.empty()) text_ += "\r\n";
        text_.append("# ").append(name).append("\r\n");
    }
    void add(std::string_view name, std::string_view value) { text_.append(name).append(":").append(value) += "\r\n"; }
    void add(std::string_view name, std::uint64_t value) { add(name, std::to_string(value)); }

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

[[nodiscard]] std::string_view yes_or_no(bool yes) noexcept { return yes ? "yes" : "no"; }

[[nodiscard]] std::string text_of(const std::optional<std::uint64_t>& number) {
    return number ? std::to_string(*number) : "unknown";
}
[[nodiscard]] std::string text_of(const std::optional<Index>& index) {
    return index ? std::to_string(index->value) : "unknown";
}
[[nodiscard]] std::string milliseconds_of(const std::optional<replicator::Duration>& duration) {
    return duration ? std::to_string(duration->microseconds / 1000) : "unknown";
}

[[nodiscard]] std::string address_of(const Service& service, NodeId node) {
    const auto found = service.client_addresses.find(node);
    return found == service.client_addresses.end() ? "?" : found->second.host;
}
[[nodiscard]] std::uint16_t port_of(const Service& service, NodeId node) {
    const auto found = service.client_addresses.find(node);
    return found == service.client_addresses.end() ? std::uint16_t{0} : found->second.port;
}

/// Redis's word for what a follower is doing.
[[nodiscard]] std::string_view state_of(const PeerStatus& peer) noexcept {
    switch (peer.state) {
        case FollowerState::snapshot: return peer.snapshot_bytes > 0 ? "send_bulk" : "wait_bgsave";
        case FollowerState::probing: return "wait_bgsave";
        default: return "online";
    }
}

[[nodiscard]] bool is_replica(const PeerStatus& peer) noexcept {
    return peer.connected && peer.state != FollowerState::down && peer.state != FollowerState::refused;
}

/// Forty digits, as Redis has them: the history, and the epoch that goes on with it.
[[nodiscard]] std::string replication_id(const Status& status) {
    const std::uint64_t epoch = status.epoch.counter << 32 | status.epoch.tag;
    const std::string node = to_hex(value(status.epoch.node));
    return to_hex(value(status.history)) + to_hex(epoch) + node.substr(node.size() - 8);
}

/// Of the process, as the system sees it; 0 where it does not tell.
[[nodiscard]] std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t pages = 0;
    file >> pages >> pages;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void add_server(Lines& lines, const Service& service) {
    using std::chrono::duration_cast;
    const auto up = duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - service.started);
    lines.section("Server");
    lines.add("redis_version", redis_version);
    lines.add("redis_mode", "standalone");
    lines.add("replicator_version",
              joined(REPLICATOR_VERSION_MAJOR, ".", REPLICATOR_VERSION_MINOR, ".", REPLICATOR_VERSION_PATCH));
    lines.add("process_id", static_cast<std::uint64_t>(::getpid()));
    lines.add("tcp_port", service.client_port);
    lines.add("uptime_in_seconds", static_cast<std::uint64_t>(up.count()));
}

void add_clients(Lines& lines, const Service& service) {
    lines.section("Clients");
    lines.add("connected_clients", service.clients);
    lines.add("maxclients", service.clients_max);
    lines.add("blocked_clients", service.clients_waiting);
}

void add_memory(Lines& lines, const Service& service, const Status& status) {
    lines.section("Memory");
    const std::uint64_t table = service.node.state().heap_bytes();
    // Of a log on a disk only the end is in memory.
    const std::uint64_t log = service.disk ? std::min(status.log_bytes, log_tail_bytes) : status.log_bytes;
    const std::uint64_t used = table + log;
    lines.add("used_memory", used);
    lines.add("used_memory_human", joined(used / 1024, "K"));
    lines.add("used_memory_dataset", table);
    lines.add("used_memory_overhead", log);
    lines.add("used_memory_rss", resident_bytes());
    lines.add("mem_not_counted_for_evict", log);
    lines.add("replicator_snapshot_bytes", service.node.state().bytes());
    lines.add("maxmemory", service.memory_bytes_max);
    lines.add("maxmemory_policy", "noeviction");
}

void add_stats(Lines& lines, const Service& service, const Status& status) {
    lines.section("Stats");
    lines.add("total_connections_received", service.connections);
    lines.add("rejected_connections", service.connections_refused);
    lines.add("total_commands_processed", service.requests);
    lines.add("total_error_replies_protocol", service.protocol_errors);
    lines.add("loop_longest_us", service.loop.wall.microseconds());
    lines.add("loop_longest_work", Work::name_of(service.loop.wall.work));
    lines.add("loop_longest_cpu_us", service.loop.processor.microseconds());
    lines.add("loop_longest_cpu_work", Work::name_of(service.loop.processor.work));
    lines.add("replicator_writes", status.counters.writes);
    lines.add("replicator_writes_refused", status.counters.refused_writes);
    lines.add("replicator_frames_sent", status.counters.frames_sent);
    lines.add("replicator_frames_received", status.counters.frames_received);
    lines.add("replicator_frames_corrupt", status.counters.frames_corrupt);
    lines.add("replicator_bytes_sent", status.counters.bytes_sent);
    lines.add("replicator_bytes_received", status.counters.bytes_received);
    lines.add("replicator_handshakes", status.counters.handshakes);
    lines.add("replicator_refusals", status.counters.refusals);
    lines.add("replicator_late_ticks", status.counters.late_ticks);
    lines.add("replicator_slow_applies", status.counters.slow_applies);
    lines.add("replicator_slow_apply_longest_milliseconds", status.counters.slow_apply_longest.microseconds / 1000);
}

void add_redis_master(Lines& lines, const Service& service, const Status& status) {
    std::uint64_t count = 0;
    for (const PeerStatus& peer : status.peers()) count += is_replica(peer) ? 1u : 0u;
    lines.add("role", "master");
    lines.add("connected_slaves", count);
    count = 0;
    for (const PeerStatus& peer : status.peers()) {
        if (!is_replica(peer)) continue;
        const std::uint64_t lag = peer.lag_time ? peer.lag_time->microseconds / 1'000'000 : 0;
        lines.add(joined("slave", count++),
                  joined("ip=", address_of(service, peer.node), ",port=", port_of(service, peer.node),
                         ",state=", state_of(peer), ",offset=", peer.received.value_or(Index{}).value, ",lag=", lag));
    }
}

void add_redis_slave(Lines& lines, const Service& service, const Status& status) {
    lines.add("role", "slave");
    const NodeId leader = leader_of(status);
    lines.add("master_host", address_of(service, leader));
    lines.add("master_port", port_of(service, leader));
    lines.add("master_link_status", leader == NodeId{} ? "down" : "up");
    lines.add("master_sync_in_progress", status.installing ? 1u : 0u);
    lines.add("slave_repl_offset", status.applied.value);
    lines.add("slave_read_only", 1u);
    lines.add("connected_slaves", 0u);
}

void add_peer(Lines& lines, const PeerStatus& peer) {
    const char* const refusal = peer.refusal == replicator::Error::none ? "none" : to_string(peer.refusal);
    lines.add(joined("replicator_peer", value(peer.node)),
              joined("connected=", yes_or_no(peer.connected), ",state=", to_string(peer.state), ",counts=",
                     yes_or_no(peer.counts), ",seat=", yes_or_no(peer.seat), ",stuck=", yes_or_no(peer.stuck),
                     ",received=", text_of(peer.received), ",durable=", text_of(peer.durable),
                     ",applied=", text_of(peer.applied), ",lag_entries=", text_of(peer.lag_entries),
                     ",lag_bytes=", text_of(peer.lag_bytes), ",lag_milliseconds=", milliseconds_of(peer.lag_time),
                     ",silence_milliseconds=", milliseconds_of(peer.silence), ",snapshots=", peer.snapshots,
                     ",snapshot_bytes=", peer.snapshot_bytes, ",snapshots_in_vain=", peer.snapshots_in_vain,
                     ",bytes_to_loss=", text_of(peer.bytes_to_loss), ",refusal=", refusal));
}

void add_promotion(Lines& lines, const PromotionStatus& promotion) {
    lines.add("replicator_promotion", to_string(promotion.step));
    if (promotion.step == replicator::PromotionStep::none) return;
    lines.add("replicator_promotion_forced", yes_or_no(promotion.forced));
    lines.add("replicator_promotion_heard", joined(promotion.heard, " of ", promotion.needed));
    std::string missing;
    for (const NodeId node : promotion.missing()) missing += joined(missing.empty() ? "" : " ", value(node));
    lines.add("replicator_promotion_missing", missing);
}

void add_replication(Lines& lines, const Service& service, const Status& status) {
    const replicator::Guarantee guarantee = service.node.guarantee(service.nodes());
    lines.section("Replication");
    status.role == Role::leader ? add_redis_master(lines, service, status) : add_redis_slave(lines, service, status);
    lines.add("master_replid", replication_id(status));
    lines.add("master_repl_offset", status.last.value);
    lines.add("repl_backlog_active", 1u);
    lines.add("repl_backlog_size", service.node.log_bytes_max());
    lines.add("repl_backlog_first_byte_offset", status.first.value);
    lines.add("repl_backlog_histlen", status.log_bytes);
    lines.add("replicator_node", value(status.node));
    lines.add("replicator_role", to_string(status.role));
    lines.add("replicator_state", word_of(service.node, status, service.stopping));
    lines.add("replicator_fault", status.fault == replicator::Error::none ? "none" : to_string(status.fault));
    lines.add("replicator_leader", status.leader == NodeId{} ? "unknown" : std::to_string(value(status.leader)));
    lines.add("replicator_policy", service.ack);
    lines.add("replicator_policy_satisfiable", yes_or_no(status.satisfiable));
    lines.add("replicator_holders", guarantee.holders);
    lines.add("replicator_losses_survived", guarantee.losses_survived);
    lines.add("replicator_log", service.log);
    lines.add("replicator_history", to_hex(value(status.history)));
    lines.add("replicator_epoch", status.epoch.counter);
    lines.add("replicator_promised", status.promised.counter);
    lines.add("replicator_confirmed", yes_or_no(is_confirmed(service.node, status)));
    add_promotion(lines, service.node.promotion());
    lines.add("replicator_last", status.last.value);
    lines.add("replicator_commit", status.committed.value);
    lines.add("replicator_acknowledged", status.acknowledged.value);
    lines.add("replicator_applied", status.applied.value);
    lines.add("replicator_discarded", status.counters.discarded);
    lines.add("replicator_installing", yes_or_no(status.installing));
    lines.add("replicator_writes_pending", status.writes_pending);
    lines.add("replicator_oldest_pending_milliseconds", milliseconds_of(status.oldest_pending));
    lines.add("replicator_digest", to_hex(service.node.state().digest()));
    for (const PeerStatus& peer : status.peers()) add_peer(lines, peer);
}

/// Redis's words for what it writes to disks, with entries where Redis counts changes.
void add_persistence(Lines& lines, const Service& service, const Status& status) {
    lines.section("Persistence");
    lines.add("loading", is_loading(status) ? 1u : 0u);
    lines.add("aof_enabled", service.disk ? 1u : 0u);
    if (!service.disk) return;
    const auto& verdict = service.disk->verdict;
    const bool is_refused = status.disk_full || status.fault == replicator::Error::log_failed;
    lines.add("aof_last_write_status", is_refused ? "err" : "ok");
    lines.add("aof_current_size", status.log_bytes);
    lines.add("rdb_changes_since_last_save", status.applied - status.state.value_or(Index{}));
    const std::string failure = failure_text(service.node.log_failure());
    lines.add("replicator_disk_refused", failure.empty() ? "nothing" : failure);
    lines.add("replicator_directory", service.disk->directory);
    lines.add("replicator_starts", service.disk->starts);
    lines.add("replicator_stopped_in_order", yes_or_no(verdict.clean_stop));
    lines.add("replicator_found_log", to_string(verdict.kind));
    lines.add("replicator_durable", text_of(status.durable));
    lines.add("replicator_not_durable_yet", status.last - status.durable.value_or(Index{}));
    lines.add("replicator_state", status.state == Index{} ? "none" : text_of(status.state));
    lines.add("replicator_suspect_from", status.suspect_from == Index{} ? "none" : text_of(status.suspect_from));
}

void add_keyspace(Lines& lines, const Service& service) {
    lines.section("Keyspace");
    if (const std::uint64_t size = service.node.state().size(); size > 0) {
        lines.add("db0", joined("keys=", size, ",expires=0,avg_ttl=0"));
    }
}

}  // namespace

void answer_info(Call& call) {
    const auto wanted = [&call](std::string_view section) {
        if (call.words.size() == 1) return true;
        for (const std::string_view word : call.words.subspan(1)) {
            const bool all = is_word(word, "all") || is_word(word, "default") || is_word(word, "everything");
            if (all || is_word(word, section)) return true;
        }
        return false;
    };
    const Service& service = call.service;
    const Status status = service.node.status();
    Lines lines;
    if (wanted("server")) add_server(lines, service);
    if (wanted("clients")) add_clients(lines, service);
    if (wanted("memory")) add_memory(lines, service, status);
    if (wanted("persistence")) add_persistence(lines, service, status);
    if (wanted("stats")) add_stats(lines, service, status);
    if (wanted("replication")) add_replication(lines, service, status);
    if (wanted("keyspace")) add_keyspace(lines, service);
    call.reply.text(lines.text());
}

void answer_role(Call& call) {
    const Service& service = call.service;
    const Status status = service.node.status();
    if (status.role != Role::leader) {
        const NodeId leader = leader_of(status);
        call.reply.array(5);
        call.reply.bulk("slave");
        call.reply.bulk(address_of(service, leader));
        call.reply.integer(port_of(service, leader));
        const replicator::PromotionStep step = service.node.promotion().step;
        const bool promoting = step > replicator::PromotionStep::none && step < replicator::PromotionStep::leading;
        const bool faulted = status.role == Role::faulted;
        call.reply.bulk(faulted              ? "faulted"
                        : promoting          ? to_string(step)
                        : leader == NodeId{} ? "connect"
                        : status.installing  ? "sync"
                                             : "connected");
        call.reply.integer(static_cast<std::int64_t>(status.applied.value));
        return;
    }
    std::size_t count = 0;
    for (const PeerStatus& peer : status.peers()) count += is_replica(peer) ? 1u : 0u;
    call.reply.array(3);
    call.reply.bulk("master");
    call.reply.integer(static_cast<std::int64_t>(status.last.value));
    call.reply.array(count);
    for (const PeerStatus& peer : status.peers()) {
        if (!is_replica(peer)) continue;
        call.reply.array(3);
        call.reply.bulk(address_of(service, peer.node));
        call.reply.bulk(std::to_string(port_of(service, peer.node)));
        call.reply.bulk(std::to_string(peer.received.value_or(Index{}).value));
    }
}

/// STATE: one word, for probes and for whoever sends clients to nodes.
///
/// ADMIT: followers whose logs were in memory come back without what they had acknowledged. When too few others are
/// left to confirm the leader, they count again only by this command: see the guarantees of the library.
void answer_replicator(Call& call) {
    const auto& words = call.words;
    if (is_word(words[1], "STATE") && words.size() == 2) {
        const Service& service = call.service;
        return call.reply.status(word_of(service.node, service.node.status(), service.stopping));
    }
    const std::int64_t node = words.size() == 3 ? to_integer(words[2]).value_or(0) : 0;
    if (!is_word(words[1], "ADMIT") || node < 1 || node > UINT32_MAX) {
        return call.reply.error("ERR REPLICATOR has STATE, and ADMIT with the number of a node");
    }
    if (call.service.node.role() != Role::leader) return call.reply.error("ERR only the leader admits nodes");
    const replicator::Error error = call.service.node.admit(NodeId{static_cast<std::uint32_t>(node)}).error();
    if (error == replicator::Error::none) return call.reply.ok();
    call.reply.error(error == replicator::Error::not_enough_followers ? "ERR no such node has come back"
                                                                      : joined("ERR ", to_string(error)));
}

}  // namespace kv
