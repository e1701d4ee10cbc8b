// SPDX-License-Identifier: BSL-1.0
// Files of the system: the same results as the simulated disk on random calls, and every call of the system failing
// once.
//
// REPLICATOR_LONG_LOG_TESTS=1 compares 10,000 random traces instead of 200.

#include "support/log_conformance.hpp"
#include "unit/log/file/support.hpp"
#include "unit/storage/support.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/posix.hpp>
#include <replicator/storage/simulated.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(posix_storage)

namespace {

/// The system, but that it does not wait for the disk, and that one call fails or does a part of its work.
struct FaultySystem : storage::PosixSystem {
    enum class Fault { none, interrupted, short_transfer, failed, full };

    static inline std::uint64_t calls = 0;
    static inline std::uint64_t fault_at = 0;
    static inline Fault fault = Fault::none;
    static inline bool for_good = false;

    static void arm(std::uint64_t at, Fault what, bool repeats) {
        calls = 0;
        fault_at = at;
        fault = what;
        for_good = repeats;
    }
    static bool strikes() {
        ++calls;
        return fault_at != 0 && (calls == fault_at || (for_good && calls > fault_at));
    }
    template <class Call>
    static auto unless_it_strikes(Call&& call) -> decltype(call()) {
        if (!strikes()) return call();
        switch (fault) {
            case Fault::interrupted: return errno = EINTR, -1;
            case Fault::failed: return errno = EIO, -1;
            case Fault::full: return errno = ENOSPC, -1;
            default: return call();
        }
    }

    static int make_directory(const char* path) {
        return unless_it_strikes([&] { return PosixSystem::make_directory(path); });
    }
    static int open(const char* path, int flags) {
        return unless_it_strikes([&] { return PosixSystem::open(path, flags); });
    }
    static int open_at(int directory, const char* name, int flags) {
        return unless_it_strikes([&] { return PosixSystem::open_at(directory, name, flags); });
    }
    static int lock(int file) {
        return unless_it_strikes([&] { return PosixSystem::lock(file); });
    }
    static int rename_at(int directory, const char* from, const char* to) {
        return unless_it_strikes([&] { return PosixSystem::rename_at(directory, from, to); });
    }
    static int remove_at(int directory, const char* name) {
        return unless_it_strikes([&] { return PosixSystem::remove_at(directory, name); });
    }
    static int allocate(int file, std::uint64_t size) {
        if (!strikes() || fault == Fault::short_transfer) return PosixSystem::allocate(file, size);
        return fault == Fault::interrupted ? EINTR : fault == Fault::full ? ENOSPC : EIO;
    }
    static int resize(int file, std::uint64_t size) {
        return unless_it_strikes([&] { return PosixSystem::resize(file, size); });
    }
    static off_t size(int file) {
        return unless_it_strikes([&] { return PosixSystem::size(file); });
    }
    static ssize_t read(int file, void* to, std::size_t bytes, std::uint64_t place) {
        return unless_it_strikes([&] {
            const bool is_short = fault == Fault::short_transfer && calls == fault_at && bytes > 1;
            return PosixSystem::read(file, to, is_short ? bytes / 2 : bytes, place);
        });
    }
    static ssize_t write(int file, const iovec* pieces, int count, std::uint64_t place) {
        return unless_it_strikes([&] {
            if (fault != Fault::short_transfer || calls != fault_at || pieces->iov_len < 2) {
                return PosixSystem::write(file, pieces, count, place);
            }
            const iovec half{pieces->iov_base, pieces->iov_len / 2};
            return PosixSystem::write(file, &half, 1, place);
        });
    }
    static int sync(int) {
        return unless_it_strikes([] { return 0; });
    }
    static int sync_directory(int) {
        ++directory_syncs;
        return unless_it_strikes([] { return 0; });
    }

