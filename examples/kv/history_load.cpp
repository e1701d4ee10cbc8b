// SPDX-License-Identifier: BSL-1.0
// kv_history: clients that write and read at random, and note what they asked, when, and what they were told.

#include "connection.hpp"

#include <replicator/sim/history.hpp>
#include <replicator/sim/operation.hpp>
#include <replicator/sim/random.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using replicator::sim::Answer;
using replicator::sim::History;
using replicator::sim::Operation;
using replicator::sim::OperationKind;
using Clock = std::chrono::steady_clock;

constexpr const char* help = R"(kv_history: clients that note everything they ask of a key-value server and are told

  kv_history [options] --port PORT --out FILE
  kv_history [options] --port PORT --out FILE --keys-of FILE [FILE...]

  --port PORT          of the server on 127.0.0.1
  --node N             that server's number, as it is noted; default 1
  --out FILE           gets one line of JSON for each operation, ordered by call
  --clients N          connections; default 4
  --first-client N     the number of the first one; must differ between processes, because values begin with it
  --window N           operations that a connection has on the way; default 4
  --rate N             operations of one client in a second; default 500
  --seconds N          default 5
  --keys N             in use at the same time; default 8
  --key-life MS        after which others take their place, the same in all processes; default 5000
  --padding-max N      bytes at the end of a value; default 100
  --patience MS        after which the connection is given up, and what is on the way is unknown; default 1000
  --seed N             default 1
  --gets-only          for a follower
  --keys-of FILE       no load: reads every key in these files once, after which it ends

The operations are SET (noted as put), DEL (as put of nothing), SETNX (as cas that expects nothing) and GET. A SETNX that
found the key does not say what is there, and is noted like a refused one: it had no effect. Times are nanoseconds on the
system's steady clock, which is the same for all processes. Exit status 0: the file was written, and with --keys-of every
key was read.
)";

struct Options {
    std::uint16_t port = 0;
    std::uint32_t node = 1;
    std::string out;
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
    bool reads_keys = false;
    std::vector<std::string> files;
};

