// SPDX-License-Identifier: BSL-1.0
// Ping-pong over raw Asio: what one round trip costs when nothing but bytes goes round. The reply has always 64 bytes,
// as an acknowledgement does not grow with the command.
#pragma once

#include "../process.hpp"
#include "../tcp_result.hpp"

#include <cstddef>
#include <cstdint>
#include <system_error>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

namespace benchmark::baseline {

inline constexpr std::size_t pong_bytes = 64;

/// Lets handlers run, waiting as `wait` says.
inline void run_handlers(asio::io_context& context, Wait wait) {
    if (wait == Wait::block) {
        context.run_one();
    } else {
        context.poll();
    }
}

/// Sends `sent` bytes whenever `received` bytes came.
class PingPongEnd {
public:
    PingPongEnd(asio::ip::tcp::socket socket, std::size_t sends, std::size_t receives)
        : socket_(std::move(socket)), out_(sends), in_(receives) {
        socket_.set_option(asio::ip::tcp::no_delay(true));
    }

    void send() {
        asio::async_write(socket_, asio::buffer(out_), [this](std::error_code error, std::size_t) {
            if (!error) receive();
        });
    }
    void receive() {
        asio::async_read(socket_, asio::buffer(in_), [this](std::error_code error, std::size_t) {
            if (error) return;
            ++rounds_;
            if (on_round_) on_round_(on_round_context_);
            send();
        });
    }
    /// Called after each round, before the next one begins.
    void on_round(void (*call)(void*), void* context) {
        on_round_ = call;
        on_round_context_ = context;
    }
    [[nodiscard]] std::uint64_t rounds() const { return rounds_; }

private:
    asio::ip::tcp::socket socket_;
    std::vector<std::byte> out_;
    std::vector<std::byte> in_;
    std::uint64_t rounds_ = 0;
    void (*on_round_)(void*) = nullptr;
    void* on_round_context_ = nullptr;
};

[[nodiscard]] inline TcpResult run_ping_pong(const TcpRun& run, std::size_t ping_bytes) {
    const Child other(core_of_follower(0), [&](SharedPage& page) {
        asio::io_context context(1);
        asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
        page.port = acceptor.local_endpoint().port();
        PingPongEnd end(acceptor.accept(), pong_bytes, ping_bytes);
        end.receive();
        for (;;) run_handlers(context, run.wait);
    });
    while (other.page().port == 0) usleep(100);

    asio::io_context context(1);
    asio::ip::tcp::socket socket(context);
    socket.connect({asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(other.page().port.load())});
    PingPongEnd end(std::move(socket), ping_bytes, pong_bytes);
    struct Watch {
        Meter meter;
        Clock::time_point began;
    } watch{Meter(run, other.page()), Clock::now()};
    end.on_round(
        [](void* at) {
            Watch& watched = *static_cast<Watch*>(at);
            const Clock::time_point now = Clock::now();
            watched.meter.add_latency(now - watched.began);
            watched.began = now;
        },
        &watch);
    end.send();
    while (watch.meter.go_on(end.rounds())) run_handlers(context, run.wait);
    return watch.meter.result();
}

}  // namespace benchmark::baseline
