// SPDX-License-Identifier: BSL-1.0
// kv_history: clients that write and read at random, and note what they asked, when, and what they were told.

#include "arguments.hpp"
#include "history_client.hpp"
#include "history_file.hpp"
#include "history_options.hpp"

#include <replicator/sim/history.hpp>
#include <replicator/sim/operation.hpp>

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
using replicator::sim::History;
using replicator::sim::Operation;

[[nodiscard]] int fail(const std::string& what) {
    std::fprintf(stderr, "kv_history: %s\n", what.c_str());
    return 1;
}

}  // namespace

int main(int count, char** arguments) {
    Options options;
    if (!kv::history::read_options(options, kv::words_of(count, arguments))) {
        std::fputs(kv::history::help, stderr);
        return 2;
    }
    std::signal(SIGTERM, [](int) { kv::history::told_to_end = true; });
    std::vector<std::unique_ptr<Client>> clients;
    if (options.reads_keys) {
        std::vector<Operation> asked;
        for (const std::string& file : options.files) {
            if (const std::string wrong = kv::history::read(asked, file); !wrong.empty()) return fail(wrong);
        }
        std::set<std::string> keys;
        for (const Operation& operation : asked) keys.insert(operation.key);
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
    kv::history::order_by_call(operations);
    History history;
    for (Operation& operation : operations) history.append(std::move(operation));
    if (!kv::history::write(options.out, history)) return fail("cannot write " + options.out);
    return 0;
}
