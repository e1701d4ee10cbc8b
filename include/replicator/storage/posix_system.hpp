// SPDX-License-Identifier: BSL-1.0
// The calls of the operating system that storage::Posix makes, one by one, so that a test can put itself between.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

namespace replicator::storage {

/// Each returns what the call of that name returns, and leaves its errno.
struct PosixSystem {
    static int make_directory(const char* path) noexcept { return ::mkdir(path, 0777); }
    static int open(const char* path, int flags) noexcept { return ::open(path, flags | O_CLOEXEC, 0666); }
    static int open_at(int directory, const char* name, int flags) noexcept {
        return ::openat(directory, name, flags | O_CLOEXEC, 0666);
    }
    static int close(int file) noexcept { return ::close(file); }
    /// Claims an open file for this handle alone; does not wait.
    static int lock(int file) noexcept { return ::flock(file, LOCK_EX | LOCK_NB); }
    static int rename_at(int directory, const char* from, const char* to) noexcept {
        return ::renameat(directory, from, directory, to);
    }
    static int remove_at(int directory, const char* name) noexcept { return ::unlinkat(directory, name, 0); }
    /// Claims blocks for the first `size` bytes. Returns an error number, and does not set errno.
    static int allocate(int file, std::uint64_t size) noexcept {
        return ::posix_fallocate(file, 0, static_cast<off_t>(size));
    }
    static int resize(int file, std::uint64_t size) noexcept { return ::ftruncate(file, static_cast<off_t>(size)); }
    static off_t size(int file) noexcept {
        struct stat status {};
        return ::fstat(file, &status) == 0 ? status.st_size : off_t{-1};
    }
    static ssize_t read(int file, void* to, std::size_t bytes, std::uint64_t place) noexcept {
        return ::pread(file, to, bytes, static_cast<off_t>(place));
    }
    static ssize_t write(int file, const iovec* pieces, int count, std::uint64_t place) noexcept {
        return ::pwritev(file, pieces, count, static_cast<off_t>(place));
    }
    /// Of a file's contents and of what is needed to read them.
    static int sync(int file) noexcept {
#if defined(__APPLE__)
        return ::fcntl(file, F_FULLFSYNC);
#else
        return ::fdatasync(file);
#endif
    }
    /// Of a directory's names.
    static int sync_directory(int directory) noexcept { return ::fsync(directory); }
};

}  // namespace replicator::storage