    static inline std::uint64_t directory_syncs = 0;
};

using Faulty = storage::BasicPosix<FaultySystem>;
using FaultyLog = log::File<Faulty, support::TinyFiles>;
using Fault = FaultySystem::Fault;

/// Appends, flushes, cuts; returns what was flushed, and says in `error` how it ended.
std::vector<support::Entry> run_script(const std::string& path, Error& error) {
    auto opened = FaultyLog::open(Faulty(), path.c_str(), support::identity());
    error = opened.error();
    if (!opened) return {};
    FaultyLog log = std::move(*opened);
    std::vector<support::Entry> flushed;
    for (std::uint64_t i = 1; i <= 40; ++i) {
        if (i == 25 && log.last() >= Index{20}) {
            const Cursor at = log.seek(Index{20});
            const auto run = log.read(log.seek(Index{19}));
            if (run.bytes.empty()) return error = log.fault(), flushed;
            log.cut(at, load_entry_header(run.bytes.data()).chain);
            flushed.resize(std::min<std::size_t>(flushed.size(), 19));
        }
        if (!support::put(log, support::body_of(i, 0, i % 40)) && log.fault() != Error::none)
            return error = log.fault(), flushed;
        if (i % 3 != 0) continue;
        error = log.flush();
        if (error == Error::none) {
            flushed = support::contents(log);
        } else if (error != Error::log_full) {
            return flushed;
        }
    }
    error = log.close();
    if (error == Error::none) flushed = support::contents(log);
    return flushed;
}

}  // namespace

// Whoever made it may have ended before its name was on the disk.
BOOST_AUTO_TEST_CASE(every_start_flushes_the_name_of_the_directory) {
    support::TemporaryFolder folder;
    for (int start = 0; start < 2; ++start) {
        FaultySystem::arm(0, Fault::none, false);
        const std::uint64_t before = FaultySystem::directory_syncs;
        Faulty faulty;
        Faulty::Directory directory;
        BOOST_REQUIRE((faulty.open_directory(folder.path().c_str(), directory) == StorageError::none));
        BOOST_TEST(FaultySystem::directory_syncs == before + 1);
    }
}