[[nodiscard]] std::uint64_t nanoseconds(Clock::time_point time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

/// Draws what is asked.
class Questions {
public:
    Questions(const Options& options, std::uint64_t client)
        : options_(options), client_(client), random_(options.seed * 1'000'003 + client) {}

    [[nodiscard]] Operation next() {
        Operation operation;
        operation.client = client_;
        operation.node = replicator::NodeId{options_.node};
        operation.key = key();
        const std::uint64_t chance = random_.below(100);
        if (options_.gets_only || chance < 45) return operation;
        operation.kind = chance < 90 ? OperationKind::put : chance < 95 ? OperationKind::put : OperationKind::cas;
        // Between 90 and 95 the key is removed.
        if (chance < 90 || chance >= 95) operation.value = value();
        return operation;
    }

private:
    [[nodiscard]] std::string key() {
        const std::uint64_t life = options_.key_life_milliseconds * 1'000'000;
        return "k" + std::to_string(nanoseconds(Clock::now()) / life) + "." +
               std::to_string(random_.below(options_.keys));
    }
    [[nodiscard]] std::string value() {
        std::string value = std::to_string(client_) + "." + std::to_string(++values_);
        value.append(static_cast<std::size_t>(random_.below(options_.padding_bytes_max + 1)), '.');
        return value;
    }

    const Options& options_;
    std::uint64_t client_;
    replicator::sim::Random random_;
    std::uint64_t values_ = 0;
};

void send(kv::Connection& connection, const Operation& operation) {
    const auto ask = [&connection](auto... words) {
        connection.request(std::array<std::string_view, sizeof...(words)>{words...});
    };
    const std::string_view key = operation.key;
    switch (operation.kind) {
        case OperationKind::get: return ask("GET", key);
        case OperationKind::cas: return ask("SETNX", key, std::string_view(*operation.value));
        case OperationKind::put:
            return operation.value ? ask("SET", key, std::string_view(*operation.value)) : ask("DEL", key);
    }
}

/// Notes an answer of the server. False when it is none that the request can have.
[[nodiscard]] bool understand(Operation& operation, const kv::Answer& answer) {
    if (answer.kind == '-') {
        const bool result_lost = answer.text.find("was acknowledged") != std::string_view::npos;
        const bool unknown = answer.text.find("is unknown") != std::string_view::npos;
        if (result_lost && operation.kind == OperationKind::put)
            operation.answer = Answer::succeeded;
        else
            operation.answer = unknown || result_lost ? Answer::unknown : Answer::refused;
        return true;
    }
    operation.answer = Answer::succeeded;
    switch (operation.kind) {
        case OperationKind::get:
            if (!answer.none) operation.output = std::string(answer.text);
            return answer.kind == '$';
        case OperationKind::cas:
            if (answer.text != "1") operation.answer = Answer::refused;
            return answer.kind == ':' && (answer.text == "1" || answer.text == "0");
        case OperationKind::put: return operation.value ? answer.text == "OK" : answer.kind == ':';
    }
    return false;
}

/// One client: one connection at a time, and what it did.
class Client {
public:
    Client(const Options& options, std::uint64_t number)
        : options_(options), questions_(options, number), patience_(options.patience_milliseconds) {}

    void run(Clock::time_point end) {
        const Clock::duration interval =
            std::chrono::duration_cast<Clock::duration>(1s) / static_cast<std::int64_t>(options_.rate);
        Clock::time_point due = Clock::now();
        while (Clock::now() < end || !asked_.empty()) {
            if (!connection_.is_open() && !connection_.open("127.0.0.1", options_.port)) {
                std::this_thread::sleep_for(20ms);
                if (Clock::now() >= end) break;
                continue;
            }
            // What could not be asked in time is not made up for, or a pause would end in a flood.
            due = std::max(due, Clock::now() - 10 * interval);
            while (asked_.size() < options_.window && due <= Clock::now() && Clock::now() < end) {
                ask(questions_.next());
                due += interval;
            }
            move(asked_.size() < options_.window ? due - Clock::now() : Clock::duration(10ms));
        }
        lose_connection();
    }

    /// False when a key could not be read at all.
    [[nodiscard]] bool read(const std::set<std::string>& keys) {
        for (const std::string& key : keys) {
            for (int tries = 0;; ++tries) {
                if (tries == 100) return false;
                if (!connection_.is_open() && !connection_.open("127.0.0.1", options_.port)) {
                    std::this_thread::sleep_for(20ms);
                    continue;
                }
                Operation operation;
                operation.client = options_.first_client;
                operation.node = replicator::NodeId{options_.node};
                operation.key = key;
                ask(std::move(operation));
                while (!asked_.empty()) move(10ms);
                if (noted_.back().answer == Answer::succeeded) break;
            }
        }
        return true;
    }

    [[nodiscard]] std::vector<Operation>& noted() noexcept { return noted_; }
    [[nodiscard]] const std::string& first_error() const noexcept { return first_error_; }

private:
    void ask(Operation operation) {
        operation.called = nanoseconds(Clock::now());
        send(connection_, operation);
        asked_.push_back(std::move(operation));
    }

    void move(Clock::duration time_max) {
        const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(time_max).count();
        bool idle = false;
        if (!connection_.move(static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, 10)), idle) ||
            !take_answers() ||
            (!asked_.empty() &&
             nanoseconds(Clock::now()) > asked_.front().called + nanoseconds(Clock::time_point(patience_)))) {
            lose_connection();
        }
    }

    [[nodiscard]] bool take_answers() {
        while (!asked_.empty()) {
            const std::optional<kv::Answer> answer = connection_.next();
            if (!answer) return true;
            Operation operation = std::move(asked_.front());
            asked_.pop_front();
            operation.returned = nanoseconds(Clock::now());
            const bool understood = answer->kind != '\0' && understand(operation, *answer);
            if (!understood) {
                operation.answer = Answer::unknown;
                first_error_ =
                    std::string("an answer that makes no sense: ") + answer->kind + std::string(answer->text);
            }
            noted_.push_back(std::move(operation));
            if (!understood) return false;
        }
        return true;
    }

    /// Nobody knows what becomes of what is on the way.
    void lose_connection() {
        connection_.close();
        for (Operation& operation : asked_) noted_.push_back(std::move(operation));
        asked_.clear();
    }

    const Options& options_;
    Questions questions_;
    std::chrono::milliseconds patience_;
    kv::Connection connection_;
    std::deque<Operation> asked_;
    std::vector<Operation> noted_;
    std::string first_error_;
};

