// SPDX-License-Identifier: BSL-1.0
// A system that runs out of descriptors or memory for a moment, and file systems that flush no directories: what passes
// is refused like a full disk, and every refusal names the call, the path and errno.

#include "unit/log/file/support.hpp"
#include "unit/storage/support.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/posix.hpp>

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(posix_shortages)

namespace {

/// The system, but that one kind of call may fail. Nothing is waited for.
struct ShortSystem : storage::PosixSystem {
    static inline std::uint64_t calls = 0;     // of those that may be refused for a while
    static inline std::uint64_t short_at = 0;  // the first of them that is
    static inline std::uint64_t short_for = 0;
    static inline int directory_error = 0;  // of each flush of a directory
    static inline int parent_error = 0;     // of opening `..`

    static void arm(std::uint64_t at, std::uint64_t count) {
        calls = 0;
        short_at = at;
        short_for = count;
    }
    template <class Call>
    static auto may_be_short(int number, Call&& call) -> decltype(call()) {
        ++calls;
        if (calls < short_at || calls >= short_at + short_for) return call();
        return errno = number, -1;
    }

    static int open_at(int directory, const char* name, int flags) {
        const std::string text = name;
        if (text == ".." && parent_error != 0) return errno = parent_error, -1;
        const int number = calls % 2 == 0 ? EMFILE : ENFILE;
        return may_be_short(number, [&] { return PosixSystem::open_at(directory, name, flags); });
    }
    static int rename_at(int directory, const char* from, const char* to) {
        return may_be_short(ENOMEM, [&] { return PosixSystem::rename_at(directory, from, to); });
    }
    static int remove_at(int directory, const char* name) {
        return may_be_short(ENOMEM, [&] { return PosixSystem::remove_at(directory, name); });
    }
    static int allocate(int file, std::uint64_t size) {
        const int refused = may_be_short(ENOMEM, [] { return 0; });
        return refused < 0 ? ENOMEM : PosixSystem::allocate(file, size);
    }
    static int resize(int file, std::uint64_t size) {
        return may_be_short(ENOMEM, [&] { return PosixSystem::resize(file, size); });
    }
    static ssize_t read(int file, void* to, std::size_t bytes, std::uint64_t place) {
        return may_be_short(ENOMEM, [&] { return PosixSystem::read(file, to, bytes, place); });
    }
    static ssize_t write(int file, const iovec* pieces, int count, std::uint64_t place) {
        return may_be_short(ENOMEM, [&] { return PosixSystem::write(file, pieces, count, place); });
    }
    static int sync(int) { return 0; }
    static int sync_directory(int) {
        if (directory_error == 0) return 0;
        return errno = directory_error, -1;
    }
};

using Short = storage::BasicPosix<ShortSystem>;
using Log = log::File<Short, support::TinyFiles>;

[[nodiscard]] Result<Log> open(const std::string& path, log::Verdict* verdict = nullptr) {
    return Log::open(Short(), path.c_str(), support::identity(), log::OnDamage::refuse, verdict);
}

/// Tries again for as long as it is refused in passing, as the next turns of an event loop do.
template <class Try>
void until_it_goes(Log& log, std::uint64_t& refusals, Try&& attempt) {
    for (int i = 0; i < 50 && log.fault() == Error::none; ++i) {
        if (attempt()) return;
        ++refusals;
        const StorageFailure failure = log.failure();
        BOOST_TEST((failure.number == EMFILE || failure.number == ENFILE || failure.number == ENOMEM));
        BOOST_TEST(std::string(failure.call) != "");
        BOOST_TEST(std::string(failure.path.data()) != "");
        static_cast<void>(log.flush());
    }
    BOOST_TEST_REQUIRE((log.fault() == Error::none), to_string(log.fault()));
    BOOST_FAIL("it does not go on");
}

/// Appends, flushes, reads old entries, cuts, keeps a promise. What is in the log in the end.
std::vector<support::Entry> run_script(Log& log, std::uint64_t& refusals) {
    for (std::uint64_t i = 1; i <= 60; ++i) {
        if (i == 35 || i == 50) {
            until_it_goes(log, refusals, [&] {
                const Cursor at = log.seek(log.last());
                const auto run = log.read(log.seek(log.last() - 1));
                if (log.stalled()) return false;
                log.cut(at, load_entry_header(run.bytes.data()).chain);
                return true;
            });
        }
        if (i == 40) {
            until_it_goes(log, refusals, [&] {
                auto metadata = log.metadata();
                metadata.promised.counter = 7;
                const Error error = log.store(metadata);
                BOOST_TEST((log.metadata().promised.counter == (error == Error::none ? 7u : 0u)));
                return error == Error::none;
            });
        }
        until_it_goes(log, refusals, [&] { return support::put(log, support::body_of(i, 0, i % 40)); });
        if (i % 3 == 0) until_it_goes(log, refusals, [&] { return log.flush() == Error::none; });
        if (i % 10 == 0) {
            until_it_goes(log, refusals, [&] {
                const auto all = support::contents(log);
                return !log.stalled() && all.size() == log.last().value;
            });
        }
    }
    until_it_goes(log, refusals, [&] { return log.close() == Error::none; });
    std::vector<support::Entry> all;
    until_it_goes(log, refusals, [&] { return all = support::contents(log), !log.stalled(); });
    return all;
}

struct Armed {
    ~Armed() {
        ShortSystem::arm(0, 0);
        ShortSystem::directory_error = ShortSystem::parent_error = 0;
    }
};

}  // namespace

