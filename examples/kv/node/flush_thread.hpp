// SPDX-License-Identifier: BSL-1.0
// FlushThread: where the process waits for its disk, so that clients and other nodes are served meanwhile.
#pragma once

#include "../base/work.hpp"
#include "networked_node.hpp"

#include <replicator/storage/posix_threaded.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <thread>

namespace kv {

/// Must outlive the logs that flush on it, and `context` must outlive it.
class FlushThread {
public:
    explicit FlushThread(asio::io_context& context) : context_(context), thread_([this] { worker_.run(); }) {}
    FlushThread(const FlushThread&) = delete;
    FlushThread& operator=(const FlushThread&) = delete;
    ~FlushThread() {
        worker_.stop();
        thread_.join();
    }

    [[nodiscard]] replicator::storage::SyncWorker& worker() noexcept { return worker_; }

    /// Tells the node after each flush, on the thread that runs the context.
    void tell(NetworkedNode& node) {
        node_ = &node;
        worker_.on_done(
            [](void* context) {
                FlushThread& self = *static_cast<FlushThread*>(context);
                asio::post(self.context_, [node = self.node_] {
                    Work::note(Work::flush);
                    node->flushed();
                });
            },
            this);
    }

private:
    asio::io_context& context_;
    NetworkedNode* node_ = nullptr;
    replicator::storage::SyncWorker worker_;
    std::thread thread_;
};

}  // namespace kv
