// SPDX-License-Identifier: BSL-1.0
// The commands that write: from the words of a request to the command that is replicated.
#pragma once

#include "commands.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace kv {

using Words = std::span<const std::string_view>;

inline constexpr const char* no_integer = "ERR value is not an integer or out of range";
inline constexpr const char* bad_syntax = "ERR syntax error";

inline const char* plan_set(Words words, WritePlan& plan) {
    Operation operation = Operation::set;
    for (const std::string_view option : words.subspan(3)) {
        const bool absent = is_word(option, "NX");
        if (!absent && !is_word(option, "XX")) {
            return is_word(option, "KEEPTTL") || is_word(option, "GET") || is_word(option, "EX") ||
                           is_word(option, "PX") || is_word(option, "EXAT") || is_word(option, "PXAT")
                       ? "ERR SET has only the options NX and XX here: nothing expires"
                       : bad_syntax;
        }
        if (operation != Operation::set) return bad_syntax;
        operation = absent ? Operation::set_if_absent : Operation::set_if_present;
    }
    plan = {{operation, 0, words.subspan(1, 2)}, ReplyForm::ok};
    return nullptr;
}

inline const char* plan_setnx(Words words, WritePlan& plan) {
    plan = {{Operation::set_if_absent, 0, words.subspan(1)}, ReplyForm::yes_or_no};
    return nullptr;
}

inline const char* plan_mset(Words words, WritePlan& plan) {
    if (words.size() % 2 == 0) return "ERR wrong number of arguments for 'mset' command";
    plan = {{Operation::set_many, 0, words.subspan(1)}, ReplyForm::ok};
    return nullptr;
}

inline const char* plan_append(Words words, WritePlan& plan) {
    plan = {{Operation::append, 0, words.subspan(1)}, ReplyForm::number};
    return nullptr;
}

inline const char* plan_del(Words words, WritePlan& plan) {
    plan = {{Operation::remove, 0, words.subspan(1)}, ReplyForm::number};
    return nullptr;
}

inline const char* plan_add(Words words, std::int64_t number, WritePlan& plan) {
    plan = {{Operation::add, number, words.subspan(1, 1)}, ReplyForm::number};
    return nullptr;
}

inline const char* plan_incr(Words words, WritePlan& plan) { return plan_add(words, 1, plan); }
inline const char* plan_decr(Words words, WritePlan& plan) { return plan_add(words, -1, plan); }

inline const char* plan_incrby(Words words, WritePlan& plan) {
    const auto number = to_integer(words[2]);
    return number ? plan_add(words, *number, plan) : no_integer;
}

inline const char* plan_decrby(Words words, WritePlan& plan) {
    const auto number = to_integer(words[2]);
    if (!number) return no_integer;
    if (*number == INT64_MIN) return "ERR decrement would overflow";
    return plan_add(words, -*number, plan);
}

inline const char* plan_flush(Words words, WritePlan& plan) {
    if (words.size() > 2) return bad_syntax;
    if (words.size() == 2 && !is_word(words[1], "SYNC") && !is_word(words[1], "ASYNC")) return bad_syntax;
    plan = {{Operation::clear, 0, {}}, ReplyForm::ok};
    return nullptr;
}

}  // namespace kv
