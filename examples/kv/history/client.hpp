// SPDX-License-Identifier: BSL-1.0
// Client: one connection at a time to a key-value server, and a note of everything it asked and was told.
#pragma once

#include "options.hpp"
#include "questions.hpp"

#include "../tools/connection.hpp"

#include <replicator/sim/history/operation.hpp>
#include <replicator/types.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kv::history {

/// Set by a signal.
inline std::atomic<bool> told_to_end{false};

/// One client: one connection at a time, and what it did.
class Client {
public:
    Client(const Options& options, std::uint64_t number)
        : options_(options),
          questions_(options, number),
          patience_(options.patience_milliseconds),
          connection_(options.password) {}

    void run(Clock::time_point end) {
        const Clock::duration interval =
            std::chrono::duration_cast<Clock::duration>(1s) / static_cast<std::int64_t>(options_.rate);
        Clock::time_point due = Clock::now();
        while (!is_over(end) || !asked_.empty()) {
            if (!connection_.is_open() && !open()) {
                next_node();
                if (is_over(end)) break;
                continue;
            }
            // What could not be asked in time is not made up for, or a pause would end in a flood.
            due = std::max(due, Clock::now() - 10 * interval);
            while (asked_.size() < options_.window && due <= Clock::now() && !is_over(end)) {
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
                if (tries == 100 || !first_error_.empty()) return false;
                if (!connection_.is_open() && !open()) {
                    std::this_thread::sleep_for(20ms);
                    continue;
                }
                Operation operation;
                operation.client = options_.first_client;
                operation.key = key;
                ask(std::move(operation));
                while (!asked_.empty()) move(10ms);
                if (noted_.back().answer == Answer::succeeded) break;
            }
        }
        return true;
    }

    [[nodiscard]] std::vector<Operation>& noted() noexcept { return noted_; }
    /// Gets that are noted as unknown, because they may show an old state: with what they showed.
    [[nodiscard]] std::vector<Operation>& stale() noexcept { return stale_; }
    [[nodiscard]] const std::string& first_error() const noexcept { return first_error_; }

private:
    static constexpr std::uint64_t session_distance = 1'000'000;

    [[nodiscard]] bool open() {
        ++connections_;
        return connection_.open(options_.ports[place_]);
    }

    /// Each connection is a session of its own, because the node may have started again.
    void ask(Operation operation) {
        operation.client += connections_ * session_distance;
        operation.node = replicator::NodeId{options_.node + static_cast<std::uint32_t>(place_)};
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
            if (options_.sure_gets) doubt(answer->kind == '-');
            if (!understood) return false;
            if (answer->kind == '-' && options_.ports.size() > 1) return false;
        }
        return true;
    }

    /// Judges the gets of this connection by what was noted last: an acknowledged write makes those before it sure.
    void doubt(bool is_error) {
        const bool is_get = noted_.back().kind == OperationKind::get;
        if (is_error) {
            forget_doubtful();
        } else if (!is_get) {
            doubtful_from_ = noted_.size();
            surely_led_ = true;
        } else if (!surely_led_) {
            forget(noted_.back());
        }
    }
    void forget_doubtful() {
        for (; doubtful_from_ < noted_.size(); ++doubtful_from_) {
            if (noted_[doubtful_from_].kind == OperationKind::get) forget(noted_[doubtful_from_]);
        }
        surely_led_ = false;
    }
    void forget(Operation& get) {
        if (get.answer == Answer::succeeded) stale_.push_back(get);
        get.answer = Answer::unknown;
        get.output.reset();
    }

    /// Nobody knows what becomes of what is on the way.
    void lose_connection() {
        connection_.close();
        if (!connection_.refusal().empty()) {
            first_error_ = connection_.refusal();
            told_to_end = true;
        }
        for (Operation& operation : asked_) noted_.push_back(std::move(operation));
        asked_.clear();
        if (options_.sure_gets) forget_doubtful();
        if (options_.ports.size() > 1 || connection_.log_in_failed()) next_node();
    }

    /// After a rest when all of them were tried, so that a group without a leader is not flooded.
    void next_node() {
        place_ = (place_ + 1) % options_.ports.size();
        if (place_ == 0) std::this_thread::sleep_for(20ms);
    }

    [[nodiscard]] static bool is_over(Clock::time_point end) noexcept { return told_to_end || Clock::now() >= end; }

    const Options& options_;
    Questions questions_;
    std::chrono::milliseconds patience_;
    kv::Connection connection_;
    std::size_t place_ = 0;  // of the node among the ports
    std::deque<Operation> asked_;
    std::vector<Operation> noted_;
    std::vector<Operation> stale_;
    std::uint64_t connections_ = 0;
    std::size_t doubtful_from_ = 0;  // gets from here on have no acknowledged write after them
    bool surely_led_ = false;        // there was an acknowledged write, and no error since
    std::string first_error_;
};

}  // namespace kv::history
