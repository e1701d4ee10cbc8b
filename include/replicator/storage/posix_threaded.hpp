// SPDX-License-Identifier: BSL-1.0
// storage::PosixThreaded: files of the operating system; a flush is waited for on a thread that the user runs.
//
//     storage::SyncWorker worker;
//     std::thread helper([&] { worker.run(); });
//     ... log::File<storage::PosixThreaded>::open(storage::PosixThreaded(worker), ...) ...
//     worker.stop();                          // after all logs that use it are gone
//     helper.join();
//
// One worker may serve several logs, one flush after the other. To be told when one is done, give the worker a
// function; it is called on the worker's thread and should only wake the thread to which the log belongs, which then
// calls `flush` on the node. Without it, a node finds out with its next tick.
#pragma once

#include "posix.hpp"

#include "../assert.hpp"
#include "../concepts/storage.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace replicator::storage {

/// Flushes files, one after the other, in the order in which they were asked for. Neither copyable nor movable.
class SyncWorker {
public:
    using Notify = void (*)(void* context);

    SyncWorker() = default;
    SyncWorker(Notify notify, void* context) noexcept : notify_(notify), context_(context) {}
    SyncWorker(const SyncWorker&) = delete;
    SyncWorker& operator=(const SyncWorker&) = delete;

    /// Calls `notify(context)` from now on; it may be called on any thread.
    void on_done(Notify notify, void* context) {
        const std::lock_guard lock(mutex_);
        notify_ = notify;
        context_ = context;
    }

    /// Works until `stop`, and to the end of what was asked for before. Call it on a thread of your own.
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            wake_.wait(lock, [this] { return first_ != nullptr || stopped_; });
            if (first_ == nullptr) return;
            Request& request = *first_;
            first_ = request.next;
            lock.unlock();
            const int number = request.sync(request.file);
            lock.lock();
            request.number = number;
            request.state = Request::State::done;
            done_.notify_all();
            if (const Notify notify = notify_; notify != nullptr) {
                void* const context = context_;
                lock.unlock();
                notify(context);
                lock.lock();
            }
        }
    }
    /// Lets `run` return. May be called on any thread.
    void stop() {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        wake_.notify_all();
    }

private:
    template <class System>
    friend class FlushOnWorker;

    /// One flush; at most one for each storage at any time.
    struct Request {
        enum class State : std::uint8_t { idle, waiting, done };

        int file = -1;
        int (*sync)(int file) noexcept = nullptr;  // returns errno, or 0
        State state = State::idle;
        int number = 0;
        Request* next = nullptr;
    };

    void start(Request& request) noexcept {
        const std::lock_guard lock(mutex_);
        REPLICATOR_ASSERT(request.state == Request::State::idle && !stopped_);
        request.state = Request::State::waiting;
        request.next = nullptr;
        Request** last = &first_;
        while (*last != nullptr) last = &(*last)->next;
        *last = &request;
        wake_.notify_one();
    }
    /// The errno of a flush that is done, 0 for a good one.
    [[nodiscard]] std::optional<int> poll(Request& request) noexcept {
        const std::lock_guard lock(mutex_);
        if (request.state != Request::State::done) return std::nullopt;
        request.state = Request::State::idle;
        return request.number;
    }
    [[nodiscard]] int wait(Request& request) noexcept {
        std::unique_lock lock(mutex_);
        if (request.state == Request::State::idle) return 0;
        done_.wait(lock, [&] { return request.state == Request::State::done; });
        request.state = Request::State::idle;
        return request.number;
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable done_;
    Request* first_ = nullptr;
    bool stopped_ = false;
    Notify notify_ = nullptr;
    void* context_ = nullptr;
};

/// A flush that a worker waits for, which must run, and outlive this.
template <class System>
class FlushOnWorker {
public:
    FlushOnWorker() noexcept = default;
    FlushOnWorker(SyncWorker& worker) : worker_(&worker), request_(std::make_unique<SyncWorker::Request>()) {
        request_->sync = &flush_file<System>;
    }
    FlushOnWorker(FlushOnWorker&&) noexcept = default;
    FlushOnWorker& operator=(FlushOnWorker&& other) noexcept {
        static_cast<void>(wait());
        worker_ = other.worker_;
        request_ = std::move(other.request_);
        return *this;
    }
    ~FlushOnWorker() { static_cast<void>(wait()); }

    void start(int file) noexcept {
        request_->file = file;
        worker_->start(*request_);
    }
    [[nodiscard]] std::optional<int> poll() noexcept {
        return request_ == nullptr ? std::nullopt : worker_->poll(*request_);
    }
    [[nodiscard]] int wait() noexcept { return request_ == nullptr ? 0 : worker_->wait(*request_); }

private:
    SyncWorker* worker_ = nullptr;
    std::unique_ptr<SyncWorker::Request> request_;
};

template <class System>
using BasicPosixThreaded = BasicPosix<System, FlushOnWorker<System>>;
using PosixThreaded = BasicPosixThreaded<PosixSystem>;

static_assert(Storage<PosixThreaded>);

}  // namespace replicator::storage
