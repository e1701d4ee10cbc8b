// SPDX-License-Identifier: BSL-1.0
// The calls of the operating system that storage::Posix makes, one by one, so that a test can put itself between.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#if defined(__linux__)
#include <sys/vfs.h>
#endif
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
#if defined(_POSIX_ADVISORY_INFO) && _POSIX_ADVISORY_INFO > 0 && !defined(REPLICATOR_WITHOUT_FALLOCATE)
        return ::posix_fallocate(file, 0, static_cast<off_t>(size));
#else
        return allocate_by_writing(file, size);
#endif
    }
    /// The same for systems without that call: writes zeros behind the end of the file. It cannot claim blocks for
    /// holes before the end, nor on a file system that keeps zeros as holes or writes every block to a new place: there
    /// a later write may find the disk full. O(bytes added).
    static int allocate_by_writing(int file, std::uint64_t size) noexcept {
        static constexpr char zeros[16 * 1024] = {};
        const off_t before = PosixSystem::size(file);
        if (before < 0) return errno;
        for (auto at = static_cast<std::uint64_t>(before); at < size;) {
            const std::size_t bytes = size - at < sizeof zeros ? static_cast<std::size_t>(size - at) : sizeof zeros;
            const ssize_t moved = ::pwrite(file, zeros, bytes, static_cast<off_t>(at));
            if (moved < 0 && errno == EINTR) continue;
            if (moved <= 0) {
                const int error = moved < 0 ? errno : ENOSPC;
                static_cast<void>(resize(file, static_cast<std::uint64_t>(before)));  // a refused call changes nothing
                return error;
            }
            at += static_cast<std::uint64_t>(moved);
        }
        return 0;
    }
    static int resize(int file, std::uint64_t size) noexcept { return ::ftruncate(file, static_cast<off_t>(size)); }
    static off_t size(int file) noexcept {
        struct stat status {};
        return ::fstat(file, &status) == 0 ? status.st_size : off_t{-1};
    }
    /// Where an open file or directory is, as far as it fits; returns the size, which is 0 where the system cannot
    /// tell.
    static std::size_t path(int file, std::span<char> to) noexcept {
#if defined(__linux__)
        char link[32];
        std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        const ssize_t size = ::readlink(link, to.data(), to.size());
        return size < 0 ? 0 : static_cast<std::size_t>(size);
#elif defined(__APPLE__)
        char found[PATH_MAX];
        if (::fcntl(file, F_GETPATH, found) < 0) return 0;
        const std::size_t size = ::strnlen(found, to.size());
        std::memcpy(to.data(), found, size);
        return size;
#else
        static_cast<void>(file), static_cast<void>(to);
        return 0;
#endif
    }
    /// What tells a file from its copies. When it was made is better than the number of the device, which may be
    /// another one after each start of the machine; the inode alone may be that of a file which was removed.
    static int identity(int file, std::uint64_t& origin, std::uint64_t& inode) noexcept {
        struct stat status {};
        if (::fstat(file, &status) != 0) return -1;
        origin = static_cast<std::uint64_t>(status.st_dev);
        inode = static_cast<std::uint64_t>(status.st_ino);
#if defined(__APPLE__)
        origin = nanoseconds(status.st_birthtimespec.tv_sec, status.st_birthtimespec.tv_nsec);
#elif defined(__linux__) && defined(STATX_BTIME)
        struct statx more {};
        const bool asked = ::statx(file, "", AT_EMPTY_PATH, STATX_BTIME, &more) == 0;
        const bool born = asked && (more.stx_mask & STATX_BTIME) != 0;
        if (born) origin = nanoseconds(more.stx_btime.tv_sec, more.stx_btime.tv_nsec);
        // FAT, exFAT and what runs in a user's process number their files anew with each mount.
        struct statfs system {};
        if (::fstatfs(file, &system) != 0) return -1;
        const auto type = static_cast<std::uint64_t>(system.f_type) & 0xffff'ffffu;
        if (type != 0x4d44 && type != 0x2011bab0 && type != 0x65735546) return 0;
        inode = 0;
        if (!born) return -1;
#endif
        return 0;
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

private:
    [[maybe_unused]] [[nodiscard]] static std::uint64_t nanoseconds(std::int64_t seconds, std::int64_t rest) noexcept {
        return static_cast<std::uint64_t>(seconds) * 1'000'000'000 + static_cast<std::uint64_t>(rest);
    }
};

}  // namespace replicator::storage
