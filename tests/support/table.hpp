// SPDX-License-Identifier: BSL-1.0
// Decisions as tables that one reads: a row is a situation, and behind it what must be decided there.
//
//     constexpr const char* table = R"(
//         group      | held  | acknowledged
//         # Two of three are enough.
//         majority 3 | 5 4 2 | 4
//     )";
//     support::check(table, {"acknowledged"}, [](const support::Row& row) { return support::Decided{"..."}; });
//
// The first row names the columns. A line that begins with # says why the rows below it are so.
#pragma once

#include <replicator/types.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <sstream>
#include <string>
#include <vector>

namespace support {

/// The words of a text, which stand between spaces, or between others of such letters.
inline std::vector<std::string> words_of(const std::string& text, char between = ' ') {
    std::vector<std::string> words;
    std::istringstream from(text);
    for (std::string word; std::getline(from, word, between);) {
        const std::size_t begin = word.find_first_not_of(' ');
        if (begin == std::string::npos) continue;
        words.push_back(word.substr(begin, word.find_last_not_of(' ') - begin + 1));
    }
    return words;
}

struct Row {
    std::vector<std::string> heads;
    std::vector<std::string> cells;
    std::string line;

    [[nodiscard]] const std::string& operator[](const std::string& head) const {
        const auto found = std::find(heads.begin(), heads.end(), head);
        BOOST_REQUIRE_MESSAGE(found != heads.end(), "no column " << head);
        return cells[static_cast<std::size_t>(found - heads.begin())];
    }
    [[nodiscard]] bool has(const std::string& head, const std::string& word) const {
        const std::vector<std::string> words = words_of((*this)[head]);
        return std::find(words.begin(), words.end(), word) != words.end();
    }
    /// What follows `name` in a cell, as in `room=none`; nothing when it is not there.
    [[nodiscard]] std::string after(const std::string& head, const std::string& name) const {
        for (const std::string& word : words_of((*this)[head])) {
            if (word.rfind(name, 0) == 0) return word.substr(name.size());
        }
        return {};
    }
};

inline std::vector<Row> rows_of(const char* table) {
    std::vector<Row> rows;
    std::vector<std::string> heads;
    for (const std::string& line : words_of(table, '\n')) {
        if (line.front() == '#') continue;
        std::vector<std::string> cells;
        std::istringstream from(line);
        for (std::string cell; std::getline(from, cell, '|');) {
            const std::vector<std::string> trimmed = words_of(cell, '\n');
            cells.push_back(trimmed.empty() ? std::string{} : trimmed.front());
        }
        if (heads.empty()) {
            heads = cells;
            continue;
        }
        cells.resize(std::max(cells.size(), heads.size()));
        BOOST_REQUIRE_MESSAGE(cells.size() == heads.size(), "too many cells: " << line);
        rows.push_back({heads, cells, line});
    }
    return rows;
}

/// What was decided, column by column.
using Decided = std::vector<std::string>;

/// Asks `decide(row)` for each row, and compares what it says with the columns of these names.
template <class Decide>
void check(const char* table, std::initializer_list<const char*> decisions, Decide&& decide) {
    const std::vector<Row> rows = rows_of(table);
    BOOST_TEST(!rows.empty());
    for (const Row& row : rows) {
        const Decided decided = decide(row);
        BOOST_REQUIRE(decided.size() == decisions.size());
        std::size_t column = 0;
        for (const char* const head : decisions) {
            const std::string& is = decided[column++];
            BOOST_CHECK_MESSAGE(is == row[head], row.line << "\n    " << head << " is: " << is);
        }
    }
}

/// "1.5": entry 5, of the epoch with counter 1, which `node` opened. "0.0" is nothing; "0.5" is of a forgotten epoch.
inline replicator::Position position_of(const std::string& text, std::uint32_t node = 1) {
    const std::size_t dot = text.find('.');
    BOOST_REQUIRE_MESSAGE(dot != std::string::npos, "no position: " << text);
    const std::uint64_t counter = std::stoull(text.substr(0, dot));
    const replicator::Epoch epoch =
        counter == 0 ? replicator::Epoch{} : replicator::Epoch{counter, replicator::NodeId{node}, 1};
    return {epoch, replicator::Index{std::stoull(text.substr(dot + 1))}};
}
inline std::string text_of(replicator::Position position) {
    return std::to_string(position.epoch.counter) + "." + std::to_string(position.index.value);
}

/// Of one node, as in "2: 1.5 suspect".
struct NodeWords {
    std::uint32_t node = 0;
    std::vector<std::string> words;

    [[nodiscard]] bool has(const std::string& word) const {
        return std::find(words.begin(), words.end(), word) != words.end();
    }
    [[nodiscard]] std::string after(const std::string& name) const {
        for (const std::string& word : words) {
            if (word.rfind(name, 0) == 0) return word.substr(name.size());
        }
        return {};
    }
};
/// "2: 1.5 suspect, 3: down".
inline std::vector<NodeWords> nodes_of(const std::string& cell) {
    std::vector<NodeWords> nodes;
    for (const std::string& part : words_of(cell, ',')) {
        const std::size_t colon = part.find(':');
        BOOST_REQUIRE_MESSAGE(colon != std::string::npos, "no node: " << part);
        nodes.push_back({static_cast<std::uint32_t>(std::stoul(part)), words_of(part.substr(colon + 1))});
    }
    return nodes;
}

}  // namespace support
