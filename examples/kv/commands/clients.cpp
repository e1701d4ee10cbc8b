// SPDX-License-Identifier: BSL-1.0
// CLIENT: what a client says of itself, and what an operator asks of all of them.

#include "../base/text.hpp"
#include "commands.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kv {

namespace {

constexpr std::size_t name_bytes_max = 64;

[[nodiscard]] std::int64_t seconds_since(std::chrono::steady_clock::time_point at) {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - at).count();
}

/// What Redis tells of a client, as far as there is such a thing here.
[[nodiscard]] std::string line_of(const Client& client) {
    const std::string command = client.command.empty() ? "NULL" : small_letters(client.command);
    return joined("id=", client.id, " addr=", client.address, " laddr=", client.local_address, " name=", client.name,
                  " age=", seconds_since(client.since), " idle=", seconds_since(client.active),
                  " flags=", client.waits ? "b" : "N", " db=0 cmd=", command, " user=default resp=", client.protocol,
                  " lib-name=", client.library, " lib-ver=", client.library_version, "\n");
}

/// Every client is one of this kind here, whatever kinds Redis has.
[[nodiscard]] bool is_kind(std::string_view text) { return is_word(text, "NORMAL"); }
[[nodiscard]] bool is_other_kind(std::string_view text) {
    return is_word(text, "MASTER") || is_word(text, "SLAVE") || is_word(text, "REPLICA") || is_word(text, "PUBSUB");
}

/// Which clients are meant; what is not said, any may be.
struct Filter {
    std::vector<std::uint64_t> ids;
    std::string_view address;
    std::string_view local_address;
    std::optional<std::int64_t> age_min;
    bool nobody = false;  ///< of that kind, or user
    bool not_me = true;

    /// One more condition. False when it is none.
    [[nodiscard]] bool take(std::string_view name, std::string_view value) {
        const std::optional<std::int64_t> number = to_integer(value);
        if (is_word(name, "ID") && number && *number > 0) {
            ids.push_back(static_cast<std::uint64_t>(*number));
        } else if (is_word(name, "MAXAGE") && number && *number >= 0) {
            age_min = *number;
        } else if (is_word(name, "ADDR")) {
            address = value;
        } else if (is_word(name, "LADDR")) {
            local_address = value;
        } else if (is_word(name, "USER")) {
            nobody = nobody || value != "default";
        } else if (is_word(name, "TYPE") && (is_kind(value) || is_other_kind(value))) {
            nobody = nobody || !is_kind(value);
        } else if (is_word(name, "SKIPME") && (is_word(value, "YES") || is_word(value, "NO"))) {
            not_me = is_word(value, "YES");
        } else {
            return false;
        }
        return true;
    }

    [[nodiscard]] bool means(const Client& client, const Client& me) const {
        if (nobody || (not_me && client.id == me.id)) return false;
        if (!ids.empty() && std::find(ids.begin(), ids.end(), client.id) == ids.end()) return false;
        if (!address.empty() && client.address != address) return false;
        if (!local_address.empty() && client.local_address != local_address) return false;
        return !age_min || seconds_since(client.since) >= *age_min;
    }
};

/// How many there were. Who asks for it hears the answer before it goes.
[[nodiscard]] std::int64_t kill(Call& call, const Filter& filter) {
    std::vector<std::uint64_t> found;
    for (const auto& [id, client] : call.service.all_clients) {
        if (filter.means(*client, call.client)) found.push_back(id);
    }
    for (const std::uint64_t id : found) {
        id == call.client.id ? void(call.client.quits = true) : call.service.close_client(id);
    }
    return static_cast<std::int64_t>(found.size());
}

void answer_kill(Call& call, std::span<const std::string_view> words) {
    Filter filter;
    if (words.size() == 1) {
        filter.address = words[0];
        filter.not_me = false;
        return kill(call, filter) > 0 ? call.reply.ok() : call.reply.error("ERR No such client");
    }
    bool understood = !words.empty() && words.size() % 2 == 0;
    for (std::size_t i = 0; understood && i < words.size(); i += 2) understood = filter.take(words[i], words[i + 1]);
    understood ? call.reply.integer(kill(call, filter)) : call.reply.error("ERR syntax error");
}

void answer_list(Call& call, std::span<const std::string_view> words) {
    Filter filter;
    filter.not_me = false;
    bool understood = words.empty();
    if (words.size() == 2 && is_word(words[0], "TYPE")) understood = filter.take(words[0], words[1]);
    if (words.size() >= 2 && is_word(words[0], "ID")) {
        understood = true;
        for (const std::string_view id : words.subspan(1)) understood = understood && filter.take(words[0], id);
    }
    if (!understood) return call.reply.error("ERR syntax error");
    std::string text;
    for (const auto& [id, client] : call.service.all_clients) {
        if (filter.means(*client, call.client)) text += line_of(*client);
    }
    call.reply.text(text);
}

void answer_setinfo(Call& call, std::string_view what, std::string_view value) {
    const bool is_library = is_word(what, "LIB-NAME");
    if (!is_library && !is_word(what, "LIB-VER")) return call.reply.error("ERR Unrecognized option for CLIENT SETINFO");
    if (!is_name(value)) return call.reply.error("ERR that has spaces, newlines or more than 64 bytes");
    (is_library ? call.client.library : call.client.library_version) = value;
    call.reply.ok();
}

}  // namespace

bool is_name(std::string_view text) noexcept {
    return text.size() <= name_bytes_max &&
           std::all_of(text.begin(), text.end(), [](char letter) { return letter >= '!' && letter <= '~'; });
}

void answer_client(Call& call) {
    const auto& words = call.words;
    const std::string_view what = words[1];
    if (is_word(what, "LIST")) return answer_list(call, words.subspan(2));
    if (is_word(what, "KILL")) return answer_kill(call, words.subspan(2));
    if (is_word(what, "ID")) return call.reply.integer(static_cast<std::int64_t>(call.client.id));
    if (is_word(what, "GETNAME")) {
        return call.client.name.empty() ? call.reply.null() : call.reply.bulk(call.client.name);
    }
    if (is_word(what, "SETNAME") && words.size() == 3) {
        if (!is_name(words[2])) {
            return call.reply.error("ERR Client names cannot contain spaces, newlines or more than 64 bytes");
        }
        call.client.name = words[2];
        return call.reply.ok();
    }
    if (is_word(what, "SETINFO") && words.size() == 4) return answer_setinfo(call, words[2], words[3]);
    if (is_word(what, "INFO") && words.size() == 2) return call.reply.text(line_of(call.client));
    call.reply.error("ERR CLIENT has only GETNAME, ID, INFO, KILL, LIST, SETINFO and SETNAME here");
}

}  // namespace kv
