// SPDX-License-Identifier: BSL-1.0
// The commands about the connection and the server, which every node answers at any time.

#include "../base/text.hpp"
#include "commands.hpp"
#include "login.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kv {

void answer_ping(Call& call) {
    if (call.words.size() > 2) return call.reply.error("ERR wrong number of arguments for 'ping' command");
    call.words.size() == 2 ? call.reply.bulk(call.words[1]) : call.reply.status("PONG");
}

void answer_echo(Call& call) { call.reply.bulk(call.words[1]); }

void answer_quit(Call& call) {
    call.client.quits = true;
    call.reply.ok();
}

void answer_select(Call& call) {
    if (call.words[1] == "0") return call.reply.ok();
    call.reply.error(to_integer(call.words[1]) ? "ERR DB index is out of range" : "ERR invalid DB index");
}

namespace {

/// Where clients call this node, as far as it knows.
[[nodiscard]] Address own_address(const Service& service) {
    const auto found = service.client_addresses.find(service.self);
    return found == service.client_addresses.end() ? Address{} : found->second;
}

}  // namespace

void answer_config(Call& call) {
    const Service& service = call.service;
    if (is_word(call.words[1], "RESETSTAT") && call.words.size() == 2) {
        call.service.loop = {};
        return call.reply.ok();
    }
    if (!is_word(call.words[1], "GET") || call.words.size() < 3) {
        return call.reply.error("ERR CONFIG has only GET here: the command line says everything else");
    }
    const std::pair<std::string_view, std::string> settings[] = {
        {"save", ""},
        {"appendonly", service.disk ? "yes" : "no"},
        {"databases", "1"},
        {"dir", service.disk ? service.disk->directory : ""},
        {"replica-announce-ip", own_address(service).host},
        {"replica-announce-port", std::to_string(own_address(service).port)},
        {"maxclients", std::to_string(service.clients_max)},
        {"maxmemory", std::to_string(service.memory_bytes_max)},
        {"maxmemory-policy", "noeviction"},
        {"port", std::to_string(service.client_port)},
        {"proto-max-bulk-len", std::to_string(value_bytes_max)},
        {"timeout", "0"},
    };
    std::vector<const std::pair<std::string_view, std::string>*> found;
    for (const auto& setting : settings) {
        bool asked = false;
        for (const std::string_view name : call.words.subspan(2)) {
            asked = asked || name == "*" || is_word(name, setting.first);
        }
        if (asked) found.push_back(&setting);
    }
    call.reply.map(found.size());
    for (const auto* setting : found) {
        call.reply.bulk(setting->first);
        call.reply.bulk(setting->second);
    }
}

namespace {

void describe(ReplyWriter& reply, const CommandType& type) {
    using Kind = CommandType::Kind;
    reply.array(6);
    reply.bulk(small_letters(type.name));
    reply.integer(type.words);
    reply.array(1);
    reply.status(type.kind == Kind::write ? "write" : type.kind == Kind::read ? "readonly" : "loading");
    reply.integer(type.first_key);
    reply.integer(type.last_key);
    reply.integer(type.key_step);
}

}  // namespace

void answer_command(Call& call) {
    const auto types = command_types();
    if (call.words.size() == 1) {
        call.reply.array(types.size());
        for (const CommandType& type : types) describe(call.reply, type);
        return;
    }
    const std::string_view what = call.words[1];
    if (is_word(what, "COUNT")) return call.reply.integer(static_cast<std::int64_t>(types.size()));
    if (is_word(what, "DOCS")) return call.reply.map(0);
    if (is_word(what, "LIST")) {
        call.reply.array(types.size());
        for (const CommandType& type : types) call.reply.bulk(small_letters(type.name));
        return;
    }
    if (is_word(what, "INFO")) {
        call.reply.array(call.words.size() - 2);
        for (const std::string_view name : call.words.subspan(2)) {
            const CommandType* const type = find_command(name);
            type == nullptr ? call.reply.null() : describe(call.reply, *type);
        }
        return;
    }
    call.reply.error("ERR COMMAND has only COUNT, DOCS, INFO and LIST here");
}

void answer_hello(Call& call) {
    const auto& words = call.words;
    int protocol = call.client.protocol;
    if (words.size() > 1) {
        if (words[1] != "2" && words[1] != "3") return call.reply.error("NOPROTO unsupported protocol version");
        protocol = words[1] == "3" ? 3 : 2;
    }
    std::string_view name = call.client.name;
    std::span<const std::string_view> login;
    for (std::size_t i = 2; i < words.size();) {
        const std::size_t left = words.size() - i;
        if (is_word(words[i], "AUTH") && left >= 3) {
            login = words.subspan(i + 1, 2);
            i += 3;
        } else if (is_word(words[i], "SETNAME") && left >= 2 && is_name(words[i + 1])) {
            name = words[i + 1];
            i += 2;
        } else {
            return call.reply.error("ERR Syntax error in HELLO");
        }
    }
    if (!login.empty()) {
        const char* const error = log_in(call.client, call.service, login[0], login[1]);
        if (error != nullptr) return call.reply.error(error);
    } else if (!call.service.password.empty() && !call.client.logged_in) {
        return call.reply.error("NOAUTH HELLO needs AUTH behind the version here, with a user and the password");
    }
    call.client.name = std::string(name);
    call.client.protocol = protocol;
    std::string text;
    ReplyWriter reply(text, protocol);
    reply.map(7);
    reply.bulk("server");
    reply.bulk("replicator-kv");
    reply.bulk("version");
    reply.bulk(redis_version);
    reply.bulk("proto");
    reply.integer(protocol);
    reply.bulk("id");
    reply.integer(static_cast<std::int64_t>(call.client.id));
    reply.bulk("mode");
    reply.bulk("standalone");
    reply.bulk("role");
    reply.bulk(call.service.node.role() == replicator::Role::leader ? "master" : "replica");
    reply.bulk("modules");
    reply.array(0);
    call.reply.raw(text);
}

}  // namespace kv
