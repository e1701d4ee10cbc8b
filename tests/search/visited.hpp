// SPDX-License-Identifier: BSL-1.0
// Which states were met, by their hashes, and how much was left of the bound then. Nine bytes a place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace search {

class Visited {
public:
    /// Everything behind a state was seen; 0 stands for a state that is new.
    static constexpr std::uint8_t complete = 255;

    /// The note on a state, good until the next call.
    [[nodiscard]] std::uint8_t& at(std::uint64_t hash) {
        if ((size_ + 1) * 4 > hashes_.size() * 3) grow();
        const std::size_t place = find(hash);
        if (hashes_[place] == 0) {
            hashes_[place] = hash;
            ++size_;
        }
        return notes_[place];
    }
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    /// Where the hash is, or would be.
    [[nodiscard]] std::size_t find(std::uint64_t hash) const {
        const std::size_t mask = hashes_.size() - 1;
        std::size_t place = hash & mask;
        while (hashes_[place] != 0 && hashes_[place] != hash) place = (place + 1) & mask;
        return place;
    }

    void grow() {
        std::vector<std::uint64_t> hashes(hashes_.size() * 2);
        std::vector<std::uint8_t> notes(hashes.size());
        std::swap(hashes, hashes_);
        std::swap(notes, notes_);
        for (std::size_t i = 0; i < hashes.size(); ++i) {
            if (hashes[i] == 0) continue;
            const std::size_t place = find(hashes[i]);
            hashes_[place] = hashes[i];
            notes_[place] = notes[i];
        }
    }

    std::vector<std::uint64_t> hashes_ = std::vector<std::uint64_t>(1 << 16);
    std::vector<std::uint8_t> notes_ = std::vector<std::uint8_t>(1 << 16);
    std::size_t size_ = 0;
};

}  // namespace search
