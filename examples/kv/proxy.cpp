// SPDX-License-Identifier: BSL-1.0
// kv_proxy: stands between processes on the loopback address and makes their connections bad, at random from a seed.

#include <replicator/sim/random.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* help = R"(kv_proxy: a TCP proxy on 127.0.0.1 with faults

  kv_proxy [options] --route [PORT=]TARGET [--route ...]

  --route [PORT=]TARGET  connections to PORT go on to TARGET; without PORT a free one is taken
  --seed N               of everything that is drawn; default 1
  --split-max BYTES      bytes are passed on in pieces of 1 to so many, and often of a few; default 4096
  --delay-max MS         a delay up to this, drawn for every piece that was read; the order stays; default 20
  --reset N              how many pieces in a million end their connection with a reset; default 2000
  --cut N                ... end it in an orderly way, after half of the piece; default 500
  --stall N              ... are the last that pass in their direction for a while; default 2000
  --stall-max MS         the longest such while; default 1500
  --silence N            ... are the last that pass at all: the connection stays open and says nothing; default 200
  --damage N             ... get one wrong bit; default 0

It begins without faults and prints one line: ready PORT... in the order of the routes. It stops on SIGTERM and SIGINT.
SIGUSR1: faults begin. SIGUSR2: faults end, and connections that say nothing any more are reset.
SIGHUP: all connections are reset, now.
On stopping it prints what it did: connections, bytes, and how often each fault came.
)";

struct Route {
    std::uint16_t port = 0;
    std::uint16_t target = 0;
    int listener = -1;
};

struct Options {
    std::vector<Route> routes;
    std::uint64_t seed = 1;
    std::uint64_t split_bytes_max = 4096;
    std::uint64_t delay_milliseconds_max = 20;
    std::uint64_t reset = 2000;
    std::uint64_t cut = 500;
    std::uint64_t stall = 2000;
    std::uint64_t stall_milliseconds_max = 1500;
    std::uint64_t silence = 200;
    std::uint64_t damage = 0;
};

struct Counts {
    std::uint64_t connections = 0;
    std::uint64_t bytes = 0;
    std::uint64_t pieces = 0;
    std::uint64_t resets = 0;
    std::uint64_t cuts = 0;
    std::uint64_t stalls = 0;
    std::uint64_t silences = 0;
    std::uint64_t damages = 0;
};

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

[[nodiscard]] sockaddr_in loopback(std::uint16_t port) noexcept {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

[[nodiscard]] bool make_ready(int socket) noexcept {
    const int yes = 1;
    static_cast<void>(::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes));
    return ::fcntl(socket, F_SETFL, O_NONBLOCK) == 0 && ::fcntl(socket, F_SETFD, FD_CLOEXEC) == 0;
}

/// Without it, the next close is an orderly end.
void prepare_reset(int socket) noexcept {
    const linger at_once{1, 0};
    static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
}

[[nodiscard]] std::chrono::milliseconds milliseconds(std::uint64_t count) {
    return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(count));
}

/// What is on the way in one direction.
struct Flow {
    struct Piece {
        std::string bytes;
        Clock::time_point due;
    };

    static constexpr std::size_t bytes_max = 256 * 1024;

    std::deque<Piece> pieces;
    std::size_t bytes = 0;  // of all pieces, less what was sent of the first
    std::size_t sent = 0;   // of the first
    Clock::time_point stalled_until{};
    bool silent = false;    // takes everything, passes nothing on
    bool read_all = false;  // the sender said that it sends no more
    bool told = false;      // and the receiver was told

    [[nodiscard]] bool has_room() const noexcept { return !read_all && bytes < bytes_max; }
    [[nodiscard]] bool is_due(Clock::time_point now) const noexcept {
        return now >= stalled_until && (pieces.empty() ? read_all && !told && !silent : pieces.front().due <= now);
    }
};

enum class Fate : std::uint8_t { lives, resets, ends };

