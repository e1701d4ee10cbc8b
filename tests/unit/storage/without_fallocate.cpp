// SPDX-License-Identifier: BSL-1.0
// Systems without posix_fallocate: room is claimed by writing zeros.

#include "unit/storage/support.hpp"

#include <replicator/storage/posix.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(without_fallocate)

namespace {

/// Has no such call.
struct PlainSystem : storage::PosixSystem {
    static int allocate(int file, std::uint64_t size) noexcept { return allocate_by_writing(file, size); }
};
using Plain = storage::BasicPosix<PlainSystem>;

struct OneFile {
    support::TemporaryFolder folder;
    Plain storage;
    Plain::Directory directory;
    Plain::File file;

    OneFile() {
        const std::string path = folder.path() + "/files";
        BOOST_REQUIRE((storage.open_directory(path.c_str(), directory) == StorageError::none));
        BOOST_REQUIRE((storage.create(directory, "file", file) == StorageError::none));
    }
    [[nodiscard]] std::uint64_t size() {
        std::uint64_t bytes = 0;
        BOOST_REQUIRE((storage.size(file, bytes) == StorageError::none));
        return bytes;
    }
    [[nodiscard]] std::array<std::byte, 8> first() {
        std::array<std::byte, 8> bytes{};
        std::size_t got = 0;
        BOOST_REQUIRE((storage.read(file, 0, bytes, got) == StorageError::none));
        return bytes;
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(room_is_claimed_and_reads_as_zeros) {
    OneFile one;
    BOOST_TEST((one.storage.allocate(one.file, 100'000) == StorageError::none));
    BOOST_TEST(one.size() == 100'000u);
    BOOST_TEST((one.first() == std::array<std::byte, 8>{}));
    struct stat status {};
    BOOST_REQUIRE(::stat((one.folder.path() + "/files/file").c_str(), &status) == 0);
    BOOST_TEST(status.st_blocks * 512 >= 100'000);
}

BOOST_AUTO_TEST_CASE(what_is_in_the_file_stays) {
    OneFile one;
    std::array<std::byte, 8> bytes;
    bytes.fill(std::byte{7});
    const std::span<const std::byte> piece = bytes;
    BOOST_REQUIRE((one.storage.write(one.file, 0, {&piece, 1}) == StorageError::none));
    BOOST_TEST((one.storage.allocate(one.file, 50'000) == StorageError::none));
    BOOST_TEST((one.storage.allocate(one.file, 10) == StorageError::none));
    BOOST_TEST(one.size() == 50'000u);
    BOOST_TEST((one.first() == bytes));
}

BOOST_AUTO_TEST_CASE(a_refusal_says_why_and_leaves_the_file_as_it_was) {
    // What opens the device writes nowhere, and the system says that it is full.
    const int full = ::open("/dev/full", O_RDWR);
    if (full < 0) return;
    BOOST_TEST(PlainSystem::allocate(full, 100) == ENOSPC);
    ::close(full);
    BOOST_TEST(PlainSystem::allocate(-1, 100) == EBADF);
}

BOOST_AUTO_TEST_SUITE_END()
