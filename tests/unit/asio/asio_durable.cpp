// SPDX-License-Identifier: BSL-1.0
// Replicators over TCP and over files: flushed in the call and on a helper thread, stopped and started again.

#include <boost/test/unit_test.hpp>

#include "counter.hpp"
#include "tcp/support.hpp"

#include <replicator/ack/semi_sync.hpp>
#include <replicator/asio/asio_replicator.hpp>
#include <replicator/log/file.hpp>
#include <replicator/storage/posix.hpp>
#include <replicator/storage/posix_threaded.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>

BOOST_AUTO_TEST_SUITE(asio_durable)

namespace {

using namespace replicator;
using namespace replicator::test;

struct SmallFiles : log::FileOptions {
    static constexpr std::size_t entry_bytes_max = 4096;
    static constexpr std::size_t tail_bytes = 256 * 1024;
    static constexpr std::size_t segment_bytes = 256 * 1024;
    static constexpr std::size_t capacity_bytes = 1024 * 1024;
    static constexpr std::size_t retained_bytes = 512 * 1024;
    static constexpr std::size_t record_bytes_max = 64 * 1024;
};

struct SmallWindow : Options {
    static constexpr std::size_t window_bytes_max = 128 * 1024;
};

/// A folder that is gone in the end.
struct Folder {
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "replicator-durable.XXXXXX").string();
        BOOST_TEST_REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

/// Flushes in the call.
struct Inline {
    using Storage = storage::Posix;
    [[nodiscard]] Storage make() const { return {}; }
    template <class Node>
    void tell(Node&) {}
};
/// Flushes on a thread of its own.
struct Threaded {
    using Storage = storage::PosixThreaded;
    Threaded() : thread([this] { worker.run(); }) {}
    Threaded(const Threaded&) = delete;
    Threaded& operator=(const Threaded&) = delete;
    ~Threaded() {
        worker.stop();
        thread.join();
    }
    [[nodiscard]] Storage make() { return Storage(worker); }
    template <class Node>
    void tell(Node& node) {
        worker.on_done([](void* told) { static_cast<Node*>(told)->flushed(); }, &node);
    }

    storage::SyncWorker worker;
    std::thread thread;
};

template <class Disk>
struct Pair {
    using Log = log::File<typename Disk::Storage, SmallFiles>;
    using Node = AsioReplicator<Counter, Log, ack::SemiSync<>, SmallWindow>;

    explicit Pair(const std::filesystem::path& path) {
        std::vector<Tcp::endpoint> endpoints;
        for (std::size_t i = 0; i < 2; ++i) {
            const std::string folder = (path / std::to_string(i)).string();
            auto log = Log::open(
                disks[i].make(), folder.c_str(),
                {.cluster = {}, .group = {}, .node = ids[i], .incarnation = Incarnation{7 + i}, .history = {}});
            BOOST_REQUIRE_MESSAGE(log, log.error());
            const Config config{
                .node = ids[i], .nodes = ids, .run = log->run(), .cluster = {}, .group = {}, .leads_again = true};
            nodes[i] = std::make_unique<Node>(context.get_executor(), config, std::move(*log), quick_options());
            disks[i].tell(*nodes[i]);
            std::error_code error;
            endpoints.push_back(nodes[i]->transport().listen(loopback(), error));
            BOOST_TEST_REQUIRE(!error);
        }
        for (std::size_t i = 0; i < 2; ++i) {
            nodes[i]->transport().add_peer(ids[1 - i], endpoints[1 - i]);
            BOOST_TEST_REQUIRE(!nodes[i]->start());
        }
        static_cast<void>(nodes[0]->node().bootstrap(HistoryId{7}));
        BOOST_TEST_REQUIRE(run_until(context, [&] { return nodes[0]->node().confirmed(); }));
    }

    std::array<NodeId, 2> ids{NodeId{1}, NodeId{2}};
    asio::io_context context;
    std::array<Disk, 2> disks;
    std::array<std::unique_ptr<Node>, 2> nodes;
};

template <class Disk>
void write_and_come_back() {
    const Folder folder;
    std::int64_t total = 0;
    for (int start = 0; start < 3; ++start) {
        Pair<Disk> pair(folder.path);
        BOOST_TEST(pair.nodes[0]->node().state().total == total);
        int done = 0;
        int durable = 0;
        for (int turn = 0; turn < 20; ++turn) {
            for (int i = 0; i < 25; ++i) {
                pair.nodes[0]->async_write({.add = i}, [&](std::error_code error, const auto& written) {
                    ++done;
                    durable += !error && written.acknowledgement.stage == Stage::durable ? 1 : 0;
                });
                total += i;
            }
            BOOST_TEST_REQUIRE(run_until(pair.context, [&] { return done == 25 * (turn + 1); }));
        }
        BOOST_TEST(durable == 500);
        if (start == 1) {
            for (auto& node : pair.nodes) BOOST_TEST(static_cast<bool>(node->node().close()));
        }
    }
    Pair<Disk> pair(folder.path);
    BOOST_TEST(run_until(pair.context, [&] { return pair.nodes[1]->node().state().total == total; }));
}

}  // namespace

BOOST_AUTO_TEST_CASE(flushed_in_the_call) { write_and_come_back<Inline>(); }
BOOST_AUTO_TEST_CASE(flushed_on_a_helper_thread) { write_and_come_back<Threaded>(); }

BOOST_AUTO_TEST_SUITE_END()
