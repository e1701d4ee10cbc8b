// SPDX-License-Identifier: BSL-1.0
// storage::Posix: files of the operating system; a flush is waited for in the call that asks for it.
//
// Every call is tried again after an interrupt, and transfers go on until all bytes are moved. The lock is one on the
// file `lock` in the directory, which goes with the process, however that ends.
#pragma once

#include "posix_system.hpp"

#include "../concepts/storage.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

namespace replicator::storage {

/// Waits for a flush; returns errno, or 0.
template <class System>
[[nodiscard]] int flush_file(int file) noexcept {
    int result = System::sync(file);
    while (result < 0 && errno == EINTR) result = System::sync(file);
    return result < 0 ? errno : 0;
}

/// A flush that is waited for in the call that begins it.
template <class System>
class FlushInCall {
public:
    void start(int file) noexcept { number_ = flush_file<System>(file); }
    /// The errno of a flush that is done, 0 for a good one; once.
    [[nodiscard]] std::optional<int> poll() noexcept { return std::exchange(number_, std::nullopt); }
    /// The same, or 0 when there is none.
    [[nodiscard]] int wait() noexcept { return poll().value_or(0); }

private:
    std::optional<int> number_;
};

/// Keep `PosixSystem`, unless you test what becomes of failing calls. `Flushing` is how a flush is waited for.
template <class System, class Flushing = FlushInCall<System>>
class BasicPosix {
public:
    /// An open file or directory; closed with the object.
    class Handle {
    public:
        Handle() noexcept = default;
        explicit Handle(int number) noexcept : number_(number) {}
        Handle(Handle&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
        Handle& operator=(Handle&& other) noexcept {
            std::swap(number_, other.number_);
            return *this;
        }
        ~Handle() {
            if (number_ >= 0) System::close(number_);
        }
        [[nodiscard]] int number() const noexcept { return number_; }
        [[nodiscard]] explicit operator bool() const noexcept { return number_ >= 0; }

    private:
        int number_ = -1;
    };
    using File = Handle;

    BasicPosix() noexcept = default;
    explicit BasicPosix(Flushing flushing) noexcept : flushing_(std::move(flushing)) {}

    class Directory {
    public:
        Directory() noexcept = default;

    private:
        friend BasicPosix;
        Handle handle_;
        Handle lock_;
    };

    [[nodiscard]] StorageError open_directory(const char* path, Directory& directory) noexcept {
        bool made = false;
        int number = again([&] { return System::open(path, O_RDONLY | O_DIRECTORY); });
        if (number < 0 && errno == ENOENT) {
            if (again([&] { return System::make_directory(path); }) < 0) return refused("mkdir", no_file, path);
            made = true;
            number = again([&] { return System::open(path, O_RDONLY | O_DIRECTORY); });
        }
        if (number < 0) return refused("open", no_file, path);
        Directory opened;
        opened.handle_ = Handle(number);
        if (const StorageError error = sync_parent(opened, made); error != StorageError::none) return error;
        opened.lock_ = Handle(again([&] { return System::open_at(number, "lock", O_RDWR | O_CREAT); }));
        if (!opened.lock_) return refused("openat", number, "lock");
        if (again([&] { return System::lock(opened.lock_.number()); }) < 0) {
            const bool taken = errno == EWOULDBLOCK;
            const StorageError error = refused("flock", number, "lock");
            return taken ? StorageError::locked : error;
        }
        directory = std::move(opened);
        return StorageError::none;
    }
    [[nodiscard]] StorageError sync_directory(Directory& directory) noexcept {
        const int number = directory.handle_.number();
        if (again([&] { return System::sync_directory(number); }) >= 0) return StorageError::none;
        const bool cannot = is_unsupported(errno);
        const StorageError error = refused("fsync", number);
        return cannot ? StorageError::unsupported : error;
    }

    /// Calls `visitor(name)` for every file.
    template <class Visitor>
    [[nodiscard]] StorageError list(Directory& directory, Visitor&& visitor) {
        const int copy =
            again([&] { return System::open_at(directory.handle_.number(), ".", O_RDONLY | O_DIRECTORY); });
        if (copy < 0) return refused("openat", directory.handle_.number(), ".");
        DIR* const stream = ::fdopendir(copy);
        if (stream == nullptr) {
            const StorageError error = refused("fdopendir", copy);
            System::close(copy);
            return error;
        }
        errno = 0;
        while (const dirent* const entry = ::readdir(stream)) {
            if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0 &&
                std::strcmp(entry->d_name, "lock") != 0) {
                visitor(static_cast<const char*>(entry->d_name));
            }
            errno = 0;
        }
        const StorageError error = errno == 0 ? StorageError::none : refused("readdir", copy);
        ::closedir(stream);
        return error;
    }

