// SPDX-License-Identifier: BSL-1.0
// A folder that was copied is told from the one that it was copied from; one that was moved, or that a machine finds
// again after a loss of power, is the same.

#include "unit/log/file/support.hpp"
#include "unit/storage/support.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/posix.hpp>
#include <replicator/storage/simulated.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(file_copies)

using support::folder;
using Log = support::SimulatedLog<>;

namespace {

struct Found {
    std::uint64_t copies_lost = 0;
    bool is_copy = false;
    Index last;
};

template <class GivenLog, class Storage>
Found look(Storage storage, const char* path, std::size_t writes = 0) {
    log::Verdict verdict;
    auto opened = GivenLog::open(std::move(storage), path, support::identity(), log::OnDamage::refuse, &verdict);
    BOOST_REQUIRE_MESSAGE(opened, to_string(opened.error()));
    auto& log = *opened;
    for (std::size_t i = 0; i < writes; ++i) BOOST_REQUIRE(support::put(log, support::body_of(i, 0, 16)));
    BOOST_REQUIRE((log.close() == Error::none));
    return {log.metadata().copies_lost, verdict.is_copy, log.last()};
}
Found look(storage::SimulatedDisk& disk, std::size_t writes = 0) {
    return look<Log>(storage::Simulated(disk), folder, writes);
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_copy_is_an_incarnation_of_its_own) {
    storage::SimulatedDisk disk;
    disk.volume = 1;
    look(disk, 5);
    BOOST_TEST(look(disk).copies_lost == 0u);
    const storage::SimulatedDisk backup = disk.after_kill();
    storage::SimulatedDisk first = backup;
    first.volume = 2;
    const Found once = look(first);
    BOOST_TEST(once.is_copy);
    BOOST_TEST(once.copies_lost != 0u);
    BOOST_TEST((once.last == Index{5}));
    const Found again = look(first);  // only once
    BOOST_TEST(!again.is_copy);
    BOOST_TEST(again.copies_lost == once.copies_lost);
    storage::SimulatedDisk second = backup;
    second.volume = 3;
    BOOST_TEST(look(second).copies_lost != once.copies_lost);
    storage::SimulatedDisk of_the_copy = first;
    of_the_copy.volume = 4;
    BOOST_TEST(look(of_the_copy).copies_lost != once.copies_lost);
    storage::SimulatedDisk image = backup;
    BOOST_TEST(!look(image).is_copy);
}

BOOST_AUTO_TEST_CASE(a_folder_from_before_takes_the_first_identity_that_it_finds) {
    const auto golden = std::filesystem::path(__FILE__).parent_path() / "golden";
    storage::SimulatedDisk disk;
    for (const auto& entry : std::filesystem::directory_iterator(golden)) {
        std::ifstream file(entry.path(), std::ios::binary);
        storage::SimulatedDisk::Bytes bytes;
        for (std::istreambuf_iterator<char> at(file), end; at != end; ++at) {
            bytes.push_back(static_cast<std::byte>(*at));
        }
        disk.put(folder, entry.path().filename().string(), std::move(bytes));
    }
    disk.volume = 7;
    const Found first = look(disk);
    BOOST_TEST(!first.is_copy);
    BOOST_TEST(first.copies_lost == 0u);
    BOOST_TEST((first.last == Index{30}));
    disk.volume = 8;
    BOOST_TEST(look(disk).is_copy);
}

BOOST_AUTO_TEST_CASE(a_storage_that_cannot_tell_changes_nothing) {
    storage::SimulatedDisk disk;
    disk.volume = 1;
    look(disk, 3);
    disk.volume = 0;
    BOOST_TEST(!look(disk).is_copy);
    disk.volume = 1;
    BOOST_TEST(!look(disk).is_copy);
    BOOST_TEST(look(disk).copies_lost == 0u);
}

BOOST_AUTO_TEST_CASE(a_loss_of_power_makes_no_copy) {
    storage::SimulatedDisk disk;
    disk.volume = 1;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        look(disk, 2);
        disk = disk.after_crash(seed);
        BOOST_TEST(look(disk).copies_lost == 0u);
    }
    // Nor does one while a copy is being opened make two of it.
    storage::SimulatedDisk copy = disk.after_kill();
    copy.volume = 2;
    for (std::uint64_t calls = 1; calls < 40; ++calls) {
        storage::SimulatedDisk cut = copy;
        cut.cut_power_at(cut.calls() + calls);
        static_cast<void>(Log::open(storage::Simulated(cut), folder, support::identity()));
        cut = cut.after_crash(calls);
        BOOST_TEST(look(cut).copies_lost != 0u);
        BOOST_TEST(!look(cut).is_copy);
    }
}

BOOST_AUTO_TEST_CASE(folders_of_real_files_are_told_apart) {
    using Real = log::File<storage::Posix, support::TinyFiles>;
    namespace fs = std::filesystem;
    const support::TemporaryFolder place;
    const std::string path = place.path() + "/log";
    const std::string backup = place.path() + "/backup";
    const std::string elsewhere = place.path() + "/elsewhere";
    look<Real>(storage::Posix(), path.c_str(), 5);
    BOOST_TEST(!look<Real>(storage::Posix(), path.c_str()).is_copy);
    fs::rename(path, elsewhere);
    BOOST_TEST(!look<Real>(storage::Posix(), elsewhere.c_str()).is_copy);
    fs::rename(elsewhere, path);
    BOOST_TEST(!look<Real>(storage::Posix(), path.c_str()).is_copy);

    fs::copy(path, backup);
    fs::remove_all(path);
    fs::copy(backup, path);
    const Found restored = look<Real>(storage::Posix(), path.c_str());
    BOOST_TEST(restored.is_copy);
    BOOST_TEST((restored.last == Index{5}));
    // Into a folder that stayed, whose own number is the same.
    for (const auto& entry : fs::directory_iterator(path)) fs::remove(entry.path());
    for (const auto& entry : fs::directory_iterator(backup)) fs::copy(entry.path(), path / entry.path().filename());
    const Found once_more = look<Real>(storage::Posix(), path.c_str());
    BOOST_TEST(once_more.is_copy);
    BOOST_TEST(once_more.copies_lost != restored.copies_lost);
}

BOOST_AUTO_TEST_SUITE_END()