/// One connection through the proxy: two sockets and what goes from each to the other.
class Link {
public:
    Link(int caller, int target, const Options& options, Counts& counts, replicator::sim::Random& random)
        : sockets_{caller, target}, options_(options), counts_(counts), random_(random) {}
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() {
        for (const int socket : sockets_) {
            if (fate_ != Fate::ends) prepare_reset(socket);
            ::close(socket);
        }
    }

    /// What to wait for at one of the two sockets.
    [[nodiscard]] pollfd interest(std::size_t side, Clock::time_point now) const noexcept {
        short events = flows_[side].has_room() ? POLLIN : short{0};
        if (flows_[1 - side].is_due(now)) events = static_cast<short>(events | POLLOUT);
        // A socket of which nothing is wanted would still report its end, again and again.
        return {events != 0 ? sockets_[side] : -1, events, 0};
    }

    /// When something can be passed on that cannot be now.
    [[nodiscard]] Clock::time_point next_due() const noexcept {
        Clock::time_point due = Clock::time_point::max();
        for (const Flow& flow : flows_) {
            if (!flow.pieces.empty())
                due = std::min(due, std::max(flow.pieces.front().due, flow.stalled_until));
            else if (flow.read_all && !flow.told && !flow.silent)
                due = std::min(due, flow.stalled_until);
        }
        return due;
    }

    /// False when the connection is over.
    [[nodiscard]] bool move(std::size_t side, short events, Clock::time_point now, bool faulty) {
        if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && flows_[side].has_room()) take(side, now, faulty);
        if (fate_ == Fate::lives && (events & POLLOUT) != 0) pass(flows_[1 - side], sockets_[side], now, faulty);
        if (fate_ == Fate::lives && flows_[0].told && flows_[1].told) fate_ = Fate::ends;
        if (fate_ == Fate::lives && is_silent() && flows_[0].read_all && flows_[1].read_all) fate_ = Fate::resets;
        return fate_ == Fate::lives;
    }

    [[nodiscard]] bool is_silent() const noexcept { return flows_[0].silent || flows_[1].silent; }
    void calm() noexcept {
        for (Flow& flow : flows_) {
            flow.stalled_until = {};
            for (Flow::Piece& piece : flow.pieces) piece.due = {};
        }
    }

