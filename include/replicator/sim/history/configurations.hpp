// SPDX-License-Identifier: BSL-1.0
// Sets of configurations of a search: what the register holds, and one bit for each open operation that took effect.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace replicator::sim::linearizability {

/// A view of one configuration, which lies in a row of words: the value, then the bits.
class Configuration {
public:
    explicit Configuration(std::span<std::uint64_t> words) noexcept : words_(words) {}

    [[nodiscard]] std::uint32_t value() const noexcept { return static_cast<std::uint32_t>(words_[0]); }
    void set_value(std::uint32_t value) const noexcept { words_[0] = value; }
    /// Whether the next move must observe the value: it was written for that.
    [[nodiscard]] bool must_be_observed() const noexcept { return (words_[0] >> 32) != 0; }
    void set_must_be_observed() const noexcept { words_[0] |= std::uint64_t{1} << 32; }
    [[nodiscard]] bool has(std::size_t slot) const noexcept {
        return ((words_[1 + slot / 64] >> (slot % 64)) & 1u) != 0;
    }
    void set(std::size_t slot) const noexcept { words_[1 + slot / 64] |= std::uint64_t{1} << (slot % 64); }
    void clear(std::size_t slot) const noexcept { words_[1 + slot / 64] &= ~(std::uint64_t{1} << (slot % 64)); }
    [[nodiscard]] std::span<std::uint64_t> words() const noexcept { return words_; }

private:
    std::span<std::uint64_t> words_;
};

/// One configuration that owns its words.
class OneConfiguration {
public:
    void assign(Configuration other) { words_.assign(other.words().begin(), other.words().end()); }
    [[nodiscard]] Configuration view() noexcept { return Configuration(words_); }

private:
    std::vector<std::uint64_t> words_;
};

/// Configurations of one size, in the order in which they were added.
class Configurations {
public:
    Configurations() = default;
    explicit Configurations(std::size_t slots) : slots_(slots), stride_(1 + (slots + 63) / 64) {}

    [[nodiscard]] std::size_t slots() const noexcept { return slots_; }
    [[nodiscard]] std::size_t size() const noexcept { return words_.size() / stride_; }
    /// Valid until one is added.
    [[nodiscard]] Configuration at(std::size_t i) noexcept {
        return Configuration(std::span(words_).subspan(i * stride_, stride_));
    }

    /// One in which nothing took effect.
    void add(std::uint32_t value) {
        words_.resize(words_.size() + stride_, 0);
        at(size() - 1).set_value(value);
    }
    /// `added` does not lie in this set.
    void add_if_new(Configuration added) {
        if ((size() + 1) * 2 > table_.size()) grow();
        const std::size_t place = place_of(added);
        if (table_[place] != 0) return;
        words_.insert(words_.end(), added.words().begin(), added.words().end());
        table_[place] = size();
    }
    /// Makes it empty, in a time that depends on what was in it and not on what ever was.
    void reset() {
        if (table_.size() > 64 && size() * 64 < table_.size()) {
            table_.assign(64, 0);
        } else {
            std::fill(table_.begin(), table_.end(), 0);
        }
        words_.clear();
    }

    /// Drops every configuration that another one covers: that holds the same value and the same bits outside `open`,
    /// and within it no bit that the dropped one lacks. Those with the fewest bits within `open` come first. Counts a
    /// step for each comparison.
    void keep_best(Configuration open, std::uint64_t& steps) {
        if (size() < 2) return;
        std::vector<std::size_t> order(size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return compare(a, b, open) < 0; });
        std::vector<std::pair<std::size_t, std::size_t>> kept;  // bits within `open`, number
        std::vector<std::size_t> group;                         // what is kept of those that differ in open bits only
        for (const std::size_t i : order) {
            if (!group.empty() && !same_closed(group.front(), i, open)) group.clear();
            const bool covered = std::any_of(group.begin(), group.end(), [&](std::size_t other) {
                ++steps;
                return is_within(other, i);
            });
            if (covered) continue;
            group.push_back(i);
            kept.emplace_back(bits_within(i, open), i);
        }
        std::sort(kept.begin(), kept.end());
        std::vector<std::uint64_t> words;
        for (const auto& [bits, i] : kept) words.insert(words.end(), at(i).words().begin(), at(i).words().end());
        words_.swap(words);
        table_.clear();
    }

private:
    static constexpr std::uint64_t all = ~std::uint64_t{0};

    /// By value and bits outside `open`, then by all bits: what is within another comes before it.
    [[nodiscard]] int compare(std::size_t a, std::size_t b, Configuration open) noexcept {
        const auto left = at(a).words();
        const auto right = at(b).words();
        for (std::size_t i = 0; i < stride_; ++i) {
            const std::uint64_t mask = i == 0 ? all : ~open.words()[i];
            if ((left[i] & mask) != (right[i] & mask)) return (left[i] & mask) < (right[i] & mask) ? -1 : 1;
        }
        for (std::size_t i = 1; i < stride_; ++i) {
            if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
        }
        return 0;
    }
    [[nodiscard]] bool same_closed(std::size_t a, std::size_t b, Configuration open) noexcept {
        const auto left = at(a).words();
        const auto right = at(b).words();
        if (left[0] != right[0]) return false;
        for (std::size_t i = 1; i < stride_; ++i) {
            if (((left[i] ^ right[i]) & ~open.words()[i]) != 0) return false;
        }
        return true;
    }
    [[nodiscard]] bool is_within(std::size_t inner, std::size_t outer) noexcept {
        const auto left = at(inner).words();
        const auto right = at(outer).words();
        for (std::size_t i = 1; i < stride_; ++i) {
            if ((left[i] & ~right[i]) != 0) return false;
        }
        return true;
    }

    [[nodiscard]] std::size_t bits_within(std::size_t number, Configuration open) noexcept {
        std::size_t bits = 0;
        for (std::size_t i = 1; i < stride_; ++i) {
            bits += static_cast<std::size_t>(std::popcount(at(number).words()[i] & open.words()[i]));
        }
        return bits;
    }

    [[nodiscard]] std::size_t place_of(Configuration wanted) noexcept {
        std::uint64_t hash = 0;
        for (const std::uint64_t word : wanted.words()) {
            hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
            hash ^= hash >> 32;
        }
        std::size_t place = hash & (table_.size() - 1);
        while (table_[place] != 0 && !std::ranges::equal(at(table_[place] - 1).words(), wanted.words())) {
            place = (place + 1) & (table_.size() - 1);
        }
        return place;
    }
    /// Doubles the table, or builds it anew for what is already there.
    void grow() {
        std::size_t places = 64;
        while (places < (size() + 1) * 4) places *= 2;
        table_.assign(places, 0);
        for (std::size_t i = 0; i < size(); ++i) table_[place_of(at(i))] = i + 1;
    }

    std::size_t slots_ = 0;
    std::size_t stride_ = 1;
    std::vector<std::uint64_t> words_;
    std::vector<std::size_t> table_;  // open addressing; 0 is free, else the number of a configuration plus 1
};

}  // namespace replicator::sim::linearizability
