// SPDX-License-Identifier: BSL-1.0
// The table of commands, and what is the same for all of them.

#include "commands.hpp"

#include "../base/text.hpp"
#include "../node/word.hpp"
#include "writes.hpp"

#include <algorithm>
#include <iterator>

namespace kv {

namespace {

using Kind = CommandType::Kind;

constexpr CommandType types[] = {
    {"AFTER", 3, Kind::wait, 0, 0, 0, nullptr, nullptr, begin_after},
    {"APPEND", 3, Kind::write, 1, 1, 1, nullptr, plan_append},
    {"AUTH", -2, Kind::answer, 0, 0, 0, answer_auth, nullptr},
    {"CLIENT", -2, Kind::answer, 0, 0, 0, answer_client, nullptr},
    {"COMMAND", -1, Kind::answer, 0, 0, 0, answer_command, nullptr},
    {"CONFIG", -2, Kind::answer, 0, 0, 0, answer_config, nullptr},
    {"DBSIZE", 1, Kind::read, 0, 0, 0, answer_dbsize, nullptr},
    {"DEBUG", -2, Kind::read, 0, 0, 0, answer_debug, nullptr},
    {"DECR", 2, Kind::write, 1, 1, 1, nullptr, plan_decr},
    {"DECRBY", 3, Kind::write, 1, 1, 1, nullptr, plan_decrby},
    {"DEL", -2, Kind::write, 1, -1, 1, nullptr, plan_del},
    {"ECHO", 2, Kind::answer, 0, 0, 0, answer_echo, nullptr},
    {"EXISTS", -2, Kind::read, 1, -1, 1, answer_exists, nullptr},
    {"FAILOVER", -1, Kind::wait, 0, 0, 0, nullptr, nullptr, begin_failover},
    {"FLUSHALL", -1, Kind::write, 0, 0, 0, nullptr, plan_flush},
    {"FLUSHDB", -1, Kind::write, 0, 0, 0, nullptr, plan_flush},
    {"GET", 2, Kind::read, 1, 1, 1, answer_get, nullptr},
    {"HELLO", -1, Kind::answer, 0, 0, 0, answer_hello, nullptr},
    {"INCR", 2, Kind::write, 1, 1, 1, nullptr, plan_incr},
    {"INCRBY", 3, Kind::write, 1, 1, 1, nullptr, plan_incrby},
    {"INFO", -1, Kind::answer, 0, 0, 0, answer_info, nullptr},
    {"MGET", -2, Kind::read, 1, -1, 1, answer_mget, nullptr},
    {"MSET", -3, Kind::write, 1, -1, 2, nullptr, plan_mset},
    {"PING", -1, Kind::read, 0, 0, 0, answer_ping, nullptr},  // what probes ask fails where reads fail
    {"POSITION", 1, Kind::answer, 0, 0, 0, answer_position, nullptr},
    {"QUIT", -1, Kind::answer, 0, 0, 0, answer_quit, nullptr},
    {"REPLICAOF", -3, Kind::wait, 0, 0, 0, nullptr, nullptr, begin_replicaof},
    {"REPLICATOR", -2, Kind::answer, 0, 0, 0, answer_replicator, nullptr},
    {"ROLE", 1, Kind::answer, 0, 0, 0, answer_role, nullptr},
    {"SELECT", 2, Kind::answer, 0, 0, 0, answer_select, nullptr},
    {"SET", -3, Kind::write, 1, 1, 1, nullptr, plan_set},
    {"SETNX", 3, Kind::write, 1, 1, 1, nullptr, plan_setnx},
    {"STRLEN", 2, Kind::read, 1, 1, 1, answer_strlen, nullptr},
    {"TYPE", 2, Kind::read, 1, 1, 1, answer_type, nullptr},
    {"UNLINK", -2, Kind::write, 1, -1, 1, nullptr, plan_del},
    {"WAIT", 3, Kind::wait, 0, 0, 0, nullptr, nullptr, begin_wait},
};

[[nodiscard]] constexpr char capital(char letter) noexcept {
    return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
}

/// Text of a client as it is repeated in an error: not much of it.
[[nodiscard]] std::string quoted(std::string_view text) { return joined("'", text.substr(0, 64), "'"); }

}  // namespace

std::span<const CommandType> command_types() noexcept { return types; }

bool is_word(std::string_view text, std::string_view word) noexcept {
    return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                      [](char a, char b) { return capital(a) == capital(b); });
}

std::string small_letters(std::string_view text) {
    std::string small(text);
    for (char& letter : small) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    return small;
}