template <class Number>
[[nodiscard]] bool take(Number& number, std::string_view text) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && number > 0;
}

[[nodiscard]] bool take_value(Options& options, std::string_view name, std::string_view text) {
    if (name == "--port") return take(options.port, text);
    if (name == "--node") return take(options.node, text);
    if (name == "--clients") return take(options.clients, text) && options.clients <= 1000;
    if (name == "--first-client") return take(options.first_client, text);
    if (name == "--window") return take(options.window, text);
    if (name == "--rate") return take(options.rate, text) && options.rate <= 1'000'000;
    if (name == "--seconds") return take(options.seconds, text) && options.seconds <= 1'000'000;
    if (name == "--keys") return take(options.keys, text);
    if (name == "--key-life") return take(options.key_life_milliseconds, text);
    if (name == "--padding-max") return take(options.padding_bytes_max, text) && options.padding_bytes_max <= 100'000;
    if (name == "--patience")
        return take(options.patience_milliseconds, text) && options.patience_milliseconds <= 60'000;
    if (name == "--seed") return take(options.seed, text);
    if (name == "--out") return options.out = text, !text.empty();
    return false;
}

[[nodiscard]] bool read_options(Options& options, std::span<char* const> arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view name = arguments[i];
        if (name == "--gets-only")
            options.gets_only = true;
        else if (name == "--keys-of")
            options.reads_keys = true;
        else if (i + 1 < arguments.size() && take_value(options, name, arguments[i + 1]))
            ++i;
        else if (name.starts_with("--"))
            return false;
        else
            options.files.emplace_back(name);
    }
    return options.port != 0 && !options.out.empty() && options.reads_keys == !options.files.empty();
}

[[nodiscard]] int fail(const std::string& what) {
    std::fprintf(stderr, "kv_history: %s\n", what.c_str());
    return 1;
}

/// Empty when all went well.
[[nodiscard]] std::string read_keys(std::set<std::string>& keys, const std::vector<std::string>& files) {
    for (const std::string& file : files) {
        std::ifstream in(file);
        History history;
        if (!in) return "cannot read " + file;
        if (const std::string wrong = history.read_json_lines(in); !wrong.empty()) return file + ": " + wrong;
        for (const Operation& operation : history.operations()) keys.insert(operation.key);
    }
    return {};
}

[[nodiscard]] bool write(const std::string& file, std::vector<Operation> operations) {
    std::stable_sort(operations.begin(), operations.end(),
                     [](const Operation& a, const Operation& b) { return a.called < b.called; });
    History history;
    for (Operation& operation : operations) history.append(std::move(operation));
    std::ofstream out(file);
    history.write_json_lines(out);
    out.close();
    return !out.fail();
}

}  // namespace

int main(int count, char** arguments) {
    Options options;
    if (!read_options(options, std::span(arguments, static_cast<std::size_t>(count)).subspan(1))) {
        std::fputs(help, stderr);
        return 2;
    }
    std::vector<std::unique_ptr<Client>> clients;
    if (options.reads_keys) {
        std::set<std::string> keys;
        if (const std::string wrong = read_keys(keys, options.files); !wrong.empty()) return fail(wrong);
        clients.push_back(std::make_unique<Client>(options, options.first_client));
        if (!clients[0]->read(keys)) return fail("a key cannot be read");
    } else {
        const Clock::time_point end = Clock::now() + std::chrono::seconds(options.seconds);
        std::vector<std::thread> threads;
        for (std::uint64_t i = 0; i < options.clients; ++i) {
            clients.push_back(std::make_unique<Client>(options, options.first_client + i));
            threads.emplace_back([client = clients.back().get(), end] { client->run(end); });
        }
        for (std::thread& thread : threads) thread.join();
    }
    std::vector<Operation> operations;
    for (const auto& client : clients) {
        if (!client->first_error().empty()) return fail(client->first_error());
        std::move(client->noted().begin(), client->noted().end(), std::back_inserter(operations));
    }
    if (!write(options.out, std::move(operations))) return fail("cannot write " + options.out);
    return 0;
}
