// SPDX-License-Identifier: BSL-1.0
// NameThread: where the process waits for answers about names of hosts, so that everybody is served meanwhile.
#pragma once

#include "../base/options.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kv {

/// What a name means now.
struct FoundHost {
    std::vector<asio::ip::tcp::endpoint> endpoints;
    std::string wrong;  ///< why there are none
};

/// `context` must outlive it. The thread is started by the first name: addresses in numbers need none.
class NameThread {
public:
    using Answered = std::function<void(FoundHost)>;

    explicit NameThread(asio::io_context& context);
    NameThread(const NameThread&) = delete;
    NameThread& operator=(const NameThread&) = delete;
    /// Nobody is answered any more. Does not wait for the answer to a question, which may take long: the thread ends
    /// when it has come, or with the process.
    ~NameThread();

    /// Answers later, on the thread that runs the context. It keeps nothing from running out of work meanwhile.
    void ask(const Address& address, Answered answered);

private:
    struct Shared;

    static void run(const std::shared_ptr<Shared>& shared);

    std::shared_ptr<Shared> shared_;
    bool started_ = false;
};

}  // namespace kv
