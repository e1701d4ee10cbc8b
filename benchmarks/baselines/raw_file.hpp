// SPDX-License-Identifier: BSL-1.0
// A file of the operating system, written and flushed by hand.
#pragma once

#include "../process.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace benchmark {

/// A file that was written once over, so that writing into it changes nothing but its bytes.
class RawFile {
public:
    static constexpr std::size_t size = 64 << 20;

    explicit RawFile(const std::string& path) : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0644)) {
        const std::vector<char> zeros(1 << 20);
        for (std::size_t at = 0; at < size; at += zeros.size()) {
            if (::pwrite(file_, zeros.data(), zeros.size(), static_cast<off_t>(at)) < 0) fail("raw file");
        }
        if (::fdatasync(file_) != 0) fail("raw file");
    }
    RawFile(const RawFile&) = delete;
    RawFile& operator=(const RawFile&) = delete;
    ~RawFile() { ::close(file_); }

    void write(const std::vector<char>& bytes) {
        if (::pwrite(file_, bytes.data(), bytes.size(), place_of_next(bytes.size())) < 0) fail("raw file");
    }
    void flush() {
        if (::fdatasync(file_) != 0) fail("raw file");
    }

    /// Where the next so many bytes go; they count as written.
    [[nodiscard]] off_t place_of_next(std::size_t bytes) {
        if (at_ + bytes > size) at_ = 0;
        return static_cast<off_t>(std::exchange(at_, at_ + bytes));
    }
    [[nodiscard]] int number() const { return file_; }

private:
    int file_;
    std::size_t at_ = 0;
};

}  // namespace benchmark
