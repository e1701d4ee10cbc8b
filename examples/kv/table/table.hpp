// SPDX-License-Identifier: BSL-1.0
// Table: the state machine, a map from binary strings to binary strings, with a digest of the whole kept up to date.
//
// A snapshot is every entry in the order of the keys: two lengths of 32 bits, the key, the value. It depends on the
// contents alone, so equal tables give equal bytes on every node. The tree knows how many bytes lie beneath each node,
// so `save` finds any offset by itself and can go on anywhere. How long the leader stops: see tree.hpp.
#pragma once

#include "../base/limits.hpp"
#include "../base/work.hpp"
#include "command.hpp"
#include "tree.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kv {

/// What a write returned.
struct Reply {
    enum class Kind : std::uint8_t {
        done,         ///< the write did what it says
        unchanged,    ///< a condition of the write was not met
        not_integer,  ///< the value is not a decimal number of 64 bits
        overflow,     ///< the sum would be none
        too_long,     ///< the value would be longer than value_bytes_max
    };
    Kind kind = Kind::done;
    std::int64_t number = 0;  ///< entries removed, the new number, or the new length

    friend constexpr bool operator==(const Reply&, const Reply&) = default;
};

/// A fixed hash, the same on every machine; the digest of a table is the sum over its entries.
[[nodiscard]] inline std::uint64_t hash_of(std::string_view key, std::string_view value) noexcept {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15u;
    std::uint64_t hash = (key.size() << 32 | value.size()) * odd;
    const auto feed = [&hash](std::uint64_t word) {
        hash = (hash ^ word) * odd;
        hash ^= hash >> 29;
    };
    for (std::string_view text : {key, value}) {
        for (; text.size() >= 8; text.remove_prefix(8)) {
            feed(replicator::load<std::uint64_t>(reinterpret_cast<const std::byte*>(text.data())));
        }
        std::uint64_t rest = text.size();
        for (const char letter : text) rest = rest << 8 | static_cast<unsigned char>(letter);
        feed(rest);
    }
    hash = (hash ^ (hash >> 32)) * odd;
    return hash ^ (hash >> 32);
}

/// Decimal, with an optional minus sign and nothing else, as Redis has it.
[[nodiscard]] inline std::optional<std::int64_t> to_integer(std::string_view text) noexcept {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    const std::string_view digits = text.front() == '-' ? text.substr(1) : text;
    const bool padded = digits.front() == '0' && (digits.size() > 1 || digits.size() != text.size());
    return padded ? std::nullopt : std::optional(number);
}

/// A table as it was, while the real one goes on.
class FrozenTable {
public:
    explicit FrozenTable(Tree tree) noexcept : tree_(std::move(tree)) {}

    [[nodiscard]] std::uint64_t bytes() const noexcept { return tree_.bytes(); }

    [[nodiscard]] std::size_t save(std::uint64_t offset, std::span<std::byte> to) const noexcept {
        Work::note(Work::save);
        Writer writer{offset, to};
        writer.visit(tree_.root());
        return writer.written;
    }

private:
    /// Walks in order, passes over `skip` bytes and writes until there is no room. The depth is that of the tree.
    struct Writer {
        std::uint64_t skip;
        std::span<std::byte> to;
        std::size_t written = 0;

        void visit(const Tree::Node* node) noexcept {
            if (node == nullptr || written == to.size()) return;
            if (node->bytes <= skip) {
                skip -= node->bytes;
                return;
            }
            visit(node->left.get());
            write(*node);
            visit(node->right.get());
        }

        void write(const Tree::Node& node) noexcept {
            std::byte head[Tree::entry_overhead];
            replicator::store(head, static_cast<std::uint32_t>(node.key.size()));
            replicator::store(head + 4, static_cast<std::uint32_t>(node.value->size()));
            put({reinterpret_cast<const char*>(head), sizeof head});
            put(node.key);
            put(*node.value);
        }

        void put(std::string_view bytes) noexcept {
            if (bytes.size() <= skip) {
                skip -= bytes.size();
                return;
            }
            bytes.remove_prefix(static_cast<std::size_t>(skip));
            skip = 0;
            bytes = bytes.substr(0, to.size() - written);
            if (!bytes.empty()) std::memcpy(to.data() + written, bytes.data(), bytes.size());
            written += bytes.size();
        }
    };

    Tree tree_;
};

class Table {
public:
    using Command = kv::Command;
    using Codec = CommandCodec;

