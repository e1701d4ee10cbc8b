// SPDX-License-Identifier: BSL-1.0
// kv_proxy: stands between processes on the loopback address and makes their connections bad, at random from a seed.

#include "loopback.hpp"
#include "proxy_link.hpp"
#include "proxy_options.hpp"

#include "../base/arguments.hpp"

#include <replicator/sim/random.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using kv::loopback;
using kv::make_ready;
using kv::prepare_reset;
using kv::proxy::Clock;
using kv::proxy::Counts;
using kv::proxy::Link;
using kv::proxy::Options;
using kv::proxy::Route;

volatile std::sig_atomic_t faults_wanted = 0;
volatile std::sig_atomic_t reset_wanted = 0;
volatile std::sig_atomic_t end_wanted = 0;

void on_signal(int signal) {
    switch (signal) {
        case SIGUSR1: faults_wanted = 1; break;
        case SIGUSR2: faults_wanted = 0; break;
        case SIGHUP: reset_wanted = 1; break;
        default: end_wanted = 1;
    }
}

class Proxy {
public:
    explicit Proxy(Options& options) : options_(options), random_(options.seed) {}

    [[nodiscard]] bool listen() {
        for (Route& route : options_.routes) {
            route.listener = ::socket(AF_INET, SOCK_STREAM, 0);
            const int yes = 1;
            static_cast<void>(::setsockopt(route.listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes));
            sockaddr_in address = loopback(route.port);
            socklen_t size = sizeof address;
            auto* const generic = reinterpret_cast<sockaddr*>(&address);
            if (route.listener < 0 || ::bind(route.listener, generic, size) != 0) return false;
            if (::listen(route.listener, 128) != 0 || !make_ready(route.listener)) return false;
            if (::getsockname(route.listener, generic, &size) != 0) return false;
            route.port = ntohs(address.sin_port);
        }
        return true;
    }

    void run() {
        while (end_wanted == 0) {
            follow_signals();
            wait();
            const Clock::time_point now = Clock::now();
            std::size_t place = options_.routes.size();
            for (std::size_t i = 0; i < links_.size(); ++i, place += 2) {
                const bool lives = links_[i]->move(0, polled_[place].revents, now, faulty_) &&
                                   links_[i]->move(1, polled_[place + 1].revents, now, faulty_);
                if (!lives) links_[i].reset();
            }
            std::erase(links_, nullptr);
            for (std::size_t i = 0; i < options_.routes.size(); ++i) {
                if (polled_[i].revents != 0) accept(options_.routes[i]);
            }
        }
    }

    [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

private:
    void follow_signals() {
        const bool wanted = faults_wanted != 0;
        if (std::exchange(faulty_, wanted) && !wanted) {
            std::erase_if(links_, [](const auto& link) { return link->is_silent(); });
            for (const auto& link : links_) link->calm();
        }
        if (reset_wanted != 0) {
            reset_wanted = 0;
            counts_.resets += links_.size();
            links_.clear();
        }
    }

    void wait() {
        const Clock::time_point now = Clock::now();
        Clock::time_point due = now + 20ms;  // signals that come just before poll are seen then
        polled_.clear();
        for (const Route& route : options_.routes) polled_.push_back({route.listener, POLLIN, 0});
        for (const auto& link : links_) {
            for (const std::size_t side : {0u, 1u}) polled_.push_back(link->interest(side, now));
            if (const auto next = link->next_due(); next > now) due = std::min(due, next);
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - now).count();
        if (::poll(polled_.data(), static_cast<nfds_t>(polled_.size()), static_cast<int>(left)) >= 0) return;
        for (pollfd& each : polled_) each.revents = 0;
    }

    void accept(const Route& route) {
        const int caller = ::accept(route.listener, nullptr, nullptr);
        if (caller < 0) return;
        const int target = ::socket(AF_INET, SOCK_STREAM, 0);
        const bool connected =
            target >= 0 && make_ready(caller) && kv::connect_to(target, route.target) && make_ready(target);
        if (!connected) {
            prepare_reset(caller);
            ::close(caller);
            if (target >= 0) ::close(target);
            return;
        }
        ++counts_.connections;
        links_.push_back(std::make_unique<Link>(caller, target, options_, counts_, random_));
    }

    Options& options_;
    replicator::sim::Random random_;
    Counts counts_;
    bool faulty_ = false;
    std::vector<std::unique_ptr<Link>> links_;
    std::vector<pollfd> polled_;
};

}  // namespace

int main(int count, char** arguments) {
    Options options;
    if (!kv::proxy::read_options(options, kv::words_of(count, arguments))) {
        std::fputs(kv::proxy::help, stderr);
        return 2;
    }
    struct sigaction action {};
    action.sa_handler = on_signal;
    for (const int signal : {SIGUSR1, SIGUSR2, SIGHUP, SIGTERM, SIGINT}) {
        if (::sigaction(signal, &action, nullptr) != 0) return 1;
    }
    Proxy proxy(options);
    if (!proxy.listen()) {
        std::fputs("kv_proxy: cannot listen\n", stderr);
        return 1;
    }
    std::fputs("ready", stdout);
    for (const Route& route : options.routes) std::printf(" %u", unsigned{route.port});
    std::putchar('\n');
    std::fflush(stdout);
    proxy.run();
    const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
    const Counts& counts = proxy.counts();
    std::printf(
        "connections=%llu bytes=%llu pieces=%llu resets=%llu cuts=%llu stalls=%llu silences=%llu damages=%llu\n",
        number(counts.connections), number(counts.bytes), number(counts.pieces), number(counts.resets),
        number(counts.cuts), number(counts.stalls), number(counts.silences), number(counts.damages));
    return 0;
}