// Once it faulted for good: on the write path, and when entries had to be read from files.
BOOST_AUTO_TEST_CASE(a_shortage_at_any_call_passes) {
    const Armed armed;
    support::TemporaryFolder folder;
    std::uint64_t refusals = 0;
    auto whole = open(folder.path() + "/whole");
    BOOST_REQUIRE(static_cast<bool>(whole));
    ShortSystem::arm(0, 0);
    const auto expected = run_script(*whole, refusals);
    const std::uint64_t calls = ShortSystem::calls;
    BOOST_TEST(refusals == 0u);
    BOOST_TEST(calls > 100u);
    for (const std::uint64_t length : {1u, 7u}) {
        for (std::uint64_t call = 1; call <= calls; ++call) {
            const std::string path = folder.path() + "/log";
            {
                ShortSystem::arm(0, 0);
                auto log = open(path);
                BOOST_REQUIRE(static_cast<bool>(log));
                ShortSystem::arm(call, length);
                BOOST_TEST_CONTEXT("call " << call << ", " << length) {
                    BOOST_TEST((run_script(*log, refusals) == expected));
                }
            }
            ShortSystem::arm(0, 0);
            auto again = open(path);
            BOOST_TEST_REQUIRE(static_cast<bool>(again), "call " << call << ": " << to_string(again.error()));
            BOOST_TEST((support::contents(*again) == expected));
            BOOST_TEST((*again).closed_in_order());
            std::filesystem::remove_all(path);
        }
    }
    BOOST_TEST(refusals > 100u);
}

BOOST_AUTO_TEST_CASE(an_open_that_is_refused_says_which_call_on_which_path) {
    const Armed armed;
    support::TemporaryFolder folder;
    log::Verdict verdict;
    BOOST_REQUIRE(!open(folder.path() + "/no/such", &verdict));
    BOOST_TEST(verdict.failure.call == std::string("mkdir"));
    BOOST_TEST(verdict.failure.path.data() == folder.path() + "/no/such");
    BOOST_TEST(verdict.failure.number == ENOENT);

    const std::string path = folder.path() + "/log";
    BOOST_REQUIRE(open(path));
    ShortSystem::arm(1, 1'000'000);
    BOOST_TEST((open(path, &verdict).error() == Error::log_full));
    BOOST_TEST(verdict.failure.call == std::string("openat"));
    ShortSystem::arm(0, 0);
    const auto log = open(path);
    BOOST_TEST((open(path, &verdict).error() == Error::duplicate_node));
    BOOST_TEST(verdict.failure.call == std::string("flock"));
}

