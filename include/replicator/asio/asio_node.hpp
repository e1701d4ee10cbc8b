// SPDX-License-Identifier: BSL-1.0
// A node together with its connections over TCP, and writes that complete through any Asio completion token.
#pragma once

#include "tcp.hpp"
#include "write/operation.hpp"
#include "write/queue.hpp"

#include "../api/options.hpp"
#include "../api/write.hpp"
#include "../error.hpp"
#include "../result.hpp"

#include <concepts>
#include <cstddef>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

#include <asio/associated_allocator.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_allocator.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

namespace replicator {

/// `AsioReplicator` is what users name; this works with whatever has the members of a `Replicator`.
///
/// It belongs to one executor: an `io_context` that one thread runs or polls, or a strand. All members but `post_write`
/// are called from there, or while nobody runs it; the destructor too.
template <class Node, class Executor, std::size_t WritesPendingMax>
class AsioNode {
public:
    using executor_type = Executor;
    using Transport = transport::AsioTcpOn<Executor>;
    using Command = typename Node::Command;
    using Stored = typename Node::Stored;
    /// What handlers are called with.
    using Signature = void(std::error_code, Written<Stored>);

    AsioNode(const Executor& executor, const Config& config, const transport::TcpOptions& options = {})
        : transport_(executor, options), node_(transport_, config) {
        prepare();
    }

    template <class Observer>
        requires(std::constructible_from<Node, Transport&, const Config&, Observer&>)
    AsioNode(const Executor& executor, const Config& config, Observer& observer,
             const transport::TcpOptions& options = {})
        : transport_(executor, options), node_(transport_, config, observer) {
        prepare();
    }

    /// The same over a log on a disk, which was opened for this node.
    template <class Log>
        requires(std::constructible_from<Node, Transport&, const Config&, Log>)
    AsioNode(const Executor& executor, const Config& config, Log log, const transport::TcpOptions& options = {})
        : transport_(executor, options), node_(transport_, config, std::move(log)) {
        prepare();
    }

    template <class Log, class Observer>
        requires(std::constructible_from<Node, Transport&, const Config&, Log, Observer&>)
    AsioNode(const Executor& executor, const Config& config, Log log, Observer& observer,
             const transport::TcpOptions& options = {})
        : transport_(executor, options), node_(transport_, config, std::move(log), observer) {
        prepare();
    }

    AsioNode(const AsioNode&) = delete;
    AsioNode& operator=(const AsioNode&) = delete;
    ~AsioNode() {
        transport_.on_progress(nullptr, nullptr);
        close();
        queue_->node_is_gone();
    }

    [[nodiscard]] Executor get_executor() const noexcept { return transport_.get_executor(); }
    [[nodiscard]] Node& node() noexcept { return node_; }
    [[nodiscard]] const Node& node() const noexcept { return node_; }
    /// For `listen`, `add_peer` and `peer_state`. Its `on_progress` is taken, see ours.
    [[nodiscard]] Transport& transport() noexcept { return transport_; }

    std::error_code start() {
        const std::error_code error = transport_.start();
        if (!error) open_ = true;
        return error;
    }

    /// Ends the connections. Everything that is pending, and what is written from now on, completes with
    /// `Error::stopped`; what was pending may still have been acknowledged, or survive without.
    void stop() {
        close();
        transport_.stop();
    }

    /// Calls `callback(context)` whenever the node was told something, after writes that it completed were noticed.
    void on_progress(void (*callback)(void*), void* context) noexcept {
        progress_ = callback;
        progress_context_ = context;
    }

    /// For the helper of a log that flushes on another thread (`storage::SyncWorker::on_done`): may be called from any
    /// thread, while this object is there, and lets the node look after what was flushed.
    void flushed() {
        asio::post(get_executor(), [this, queue = queue_] {
            if (queue->is_node_gone()) return;
            node_.flush();
            progressed();
        });
    }

    /// Writes, and completes when it is known what became of it: with no error and an acknowledgement, or with
    ///   - an error of `Replicator::write`: the write never entered a log;
    ///   - `Error::outcome_unknown`: it did, and may survive or not;
    ///   - `Error::stopped`: the node was stopped; if `acknowledgement.position` is set, before the outcome was
    ///   known.
    ///
    /// The handler is called once, through its associated executor (by default ours), never from inside this call.
    /// What is waited for lives in memory from its associated allocator, by default in blocks that are used again
    /// and again.
    ///
    /// Cancelling, with any of the three types, only ends the waiting: the handler gets `Error::outcome_unknown`
    /// and the position, and the write may still be acknowledged. Signals are emitted from our executor. What a
    /// command refers to must be there until the write has begun, which some tokens put off.
    template <class Token>
    auto async_write(const Command& command, Token&& token) {
        return asio::async_initiate<Token, Signature>(BeginWrite{this}, token, command);
    }

    /// The same from any thread: copies the command and hands it to our executor. Not to be cancelled. What waits
    /// for its turn there is bounded by nobody, so callers should wait for completions.
    template <class Token>
    auto post_write(const Command& command, Token&& token) {
        return asio::async_initiate<Token, Signature>(PostWrite{this}, token, command);
    }