BOOST_AUTO_TEST_CASE(interrupts_and_short_transfers_change_nothing) {
    support::TemporaryFolder folder;
    Error error = Error::none;
    FaultySystem::arm(0, Fault::none, false);
    const auto expected = run_script(folder.path() + "/whole", error);
    BOOST_TEST((error == Error::none));
    const std::uint64_t calls = FaultySystem::calls;
    BOOST_TEST(calls > 100u);
    for (const Fault fault : {Fault::interrupted, Fault::short_transfer}) {
        for (std::uint64_t call = 1; call <= calls; ++call) {
            FaultySystem::arm(call, fault, false);
            const std::string path = folder.path() + "/log";
            const auto found = run_script(path, error);
            BOOST_TEST_REQUIRE((error == Error::none), "call " << call);
            BOOST_TEST_REQUIRE((found == expected), "call " << call);
            std::filesystem::remove_all(path);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_call_that_fails_loses_nothing_that_was_flushed) {
    support::TemporaryFolder folder;
    Error error = Error::none;
    FaultySystem::arm(0, Fault::none, false);
    static_cast<void>(run_script(folder.path() + "/whole", error));
    const std::uint64_t calls = FaultySystem::calls;
    for (const Fault fault : {Fault::failed, Fault::full}) {
        for (const bool for_good : {false, true}) {
            for (std::uint64_t call = 1; call <= calls; ++call) {
                FaultySystem::arm(call, fault, for_good);
                const std::string path = folder.path() + "/log";
                const auto flushed = run_script(path, error);
                FaultySystem::arm(0, Fault::none, false);
                auto again = FaultyLog::open(Faulty(), path.c_str(), support::identity());
                BOOST_TEST_REQUIRE(static_cast<bool>(again), "call " << call << ": " << to_string(again.error()));
                // What was cut meanwhile may be there or not.
                const auto found = support::contents(*again);
                BOOST_TEST_REQUIRE((support::begins_with(found, flushed)), "call " << call);
                std::filesystem::remove_all(path);
            }
        }
    }
}

namespace {

/// The same random calls on any storage; what they gave, as one number.
template <class Storage>
class Trace {
public:
    Trace(Storage storage, std::string path, std::uint64_t seed)
        : storage_(std::move(storage)), path_(std::move(path)), random_(seed) {}

    std::uint64_t run(int calls) {
        note(storage_.open_directory(path_.c_str(), directory_));
        for (int i = 0; i < calls; ++i) one();
        std::vector<std::string> names;
        note(storage_.list(directory_, [&](const char* name) { names.emplace_back(name); }));
        std::sort(names.begin(), names.end());
        for (const auto& name : names) {
            note(std::span(reinterpret_cast<const std::byte*>(name.data()), name.size()));
            note(storage_.open(directory_, name.c_str(), file_));
            read(0, 4000);
        }
        return sum_;
    }

private:
    std::uint64_t pick(std::uint64_t low, std::uint64_t high) {
        return std::uniform_int_distribution<std::uint64_t>(low, high)(random_);
    }
    void note(std::uint64_t number) { sum_ = (sum_ ^ number) * 0x9e3779b97f4a7c15u + 1; }
    void note(StorageError error) { note(static_cast<std::uint64_t>(error)); }
    void note(std::span<const std::byte> bytes) { note(std::uint64_t{checksum(bytes)}); }
    void read(std::uint64_t place, std::size_t size) {
        std::vector<std::byte> bytes(size);
        std::size_t got = 0;
        note(storage_.read(file_, place, bytes, got));
        note(std::uint64_t{got});
        note(std::span<const std::byte>(bytes).first(got));
    }
    void one() {
        static constexpr std::array<const char*, 4> names{"a", "b", "c", "d"};
        const char* const name = names[pick(0, 3)];
        const std::uint64_t what = pick(0, 12);
        if (!file_) return note(storage_.create(directory_, name, file_));
        switch (what) {
            case 0: return note(storage_.create(directory_, name, file_));
            case 1: return note(storage_.open(directory_, name, file_));
            case 2: return note(storage_.rename(directory_, name, names[pick(0, 3)]));
            case 3: return note(storage_.remove(directory_, name));
            case 4: return note(storage_.allocate(file_, pick(1, 2000)));
            case 5: return note(storage_.resize(file_, pick(0, 2000)));
            case 6: {
                std::uint64_t size = 0;
                note(storage_.size(file_, size));
                return note(size);
            }
            case 7: return note(storage_.sync_directory(directory_));
            case 8: return note(storage_.sync(file_));
            case 9: storage_.start_sync(file_); return note(storage_.wait_sync());
            case 10: return read(pick(0, 2500), pick(0, 1000));
            default: {
                const auto bytes = support::body_of(pick(0, 1000), 0, pick(0, 600));
                const std::size_t half = pick(0, bytes.size());
                const std::array<std::span<const std::byte>, 2> pieces{std::span(bytes).first(half),
                                                                       std::span(bytes).subspan(half)};
                return note(storage_.write(file_, pick(0, 2000), pieces));
            }
        }
    }

    Storage storage_;
    std::string path_;
    std::mt19937_64 random_;
    typename Storage::Directory directory_;
    typename Storage::File file_;
    std::uint64_t sum_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_simulated_disk_gives_the_same_results) {
    support::TemporaryFolder folder;
    FaultySystem::arm(0, Fault::none, false);
    const std::uint64_t traces = support::long_form() ? 10'000 : 200;
    for (std::uint64_t seed = 1; seed <= traces; ++seed) {
        const std::string path = folder.path() + "/trace";
        storage::SimulatedDisk disk;
        const std::uint64_t simulated = Trace(storage::Simulated(disk), "trace", seed).run(60);
        // Without the waiting; what it changes is nothing that a trace can see.
        const std::uint64_t real = Trace(Faulty(), path, seed).run(60);
        BOOST_TEST_REQUIRE(simulated == real, "seed " << seed);
        std::filesystem::remove_all(path);
    }
}

BOOST_AUTO_TEST_CASE(a_log_of_real_files_comes_back_and_has_one_owner) {
    using Log = log::File<storage::Posix, support::TinyFiles>;
    support::TemporaryFolder folder;
    const std::string path = folder.path() + "/log";
    std::vector<support::Entry> expected;
    for (int run = 0; run < 3; ++run) {
        auto opened_log = Log::open({}, path.c_str(), support::identity());
        BOOST_TEST_REQUIRE(static_cast<bool>(opened_log), to_string(opened_log.error()));
        auto& log = *opened_log;
        BOOST_TEST((support::contents(log) == expected));
        BOOST_TEST((Log::open({}, path.c_str(), support::identity()).error() == Error::duplicate_node));
        for (int i = 0; i < 20; ++i) BOOST_TEST(support::put(log, support::body_of(log.last().value + 1, 0, 33)));
        BOOST_TEST((log.flush() == Error::none));
        BOOST_TEST(log.flushed() == log.last());
        expected = support::contents(log);
    }
}

BOOST_AUTO_TEST_SUITE_END()