private:
    void take(std::size_t side, Clock::time_point now, bool faulty) {
        Flow& flow = flows_[side];
        const ssize_t received = ::recv(sockets_[side], buffer_.data(), buffer_.size(), 0);
        if (received < 0) {
            if (errno != EAGAIN && errno != EINTR) fate_ = Fate::resets;
            return;
        }
        if (received == 0) return static_cast<void>(flow.read_all = true);
        if (flow.silent) return;
        Flow::Piece piece{std::string(buffer_.data(), static_cast<std::size_t>(received)), now};
        if (faulty && !spoil(flow, piece, now)) return;
        if (!flow.pieces.empty()) piece.due = std::max(piece.due, flow.pieces.back().due);
        flow.bytes += piece.bytes.size();
        flow.pieces.push_back(std::move(piece));
    }

    /// Draws what happens to the piece. False when it does not go on.
    [[nodiscard]] bool spoil(Flow& flow, Flow::Piece& piece, Clock::time_point now) {
        piece.due = now + std::chrono::microseconds(random_.below(options_.delay_milliseconds_max * 1000 + 1));
        if (random_.chance(options_.reset)) {
            ++counts_.resets;
            fate_ = Fate::resets;
            return false;
        }
        if (random_.chance(options_.silence)) {
            ++counts_.silences;
            flow.silent = true;
            return false;
        }
        if (random_.chance(options_.cut)) {
            ++counts_.cuts;
            piece.bytes.resize(piece.bytes.size() / 2);
            flow.read_all = true;
        }
        if (random_.chance(options_.stall)) {
            ++counts_.stalls;
            flow.stalled_until =
                now + milliseconds(random_.between(1, std::max<std::uint64_t>(options_.stall_milliseconds_max, 1)));
        }
        if (!piece.bytes.empty() && random_.chance(options_.damage)) {
            ++counts_.damages;
            char& byte = piece.bytes[static_cast<std::size_t>(random_.below(piece.bytes.size()))];
            byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1u << random_.below(8)));
        }
        return !piece.bytes.empty();
    }

    /// Passes on what is due, in pieces that the receiver may see one by one.
    void pass(Flow& flow, int socket, Clock::time_point now, bool faulty) {
        for (int pieces = 0; pieces < 64 && flow.is_due(now); ++pieces) {
            if (flow.pieces.empty()) {
                flow.told = true;
                static_cast<void>(::shutdown(socket, SHUT_WR));
                return;
            }
            const std::string& bytes = flow.pieces.front().bytes;
            std::size_t size = bytes.size() - flow.sent;
            if (faulty) {
                const std::uint64_t few = std::min<std::uint64_t>(options_.split_bytes_max, 8);
                const std::uint64_t size_max = random_.below(4) == 0 ? few : options_.split_bytes_max;
                size = std::min(size, static_cast<std::size_t>(random_.between(1, size_max)));
            }
            const ssize_t sent = ::send(socket, bytes.data() + flow.sent, size, MSG_NOSIGNAL);
            if (sent < 0) {
                if (errno != EAGAIN && errno != EINTR) fate_ = Fate::resets;
                return;
            }
            ++counts_.pieces;
            counts_.bytes += static_cast<std::uint64_t>(sent);
            flow.bytes -= static_cast<std::size_t>(sent);
            flow.sent += static_cast<std::size_t>(sent);
            if (flow.sent < bytes.size()) continue;
            flow.pieces.pop_front();
            flow.sent = 0;
        }
    }

    std::array<int, 2> sockets_;
    std::array<Flow, 2> flows_;  // by where they come from
    Fate fate_ = Fate::lives;
    std::array<char, 64 * 1024> buffer_;
    const Options& options_;
    Counts& counts_;
    replicator::sim::Random& random_;
};

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
        const sockaddr_in address = loopback(route.target);
        const bool connected = target >= 0 && make_ready(caller) &&
                               ::connect(target, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                               make_ready(target);
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

template <class Number>
[[nodiscard]] bool take(Number& number, std::string_view text) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

[[nodiscard]] bool take_route(Options& options, std::string_view text) {
    Route route;
    if (const std::size_t equals = text.find('='); equals != std::string_view::npos) {
        if (!take(route.port, text.substr(0, equals))) return false;
        text.remove_prefix(equals + 1);
    }
    if (!take(route.target, text) || route.target == 0) return false;
    options.routes.push_back(route);
    return true;
}

[[nodiscard]] bool take_value(Options& options, std::string_view name, std::string_view text) {
    if (name == "--route") return take_route(options, text);
    if (name == "--seed") return take(options.seed, text);
    if (name == "--split-max") return take(options.split_bytes_max, text) && options.split_bytes_max > 0;
    if (name == "--delay-max")
        return take(options.delay_milliseconds_max, text) && options.delay_milliseconds_max <= 60'000;
    if (name == "--reset") return take(options.reset, text);
    if (name == "--cut") return take(options.cut, text);
    if (name == "--stall") return take(options.stall, text);
    if (name == "--stall-max")
        return take(options.stall_milliseconds_max, text) && options.stall_milliseconds_max <= 600'000;
    if (name == "--silence") return take(options.silence, text);
    return name == "--damage" && take(options.damage, text);
}

[[nodiscard]] bool read_options(Options& options, std::span<char* const> arguments) {
    if (arguments.size() % 2 != 0) return false;
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        if (!take_value(options, arguments[i], arguments[i + 1])) return false;
    }
    return !options.routes.empty();
}

}  // namespace

int main(int count, char** arguments) {
    Options options;
    if (!read_options(options, std::span(arguments, static_cast<std::size_t>(count)).subspan(1))) {
        std::fputs(help, stderr);
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
