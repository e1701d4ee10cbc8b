// SPDX-License-Identifier: BSL-1.0
// A password in a file, where no list of processes shows it.
#pragma once

#include "text.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

namespace kv {

/// The first line of a file, without its end. False, and `password` is what is wrong, when it cannot be read or is
/// empty.
[[nodiscard]] inline bool read_password(const std::string& path, std::string& password) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    const bool is_read = file && std::getline(file, password);
    if (!is_read) {
        password = joined("cannot read a password in ", path, ": ", errno == 0 ? "it is empty" : std::strerror(errno));
        return false;
    }
    if (password.ends_with('\r')) password.pop_back();
    if (!password.empty()) return true;
    password = joined("the first line of ", path, " is empty, and should be the password");
    return false;
}

}  // namespace kv
