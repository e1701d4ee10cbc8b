// SPDX-License-Identifier: BSL-1.0
// The password of the server: who has said it, and how it is compared.
#pragma once

#include "client.hpp"
#include "commands.hpp"

#include <string_view>

namespace kv {

/// Whether both are equal. How long it takes depends on the length of `given` alone, so the time tells nothing of the
/// secret. An empty secret equals nothing.
[[nodiscard]] bool is_secret(std::string_view given, std::string_view secret) noexcept;

/// Why the client may not have the command served; null when it may. Commands that log in are served to everybody.
[[nodiscard]] const char* refusal(const CommandType& type, const Client& client, const Service& service);

/// Lets the client in when the user and the password are right. Otherwise the error; what it was before stays.
[[nodiscard]] const char* log_in(Client& client, const Service& service, std::string_view user,
                                 std::string_view password);

}  // namespace kv
