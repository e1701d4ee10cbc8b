// SPDX-License-Identifier: BSL-1.0
// The commands that read the table of this node as it is.

#include "../base/text.hpp"
#include "commands.hpp"

#include <string>

namespace kv {

void answer_get(Call& call) {
    const std::string* const value = call.service.node.state().find(call.words[1]);
    value == nullptr ? call.reply.null() : call.reply.bulk(*value);
}

void answer_mget(Call& call) {
    const Table& table = call.service.node.state();
    const auto keys = call.words.subspan(1);
    std::size_t bytes = 0;
    for (const std::string_view key : keys) {
        const std::string* const value = table.find(key);
        bytes += value == nullptr ? 0 : value->size();
    }
    if (bytes > reply_bytes_max) return call.reply.error("ERR the values together have more than 1 MiB");
    call.reply.array(keys.size());
    for (const std::string_view key : keys) {
        const std::string* const value = table.find(key);
        value == nullptr ? call.reply.null() : call.reply.bulk(*value);
    }
}
static_assert(reply_bytes_max == 1024 * 1024, "The sentence above names this number.");

void answer_exists(Call& call) {
    std::int64_t count = 0;
    for (const std::string_view key : call.words.subspan(1)) {
        count += call.service.node.state().find(key) != nullptr ? 1 : 0;
    }
    call.reply.integer(count);
}

void answer_strlen(Call& call) {
    const std::string* const value = call.service.node.state().find(call.words[1]);
    call.reply.integer(value == nullptr ? 0 : static_cast<std::int64_t>(value->size()));
}

void answer_type(Call& call) {
    call.reply.status(call.service.node.state().find(call.words[1]) == nullptr ? "none" : "string");
}

void answer_dbsize(Call& call) { call.reply.integer(static_cast<std::int64_t>(call.service.node.state().size())); }

void answer_debug(Call& call) {
    if (!is_word(call.words[1], "DIGEST") || call.words.size() != 2) {
        return call.reply.error("ERR DEBUG has only DIGEST here");
    }
    call.reply.status(to_hex(call.service.node.state().digest()));
}

}  // namespace kv
