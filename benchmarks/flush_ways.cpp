// SPDX-License-Identifier: BSL-1.0
// The ways to wait for a flush, without a log: in the call, on a helper thread, and with io_uring.
//
//     benchmark_flush_ways [--quick] [--csv file] [--only part-of-a-title]
//
// The file is made in the current folder, for that is where the disk is; it is removed afterwards.
#include "baselines/raw_file.hpp"
#include "harness.hpp"
#include "process.hpp"

#include <replicator/storage/posix_threaded.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <liburing.h>
#include <time.h>

namespace benchmark {
namespace {

using replicator::StorageError;
using replicator::storage::PosixThreaded;
using replicator::storage::SyncWorker;

/// The kernel's queue of requests, for two at a time.
class Ring {
public:
    Ring() {
        if (io_uring_queue_init(2, &ring_, 0) < 0) fail("io_uring_queue_init");
    }
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring() { io_uring_queue_exit(&ring_); }

    void flush(RawFile& file) {
        ask_for_flush(file);
        run(1);
    }
    /// The flush begins when the write has ended; both are asked for in one call.
    void write_and_flush(RawFile& file, const std::vector<char>& bytes) {
        io_uring_sqe* const request = io_uring_get_sqe(&ring_);
        io_uring_prep_write(request, file.number(), bytes.data(), static_cast<unsigned>(bytes.size()),
                            static_cast<unsigned long long>(file.place_of_next(bytes.size())));
        io_uring_sqe_set_flags(request, IOSQE_IO_LINK);
        ask_for_flush(file);
        run(2);
    }

private:
    void ask_for_flush(RawFile& file) {
        io_uring_prep_fsync(io_uring_get_sqe(&ring_), file.number(), IORING_FSYNC_DATASYNC);
    }
    void run(unsigned count) {
        if (io_uring_submit_and_wait(&ring_, count) < 0) fail("io_uring_submit_and_wait");
        for (; count > 0; --count) {
            io_uring_cqe* done = nullptr;
            if (io_uring_wait_cqe(&ring_, &done) < 0 || done->res < 0) fail("io_uring");
            io_uring_cqe_seen(&ring_, done);
        }
    }

    io_uring ring_{};
};

/// A helper thread as a log over `storage::PosixThreaded` uses it, and a file of its own.
class Helper {
public:
    explicit Helper(const std::string& folder) : storage_(worker_), thread_([this] { worker_.run(); }) {
        if (storage_.open_directory(folder.c_str(), directory_) != StorageError::none ||
            storage_.create(directory_, "file", file_) != StorageError::none) {
            fail("helper: open");
        }
        const std::vector<char> zeros(1 << 20);
        while (at_ < RawFile::size) write(zeros);
        flush();
    }
    Helper(const Helper&) = delete;
    Helper& operator=(const Helper&) = delete;
    ~Helper() {
        worker_.stop();
        thread_.join();
    }

    void write(const std::vector<char>& bytes) {
        if (at_ + bytes.size() > RawFile::size) at_ = 0;
        const std::span<const std::byte> piece = std::as_bytes(std::span(bytes));
        if (storage_.write(file_, at_, {&piece, 1}) != StorageError::none) fail("helper: write");
        at_ += bytes.size();
    }
    void flush() {
        storage_.start_sync(file_);
        if (storage_.wait_sync() != StorageError::none) fail("helper: flush");
    }

private:
    SyncWorker worker_;
    PosixThreaded storage_;
    std::thread thread_;
    PosixThreaded::Directory directory_;
    PosixThreaded::File file_;
    std::size_t at_ = 0;
};

double processor_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

struct Way {
    std::string name;
    std::function<void()> write_and_flush;
    double seconds = 0;    ///< per flush
    double processor = 0;  ///< seconds of all threads, per flush
};

/// All are measured flush by flush in turn, for a disk has moods.
void measure(std::span<Way> ways, std::chrono::steady_clock::duration length) {
    for (Way& way : ways) way.seconds = way.processor = 0;
    const auto until = std::chrono::steady_clock::now() + length;
    int flushes = 0;
    for (; std::chrono::steady_clock::now() < until; ++flushes) {
        for (Way& way : ways) {
            const double processor = processor_seconds();
            const auto began = std::chrono::steady_clock::now();
            way.write_and_flush();
            way.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
            way.processor += processor_seconds() - processor;
        }
    }
    for (Way& way : ways) {
        way.seconds /= flushes;
        way.processor /= flushes;
    }
}

void compare(Report& report, const std::string& folder, std::size_t size) {
    RawFile in_call(folder + "/in_call"), flushed(folder + "/flushed"), linked(folder + "/linked");
    Helper helper(folder + "/helper" + std::to_string(size));
    Ring ring;
    const std::vector<char> bytes(size, 'x');
    Way ways[] = {
        {"in the call, as storage::Posix does", [&] { in_call.write(bytes), in_call.flush(); }},
        {"on a thread, as storage::PosixThreaded does", [&] { helper.write(bytes), helper.flush(); }},
        {"written in the call, flushed by io_uring", [&] { flushed.write(bytes), ring.flush(flushed); }},
        {"written and flushed by io_uring", [&] { ring.write_and_flush(linked, bytes); }},
    };
    const std::string title = "ways to wait for a flush of " + std::to_string(size) + " bytes";
    std::vector<Contender> contenders;
    std::size_t asked = 0;
    for (const Way& way : ways) {
        contenders.push_back({.name = way.name,
                              .run =
                                  [&] {
                                      // Whoever is asked first in a round measures for all.
                                      if (asked++ % std::size(ways) == 0) measure(ways, report.settings().length * 4);
                                      return way.seconds * 1e6;
                                  },
                              .anchor = 0,
                              .goal = {}});
    }
    report.compare({.title = title,
                    .unit = "us",
                    .conditions = "until it is on the disk; alternating flush by flush",
                    .contenders = contenders});
    if (asked == 0) return;
    for (const Way& way : ways) {
        report.state(title, way.name, "us of processor time", way.processor * 1e6, std::nullopt);
    }
}

int run(int count, char** arguments) {
    Report report(settings_from(count, arguments));
    const std::filesystem::path folder = std::filesystem::current_path() / "benchmark_flush_ways.tmp";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    for (const std::size_t size : {128u, 4096u, 65536u}) compare(report, folder.string(), size);
    std::filesystem::remove_all(folder);
    return 0;
}

}  // namespace
}  // namespace benchmark

int main(int count, char** arguments) { return benchmark::run(count, arguments); }