    [[nodiscard]] StorageError create(Directory& directory, const char* name, File& file) noexcept {
        return open_with(directory, name, O_RDWR | O_CREAT | O_TRUNC, file);
    }
    [[nodiscard]] StorageError open(Directory& directory, const char* name, File& file) noexcept {
        return open_with(directory, name, O_RDWR, file);
    }
    [[nodiscard]] StorageError rename(Directory& directory, const char* from, const char* to) noexcept {
        const int number = directory.handle_.number();
        return checked("renameat", number, from, [&] { return System::rename_at(number, from, to); });
    }
    [[nodiscard]] StorageError remove(Directory& directory, const char* name) noexcept {
        const int number = directory.handle_.number();
        return checked("unlinkat", number, name, [&] { return System::remove_at(number, name); });
    }

    [[nodiscard]] StorageError allocate(File& file, std::uint64_t size) noexcept {
        int error = EINTR;
        while (error == EINTR) error = System::allocate(file.number(), size);
        // Not every file system can claim room; then the size is all there is.
        if (error == EOPNOTSUPP || error == EINVAL || error == ENOSYS) return resize(file, size);
        if (error == 0) return StorageError::none;
        errno = error;
        return refused("posix_fallocate", file.number());
    }
    [[nodiscard]] StorageError resize(File& file, std::uint64_t size) noexcept {
        return checked("ftruncate", file.number(), nullptr, [&] { return System::resize(file.number(), size); });
    }
    [[nodiscard]] StorageError size(File& file, std::uint64_t& bytes) noexcept {
        const off_t size = again([&] { return System::size(file.number()); });
        if (size < 0) return refused("fstat", file.number());
        bytes = static_cast<std::uint64_t>(size);
        return StorageError::none;
    }

    [[nodiscard]] StorageError read(File& file, std::uint64_t place, std::span<std::byte> to,
                                    std::size_t& got) noexcept {
        got = 0;
        while (got < to.size()) {
            const ssize_t moved =
                again([&] { return System::read(file.number(), to.data() + got, to.size() - got, place + got); });
            if (moved < 0) return refused("pread", file.number());
            if (moved == 0) break;
            got += static_cast<std::size_t>(moved);
        }
        return StorageError::none;
    }
    [[nodiscard]] StorageError write(File& file, std::uint64_t place, Pieces pieces) noexcept {
        std::array<iovec, pieces_max> vectors{};
        while (!pieces.empty()) {
            std::size_t count = 0;
            for (; count < pieces.size() && count < pieces_max; ++count) {
                vectors[count] = {const_cast<std::byte*>(pieces[count].data()), pieces[count].size()};
            }
            pieces = pieces.subspan(count);
            if (const StorageError error = write_all(file, place, std::span(vectors).first(count));
                error != StorageError::none) {
                return error;
            }
        }
        return StorageError::none;
    }
    [[nodiscard]] StorageError sync(File& file) noexcept {
        return flushed(flush_file<System>(file.number()), file.number());
    }

    [[nodiscard]] StorageIdentity identity(const File& file) const noexcept {
        StorageIdentity found;
        if (System::identity(file.number(), found.origin, found.number) < 0) return {};
        return found;
    }

    void start_sync(File& file) noexcept {
        syncing_ = file.number();
        flushing_.start(syncing_);
    }
    [[nodiscard]] std::optional<StorageError> poll_sync() noexcept {
        const std::optional<int> number = flushing_.poll();
        return number ? std::optional(flushed(*number, syncing_)) : std::nullopt;
    }
    [[nodiscard]] StorageError wait_sync() noexcept { return flushed(flushing_.wait(), syncing_); }

    /// The call that failed last. `locked` is one, too; a file that is not there is none.
    [[nodiscard]] const StorageFailure& failure() const noexcept { return failure_; }

private:
    static constexpr int no_file = -1;
    static constexpr std::size_t pieces_max = 8;

