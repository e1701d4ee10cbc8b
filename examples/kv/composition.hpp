// SPDX-License-Identifier: BSL-1.0
// ComposedNode: the table, a log and an acknowledgement policy made into one replicator over TCP.
#pragma once

#include "networked_node.hpp"
#include "role_log.hpp"
#include "work.hpp"

#include <replicator/asio/asio_replicator.hpp>
#include <replicator/concepts/durable_log.hpp>
#include <replicator/encoding/entry.hpp>
#include <replicator/log/memory.hpp>
#include <replicator/log/ring.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

namespace kv {

template <class Log, class Ack>
class ComposedNode final : public NetworkedNode {
public:
    using Replicated = replicator::AsioReplicator<Table, Log, Ack, Limits, RoleLog>;

    /// A log on a disk was opened before.
    template <class... Opened>
    explicit ComposedNode(const NodeParts& parts, Opened... opened)
        : role_log_{parts.config.node},
          replicated_(parts.context.get_executor(), parts.config, std::move(opened)..., role_log_, parts.tcp) {}

    Endpoint listen(const Endpoint& endpoint, std::error_code& error) override {
        return replicated_.transport().listen(endpoint, error);
    }
    void add_peer(replicator::NodeId peer, const Endpoint& endpoint) override {
        replicated_.transport().add_peer(peer, endpoint);
    }
    void set_address(replicator::NodeId peer, const Endpoint& endpoint) override {
        replicated_.transport().set_address(peer, endpoint);
    }
    [[nodiscard]] replicator::transport::TcpPeerState peer_state(replicator::NodeId peer) override {
        return replicated_.transport().peer_state(peer);
    }
    void screen_callers(bool (*may_call)(void*, const asio::ip::address&), void* context) override {
        replicated_.transport().screen_callers(may_call, context);
    }
    void on_progress(void (*callback)(void*), void* context) override { replicated_.on_progress(callback, context); }
    std::error_code start() override { return replicated_.start(); }
    replicator::Result<void> bootstrap(replicator::HistoryId history) override {
        return replicated_.node().bootstrap(history);
    }
    [[nodiscard]] replicator::Error drain(std::chrono::milliseconds within) override {
        return replicated_.node().drain(replicator::milliseconds(static_cast<std::uint64_t>(within.count()))).error();
    }
    [[nodiscard]] replicator::DrainStatus drain_status() const noexcept override {
        return replicated_.node().drain_status();
    }
    void stop() override { replicated_.stop(); }
    void flushed() override {
        Work::note(Work::flush);
        if constexpr (replicator::DurableLog<Log>) replicated_.flushed();
    }
    [[nodiscard]] replicator::Error close() override {
        if constexpr (replicator::DurableLog<Log>) return replicated_.node().close().error();
        return replicator::Error::none;
    }

    /// Writes beyond what the node would take are not even tried, so that a pipeline stays in order.
    bool write(const Command& command, const std::shared_ptr<Writer>& writer, std::uint64_t number) override {
        const std::size_t bytes = replicator::entry_bytes(CommandCodec::size(command));
        if (writes_ >= writes_max || bytes_ + bytes > bytes_max) return false;
        ++writes_;
        bytes_ += bytes;
        replicated_.async_write(command, [this, writer, number, bytes](std::error_code error, const auto& written) {
            --writes_;
            bytes_ -= bytes;
            const auto why = static_cast<replicator::Error>(error.value());
            const bool is_known = why != replicator::Error::none || written.result_kept;
            writer->written(number, {why, is_known, written.result, written.acknowledgement.position});
        });
        return true;
    }

    [[nodiscard]] replicator::Error admit(replicator::NodeId node) override {
        return replicated_.node().admit(node).error();
    }

    [[nodiscard]] replicator::Error promote(bool may_lose) override {
        return replicated_.node().promote({.may_lose = may_lose}).error();
    }
    [[nodiscard]] replicator::Error hand_over(replicator::NodeId to) override {
        return replicated_.node().hand_over(to).error();
    }
    [[nodiscard]] PromotionStatus promotion() const noexcept override { return replicated_.node().promotion(); }
    /// Now, and not as of the last tick: the process may have been stopped since then.
    [[nodiscard]] bool confirmed() const noexcept override {
        using std::chrono::microseconds;
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        const auto passed = std::chrono::duration_cast<microseconds>(now).count();
        return replicated_.node().confirmed(replicator::Instant{static_cast<std::uint64_t>(passed)});
    }
    [[nodiscard]] replicator::Position last() const noexcept override { return replicated_.node().last(); }
    [[nodiscard]] replicator::Error includes(replicator::Position position) const noexcept override {
        return replicated_.node().read(position).error();
    }

    [[nodiscard]] const Table& table() const noexcept override { return replicated_.node().state(); }
    [[nodiscard]] replicator::Role role() const noexcept override { return replicated_.node().role(); }
    [[nodiscard]] replicator::NodeId leader() const noexcept override { return replicated_.node().leader(); }
    [[nodiscard]] Status status() const override { return replicated_.node().status(); }
    [[nodiscard]] replicator::Guarantee guarantee(std::size_t nodes) const noexcept override {
        return std::remove_cvref_t<decltype(replicated_.node())>::guarantee(nodes);
    }
    [[nodiscard]] std::size_t log_bytes_max() const noexcept override { return Log::capacity_bytes; }
    [[nodiscard]] std::uint64_t log_memory_bytes() const noexcept override {
        const auto& log = replicated_.node().log();
        const std::uint64_t kept = log.end().offset - log.begin().offset;
        return replicator::DurableLog<Log> ? std::min<std::uint64_t>(kept, DiskOptions::tail_bytes) : kept;
    }
    [[nodiscard]] replicator::StorageFailure log_failure() const noexcept override {
        if constexpr (replicator::DurableLog<Log>) return replicated_.node().log().failure();
        return {};
    }

private:
    // A little less than the node allows, because it adds entries of its own.
    static constexpr std::size_t own_entries = 16;
    static constexpr std::size_t writes_max = Limits::writes_pending_max - own_entries;
    static constexpr std::size_t bytes_max =
        std::min(Limits::window_bytes_max, Log::capacity_bytes / 2) - own_entries * 256;

    RoleLog role_log_;
    Replicated replicated_;
    std::size_t writes_ = 0;  // given to the node, and not yet ended
    std::size_t bytes_ = 0;
};

/// What `--log` can name: a fixed ring of 8 MiB, or memory that grows up to 64 MiB. `--dir` makes it `Disk`.
using Ring = replicator::log::Ring<std::size_t{8} << 20>;
using Memory = replicator::log::Memory<>;

/// The node with this acknowledgement policy and the log of that name; null when there is no such log.
template <class Ack>
[[nodiscard]] std::unique_ptr<NetworkedNode> make_node_with(NodeParts parts) {
    if (parts.log == "ring") return std::make_unique<ComposedNode<Ring, Ack>>(parts);
    if (parts.log == "memory") return std::make_unique<ComposedNode<Memory, Ack>>(parts);
    if (parts.log == "file") return std::make_unique<ComposedNode<Disk, Ack>>(parts, std::move(parts.disk));
    return nullptr;
}

}  // namespace kv
