// SPDX-License-Identifier: BSL-1.0
// SessionClient: writes at the node that leads, and reads its write at any node, which it asks to wait for the position
// of the write.
#pragma once

#include "client.hpp"
#include "options.hpp"
#include "questions.hpp"

#include "../commands/position.hpp"
#include "../tools/connection.hpp"

#include <replicator/sim/history/operation.hpp>
#include <replicator/sim/random.hpp>
#include <replicator/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace kv::history {

/// Nobody else writes its keys, so a read must show its last write; only a later one whose end it does not know may
/// have come after that.
class SessionClient {
public:
    SessionClient(const Options& options, std::uint64_t number)
        : options_(options), number_(number), random_(options.seed * 1'000'003 + number), writer_(options.password) {}

    void run(Clock::time_point end) {
        while (!told_to_end && Clock::now() < end) {
            if (const std::optional<std::string> position = write()) {
                read(*position);
            } else {
                writer_.close();
                writes_at_ = (writes_at_ + 1) % options_.ports.size();
                std::this_thread::sleep_for(10ms);
            }
        }
    }

    [[nodiscard]] std::vector<Operation>& noted() noexcept { return noted_; }
    [[nodiscard]] std::vector<Operation>& stale() noexcept { return stale_; }
    [[nodiscard]] const std::string& first_error() const noexcept { return first_error_; }

private:
    struct Reply {
        kv::Answer answer;  // its text is in `text`
        std::string text;
    };

    /// Asks, and waits for the answer. None when the connection is lost.
    [[nodiscard]] std::optional<Reply> call(kv::Connection& connection, std::size_t place,
                                            std::initializer_list<std::string_view> words) {
        if (!connection.is_open() && !connection.open(options_.ports[place])) return std::nullopt;
        connection.request(std::span(words.begin(), words.size()));
        const auto until = Clock::now() + std::chrono::milliseconds(options_.patience_milliseconds);
        while (Clock::now() < until) {
            bool idle = false;
            if (!connection.move(10, idle)) break;
            if (const auto answer = connection.next()) return Reply{*answer, std::string(answer->text)};
        }
        connection.close();
        if (!connection.refusal().empty()) {
            first_error_ = connection.refusal();
            told_to_end = true;
        }
        return std::nullopt;
    }

    /// The position of a write that was acknowledged.
    [[nodiscard]] std::optional<std::string> write() {
        Operation put = begin(OperationKind::put, writes_at_);
        put.key = "s" + std::to_string(number_) + "." + std::to_string(random_.below(options_.keys));
        put.value = std::to_string(number_) + "." + std::to_string(++values_);
        const auto reply = call(writer_, writes_at_, {"SET", put.key, *put.value});
        put.returned = nanoseconds(Clock::now());
        const bool understood = reply && understand(put, {reply->answer.kind, reply->text, reply->answer.none});
        if (!understood) put.answer = Answer::unknown;
        noted_.push_back(put);
        if (put.answer != Answer::succeeded) return std::nullopt;
        key_ = put.key;
        const auto position = call(writer_, writes_at_, {"POSITION"});
        return position && position->answer.kind == '$' ? std::optional(position->text) : std::nullopt;
    }

    void read(const std::string& position) {
        const auto place = static_cast<std::size_t>(random_.below(options_.ports.size()));
        kv::Connection connection(options_.password);
        const auto waited = call(connection, place, {"AFTER", position, "500"});
        if (!waited || waited->answer.kind != '+') return;
        Operation get = begin(OperationKind::get, place);
        get.key = key_;
        const auto reply = call(connection, place, {"GET", key_});
        if (!reply || !understand(get, {reply->answer.kind, reply->text, reply->answer.none})) return;
        get.returned = nanoseconds(Clock::now());
        if (const auto asked = to_position(position)) get.epoch = asked->epoch.counter, get.index = asked->index;
        stale_.push_back(std::move(get));
    }

    [[nodiscard]] Operation begin(OperationKind kind, std::size_t place) const {
        Operation operation;
        operation.client = number_;
        operation.kind = kind;
        operation.node = replicator::NodeId{options_.node + static_cast<std::uint32_t>(place)};
        operation.called = nanoseconds(Clock::now());
        return operation;
    }

    const Options& options_;
    std::uint64_t number_;
    replicator::sim::Random random_;
    kv::Connection writer_;
    std::size_t writes_at_ = 0;
    std::string key_;
    std::uint64_t values_ = 0;
    std::vector<Operation> noted_;
    std::vector<Operation> stale_;
    std::string first_error_;
};

}  // namespace kv::history