const CommandType* find_command(std::string_view name) noexcept {
    const auto before = [](const CommandType& type, std::string_view other) {
        return std::lexicographical_compare(type.name.begin(), type.name.end(), other.begin(), other.end(),
                                            [](char a, char b) { return capital(a) < capital(b); });
    };
    const auto* const found = std::lower_bound(std::begin(types), std::end(types), name, before);
    return found != std::end(types) && is_word(name, found->name) ? found : nullptr;
}

std::string refusal(const CommandType* type, std::span<const std::string_view> words) {
    if (type == nullptr) {
        std::string text = joined("ERR unknown command ", quoted(words[0]), ", with args beginning with: ");
        for (const std::string_view word : words.subspan(1).first(std::min<std::size_t>(words.size() - 1, 2))) {
            text += quoted(word) + " ";
        }
        return text;
    }
    if (!type->takes(words.size())) {
        return joined("ERR wrong number of arguments for '", small_letters(type->name), "' command");
    }
    return {};
}

std::string refusal(const CommandType& type, const Service& service) {
    if (type.kind == Kind::answer) return {};
    if (service.stopping) return "TRYAGAIN this server is stopping: another one takes commands in a moment";
    if (type.kind == Kind::wait) return {};
    const replicator::Role role = service.node.role();
    if (role == replicator::Role::leader) {
        if (type.kind == Kind::write && type.plan != plan_del && type.plan != plan_flush &&
            service.node.state().heap_bytes_in_use() >= service.memory_bytes_max) {
            return "OOM command not allowed when used memory > 'maxmemory'.";
        }
        return {};
    }
    const Status status = service.node.status();
    if (role == replicator::Role::faulted) {
        return joined("ERR this node stopped taking part: ", replicator::to_string(status.fault));
    }
    if (is_loading(status)) return "LOADING Redis is loading the dataset in memory";
    if (type.kind == Kind::write) return "READONLY You can't write against a read only replica.";
    return {};
}

const char* refusal(const Command& command) {
    const bool pairs = command.operation != Operation::remove && command.operation != Operation::add;
    for (std::size_t i = 0; i < command.words.size(); ++i) {
        const bool is_value = pairs && i % 2 == 1;
        if (!is_value && command.words[i].size() > key_bytes_max) return "ERR a key may have at most 4096 bytes";
        if (is_value && command.words[i].size() > value_bytes_max) {
            return "ERR string exceeds maximum allowed size (131072 bytes)";
        }
    }
    if (CommandCodec::size(command) > Limits::command_bytes_max) {
        return "ERR the keys and values of one write may have at most 136 KiB together";
    }
    return nullptr;
}
static_assert(key_bytes_max == 4096 && value_bytes_max == 131072 && Limits::command_bytes_max == 136 * 1024,
              "The sentences above name these numbers.");

void write_result(ReplyWriter& reply, ReplyForm form, const WriteEnd& end) {
    using replicator::Error;
    switch (end.error) {
        case Error::none: break;
        case Error::not_leader: return reply.error("READONLY You can't write against a read only replica.");
        case Error::handing_over:
            return reply.error("TRYAGAIN this node is handing over to another one, which takes writes in a moment");
        case Error::busy:  // only after a restart or a promotion: otherwise the server waits before it asks
            return reply.error("TRYAGAIN this node leads, and has first to go through what is in its log");
        case Error::not_enough_followers: return reply.error("NOREPLICAS Not enough good replicas to write.");
        case Error::outcome_unknown:
            return reply.error("ERR the outcome of this write is unknown: it may survive or not");
        case Error::stopped: return reply.error("ERR the server is stopping: the outcome of this write is unknown");
        default: return reply.error(joined("ERR the write was refused: ", to_string(end.error)));
    }
    if (!end.reply_kept) return reply.error("ERR the write was acknowledged, but its result is not kept any more");
    switch (end.reply.kind) {
        case Reply::Kind::done: break;
        case Reply::Kind::unchanged: return form == ReplyForm::ok ? reply.null() : reply.integer(0);
        case Reply::Kind::not_integer: return reply.error("ERR value is not an integer or out of range");
        case Reply::Kind::overflow: return reply.error("ERR increment or decrement would overflow");
        case Reply::Kind::too_long: return reply.error("ERR string exceeds maximum allowed size (131072 bytes)");
    }
    switch (form) {
        case ReplyForm::ok: return reply.ok();
        case ReplyForm::number: return reply.integer(end.reply.number);
        case ReplyForm::yes_or_no: return reply.integer(1);
    }
}

}  // namespace kv
