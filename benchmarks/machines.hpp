// SPDX-License-Identifier: BSL-1.0
// The state machines that are replicated, all with commands of 64 bytes (the array also with 4 KiB), and such commands
// built in advance: a command built just before it is copied would measure the processor's store buffer.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <unordered_map>
#include <vector>

namespace benchmark {

/// A small generator, the same numbers on every machine.
class Numbers {
public:
    explicit Numbers(std::uint64_t seed) : state_(seed) {}
    std::uint64_t operator()() {
        state_ += 0x9e3779b97f4a7c15u;
        std::uint64_t mixed = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9u;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
        return mixed ^ (mixed >> 31);
    }

private:
    std::uint64_t state_;
};

/// The first word picks what is changed, the rest is what is written there.
template <std::size_t Bytes>
struct alignas(8) Command {
    std::array<std::uint64_t, Bytes / 8> words;
};

template <std::size_t Bytes>
[[nodiscard]] std::vector<Command<Bytes>> make_commands(std::size_t number) {
    Numbers numbers(1);
    std::vector<Command<Bytes>> commands(number);
    for (auto& command : commands) {
        for (auto& word : command.words) word = numbers();
    }
    return commands;
}

/// Adds. 64 bytes travel, eight are used.
struct CounterMachine {
    using Command = benchmark::Command<64>;

    std::uint64_t total = 0;

    void apply(const Command& command) { total += command.words[0]; }
};

/// Overwrites one slot, which the command names.
template <std::size_t Bytes, std::size_t StateBytes = std::size_t{4} << 20>
struct ArrayMachine {
    using Command = benchmark::Command<Bytes>;
    static constexpr std::size_t state_bytes = StateBytes;
    static constexpr std::size_t slots = StateBytes / Bytes;

    std::vector<Command> state = std::vector<Command>(slots);
    std::size_t loaded = 0;

    void apply(const Command& command) { state[command.words[0] % slots] = command; }

    [[nodiscard]] std::size_t save(std::uint64_t offset, std::span<std::byte> piece) const {
        const auto all = std::as_bytes(std::span(state)).subspan(static_cast<std::size_t>(offset));
        const std::size_t bytes = std::min(piece.size(), all.size());
        std::memcpy(piece.data(), all.data(), bytes);
        return bytes;
    }
    [[nodiscard]] bool load(std::span<const std::byte> piece) {
        const auto rest = std::as_writable_bytes(std::span(state)).subspan(loaded);
        if (piece.size() > rest.size()) return false;
        std::memcpy(rest.data(), piece.data(), piece.size());
        loaded += piece.size();
        return true;
    }
};

/// A flat state that is large enough to time its transfer.
using FlatMachine = ArrayMachine<64, std::size_t{64} << 20>;

/// Puts a value under one of 65,536 keys, all of which are there from the beginning.
struct MapMachine {
    using Command = benchmark::Command<64>;
    static constexpr std::uint64_t keys = 65536;

    using Value = std::array<std::uint64_t, 7>;

    std::unordered_map<std::uint64_t, Value> state;
    std::uint64_t loaded = 0;

    MapMachine() {
        state.reserve(keys);
        for (std::uint64_t key = 0; key < keys; ++key) state.try_emplace(key);
    }
    void apply(const Command& command) {
        std::memcpy(state[command.words[0] % keys].data(), command.words.data() + 1, sizeof(Value));
    }

    /// The values in the order of their keys.
    [[nodiscard]] std::size_t save(std::uint64_t offset, std::span<std::byte> piece) const {
        std::size_t bytes = 0;
        for (std::uint64_t key = offset / sizeof(Value); key < keys && bytes + sizeof(Value) <= piece.size(); ++key) {
            std::memcpy(piece.data() + bytes, state.at(key).data(), sizeof(Value));
            bytes += sizeof(Value);
        }
        return bytes;
    }
    [[nodiscard]] bool load(std::span<const std::byte> piece) {
        if (piece.size() % sizeof(Value) != 0) return false;
        for (std::size_t at = 0; at < piece.size(); at += sizeof(Value)) {
            if (loaded == keys) return false;
            std::memcpy(state[loaded++].data(), piece.data() + at, sizeof(Value));
        }
        return true;
    }
};

}  // namespace benchmark
