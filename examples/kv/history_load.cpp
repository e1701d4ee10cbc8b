// SPDX-License-Identifier: BSL-1.0
// kv_history: clients that write and read at random, and note what they asked, when, and what they were told.

#include "history_client.hpp"
#include "history_options.hpp"

#include <replicator/sim/history.hpp>
#include <replicator/sim/operation.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <span>
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
    if (!kv::history::read_options(options, std::span(arguments, static_cast<std::size_t>(count)).subspan(1))) {
        std::fputs(kv::history::help, stderr);
        return 2;
    }
    std::signal(SIGTERM, [](int) { kv::history::told_to_end = true; });
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
