// SPDX-License-Identifier: BSL-1.0
// A directory of the format, checked in: what was written once can be read for ever, and is still written so.
//
// After a change of the format on purpose: REPLICATOR_WRITE_GOLDEN_LOG=tests/unit/log/file/golden writes it anew.

#include "unit/log/file/support.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/simulated.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(file_golden)

using support::folder;
using Log = support::SimulatedLog<>;

namespace {

std::filesystem::path golden() { return std::filesystem::path(__FILE__).parent_path() / "golden"; }

support::Entry opening(std::uint64_t counter) {
    support::Entry body(32);
    ByteWriter(body.data()).put(Epoch{counter, NodeId{1}, 7});
    return body;
}

/// Everything that a directory may hold: several segments, two epochs, a cut, a state, a promise.
void write_all(storage::SimulatedDisk& disk) {
    auto opened = Log::open(storage::Simulated(disk), folder, support::identity());
    BOOST_REQUIRE(static_cast<bool>(opened));
    Log log = std::move(*opened);
    const auto put = [&](std::uint64_t line, EntryType type, const support::Entry& body) {
        BOOST_REQUIRE(support::put(log, body, type));
        if (log.last().value % 3 == line) BOOST_REQUIRE((log.flush() == Error::none));
    };
    put(0, EntryType::epoch_start, opening(1));
    while (log.last() < Index{25}) put(0, EntryType::command, support::body_of(log.last().value + 1, 0, 21));
    BOOST_REQUIRE((log.flush() == Error::none));
    log.cut(log.seek(Index{20}), chain_at(log, Index{19}));
    put(1, EntryType::epoch_start, opening(2));
    while (log.last() < Index{30}) put(1, EntryType::command, support::body_of(log.last().value + 1, 1, 9));
    auto metadata = log.metadata();
    metadata.promised = {3, NodeId{2}, 5};
    metadata.counter_opened = 2;
    BOOST_REQUIRE(metadata.set_note(support::body_of(0, 0, 40)));
    BOOST_REQUIRE((log.store(metadata) == Error::none));
    log::SnapshotHead head;
    head.id = SnapshotId{9};
    head.history = support::history;
    head.position = {{1, NodeId{1}, 7}, Index{10}};
    head.chain = chain_at(log, Index{10});
    head.piece_bytes = 64;
    const auto state = support::body_of(9, 0, 100);
    BOOST_REQUIRE((log.begin_snapshot(head, support::body_of(9, 1, 5)) == Error::none));
    BOOST_REQUIRE((log.append_snapshot(std::span(state).first(64)) == Error::none));
    BOOST_REQUIRE((log.append_snapshot(std::span(state).subspan(64)) == Error::none));
    BOOST_REQUIRE((log.finish_snapshot() == Error::none));
    BOOST_REQUIRE((log.close() == Error::none));
}

storage::SimulatedDisk::Bytes bytes_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    storage::SimulatedDisk::Bytes bytes;
    for (std::istreambuf_iterator<char> at(file), end; at != end; ++at) bytes.push_back(static_cast<std::byte>(*at));
    return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_written_once_can_be_read) {
    storage::SimulatedDisk disk;
    for (const auto& entry : std::filesystem::directory_iterator(golden())) {
        disk.put(folder, entry.path().filename().string(), bytes_of(entry.path()));
    }
    log::Verdict verdict;
    auto opened = Log::open(storage::Simulated(disk), folder, support::identity(), log::OnDamage::refuse, &verdict);
    BOOST_REQUIRE(static_cast<bool>(opened));
    const Log& log = *opened;
    BOOST_TEST((verdict.kind == log::Verdict::Kind::clean));
    BOOST_TEST(verdict.clean_stop);
    const auto entries = support::contents(log);
    BOOST_TEST_REQUIRE(entries.size() == 30u);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const std::uint64_t index = i + 1;
        const auto body = entry_body(entries[i].data());
        const support::Entry found(body.begin(), body.end());
        const auto expected = index == 1    ? opening(1)
                              : index == 20 ? opening(2)
                              : index < 20  ? support::body_of(index, 0, 21)
                                            : support::body_of(index, 1, 9);
        BOOST_TEST((found == expected), "entry " << index);
    }
    const log::Metadata metadata = log.metadata();
    BOOST_TEST((metadata.promised == Epoch{3, NodeId{2}, 5}));
    BOOST_TEST(metadata.counter_opened == 2u);
    BOOST_TEST(metadata.run_counter == 2u);
    BOOST_TEST(metadata.suspect_from.value == 0u);
    BOOST_TEST(metadata.epochs.size == 2u);
    BOOST_TEST(metadata.epochs.at(Index{19}).counter == 1u);
    BOOST_TEST(metadata.epochs.at(Index{20}).counter == 2u);
    log::SnapshotReader<storage::Simulated> reader;
    BOOST_TEST((log.open_snapshot(reader) == Error::none));
    support::Entry own(5);
    BOOST_TEST((reader.read_own(own) == Error::none));
    BOOST_TEST((own == support::body_of(9, 1, 5)));
    support::Entry state(128);
    BOOST_TEST((reader.read(0, std::span(state).first(64)).error() == Error::none));
    BOOST_TEST((reader.read(1, std::span(state).subspan(64)).error() == Error::none));
    state.resize(100);
    BOOST_TEST((state == support::body_of(9, 0, 100)));
}

BOOST_AUTO_TEST_CASE(and_is_still_written_so) {
    storage::SimulatedDisk disk;
    write_all(disk);
    if (const char* const to = std::getenv("REPLICATOR_WRITE_GOLDEN_LOG")) {
        std::filesystem::remove_all(to);
        std::filesystem::create_directories(to);
        for (const auto& name : disk.names(folder)) {
            if (name == "segment.tmp") continue;
            std::ofstream file(std::filesystem::path(to) / name, std::ios::binary);
            for (const std::byte byte : *disk.contents(folder, name)) file.put(static_cast<char>(byte));
        }
    }
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(golden())) {
        const std::string name = entry.path().filename().string();
        const auto* const written = disk.contents(folder, name);
        BOOST_TEST_REQUIRE((written != nullptr), name);
        BOOST_TEST((*written == bytes_of(entry.path())), name);
        ++files;
    }
    BOOST_TEST(files >= 5u);
}

BOOST_AUTO_TEST_SUITE_END()
