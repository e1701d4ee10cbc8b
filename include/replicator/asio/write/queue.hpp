// SPDX-License-Identifier: BSL-1.0
// The writes of one node that somebody waits for, in the order of the log, and those whose handlers are about to be
// called.
#pragma once

#include "operation.hpp"
#include "operation_memory.hpp"

#include "../../api/write.hpp"
#include "../../error.hpp"
#include "../error_code.hpp"
#include "../handler_memory.hpp"

#include <cstddef>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

#include <asio/bind_allocator.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/post.hpp>

namespace replicator::detail {

/// Handlers are called from one posted function for all that are due: never from inside the call that began or ended a
/// write, and without one post each. Kept alive by that function, so it may outlive the node.
template <class Stored, class Executor>
class WriteQueue : public std::enable_shared_from_this<WriteQueue<Stored, Executor>> {
public:
    using Operation = WriteOperation<Stored, Executor>;

    WriteQueue(const Executor& executor, std::size_t writes_max) : executor_(executor), memory_(writes_max) {}
    WriteQueue(const WriteQueue&) = delete;
    WriteQueue& operator=(const WriteQueue&) = delete;
    ~WriteQueue() {
        throw_away(pending_);
        throw_away(ready_);
    }

    template <class Handler>
    [[nodiscard]] auto* make(Handler&& handler) {
        using Made = WriteOperationOf<Stored, Executor, std::decay_t<Handler>>;
        return Made::make(std::forward<Handler>(handler), executor_, memory_);
    }

    /// The oldest write that waits; null when none does.
    [[nodiscard]] Operation* oldest() const noexcept { return pending_.first(); }

    /// The write was accepted. Those before it in the log must have been given before.
    template <class Made>
    void wait(Made& operation, Ticket ticket, bool cancellable, Error when_cancelled = Error::outcome_unknown) {
        operation.written.acknowledgement.position = ticket.position;
        operation.pending = true;
        pending_.push(operation);
        if (cancellable) watch_cancellation(operation, when_cancelled);
    }

    /// Its handler will be called, from a posted function.
    void finish(Operation& operation, Error error) {
        if (operation.pending) pending_.remove(operation);
        operation.pending = false;
        operation.error = error == Error::none ? std::error_code() : make_error_code(error);
        ready_.push(operation);
        post();
    }

    void finish_all(Error error) {
        while (Operation* operation = pending_.first()) finish(*operation, error);
    }

    /// For writes from other threads that arrive later.
    void node_is_gone() noexcept { node_gone_ = true; }
    [[nodiscard]] bool is_node_gone() const noexcept { return node_gone_; }

private:
    template <class Made>
    void watch_cancellation(Made& operation, Error when_cancelled) {
        auto slot = operation.cancellation_slot();
        if (!slot.is_connected()) return;
        operation.watch_cancellation();
        slot.assign([this, &operation, when_cancelled](asio::cancellation_type_t) {
            if (operation.pending) finish(operation, when_cancelled);
        });
    }

    void post() {
        if (posted_) return;
        posted_ = true;
        asio::post(executor_, asio::bind_allocator(HandlerAllocator<>(post_memory_),
                                                   [self = this->shared_from_this()] { self->call_ready(); }));
    }

    void call_ready() {
        // A handler may throw: the others then get their turn in a post of their own.
        struct PostRest {
            WriteQueue& queue;
            ~PostRest() {
                if (!queue.ready_.is_empty()) queue.post();
            }
        } rest{*this};
        posted_ = false;
        // What handlers add waits for the next post, so that they cannot keep everything else from running.
        for (const Operation* const last = ready_.last(); Operation* operation = ready_.first();) {
            ready_.remove(*operation);
            const bool is_last = operation == last;
            operation->run(operation, executor_, true);
            if (is_last) break;
        }
    }

    void throw_away(OperationList<Operation>& list) {
        while (Operation* operation = list.first()) {
            list.remove(*operation);
            operation->run(operation, executor_, false);
        }
    }

    Executor executor_;
    OperationMemory memory_;
    HandlerMemory post_memory_;
    OperationList<Operation> pending_;
    OperationList<Operation> ready_;
    bool posted_ = false;
    bool node_gone_ = false;
};

}  // namespace replicator::detail
