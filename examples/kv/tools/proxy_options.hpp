// SPDX-License-Identifier: BSL-1.0
// What the command line of kv_proxy says.
#pragma once

#include "../base/arguments.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kv::proxy {

inline constexpr const char* help = R"(kv_proxy: a TCP proxy on 127.0.0.1 with faults

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
  --rate BYTES           each connection carries so many in a second each way; default 0: no bound

It begins without faults, at the rate, and prints one line: ready PORT... in the order of the routes. It stops on SIGTERM and SIGINT.
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
    std::uint64_t bytes_per_second = 0;
};

[[nodiscard]] inline bool take_route(Options& options, std::string_view text) {
    Route route;
    if (const std::size_t equals = text.find('='); equals != std::string_view::npos) {
        if (!take_number(route.port, text.substr(0, equals))) return false;
        text.remove_prefix(equals + 1);
    }
    if (!take_number(route.target, text) || route.target == 0) return false;
    options.routes.push_back(route);
    return true;
}

[[nodiscard]] inline bool take_value(Options& options, std::string_view name, std::string_view text) {
    if (name == "--route") return take_route(options, text);
    if (name == "--seed") return take_number(options.seed, text);
    if (name == "--split-max") return take_number(options.split_bytes_max, text) && options.split_bytes_max > 0;
    if (name == "--delay-max")
        return take_number(options.delay_milliseconds_max, text) && options.delay_milliseconds_max <= 60'000;
    if (name == "--reset") return take_number(options.reset, text);
    if (name == "--cut") return take_number(options.cut, text);
    if (name == "--stall") return take_number(options.stall, text);
    if (name == "--stall-max")
        return take_number(options.stall_milliseconds_max, text) && options.stall_milliseconds_max <= 600'000;
    if (name == "--silence") return take_number(options.silence, text);
    if (name == "--rate") return take_number(options.bytes_per_second, text);
    return name == "--damage" && take_number(options.damage, text);
}

[[nodiscard]] inline bool read_options(Options& options, std::span<char* const> arguments) {
    if (arguments.size() % 2 != 0) return false;
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        if (!take_value(options, arguments[i], arguments[i + 1])) return false;
    }
    return !options.routes.empty();
}

}  // namespace kv::proxy