    /// Waits until the state of this node has the write at `after` in it. Completes with the position that the state
    /// then has, or with
    ///   - `Error::discarded`: another write stands in its place, so it never will;
    ///   - `Error::not_yet`: the waiting was cancelled, for example by a timeout;
    ///   - `Error::stopped`: the node was stopped.
    ///
    /// The handler is called as that of `async_write` is. Read `node().state()` in it, where nothing can come between.
    template <class Token>
    auto async_read(Position after, Token&& token) {
        return asio::async_initiate<Token, ReadSignature>(BeginRead{this}, token, after);
    }
    using ReadSignature = void(std::error_code, Written<NoResult>);

private:
    using Queue = detail::WriteQueue<Stored, Executor>;
    using Reads = detail::WriteQueue<NoResult, Executor>;

    struct BeginRead {
        using executor_type = Executor;

        [[nodiscard]] executor_type get_executor() const noexcept { return self->get_executor(); }
        template <class Handler>
        void operator()(Handler&& handler, Position after) const {
            auto* const operation = self->reads_->make(std::forward<Handler>(handler));
            if (!self->open_) return self->reads_->finish(*operation, Error::stopped);
            self->reads_->wait(*operation, Ticket{after}, true, Error::not_yet);
            self->collect_reads();
        }

        AsioNode* self;
    };

    struct BeginWrite {
        using executor_type = Executor;

        [[nodiscard]] executor_type get_executor() const noexcept { return self->get_executor(); }
        template <class Handler>
        void operator()(Handler&& handler, const Command& command) const {
            self->write(std::forward<Handler>(handler), command, true);
        }

        AsioNode* self;
    };

    struct PostWrite {
        using executor_type = Executor;

        [[nodiscard]] executor_type get_executor() const noexcept { return self->get_executor(); }
        template <class Handler>
        void operator()(Handler&& handler, const Command& command) const {
            self->post(std::forward<Handler>(handler), command);
        }

        AsioNode* self;
    };

    void prepare() {
        transport_.on_progress([](void* self) { static_cast<AsioNode*>(self)->progressed(); }, this);
    }

    template <class Handler>
    void write(Handler&& handler, const Command& command, bool cancellable) {
        auto* const operation = queue_->make(std::forward<Handler>(handler));
        if (!open_) return queue_->finish(*operation, Error::stopped);
        const Result<Ticket> ticket = node_.write(command);
        if (!ticket) return queue_->finish(*operation, ticket.error());
        queue_->wait(*operation, *ticket, cancellable);
        collect();  // some policies acknowledge at once
    }

    template <class Handler>
    void post(Handler&& handler, const Command& command) {
        using Kept = std::decay_t<Handler>;
        using HandlerExecutor = asio::associated_executor_t<Kept, Executor>;
        const HandlerExecutor of_handler = asio::get_associated_executor(handler, get_executor());
        auto allocator = asio::get_associated_allocator(handler);
        asio::post(get_executor(),
                   asio::bind_allocator(
                       allocator, [this, queue = queue_, work = asio::executor_work_guard<HandlerExecutor>(of_handler),
                                   handler = Kept(std::forward<Handler>(handler)), command]() mutable {
                           if (!queue->is_node_gone()) return write(std::move(handler), command, false);
                           queue->finish(*queue->make(std::move(handler)), Error::stopped);
                       }));
    }

    void progressed() {
        collect();
        collect_reads();
        if (progress_ != nullptr) progress_(progress_context_);
    }

    /// Finishes the writes whose outcome is known. They wait in the order of the log, so the first that is pending
    /// ends it.
    void collect() {
        while (auto* const operation = queue_->oldest()) {
            auto outcome = node_.outcome(Ticket{operation->written.acknowledgement.position});
            if (outcome.state == WriteState::pending) return;
            if (outcome.state == WriteState::unknown) {
                queue_->finish(*operation, Error::outcome_unknown);
                continue;
            }
            operation->written.acknowledgement = outcome.acknowledgement;
            operation->written.result = std::move(outcome.result);
            operation->written.result_kept = outcome.result_kept;
            queue_->finish(*operation, Error::none);
        }
    }

    /// Finishes the reads that need not wait any longer. O(reads that wait).
    void collect_reads() {
        if constexpr (requires { node_.read(node_.position()); }) {
            for (auto* operation = reads_->oldest(); operation != nullptr;) {
                auto* const next = operation->next;
                Position& position = operation->written.acknowledgement.position;
                const auto state = node_.read(position);
                if (state) position = node_.position();
                if (state || state.error() != Error::not_yet) reads_->finish(*operation, state.error());
                operation = next;
            }
        }
    }

    void close() {
        open_ = false;
        reads_->finish_all(Error::stopped);
        queue_->finish_all(Error::stopped);
    }

    Transport transport_;
    Node node_;
    std::shared_ptr<Queue> queue_ = std::make_shared<Queue>(get_executor(), WritesPendingMax);
    std::shared_ptr<Reads> reads_ = std::make_shared<Reads>(get_executor(), WritesPendingMax);
    void (*progress_)(void*) = nullptr;
    void* progress_context_ = nullptr;
    bool open_ = true;
};

}  // namespace replicator
