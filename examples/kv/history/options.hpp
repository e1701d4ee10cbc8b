// SPDX-License-Identifier: BSL-1.0
// What the command line of kv_history says.
#pragma once

#include "../base/arguments.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kv::history {

inline constexpr const char* help =
    R"(kv_history: clients that note everything they ask of a key-value server and are told

  kv_history [options] --port PORT --out FILE
  kv_history [options] --port PORT --out FILE --keys-of FILE [FILE...]

  --port PORT          of the server on 127.0.0.1; again for the next nodes. With several, every client goes to another
                       one after each error and each loss of a connection, and so follows the leader
  --node N             the first server's number, as it is noted; default 1
  --out FILE           gets one line of JSON for each operation, ordered by call
  --clients N          connections; default 4
  --first-client N     the number of the first one; must differ between processes, because values begin with it
  --window N           operations that a connection has on the way; default 4
  --rate N             operations of one client in a second; default 500
  --seconds N          default 5; it ends sooner, and well, on SIGTERM
  --keys N             in use at the same time; default 8
  --key-life MS        after which others take their place, the same in all processes; default 5000
  --padding-max N      bytes at the end of a value; default 100
  --patience MS        after which the connection is given up, and what is on the way is unknown; default 1000
  --seed N             default 1
  --password-file FILE  its first line is said to a server that asks for a password
  --gets-only          for a follower
  --once               every write is a SET of a key that nobody used before; nothing is read
  --sure-gets          where leaders change: a get is noted as unknown unless a write on the same connection was
                       acknowledged before it, and another one after it, without an error between. Only then the node
                       surely led when it answered
  --sessions           every client writes keys of its own, one after the other, and reads each write at any of the
                       nodes, which it asks to wait for the position of the write (POSITION, AFTER)
  --stale FILE         gets one line for each get of --sessions, and for each that --sure-gets noted as unknown
                       although it was answered
  --keys-of FILE       no load: reads every key in these files once, after which it ends

The operations are SET (noted as put), DEL (as put of nothing), SETNX (as cas that expects nothing) and GET. A SETNX that
found the key does not say what is there, and is noted like a refused one: it had no effect. Times are nanoseconds on the
system's steady clock, which is the same for all processes. Exit status 0: the file was written, and with --keys-of every
key was read. A client's number grows by a million with each connection that it makes.
)";

struct Options {
    std::vector<std::uint16_t> ports;
    std::uint32_t node = 1;
    std::string out;
    std::string stale_out;
    std::string password_file;
    std::string password;
    std::uint64_t clients = 4;
    std::uint64_t first_client = 1;
    std::size_t window = 4;
    std::uint64_t rate = 500;
    std::uint64_t seconds = 5;
    std::uint64_t keys = 8;
    std::uint64_t key_life_milliseconds = 5000;
    std::size_t padding_bytes_max = 100;
    std::uint64_t patience_milliseconds = 1000;
    std::uint64_t seed = 1;
    bool gets_only = false;
    bool once = false;
    bool sure_gets = false;
    bool sessions = false;
    bool reads_keys = false;
    std::vector<std::string> files;
};

[[nodiscard]] inline bool take_value(Options& options, std::string_view name, std::string_view text) {
    if (name == "--port") return take_count(options.ports.emplace_back(), text);
    if (name == "--node") return take_count(options.node, text);
    if (name == "--clients") return take_count(options.clients, text) && options.clients <= 1000;
    if (name == "--first-client") return take_count(options.first_client, text);
    if (name == "--window") return take_count(options.window, text);
    if (name == "--rate") return take_count(options.rate, text) && options.rate <= 1'000'000;
    if (name == "--seconds") return take_count(options.seconds, text) && options.seconds <= 1'000'000;
    if (name == "--keys") return take_count(options.keys, text);
    if (name == "--key-life") return take_count(options.key_life_milliseconds, text);
    if (name == "--padding-max")
        return take_count(options.padding_bytes_max, text) && options.padding_bytes_max <= 100'000;
    if (name == "--patience")
        return take_count(options.patience_milliseconds, text) && options.patience_milliseconds <= 60'000;
    if (name == "--seed") return take_count(options.seed, text);
    if (name == "--password-file") return options.password_file = text, !text.empty();
    if (name == "--stale") return options.stale_out = text, !text.empty();
    if (name == "--out") return options.out = text, !text.empty();
    return false;
}

[[nodiscard]] inline bool read_options(Options& options, std::span<char* const> arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view name = arguments[i];
        if (name == "--gets-only")
            options.gets_only = true;
        else if (name == "--once")
            options.once = true;
        else if (name == "--sure-gets")
            options.sure_gets = true;
        else if (name == "--sessions")
            options.sessions = true;
        else if (name == "--keys-of")
            options.reads_keys = true;
        else if (i + 1 < arguments.size() && take_value(options, name, arguments[i + 1]))
            ++i;
        else if (name.starts_with("--"))
            return false;
        else
            options.files.emplace_back(name);
    }
    return !options.ports.empty() && !options.out.empty() && options.reads_keys == !options.files.empty();
}

}  // namespace kv::history
