// SPDX-License-Identifier: BSL-1.0
// One write that somebody waits for: its ticket, what became of it, and the completion handler behind it.
#pragma once

#include "operation_memory.hpp"

#include "../../api/write.hpp"

#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/bind_allocator.hpp>
#include <asio/dispatch.hpp>
#include <asio/executor_work_guard.hpp>

namespace replicator {

/// What a write that was acknowledged is completed with. Without an acknowledgement only the position is filled in, and
/// that only if the write was accepted.
template <class Stored>
struct Written {
    Acknowledgement acknowledgement;
    Stored result{};           ///< what `apply` returned on this node
    bool result_kept = false;  ///< false when the node no longer has the result
};

namespace detail {

/// What is common to the writes with all kinds of handlers.
template <class Stored, class Executor>
struct WriteOperation {
    /// Gives the memory back, then calls the handler unless it is to be thrown away.
    using Run = void (*)(WriteOperation* operation, const Executor& executor, bool call);

    WriteOperation* previous = nullptr;
    WriteOperation* next = nullptr;
    Run run = nullptr;
    bool pending = false;
    std::error_code error;
    Written<Stored> written;
};

/// A list through the operations themselves.
template <class Operation>
class OperationList {
public:
    [[nodiscard]] bool is_empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] Operation* first() const noexcept { return first_; }
    [[nodiscard]] Operation* last() const noexcept { return last_; }

    void push(Operation& operation) noexcept {
        operation.previous = last_;
        operation.next = nullptr;
        (last_ == nullptr ? first_ : last_->next) = &operation;
        last_ = &operation;
    }
    void remove(Operation& operation) noexcept {
        (operation.previous == nullptr ? first_ : operation.previous->next) = operation.next;
        (operation.next == nullptr ? last_ : operation.next->previous) = operation.previous;
    }

private:
    Operation* first_ = nullptr;
    Operation* last_ = nullptr;
};

template <class Stored, class Executor, class Handler>
class WriteOperationOf : public WriteOperation<Stored, Executor> {
    using Base = WriteOperation<Stored, Executor>;
    using HandlerExecutor = asio::associated_executor_t<Handler, Executor>;
    using Allocator = typename std::allocator_traits<
        asio::associated_allocator_t<Handler, OperationAllocator<>>>::template rebind_alloc<WriteOperationOf>;
    using Traits = std::allocator_traits<Allocator>;

public:
    template <class Given>
    [[nodiscard]] static WriteOperationOf* make(Given&& handler, const Executor& executor, OperationMemory& memory) {
        Allocator allocator(asio::get_associated_allocator(handler, OperationAllocator<>(memory)));
        WriteOperationOf* const room = Traits::allocate(allocator, 1);
        return ::new (static_cast<void*>(room)) WriteOperationOf(std::forward<Given>(handler), executor, allocator);
    }

    [[nodiscard]] auto cancellation_slot() const noexcept { return asio::get_associated_cancellation_slot(handler_); }
    void watch_cancellation() noexcept { watches_cancellation_ = true; }

private:
    template <class Given>
    WriteOperationOf(Given&& handler, const Executor& executor, const Allocator& allocator)
        : handler_(std::forward<Given>(handler)),
          allocator_(allocator),
          work_(asio::get_associated_executor(handler_, executor)) {
        this->run = &run_this;
    }

    static void run_this(Base* base, const Executor& executor, bool call) {
        auto* const self = static_cast<WriteOperationOf*>(base);
        if (!call) return self->give_back();
        if (self->watches_cancellation_) self->cancellation_slot().clear();
        Handler handler(std::move(self->handler_));
        auto work = std::move(self->work_);
        const std::error_code error = self->error;
        Written<Stored> written(std::move(self->written));
        self->give_back();

        const HandlerExecutor of_handler = asio::get_associated_executor(handler, executor);
        if constexpr (std::is_same_v<HandlerExecutor, Executor>) {
            if (of_handler == executor) return std::move(handler)(error, std::move(written));
        }
        auto allocator = asio::get_associated_allocator(handler);
        asio::dispatch(of_handler, asio::bind_allocator(allocator, [handler = std::move(handler), error,
                                                                    written = std::move(written)]() mutable {
                           std::move(handler)(error, std::move(written));
                       }));
    }

    void give_back() noexcept {
        Allocator allocator(allocator_);
        this->~WriteOperationOf();
        Traits::deallocate(allocator, this, 1);
    }

    Handler handler_;
    Allocator allocator_;
    asio::executor_work_guard<HandlerExecutor> work_;  // its context must not end while the write is pending
    bool watches_cancellation_ = false;
};

}  // namespace detail

}  // namespace replicator
