// SPDX-License-Identifier: BSL-1.0
// kv_load: writes every stanza of files to a server of the Redis protocol, or reads all back and compares.

#include "connection.hpp"
#include "stanzas.hpp"

#include "../base/arguments.hpp"
#include "../base/password_file.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>

namespace {

using kv::take_count;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr const char* help = R"(kv_load: writes every stanza of files to a key-value server, or compares all of them

  kv_load [options] FILE...

  --port PORT      of the server on 127.0.0.1; again for other nodes of its group. With several it follows the leader
  --verify         read every entry back and compare it, instead of writing
  --window N       requests on the way; default 1024
  --prefix TEXT    begins every key
  --bytes-min N    read the files again and again, under other keys, until they made so many bytes together
  --password-file FILE  its first line is said to a server that asks for a password
  --marks          print "mark P" when P percent are acknowledged, for P = 10, 20 to 90
  --calm-at P      from that mark on, one request at a time, until a line comes on standard input

A lost connection is made again, and what was on the way is sent again, which does no harm because every entry has a
key of its own. So are writes that were refused for now (NOREPLICAS, TRYAGAIN, LOADING) or whose outcome is unknown. What
is sent again because nobody knows is counted when it succeeds: as survived where it was there, as discarded where it was
not. After 30 seconds without a success it gives up. Exit status 0: everything was acknowledged, or is equal.
)";

struct Options {
    std::vector<std::uint16_t> ports;
    std::string prefix;
    bool verify = false;
    bool marks = false;
    std::uint64_t calm_at = 0;
    std::size_t window = 1024;
    std::uint64_t bytes_min = 0;
    std::string password_file;
    std::string password;
    std::vector<std::string> files;
};

struct Counts {
    std::uint64_t entries = 0;  // asked for once or more
    std::uint64_t bytes = 0;    // keys and values of those that succeeded
    std::uint64_t good = 0;     // acknowledged, or equal
    std::uint64_t refused = 0;  // for good
    std::uint64_t different = 0;
    std::uint64_t missing = 0;
    std::uint64_t unknown = 0;    // outcomes, before they were sent again
    std::uint64_t survived = 0;   // writes that were on the way when a connection was lost, and are there
    std::uint64_t discarded = 0;  // and that are not, before they were sent again
    std::uint64_t retried = 0;
    std::uint64_t reconnects = 0;
    Clock::duration longest_pause{};  // between two successes
    std::string first_error;
};

/// An entry that is asked for. Where it is doubtful, it was before, and nobody knows what became of that.
struct Asked {
    kv::Entry entry;
    bool doubtful = false;
};

class Loader {
public:
    explicit Loader(const Options& options)
        : options_(options),
          stanzas_(options.files, options.bytes_min),
          bytes_expected_(expected(options)),
          connection_(options.password) {}

    /// False when it had to give up.
    [[nodiscard]] bool run() {
        last_success_ = Clock::now();
        bool more = true;
        while (more || !asked_.empty() || !again_.empty()) {
            if (Clock::now() - last_success_ > 30s) return give_up("no success for 30 seconds");
            if (!connection_.refusal().empty()) return give_up(connection_.refusal());
            if (!connection_.is_open()) {
                reconnect();
                continue;
            }
            more = fill(more);
            if (asked_.empty() && again_.empty()) break;
            bool idle = false;
            if (!connection_.move(50, idle) || !take_answers()) lose_connection();
        }
        if (!stanzas_.failure().empty()) return give_up(stanzas_.failure());
        return true;
    }

    [[nodiscard]] const Counts& counts() const noexcept { return counts_; }
    [[nodiscard]] std::uint64_t rounds() const noexcept { return stanzas_.rounds(); }

private:
    /// Bytes of all rounds.
    [[nodiscard]] static std::uint64_t expected(const Options& options) {
        std::uint64_t round = 0;
        for (const std::string& file : options.files) {
            std::error_code error;
            const std::uintmax_t bytes = std::filesystem::file_size(file, error);
            if (!error) round += bytes;
        }
        return round == 0 ? 0 : std::max<std::uint64_t>(1, (options.bytes_min + round - 1) / round) * round;
    }

