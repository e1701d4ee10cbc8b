// SPDX-License-Identifier: BSL-1.0
// A state as a sequence of words, in which numbers that only have to be new are replaced by their order.
//
// Every attempt at a link and every question takes the next number of its run. Two states that differ in nothing but
// how many numbers were used up on the way go on alike, so they must become equal: of each run, the numbers that occur
// anywhere are counted through, which keeps their order. A link is what it was made from.
#pragma once

#include "opened.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace search {

using namespace replicator;

struct Word {
    std::uint64_t value = 0;
    std::uint32_t run = 0;  ///< whose number it is; 0 for a plain value
};

/// What link ids were made from; they are looked up, because nodes make them by themselves.
class LinkOrigins {
public:
    struct Origin {
        std::uint32_t epoch = 0;
        std::uint32_t leader = 0;
        std::uint32_t follower = 0;
        std::uint32_t nonce = 0;
    };

    /// For all runs up to `run_max`.
    explicit LinkOrigins(std::uint32_t run_max) {
        for (std::uint32_t epoch = 1; epoch <= 8; ++epoch) {
            for (std::uint32_t leader = 1; leader <= run_max; ++leader) {
                for (std::uint32_t follower = 1; follower <= run_max; ++follower) {
                    for (std::uint32_t nonce = 1; nonce <= 200; ++nonce) {
                        const LinkId id = core::link_id({epoch, {}, 0}, Run{leader}, Run{follower}, nonce);
                        origins_.emplace(value(id), Origin{epoch, leader, follower, nonce});
                    }
                }
            }
        }
    }

    [[nodiscard]] const Origin* find(LinkId id) const {
        const auto found = origins_.find(value(id));
        return found == origins_.end() ? nullptr : &found->second;
    }

private:
    std::unordered_map<std::uint32_t, Origin> origins_;
};

class Words {
public:
    explicit Words(const LinkOrigins& origins) : origins_(&origins) {}

    void clear() { words_.clear(); }
    [[nodiscard]] const std::vector<Word>& all() const { return words_; }

    template <class... Values>
    void put(Values... values) {
        (put_one(values), ...);
    }
    /// A number that `run` gave out; 0 is none.
    void number(Run run, std::uint64_t number) {
        words_.push_back({number, number == 0 ? 0 : static_cast<std::uint32_t>(value(run))});
    }
    void link(LinkId id) {
        if (id == LinkId{}) return put(std::uint64_t{0});
        const LinkOrigins::Origin* const origin = origins_->find(id);
        if (origin == nullptr) return put(value(id));
        put(origin->epoch, origin->leader, origin->follower);
        number(Run{origin->follower}, origin->nonce);
    }
    void append(const std::vector<Word>& words) { words_.insert(words_.end(), words.begin(), words.end()); }

    /// Two 64-bit halves would be twice the memory; with one, two of 10^8 states are taken for equal once in thousands
    /// of searches.
    [[nodiscard]] std::uint64_t hash() {
        count_through();
        std::uint64_t hash = 0x243f6a8885a308d3;
        for (const Word& word : words_) hash = core::mix(hash, word.value + word.run * 0x100000000u) ^ (hash << 1);
        return hash == 0 ? 1 : hash;
    }

private:
    void put_one(std::uint64_t word) { words_.push_back({word, 0}); }
    void put_one(Index index) { put_one(index.value); }
    void put_one(Epoch epoch) { put(epoch.counter, value(epoch.node), epoch.tag); }
    void put_one(Position position) { put(position.epoch, position.index); }
    template <class Identity>
        requires std::is_enum_v<Identity>
    void put_one(Identity identity) { put_one(static_cast<std::uint64_t>(value(identity))); }

    /// Replaces each number by its place among all that its run gave out and that still occur.
    void count_through() {
        numbers_.clear();
        for (const Word& word : words_) {
            if (word.run != 0) numbers_.push_back(key(word));
        }
        std::sort(numbers_.begin(), numbers_.end());
        numbers_.erase(std::unique(numbers_.begin(), numbers_.end()), numbers_.end());
        for (Word& word : words_) {
            if (word.run == 0) continue;
            const auto first = std::lower_bound(numbers_.begin(), numbers_.end(), key({0, word.run}));
            const auto own = std::lower_bound(first, numbers_.end(), key(word));
            word.value = static_cast<std::uint64_t>(own - first) + 1;
        }
    }
    [[nodiscard]] static std::uint64_t key(Word word) { return (std::uint64_t{word.run} << 40) | word.value; }

    const LinkOrigins* origins_;
    std::vector<Word> words_;
    std::vector<std::uint64_t> numbers_;
};

}  // namespace search
