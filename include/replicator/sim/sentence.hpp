// SPDX-License-Identifier: BSL-1.0
// Sentences of text and numbers. The simulator has very many to say what is wrong, and to add up strings in each would
// be much of what is compiled for every node type.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

namespace replicator::sim {

/// A part of a sentence: text, which must outlive it, or a number.
class Word {
public:
    Word(const char* text) noexcept : text_(text) {}
    Word(std::uint64_t number) noexcept : number_(number) {}

    void append_to(std::string& sentence) const { sentence += text_ != nullptr ? text_ : std::to_string(number_); }

private:
    const char* text_ = nullptr;
    std::uint64_t number_ = 0;
};

inline void append(std::string& sentence, std::initializer_list<Word> words) {
    for (const Word& word : words) word.append_to(sentence);
}
[[nodiscard]] inline std::string say(std::initializer_list<Word> words) {
    std::string sentence;
    append(sentence, words);
    return sentence;
}

}  // namespace replicator::sim
