// SPDX-License-Identifier: BSL-1.0
// How names of hosts are looked up.

#include "name_thread.hpp"

#include <asio/ip/address.hpp>
#include <asio/post.hpp>

#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>

namespace kv {

namespace {

[[nodiscard]] FoundHost look_up(const Address& address) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    FoundHost found;
    if (const int error = ::getaddrinfo(address.host.c_str(), nullptr, &hints, &list); error != 0) {
        found.wrong = ::gai_strerror(error);
        return found;
    }
    for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
        if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
        asio::ip::tcp::endpoint endpoint;
        endpoint.resize(at->ai_addrlen);
        std::memcpy(endpoint.data(), at->ai_addr, at->ai_addrlen);
        endpoint.port(address.port);
        found.endpoints.push_back(endpoint);
    }
    ::freeaddrinfo(list);
    if (found.endpoints.empty()) found.wrong = "it has no address";
    return found;
}

[[nodiscard]] FoundHost read_numbers(const Address& address) {
    std::error_code error;
    const asio::ip::address ip = asio::ip::make_address(address.host, error);
    if (error) return {{}, "that is no address"};
    return {{{ip, address.port}}, ""};
}

}  // namespace

struct NameThread::Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::pair<Address, Answered>> questions;
    asio::io_context* context = nullptr;  ///< null when nobody wants to know any more
};

NameThread::NameThread(asio::io_context& context) : shared_(std::make_shared<Shared>()) { shared_->context = &context; }

NameThread::~NameThread() {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->context = nullptr;
        shared_->questions.clear();
    }
    shared_->changed.notify_one();
}

void NameThread::ask(const Address& address, Answered answered) {
    if (!address.is_name()) {
        asio::post(*shared_->context,
                   [found = read_numbers(address), answered = std::move(answered)] { answered(found); });
        return;
    }
    if (!std::exchange(started_, true)) std::thread([shared = shared_] { run(shared); }).detach();
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->questions.emplace_back(address, std::move(answered));
    }
    shared_->changed.notify_one();
}

void NameThread::run(const std::shared_ptr<Shared>& shared) {
    std::unique_lock lock(shared->mutex);
    for (;;) {
        shared->changed.wait(lock, [&] { return shared->context == nullptr || !shared->questions.empty(); });
        if (shared->context == nullptr) return;
        auto [address, answered] = std::move(shared->questions.front());
        shared->questions.pop_front();
        lock.unlock();
        FoundHost found = look_up(address);
        lock.lock();
        if (shared->context == nullptr) return;
        asio::post(*shared->context, [found = std::move(found), answered = std::move(answered)] { answered(found); });
    }
}

}  // namespace kv