    bool give_up(const std::string& why) {
        if (counts_.first_error.empty()) counts_.first_error = why;
        return false;
    }

    void reconnect() {
        if (connection_.open(options_.ports[place_])) {
            if (std::exchange(connected_before_, true)) ++counts_.reconnects;
            counts_.retried += asked_.size();
            for (const Asked& asked : asked_) send(asked);
        } else {
            next_node();
        }
    }

    void lose_connection() {
        connection_.close();
        for (Asked& asked : asked_) asked.doubtful = true;
        if (connection_.log_in_failed()) next_node();
    }

    /// This node does not lead, and has refused everything that was sent to it.
    void leave() {
        connection_.close();
        for (; !asked_.empty(); asked_.pop_front()) again_.push_back(std::move(asked_.front()));
        again_from_ = Clock::now();
        next_node();
    }

    /// With a rest when all of them were tried.
    void next_node() {
        place_ = (place_ + 1) % options_.ports.size();
        if (place_ == 0) std::this_thread::sleep_for(20ms);
    }

    void send(const Asked& asked) {
        const kv::Entry& entry = asked.entry;
        if (options_.verify) {
            connection_.request(std::array<std::string_view, 2>{"GET", entry.key});
        } else if (asked.doubtful) {
            connection_.request(std::array<std::string_view, 4>{"SET", entry.key, entry.value, "NX"});
        } else {
            connection_.request(std::array<std::string_view, 3>{"SET", entry.key, entry.value});
        }
    }

    /// Asks for as many as the window allows; returns whether there are more.
    bool fill(bool more) {
        constexpr std::size_t unsent_max = 1024 * 1024;
        if (calm_ && line_came()) calm_ = false;
        const std::size_t window = calm_ ? 1 : options_.window;
        while (asked_.size() < window && connection_.unsent() < unsent_max) {
            Asked asked;
            if (!again_.empty() && Clock::now() >= again_from_) {
                asked = std::move(again_.front());
                again_.pop_front();
                ++counts_.retried;
            } else if (more && (more = stanzas_.next(asked.entry))) {
                asked.entry.key.insert(0, options_.prefix);
                ++counts_.entries;
            } else {
                // What was refused for now waits a little.
                if (asked_.empty() && !again_.empty()) std::this_thread::sleep_until(again_from_);
                if (asked_.empty() && !again_.empty()) continue;
                break;
            }
            send(asked);
            asked_.push_back(std::move(asked));
        }
        return more;
    }

    /// False when the server does not speak the protocol.
    bool take_answers() {
        while (!asked_.empty()) {
            const std::optional<kv::Answer> answer = connection_.next();
            if (!answer) return true;
            if (answer->kind == '\0') return false;
            Asked asked = std::move(asked_.front());
            asked_.pop_front();
            if (answer->kind == '-') {
                const bool follows = answer->text.starts_with("READONLY") || answer->text.starts_with("LOADING");
                if (follows && options_.ports.size() > 1) {
                    again_.push_back(std::move(asked));
                    leave();
                } else {
                    failed(std::move(asked), answer->text);
                }
            } else if (!options_.verify) {
                if (asked.doubtful) ++(answer->none ? counts_.survived : counts_.discarded);
                succeeded(asked.entry);
            } else if (answer->none || answer->text == asked.entry.value) {
                answer->none ? missing() : succeeded(asked.entry);
            } else {
                different();
            }
        }
        return true;
    }

    [[nodiscard]] static bool line_came() {
        pollfd input{0, POLLIN, 0};
        return ::poll(&input, 1, 0) > 0;
    }

    void missing() { ++counts_.missing, last_success_ = Clock::now(); }
    void different() { ++counts_.different, last_success_ = Clock::now(); }

    void failed(Asked asked, std::string_view text) {
        const bool unknown = text.find("is unknown") != std::string_view::npos;
        counts_.unknown += unknown ? 1u : 0u;
        if (unknown || text.starts_with("NOREPLICAS") || text.starts_with("TRYAGAIN") || text.starts_with("LOADING")) {
            asked.doubtful = asked.doubtful || unknown;
            again_.push_back(std::move(asked));
            again_from_ = Clock::now() + 50ms;
            return;
        }
        ++counts_.refused;
        if (counts_.first_error.empty()) counts_.first_error = text;
    }

