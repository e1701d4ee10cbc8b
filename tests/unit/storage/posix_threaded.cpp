// SPDX-License-Identifier: BSL-1.0
// Flushes on a helper thread: the log goes on meanwhile, learns of the end, and never believes what did not happen.

#include "support/log_conformance.hpp"
#include "unit/log/file/support.hpp"
#include "unit/storage/support.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/posix_threaded.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(posix_threaded_storage)

namespace {

using Log = log::File<storage::PosixThreaded, support::TinyFiles>;

struct FailingSystem : storage::PosixSystem {
    static inline std::atomic<int> number{0};  // errno, or 0 when it does not fail
    static int sync(int file) noexcept {
        if (number == 0) return PosixSystem::sync(file);
        errno = number;
        return -1;
    }
};

struct Helper {
    explicit Helper(storage::SyncWorker& helped) : worker(helped), thread([this] { worker.run(); }) {}
    ~Helper() {
        worker.stop();
        thread.join();
    }
    storage::SyncWorker& worker;
    std::thread thread;
};

}  // namespace

BOOST_AUTO_TEST_CASE(groups_gather_while_a_flush_is_under_way) {
    support::TemporaryFolder folder;
    std::atomic<std::uint64_t> told{0};
    storage::SyncWorker worker([](void* context) { static_cast<std::atomic<std::uint64_t>*>(context)->fetch_add(1); },
                               &told);
    const Helper helper(worker);
    Index last;
    {
        auto opened_log = Log::open(storage::PosixThreaded(worker), folder.path().c_str(), support::identity());
        BOOST_TEST_REQUIRE(static_cast<bool>(opened_log));
        auto& log = *opened_log;
        while (log.last() < Index{100}) {
            BOOST_TEST_REQUIRE(support::put(log, support::body_of(log.last().value + 1, 0, 20)));
            BOOST_TEST_REQUIRE((log.flush() == Error::none));
            BOOST_TEST_REQUIRE(log.flushed() <= log.last());
        }
        while (log.flushed() < log.last()) BOOST_TEST_REQUIRE((log.flush() == Error::none));
        BOOST_TEST(!log.flushing());
        last = log.last();
        Log moved = std::move(log);
        BOOST_TEST(support::put(moved, support::body_of(1, 1, 20)));
        BOOST_TEST((moved.flush() == Error::none));
    }
    BOOST_TEST(told > 0u);
    auto opened_again = Log::open(storage::PosixThreaded(worker), folder.path().c_str(), support::identity());
    BOOST_TEST_REQUIRE(static_cast<bool>(opened_again));
    auto& again = *opened_again;
    BOOST_TEST(again.last() == last + 1);
}

BOOST_AUTO_TEST_CASE(a_flush_that_fails_there_faults_the_log) {
    using Failing = storage::BasicPosixThreaded<FailingSystem>;
    support::TemporaryFolder folder;
    storage::SyncWorker worker;
    const Helper helper(worker);
    auto opened =
        log::File<Failing, support::TinyFiles>::open(Failing(worker), folder.path().c_str(), support::identity());
    BOOST_TEST_REQUIRE(static_cast<bool>(opened));
    auto& log = *opened;
    BOOST_TEST(support::put(log, support::body_of(1, 0, 20)));
    BOOST_TEST((log.flush() == Error::none));
    log.wait();
    BOOST_TEST(log.flushed() == Index{1});
    BOOST_TEST(support::put(log, support::body_of(2, 0, 20)));
    FailingSystem::number = EIO;
    static_cast<void>(log.flush());
    log.wait();
    FailingSystem::number = 0;
    BOOST_TEST((log.fault() == Error::log_failed));
    BOOST_TEST(log.flushed() == Index{1});
}

BOOST_AUTO_TEST_CASE(a_flush_fails_there_as_it_does_in_the_call) {
    using InTheCall = storage::BasicPosix<FailingSystem>;
    using OnAWorker = storage::BasicPosixThreaded<FailingSystem>;
    storage::SyncWorker worker;
    const Helper helper(worker);
    const auto error_of = [](auto posix, int number) {
        support::TemporaryFolder folder;
        typename decltype(posix)::Directory directory;
        typename decltype(posix)::File file;
        BOOST_REQUIRE((posix.open_directory(folder.path().c_str(), directory) == StorageError::none));
        BOOST_REQUIRE((posix.create(directory, "file", file) == StorageError::none));
        FailingSystem::number = number;
        posix.start_sync(file);
        const StorageError error = posix.wait_sync();
        FailingSystem::number = 0;
        BOOST_TEST((posix.wait_sync() == StorageError::none));  // the result is given once
        BOOST_TEST(posix.failure().number == number);
        if (number != 0) BOOST_TEST(std::string(posix.failure().path.data()).ends_with("/file"));
        return error;
    };
    for (const auto& [number, error] : {std::pair{0, StorageError::none}, std::pair{EIO, StorageError::failed},
                                        std::pair{ENOSPC, StorageError::no_space}}) {
        BOOST_TEST((error_of(InTheCall(), number) == error));
        BOOST_TEST((error_of(OnAWorker(worker), number) == error));
    }
}

BOOST_AUTO_TEST_SUITE_END()