    Reply apply(const Command& command) {
        Work::note(Work::apply);
        const auto& words = command.words;
        switch (command.operation) {
            case Operation::set: return put(words[0], words[1]), Reply{};
            case Operation::set_if_absent: return set_if(words[0], words[1], false);
            case Operation::set_if_present: return set_if(words[0], words[1], true);
            case Operation::set_many:
                for (std::size_t i = 0; i + 1 < words.size(); i += 2) put(words[i], words[i + 1]);
                return {};
            case Operation::append: return append(words[0], words[1]);
            case Operation::add: return add(words[0], command.number);
            case Operation::remove: return remove(words);
            case Operation::clear: break;
        }
        tree_.clear();
        Heap::thrown_away();
        size_ = digest_ = 0;
        return {};
    }

    /// The value, or nothing. Good until the next change.
    [[nodiscard]] const std::string* find(std::string_view key) const noexcept {
        const Tree::Node* const node = tree_.find(key);
        return node == nullptr ? nullptr : node->value.get();
    }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    /// What it takes from the allocator; with all other tables of the process, and what of them is not freed yet.
    [[nodiscard]] std::uint64_t heap_bytes() const noexcept { return Heap::bytes(); }
    /// The same without what a command threw away, and the server frees in slices.
    [[nodiscard]] std::uint64_t heap_bytes_in_use() const noexcept { return Heap::bytes_in_use(); }
    /// Of all keys and values, and eight for each entry: the size of a snapshot.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return tree_.bytes(); }
    /// Equal for equal contents, however they came about.
    [[nodiscard]] std::uint64_t digest() const noexcept { return digest_; }

    [[nodiscard]] FrozenTable freeze() const noexcept { return FrozenTable(tree_); }

    [[nodiscard]] bool load(std::span<const std::byte> piece) {
        Work::note(Work::load);
        partial_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        std::string_view left = partial_;
        while (left.size() >= Tree::entry_overhead) {
            const auto* const head = reinterpret_cast<const std::byte*>(left.data());
            const std::size_t key_bytes = replicator::load<std::uint32_t>(head);
            const std::size_t value_bytes = replicator::load<std::uint32_t>(head + 4);
            if (key_bytes > key_bytes_max || value_bytes > value_bytes_max) return false;
            if (left.size() < Tree::entry_overhead + key_bytes + value_bytes) break;
            const std::string_view key = left.substr(Tree::entry_overhead, key_bytes);
            if (size_ > 0 && key <= loaded_) return false;
            put(key, left.substr(Tree::entry_overhead + key_bytes, value_bytes));
            loaded_ = key;
            left.remove_prefix(Tree::entry_overhead + key_bytes + value_bytes);
        }
        partial_.erase(0, partial_.size() - left.size());
        return true;
    }

    /// For tests.
    [[nodiscard]] bool valid() const { return tree_.valid(); }

private:
    void put(std::string_view key, std::string_view value) { put(key, Tree::make_value(std::string(value))); }

    void put(std::string_view key, Tree::Value value) {
        const std::uint64_t hash = hash_of(key, *value);
        if (const Tree::Node* const old = tree_.find(key); old != nullptr) {
            digest_ -= old->hash;
        } else {
            ++size_;
        }
        digest_ += hash;
        tree_.put(key, std::move(value), hash);
    }

    Reply set_if(std::string_view key, std::string_view value, bool present) {
        if ((find(key) != nullptr) != present) return {Reply::Kind::unchanged};
        put(key, value);
        return {};
    }

    Reply append(std::string_view key, std::string_view value) {
        const std::string* const old = find(key);
        const std::size_t length = (old == nullptr ? 0 : old->size()) + value.size();
        if (length > value_bytes_max) return {Reply::Kind::too_long};
        std::string joined;
        joined.reserve(length);
        if (old != nullptr) joined = *old;
        joined += value;
        put(key, Tree::make_value(std::move(joined)));
        return {Reply::Kind::done, static_cast<std::int64_t>(length)};
    }

    Reply add(std::string_view key, std::int64_t number) {
        const std::string* const old = find(key);
        const std::optional<std::int64_t> before = old == nullptr ? 0 : to_integer(*old);
        if (!before) return {Reply::Kind::not_integer};
        std::int64_t sum = 0;
        if (__builtin_add_overflow(*before, number, &sum)) return {Reply::Kind::overflow};
        put(key, std::to_string(sum));
        return {Reply::Kind::done, sum};
    }

    Reply remove(std::span<const std::string_view> keys) {
        Reply reply;
        for (const std::string_view key : keys) {
            const Tree::Node* const node = tree_.find(key);
            if (node == nullptr) continue;
            digest_ -= node->hash;
            --size_;
            ++reply.number;
            tree_.remove(key);
        }
        return reply;
    }

    Tree tree_;
    std::uint64_t size_ = 0;
    std::uint64_t digest_ = 0;

    // While a snapshot is loaded: the end of the last piece that is no whole entry yet, and the last key.
    std::string partial_;
    std::string loaded_;
};

}  // namespace kv
