// SPDX-License-Identifier: BSL-1.0
// kv_history: clients that write and read at random, and note what they asked, when, and what they were told.

#include "client.hpp"
#include "file.hpp"
#include "options.hpp"
#include "session.hpp"

#include "../base/arguments.hpp"
#include "../base/password_file.hpp"

#include <replicator/sim/history/history.hpp>
#include <replicator/sim/history/operation.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using kv::history::Client;
using kv::history::Clock;
using kv::history::Options;
using kv::history::SessionClient;
using replicator::sim::History;
using replicator::sim::Operation;

[[nodiscard]] int fail(const std::string& what) {
    std::fprintf(stderr, "kv_history: %s\n", what.c_str());
    return 1;
}

/// Each in a thread of its own.
template <class Any>
void run_all(std::vector<std::unique_ptr<Any>>& clients, const Options& options, Clock::time_point end) {
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < options.clients; ++i) {
        clients.push_back(std::make_unique<Any>(options, options.first_client + i));
        threads.emplace_back([client = clients.back().get(), end] { client->run(end); });
    }
    for (std::thread& thread : threads) thread.join();
}

template <class Any>
void take(Any& client, std::vector<Operation>& operations, std::vector<Operation>& stale) {
    std::move(client.noted().begin(), client.noted().end(), std::back_inserter(operations));
    std::move(client.stale().begin(), client.stale().end(), std::back_inserter(stale));
}

/// Ordered by call.
[[nodiscard]] bool write(const std::string& file, std::vector<Operation> operations) {
    kv::history::order_by_call(operations);
    History history;
    for (Operation& operation : operations) history.append(std::move(operation));
    return kv::history::write(file, history);
}

}  // namespace

int main(int count, char** arguments) {
    Options options;
    if (!kv::history::read_options(options, kv::words_of(count, arguments))) {
        std::fputs(kv::history::help, stderr);
        return 2;
    }
    if (!options.password_file.empty() && !kv::read_password(options.password_file, options.password)) {
        return fail(options.password);
    }
    std::signal(SIGTERM, [](int) { kv::history::told_to_end = true; });
    std::vector<std::unique_ptr<Client>> clients;
    std::vector<std::unique_ptr<SessionClient>> sessions;
    if (options.reads_keys) {
        std::vector<Operation> asked;
        for (const std::string& file : options.files) {
            if (const std::string wrong = kv::history::read(asked, file); !wrong.empty()) return fail(wrong);
        }
        std::set<std::string> keys;
        for (const Operation& operation : asked) keys.insert(operation.key);
        clients.push_back(std::make_unique<Client>(options, options.first_client));
        if (!clients[0]->read(keys)) {
            const std::string& error = clients[0]->first_error();
            return fail(error.empty() ? "a key cannot be read" : error);
        }
    } else {
        const Clock::time_point end = Clock::now() + std::chrono::seconds(options.seconds);
        options.sessions ? run_all(sessions, options, end) : run_all(clients, options, end);
    }
    std::vector<Operation> operations;
    std::vector<Operation> stale;
    for (const auto& client : clients) {
        if (!client->first_error().empty()) return fail(client->first_error());
        take(*client, operations, stale);
    }
    for (const auto& client : sessions) {
        if (!client->first_error().empty()) return fail(client->first_error());
        take(*client, operations, stale);
    }
    if (!write(options.out, std::move(operations))) return fail("cannot write " + options.out);
    if (!options.stale_out.empty() && !write(options.stale_out, std::move(stale))) {
        return fail("cannot write " + options.stale_out);
    }
    return 0;
}
