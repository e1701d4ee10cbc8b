// SPDX-License-Identifier: BSL-1.0
// AUTH, and what a client that has not logged in may do.

#include "login.hpp"

#include <cstddef>

namespace kv {

bool is_secret(std::string_view given, std::string_view secret) noexcept {
    if (secret.empty()) return false;
    // Volatile, so that no compiler leaves the loop when the outcome is clear.
    volatile unsigned difference = given.size() == secret.size() ? 0 : 1;
    std::size_t at = 0;
    for (const char letter : given) {
        difference = difference | static_cast<unsigned char>(letter ^ secret[at]);
        at = at + 1 == secret.size() ? 0 : at + 1;
    }
    return difference == 0;
}

const char* refusal(const CommandType& type, const Client& client, const Service& service) {
    if (service.password.empty() || client.logged_in) return nullptr;
    if (type.answer == answer_auth || type.answer == answer_hello || type.answer == answer_quit) return nullptr;
    return "NOAUTH Authentication required.";
}

const char* log_in(Client& client, const Service& service, std::string_view user, std::string_view password) {
    // Clients of Redis know these words, and only warn.
    if (service.password.empty()) {
        return "ERR AUTH <password> called without any password configured for the default user";
    }
    const bool is_right = is_secret(password, service.password);
    if (!is_right || user != "default") return "WRONGPASS invalid username-password pair";
    client.logged_in = true;
    return nullptr;
}

void answer_auth(Call& call) {
    const auto& words = call.words;
    if (words.size() > 3) return call.reply.error("ERR syntax error");
    const std::string_view user = words.size() == 3 ? words[1] : "default";
    const char* const error = log_in(call.client, call.service, user, words.back());
    error == nullptr ? call.reply.ok() : call.reply.error(error);
}

}  // namespace kv