    void succeeded(const kv::Entry& entry) {
        const Clock::time_point now = Clock::now();
        if (counts_.good > 0) counts_.longest_pause = std::max(counts_.longest_pause, now - last_success_);
        last_success_ = now;
        ++counts_.good;
        counts_.bytes += entry.bytes();
        value_bytes_ += entry.value.size() + 1;
        if (!options_.marks) return;
        while (mark_ < 100 && value_bytes_ * 100 >= bytes_expected_ * mark_) {
            std::printf("mark %u\n", static_cast<unsigned>(mark_));
            std::fflush(stdout);
            calm_ = calm_ || mark_ == options_.calm_at;
            mark_ += 10;
        }
    }

    const Options& options_;
    kv::Stanzas stanzas_;
    std::uint64_t bytes_expected_;
    kv::Connection connection_;
    bool connected_before_ = false;
    std::size_t place_ = 0;  // of the node among the ports
    std::deque<Asked> asked_;
    std::deque<Asked> again_;
    Clock::time_point again_from_;
    Clock::time_point last_success_;
    std::uint64_t value_bytes_ = 0;
    std::uint64_t mark_ = 10;
    bool calm_ = false;
    Counts counts_;
};

[[nodiscard]] bool take_value(Options& options, std::string_view name, std::string_view text) {
    if (name == "--port") return take_count(options.ports.emplace_back(), text);
    if (name == "--window") return take_count(options.window, text);
    if (name == "--bytes-min") return take_count(options.bytes_min, text);
    if (name == "--password-file") return options.password_file = text, !text.empty();
    if (name == "--prefix") return options.prefix = text, !text.empty();
    return name == "--calm-at" && take_count(options.calm_at, text);
}

[[nodiscard]] bool read(Options& options, std::span<char* const> arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view name = arguments[i];
        const std::string_view next = i + 1 < arguments.size() ? arguments[i + 1] : "";
        if (name == "--verify") {
            options.verify = true;
        } else if (name == "--marks") {
            options.marks = true;
        } else if (take_value(options, name, next)) {
            ++i;
        } else if (name.starts_with("--")) {
            return false;
        } else {
            options.files.emplace_back(name);
        }
    }
    return !options.ports.empty() && !options.files.empty();
}

void report(const Options& options, const Loader& loader, double seconds) {
    const Counts& counts = loader.counts();
    const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
    std::printf("%s entries=%llu bytes=%llu rounds=%llu seconds=%.2f ", options.verify ? "verified" : "loaded",
                number(counts.entries), number(counts.bytes), number(loader.rounds()), seconds);
    if (options.verify) {
        std::printf("equal=%llu different=%llu missing=%llu", number(counts.good), number(counts.different),
                    number(counts.missing));
    } else {
        std::printf("acknowledged=%llu unknown=%llu survived=%llu discarded=%llu", number(counts.good),
                    number(counts.unknown), number(counts.survived), number(counts.discarded));
    }
    std::printf(" refused=%llu retried=%llu reconnects=%llu longest_pause=%.3f\n", number(counts.refused),
                number(counts.retried), number(counts.reconnects),
                std::chrono::duration<double>(counts.longest_pause).count());
    if (!counts.first_error.empty()) std::fprintf(stderr, "kv_load: %s\n", counts.first_error.c_str());
}

}  // namespace

int main(int count, char** arguments) {
    Options options;
    if (!read(options, kv::words_of(count, arguments))) {
        std::fputs(help, stderr);
        return 2;
    }
    if (!options.password_file.empty() && !kv::read_password(options.password_file, options.password)) {
        std::fprintf(stderr, "kv_load: %s\n", options.password.c_str());
        return 1;
    }
    const Clock::time_point began = Clock::now();
    Loader loader(options);
    const bool finished = loader.run();
    report(options, loader, std::chrono::duration<double>(Clock::now() - began).count());
    return finished && loader.counts().good == loader.counts().entries ? 0 : 1;
}