    /// A call on a file failed, or on a name in a directory, or on a path of its own: keeps which, and errno.
    StorageError refused(const char* call, int file, const char* name = nullptr) noexcept {
        const int number = errno;
        const StorageError error = error_of(number);
        if (error == StorageError::not_found && file != no_file) return error;
        failure_ = {};
        failure_.call = call;
        failure_.number = number;
        std::array<char, 4096> path{};
        std::size_t size = file == no_file ? 0 : System::path(file, std::span(path).first(path.size() - 1));
        const std::size_t more = name == nullptr ? 0 : std::strlen(name);
        if (more > 0 && more + size + 2 < path.size()) {
            if (file != no_file) path[size++] = '/';
            std::memcpy(path.data() + size, name, more);
            size += more;
        }
        const std::size_t kept = size < failure_.path.size() ? size : failure_.path.size() - 1;
        std::memcpy(failure_.path.data(), path.data() + (size - kept), kept);
        return error;
    }

    /// Of a flush, errno or 0. The file is still open, so its path can be told.
    [[nodiscard]] StorageError flushed(int number, int file) noexcept {
        if (number == 0) return StorageError::none;
        errno = number;
        return refused("fdatasync", file);
    }

    /// Repeats a call for as long as it is interrupted.
    template <class Call>
    static auto again(Call&& call) noexcept {
        auto result = call();
        while (result < 0 && errno == EINTR) result = call();
        return result;
    }
    template <class Call>
    [[nodiscard]] StorageError checked(const char* what, int file, const char* name, Call&& call) noexcept {
        return again(call) < 0 ? refused(what, file, name) : StorageError::none;
    }
    [[nodiscard]] static bool is_unsupported(int number) noexcept { return number == EINVAL || number == ENOTSUP; }
    [[nodiscard]] static StorageError error_of(int number) noexcept {
        switch (number) {
            case 0: return StorageError::none;
            case ENOENT: return StorageError::not_found;
            case ENOSPC:
            case EDQUOT: return StorageError::no_space;
            case EMFILE:
            case ENFILE:
            case ENOMEM: return StorageError::shortage;
            default: return StorageError::failed;
        }
    }

    [[nodiscard]] StorageError open_with(Directory& directory, const char* name, int flags, File& file) noexcept {
        const int number = again([&] { return System::open_at(directory.handle_.number(), name, flags); });
        if (number < 0) return refused("openat", directory.handle_.number(), name);
        file = Handle(number);
        return StorageError::none;
    }
    /// Makes the name of the directory last, also where whoever made it did not come so far. A parent that may not be
    /// read, and a file system that flushes no directories, are no trouble for one that was there already.
    [[nodiscard]] StorageError sync_parent(const Directory& directory, bool made) noexcept {
        const int number = directory.handle_.number();
        const Handle parent(again([&] { return System::open_at(number, "..", O_RDONLY | O_DIRECTORY); }));
        if (!parent) {
            const bool may_not = errno == EACCES || errno == EPERM;
            return may_not && !made ? StorageError::none : refused("openat", number, "..");
        }
        if (again([&] { return System::sync_directory(parent.number()); }) >= 0) return StorageError::none;
        return is_unsupported(errno) && !made ? StorageError::none : refused("fsync", number, "..");
    }

    /// Moves on within the pieces after a short write.
    [[nodiscard]] StorageError write_all(File& file, std::uint64_t& place, std::span<iovec> pieces) noexcept {
        while (!pieces.empty()) {
            if (pieces.front().iov_len == 0) {
                pieces = pieces.subspan(1);
                continue;
            }
            const ssize_t moved = again(
                [&] { return System::write(file.number(), pieces.data(), static_cast<int>(pieces.size()), place); });
            if (moved < 0) return refused("pwritev", file.number());
            if (moved == 0) {
                errno = EIO;
                return refused("pwritev", file.number());
            }
            auto left = static_cast<std::size_t>(moved);
            place += left;
            while (left > 0) {
                iovec& piece = pieces.front();
                const std::size_t taken = left < piece.iov_len ? left : piece.iov_len;
                piece.iov_base = static_cast<std::byte*>(piece.iov_base) + taken;
                piece.iov_len -= taken;
                left -= taken;
                if (piece.iov_len == 0) pieces = pieces.subspan(1);
            }
        }
        return StorageError::none;
    }

    Flushing flushing_;
    int syncing_ = no_file;
    StorageFailure failure_;
};

using Posix = BasicPosix<PosixSystem>;

static_assert(Storage<Posix>);

}  // namespace replicator::storage
