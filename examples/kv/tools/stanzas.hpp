// SPDX-License-Identifier: BSL-1.0
// Stanzas: turns files of stanzas that blank lines separate, as Debian's package databases are, into entries.
//
// A key is round/file/number/package:version:architecture, so no two are alike; where a stanza has no such fields, it
// is round/file/number alone. A stanza that is larger than a value may be becomes several entries, with +1, +2 and so
// on at the end of their keys: nothing is left out and nothing is cut off.
#pragma once

#include "../base/limits.hpp"
#include "../base/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kv {

struct Entry {
    std::string key;
    std::string value;

    [[nodiscard]] std::size_t bytes() const noexcept { return key.size() + value.size(); }
};

/// Reads all files, and all of them again until `bytes_min` bytes were read in whole rounds.
class Stanzas {
public:
    Stanzas(std::vector<std::string> files, std::uint64_t bytes_min)
        : files_(std::move(files)), bytes_min_(bytes_min) {}

    /// False at the end, or when a file cannot be read, which `failure` then names.
    [[nodiscard]] bool next(Entry& entry) {
        while (rest_.empty()) {
            if (!read_stanza()) return false;
            name_ = joined(round_, "/", file_, "/", ++number_, fields());
            rest_ = stanza_;
            part_ = 0;
        }
        entry.key = part_ == 0 ? name_ : joined(name_, "+", part_);
        entry.key.resize(std::min(entry.key.size(), key_bytes_max));
        entry.value = rest_.substr(0, value_bytes_max);
        rest_.remove_prefix(entry.value.size());
        ++part_;
        return true;
    }

    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    /// Rounds begun so far.
    [[nodiscard]] std::uint64_t rounds() const noexcept { return round_; }
    /// Of the files, so far.
    [[nodiscard]] std::uint64_t bytes_read() const noexcept { return bytes_read_; }

private:
    /// Lines up to a blank one, which is not part of the stanza.
    [[nodiscard]] bool read_stanza() {
        stanza_.clear();
        for (;;) {
            if (!input_.is_open() && !open_next()) return false;
            std::string line;
            if (!std::getline(input_, line)) {
                input_.close();
                if (!stanza_.empty()) return true;
                continue;
            }
            bytes_read_ += line.size() + 1;
            if (!line.empty()) {
                stanza_.append(line) += '\n';
            } else if (!stanza_.empty()) {
                return true;
            }
        }
    }

    [[nodiscard]] bool open_next() {
        if (file_ == files_.size() || round_ == 0) {
            if (round_ > 0 && (bytes_read_ >= bytes_min_ || bytes_read_ == 0)) return false;
            ++round_;
            file_ = 0;
        }
        if (files_.empty()) return false;
        input_.clear();
        input_.open(files_[file_], std::ios::binary);
        if (!input_) return failure_ = joined("cannot read ", files_[file_]), false;
        ++file_;
        number_ = 0;
        return true;
    }

    [[nodiscard]] std::string fields() const {
        const std::string_view package = field("Package: ");
        if (package.empty()) return {};
        return joined("/", package, ":", field("Version: "), ":", field("Architecture: "));
    }

    [[nodiscard]] std::string_view field(std::string_view name) const {
        std::string_view left = stanza_;
        while (!left.empty()) {
            const std::string_view line = left.substr(0, left.find('\n'));
            if (line.starts_with(name)) return line.substr(name.size());
            left.remove_prefix(line.size() + 1);
        }
        return {};
    }

    std::vector<std::string> files_;
    std::uint64_t bytes_min_;
    std::ifstream input_;
    std::string failure_;
    std::uint64_t bytes_read_ = 0;
    std::uint64_t round_ = 0;
    std::size_t file_ = 0;  // the one that is open, counted from 1
    std::uint64_t number_ = 0;

    std::string stanza_;
    std::string name_;
    std::string_view rest_;  // of the stanza, not given yet
    std::uint64_t part_ = 0;
};

}  // namespace kv
