// SPDX-License-Identifier: BSL-1.0
// The commands: their names as Redis has them, how many words they take, and what they do.
#pragma once

#include "../protocol/reply.hpp"
#include "../table/command.hpp"
#include "../table/table.hpp"
#include "client.hpp"
#include "wait.hpp"

#include <replicator/error.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kv {

/// The Redis whose words and forms these are; some clients ask.
inline constexpr std::string_view redis_version = "7.0.0";

/// How the result of a write is told.
enum class ReplyForm : std::uint8_t {
    ok,         ///< OK, or nothing when a condition was not met
    number,     ///< the number in the reply
    yes_or_no,  ///< 1, or 0 when a condition was not met
};

struct WritePlan {
    Command command;
    ReplyForm form = ReplyForm::ok;
};

struct CommandType {
    enum class Kind : std::uint8_t {
        answer,  ///< can be answered by every node at any time
        read,    ///< reads the table
        write,   ///< is replicated
        wait,    ///< may be answered later
    };

    std::string_view name;  ///< in capitals
    /// Words, the name included; at least so many when it is negative.
    int words = 0;
    Kind kind = Kind::answer;
    /// The words that are keys: the first, the last (counted from the end when negative) and the distance.
    int first_key = 0;
    int last_key = 0;
    int key_step = 0;
    /// Writes the answer, for commands that are answered at once.
    void (*answer)(Call& call) = nullptr;
    /// Fills the plan of a write in; otherwise returns what is wrong with the request.
    const char* (*plan)(std::span<const std::string_view> words, WritePlan& plan) = nullptr;
    /// Begins a command that may be answered later; nothing when it has been answered at once.
    std::optional<Wait> (*begin)(Call& call) = nullptr;

    [[nodiscard]] bool takes(std::size_t count) const noexcept {
        return words < 0 ? count >= static_cast<std::size_t>(-words) : count == static_cast<std::size_t>(words);
    }
};

/// Every command there is, in the order of their names.
[[nodiscard]] std::span<const CommandType> command_types() noexcept;

/// Upper or lower case; null when there is none.
[[nodiscard]] const CommandType* find_command(std::string_view name) noexcept;

/// True when both are equal but for upper and lower case.
[[nodiscard]] bool is_word(std::string_view text, std::string_view word) noexcept;

[[nodiscard]] std::string small_letters(std::string_view text);
/// What a client may be called: at most 64 bytes, none of which would break a line of CLIENT LIST.
[[nodiscard]] bool is_name(std::string_view text) noexcept;

/// Why the request cannot be served by this program at all; empty when it can.
[[nodiscard]] std::string refusal(const CommandType* type, std::span<const std::string_view> words);
/// Why this node does not serve the command now; empty when it does.
[[nodiscard]] std::string refusal(const CommandType& type, const Service& service);
/// Why the node would not take the command; null when it would.
[[nodiscard]] const char* refusal(const Command& command);

/// Tells how a write ended.
void write_result(ReplyWriter& reply, ReplyForm form, const WriteEnd& end);

// The families of commands.
void answer_auth(Call& call);
void answer_ping(Call& call);
void answer_echo(Call& call);
void answer_info(Call& call);
void answer_role(Call& call);
void answer_replicator(Call& call);
void answer_config(Call& call);
void answer_command(Call& call);
void answer_hello(Call& call);
void answer_client(Call& call);
void answer_select(Call& call);
void answer_quit(Call& call);
void answer_debug(Call& call);
void answer_get(Call& call);
void answer_mget(Call& call);
void answer_exists(Call& call);
void answer_strlen(Call& call);
void answer_type(Call& call);
void answer_dbsize(Call& call);
void answer_position(Call& call);
std::optional<Wait> begin_wait(Call& call);
std::optional<Wait> begin_after(Call& call);
std::optional<Wait> begin_replicaof(Call& call);
std::optional<Wait> begin_failover(Call& call);

}  // namespace kv