BOOST_AUTO_TEST_CASE(an_open_that_a_shortage_refused_works_later) {
    const Armed armed;
    support::TemporaryFolder folder;
    const std::string path = folder.path() + "/log";
    std::vector<support::Entry> expected;
    {
        auto log = open(path);
        BOOST_REQUIRE(static_cast<bool>(log));
        std::uint64_t refusals = 0;
        expected = run_script(*log, refusals);
    }
    BOOST_REQUIRE(open(path));  // tidies up
    ShortSystem::arm(0, 0);
    BOOST_REQUIRE(open(path));
    const std::uint64_t calls = ShortSystem::calls;
    BOOST_TEST(calls > 10u);
    for (std::uint64_t call = 1; call <= calls; ++call) {
        BOOST_TEST_CONTEXT("call " << call) {
            ShortSystem::arm(call, 1);
            log::Verdict verdict;
            BOOST_TEST((open(path, &verdict).error() == Error::log_full));
            BOOST_TEST(verdict.failure.call != std::string());
            ShortSystem::arm(0, 0);
            auto log = open(path);
            BOOST_REQUIRE(static_cast<bool>(log));
            BOOST_TEST((support::contents(*log) == expected));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_path_that_is_long_is_told_from_its_end) {
    const Armed armed;
    support::TemporaryFolder folder;
    const std::string path = folder.path() + "/" + std::string(200, 'a') + "/" + std::string(200, 'b');
    log::Verdict verdict;
    BOOST_REQUIRE(!open(path, &verdict));
    BOOST_TEST(verdict.failure.path.data() == path.substr(path.size() - 255));
}

// Some file systems answer EINVAL, and some parents may not be read.
BOOST_AUTO_TEST_CASE(a_directory_that_cannot_be_flushed_is_opened_when_nothing_has_to_be_made) {
    const Armed armed;
    support::TemporaryFolder folder;
    const std::string path = folder.path() + "/log";
    {
        auto log = open(path);
        BOOST_REQUIRE(static_cast<bool>(log));
        for (int i = 0; i < 3; ++i) BOOST_TEST(support::put(*log, support::body_of(log->last().value + 1, 0, 20)));
        BOOST_TEST(((*log).flush() == Error::none));
    }
    for (const bool cannot_be_read : {false, true}) {
        ShortSystem::directory_error = EINVAL;
        ShortSystem::parent_error = cannot_be_read ? EACCES : 0;
        log::Verdict verdict;
        auto log = open(path, &verdict);
        BOOST_TEST_REQUIRE(static_cast<bool>(log), verdict.failure.call);
        BOOST_TEST(support::put(*log, support::body_of(log->last().value + 1, 0, 20)));
        BOOST_TEST(((*log).flush() == Error::none));

        // What has to be made cannot be made to last.
        BOOST_TEST((open(folder.path() + "/new", &verdict).error() == Error::log_failed));
        BOOST_TEST(verdict.failure.call == std::string(cannot_be_read ? "openat" : "fsync"));
        BOOST_TEST(verdict.failure.path.data() == std::filesystem::canonical(folder.path()).string() + "/new/..");
        BOOST_TEST(verdict.failure.number == (cannot_be_read ? EACCES : EINVAL));
        std::filesystem::remove_all(folder.path() + "/new");
        std::filesystem::create_directory(folder.path() + "/new");
        BOOST_TEST((open(folder.path() + "/new", &verdict).error() == Error::log_failed));
        BOOST_TEST(verdict.failure.call == std::string("fsync"));
        BOOST_TEST(verdict.failure.path.data() == std::filesystem::canonical(folder.path()).string() + "/new");
        std::filesystem::remove_all(folder.path() + "/new");
    }
    ShortSystem::directory_error = EIO;
    ShortSystem::parent_error = 0;
    log::Verdict verdict;
    BOOST_TEST((open(path, &verdict).error() == Error::log_failed));
    BOOST_TEST(verdict.failure.number == EIO);
}

BOOST_AUTO_TEST_SUITE_END()
