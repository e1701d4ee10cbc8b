// SPDX-License-Identifier: BSL-1.0
// Command: one write as it is replicated, and its encoding, which is read in place without a copy.
#pragma once

#include "../base/limits.hpp"

#include <replicator/encoding/bytes.hpp>
#include <replicator/types.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace kv {

enum class Operation : std::uint8_t {
    set = 1,         ///< key, value
    set_if_absent,   ///< key, value
    set_if_present,  ///< key, value
    set_many,        ///< key, value, key, value and so on
    append,          ///< key, value
    add,             ///< key; `number` is added
    remove,          ///< keys
    clear,           ///< nothing
};

/// What Redis calls a write command, reduced to what changes the state.
struct Command {
    Operation operation = Operation::clear;
    std::int64_t number = 0;
    std::span<const std::string_view> words;
};

/// number u64, operation u16, count of words u16, their lengths u32 each, then the words themselves.
struct CommandCodec {
    static constexpr replicator::SchemaId schema{0x6b76'0001};

    [[nodiscard]] static std::size_t size(const Command& command) noexcept {
        std::size_t bytes = head_bytes + 4 * command.words.size();
        for (const std::string_view word : command.words) bytes += word.size();
        return bytes;
    }

    static void encode(const Command& command, std::span<std::byte> to) noexcept {
        replicator::ByteWriter writer(to.data());
        writer.put(static_cast<std::uint64_t>(command.number))
            .put(static_cast<std::uint16_t>(command.operation))
            .put(static_cast<std::uint16_t>(command.words.size()));
        for (const std::string_view word : command.words) writer.put(static_cast<std::uint32_t>(word.size()));
        std::byte* at = writer.position();
        for (const std::string_view word : command.words) {
            if (!word.empty()) std::memcpy(at, word.data(), word.size());
            at += word.size();
        }
    }

    template <class Use>
    [[nodiscard]] static bool decode(std::span<const std::byte> from, Use&& use) {
        if (from.size() < head_bytes) return false;
        std::uint64_t number = 0;
        std::uint16_t operation = 0;
        std::uint16_t count = 0;
        replicator::ByteReader(from.data()).get(number).get(operation).get(count);
        if (!fits(operation, count) || from.size() < head_bytes + std::size_t{4} * count) return false;
        Command command{static_cast<Operation>(operation), static_cast<std::int64_t>(number), {}};
        // Nearly all writes have one or two words, and should not ask for memory.
        if (std::array<std::string_view, few> words; count <= few) {
            return with_words(from, command, std::span(words).first(count), use);
        }
        std::vector<std::string_view> words(count);
        return with_words(from, command, words, use);
    }

private:
    static_assert(Limits::command_bytes_max / 4 <= UINT16_MAX, "The count of words has 16 bits.");
    static constexpr std::size_t head_bytes = 12;
    static constexpr std::size_t few = 4;

    /// True when the operation exists and takes so many words.
    [[nodiscard]] static constexpr bool fits(std::uint16_t operation, std::uint16_t count) noexcept {
        if (operation < 1 || operation > static_cast<std::uint16_t>(Operation::clear)) return false;
        switch (static_cast<Operation>(operation)) {
            case Operation::set:
            case Operation::set_if_absent:
            case Operation::set_if_present:
            case Operation::append: return count == 2;
            case Operation::set_many: return count >= 2 && count % 2 == 0;
            case Operation::add: return count == 1;
            case Operation::remove: return count >= 1;
            case Operation::clear: return count == 0;
        }
        return false;
    }

    template <class Use>
    [[nodiscard]] static bool with_words(std::span<const std::byte> from, Command& command,
                                         std::span<std::string_view> words, Use& use) {
        const std::size_t count = words.size();
        std::size_t at = head_bytes + 4 * count;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t length = replicator::load<std::uint32_t>(from.data() + head_bytes + 4 * i);
            if (length > from.size() - at) return false;
            words[i] = {reinterpret_cast<const char*>(from.data() + at), length};
            at += length;
        }
        if (at != from.size()) return false;
        command.words = words;
        use(static_cast<const Command&>(command));
        return true;
    }
};

}  // namespace kv
