// SPDX-License-Identifier: BSL-1.0
// What a client of kv_history asks, and how it understands what it is told.
#pragma once

#include "options.hpp"

#include "../tools/connection.hpp"

#include <replicator/sim/history/operation.hpp>
#include <replicator/sim/random.hpp>
#include <replicator/types.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kv::history {

using replicator::sim::Answer;
using replicator::sim::Operation;
using replicator::sim::OperationKind;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

[[nodiscard]] inline std::uint64_t nanoseconds(Clock::time_point time) {
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
        if (options_.once) {
            operation.kind = OperationKind::put;
            operation.value = value();
            operation.key = "once." + std::to_string(client_) + "." + std::to_string(values_);
            return operation;
        }
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

inline void send(kv::Connection& connection, const Operation& operation) {
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
[[nodiscard]] inline bool understand(Operation& operation, const kv::Answer& answer) {
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

}  // namespace kv::history
