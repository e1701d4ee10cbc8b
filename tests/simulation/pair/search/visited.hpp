// SPDX-License-Identifier: BSL-1.0
// Which states were met, by hashes of 128 bits, and with what was left of the budgets then. 28 bytes a place.
#pragma once

#include <replicator/encoding/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pair_search {

struct Hash {
    std::uint64_t low = 0, high = 0;

    friend bool operator==(const Hash&, const Hash&) = default;
};

/// Two hashes of 64 bits that mix in different ways.
class Digest {
public:
    void add(std::uint64_t word) {
        low_ = (low_ ^ word) * 0x9e3779b97f4a7c15u;
        low_ ^= low_ >> 29;
        high_ = (high_ + word) * 0xc2b2ae3d27d4eb4fu;
        high_ = (high_ << 31 | high_ >> 33) ^ low_ * 0x165667b19e3779f9u;
    }
    void add(std::span<const std::byte> bytes) {
        add(bytes.size());
        for (; bytes.size() >= 8; bytes = bytes.subspan(8)) add(replicator::load<std::uint64_t>(bytes.data()));
        std::uint64_t rest = 0;
        for (const std::byte byte : bytes) rest = rest << 8 | std::to_integer<std::uint64_t>(byte);
        add(rest);
    }
    [[nodiscard]] Hash value() const {
        return {low_ * 0xbf58476d1ce4e5b9u ^ low_ >> 31, high_ * 0x94d049bb133111ebu ^ high_ >> 30};
    }

private:
    std::uint64_t low_ = 88172645463325252u;
    std::uint64_t high_ = 0x2545f4914f6cdd1du;
};

/// How much is left of the budgets that a state does not show: frames that are lost or come late, crashes and
/// promotions, each up to two. One bit for each combination: whatever can happen with some of a budget can happen with
/// more of it.
class Combinations {
public:
    Combinations() = default;
    /// All that have no more of anything.
    Combinations(int lates, int losses, int crashes, int promotions) {
        for (int late = 0; late <= lates; ++late) {
            for (int loss = 0; loss <= losses; ++loss) {
                for (int crash = 0; crash <= crashes; ++crash) {
                    for (int promotion = 0; promotion <= promotions; ++promotion)
                        sets_[late] |= 1u << (loss * 9 + crash * 3 + promotion);
                }
            }
        }
    }
    /// False when nothing of it is new.
    bool add(const Combinations& others) {
        bool is_new = false;
        for (std::size_t i = 0; i < 3; ++i) {
            is_new = is_new || (others.sets_[i] & ~sets_[i]) != 0;
            sets_[i] |= others.sets_[i];
        }
        return is_new;
    }

private:
    std::uint32_t sets_[3] = {};
};

class Visited {
public:
    /// True when the state was not met yet with all that is left.
    [[nodiscard]] bool add(Hash hash, const Combinations& left) {
        if (hash == Hash{}) hash.low = 1;
        Part& part = parts_[hash.high >> 56];
        if ((part.size + 1) * 5 > part.hashes.size() * 4) part.grow();
        const std::size_t place = part.find(hash);
        if (part.hashes[place] == Hash{}) {
            part.hashes[place] = hash;
            ++part.size;
            ++size_;
        }
        return part.left[place].add(left);
    }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t bytes() const {
        std::size_t all = 0;
        for (const Part& part : parts_) all += part.hashes.size() * (sizeof(Hash) + sizeof(Combinations));
        return all;
    }

private:
    /// Small enough that making one larger does not need all memory twice.
    struct Part {
        std::vector<Hash> hashes = std::vector<Hash>(64);
        std::vector<Combinations> left = std::vector<Combinations>(64);
        std::size_t size = 0;

        [[nodiscard]] std::size_t find(Hash hash) const {
            std::size_t place = static_cast<std::size_t>(hash.low % hashes.size());
            while (hashes[place] != Hash{} && hashes[place] != hash) {
                if (++place == hashes.size()) place = 0;
            }
            return place;
        }
        void grow() {
            Part larger;
            larger.hashes.resize(hashes.size() + hashes.size() / 2);
            larger.left.resize(larger.hashes.size());
            for (std::size_t i = 0; i < hashes.size(); ++i) {
                if (hashes[i] == Hash{}) continue;
                const std::size_t place = larger.find(hashes[i]);
                larger.hashes[place] = hashes[i];
                larger.left[place] = left[i];
            }
            larger.size = size;
            *this = static_cast<Part&&>(larger);
        }
    };

    std::vector<Part> parts_ = std::vector<Part>(256);
    std::size_t size_ = 0;
};

}  // namespace pair_search
