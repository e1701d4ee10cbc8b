// SPDX-License-Identifier: BSL-1.0
// The log on a disk alone, beside the same bytes written and flushed by hand into a file that was prepared before.
//
//     benchmark_file_log [--quick] [--csv file] [--only part-of-a-title]
//
// The folder is made in the current one, for that is where the disk is; it is removed afterwards.
#include "baselines/raw_file.hpp"
#include "counters.hpp"
#include "harness.hpp"
#include "process.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/posix.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace benchmark {
namespace {

namespace log = replicator::log;

struct Options : log::FileOptions {
    static constexpr bool keeps_for_restart = false;
    static constexpr std::size_t capacity_bytes = std::size_t{2} << 30;
    static constexpr std::size_t retained_bytes = std::size_t{256} << 20;
};
struct KeepsAll : Options {
    static constexpr std::size_t retained_bytes = std::size_t{2} << 30;
};
/// Prepares its files only when it is told to.
struct PreparedBefore : Options {
    static constexpr std::size_t zeros_per_byte = 0;
};
template <class Bounds>
using Log = log::File<replicator::storage::Posix, Bounds>;

std::filesystem::path folder() { return std::filesystem::current_path() / "benchmark_file_log.tmp"; }

template <class Bounds>
Log<Bounds> open_log(const std::string& name) {
    auto opened = Log<Bounds>::open({}, (folder() / name).c_str(), {.incarnation = replicator::Incarnation{1}});
    if (!opened) fail("file log: open");
    return std::move(*opened);
}

double seconds_since(std::chrono::steady_clock::time_point began) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

/// Appends a command of so many bytes.
template <std::size_t Length, class Bounds>
void put(Log<Bounds>& log, std::uint64_t number) {
    constexpr std::size_t bytes = replicator::entry_bytes(Length);
    const auto room = log.reserve(bytes, bytes);
    if (room.empty()) fail("file log: no room");
    // Straight into its place: an array on the stack would be read in other pieces than it was written in, and for that
    // the processor waits until its stores are done, several times as long as the log takes.
    std::byte* const command = room.data() + replicator::entry_header_bytes;
    std::memset(command, 0, Length);
    std::memcpy(command, &number, sizeof number);
    log.append(bytes, 1, replicator::seal_entry(room.data(), replicator::EntryType::command, 0, Length, log.chain()));
}

constexpr std::size_t body_bytes = 64;

/// One group, appended and flushed; its seconds.
template <class Bounds>
double flush_group(Log<Bounds>& log, std::size_t group) {
    const auto began = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < group; ++i) put<body_bytes>(log, i);
    if (log.flush() != replicator::Error::none) fail("file log: flush");
    const double seconds = seconds_since(began);
    log.release(log.last());
    return seconds;
}

/// Microseconds per group. All are measured group by group in turn, for a disk has moods. The file that is written by
/// hand is prepared before; so are those of the log in the comparison that counts.
void group_commit(Report& report, std::size_t group) {
    Log<PreparedBefore> prepared = open_log<PreparedBefore>("group_prepared" + std::to_string(group));
    Log<Options> log = open_log<Options>("group" + std::to_string(group));
    RawFile raw((folder() / "raw").string());
    const std::vector<char> bytes(group * replicator::entry_bytes(body_bytes) + log::RecordHeader::bytes, 'x');
    double seconds[3] = {};
    std::uint64_t groups = 0;
    int asked = 0;
    // Whoever is asked first in a round measures for all.
    const auto measure = [&](std::size_t which) {
        if (asked++ % 3 == 0) {
            for (double& each : seconds) each = 0;
            groups = 0;
            const auto until = std::chrono::steady_clock::now() + report.settings().length * 3;
            for (; std::chrono::steady_clock::now() < until; ++groups) {
                const auto began = std::chrono::steady_clock::now();
                raw.write(bytes);
                raw.flush();
                seconds[0] += seconds_since(began);
                seconds[1] += flush_group(prepared, group);
                seconds[2] += flush_group(log, group);
                if (prepared.prepare(4 * bytes.size()) != replicator::Error::none) fail("file log: prepare");
            }
        }
        return seconds[which] * 1e6 / static_cast<double>(groups);
    };
    report.compare(
        {.title = "file log, groups of " + std::to_string(group) + " entries of 64 bytes",
         .unit = "us",
         .conditions = "one thread, waiting for the disk; alternating group by group",
         .contenders = {
             {.name = "pwrite and fdatasync of the same bytes",
              .run = [&] { return measure(0); },
              .anchor = {},
              .goal = {}},
             {.name = "log::File, next file prepared in between",
              .run = [&] { return measure(1); },
              .anchor = 0,
              .goal = at_most(1.1)},
             {.name = "log::File, preparing as it goes", .run = [&] { return measure(2); }, .anchor = 0, .goal = {}}}});
    if (!report.wants("file log, allocations")) return;
    const Counted before = counted(own_counts());
    for (int i = 0; i < 200; ++i) {
        for (std::size_t entry = 0; entry < group; ++entry) put<body_bytes>(log, entry);
        if (log.flush() != replicator::Error::none) fail("file log: flush");
        log.release(log.last());
    }
    const Counted spent = counted(own_counts()) - before;
    report.state("file log, allocations", "allocations of 200 groups of " + std::to_string(group), "",
                 static_cast<double>(spent.allocations), at_most(0));
}

/// Gigabytes per second of 4 KiB entries, without a flush by us.
template <class Bounds>
double append_rate(Log<Bounds>& log) {
    constexpr std::size_t total = 48 << 20;
    if (log.prepare(Bounds::segment_bytes) != replicator::Error::none) fail("file log: prepare");
    if (log.flush() != replicator::Error::none) fail("file log: flush");
    const auto began = std::chrono::steady_clock::now();
    for (std::size_t at = 0; at < total; at += 4096) {
        put<4096 - 8>(log, at);
        if (at % (256 * 1024) == 0 && log.write() != replicator::Error::none) fail("file log: write");
    }
    if (log.write() != replicator::Error::none) fail("file log: write");
    const double rate = static_cast<double>(total) / seconds_since(began) / 1e9;
    if (log.flush() != replicator::Error::none) fail("file log: flush");
    log.release(log.last());
    return rate;
}

void append_only(Report& report) {
    RawFile raw((folder() / "raw").string());
    const std::vector<char> bytes(256 * 1024, 'x');
    Log<Options> as_it_goes = open_log<Options>("append");
    Log<PreparedBefore> prepared = open_log<PreparedBefore>("append_prepared");
    const auto by_hand = [&] {
        constexpr std::size_t total = 48 << 20;
        const auto began = std::chrono::steady_clock::now();
        for (std::size_t at = 0; at < total; at += bytes.size()) raw.write(bytes);
        const double rate = static_cast<double>(total) / seconds_since(began) / 1e9;
        raw.flush();
        return rate;
    };
    report.compare({.title = "file log, append of 4 KiB entries without a flush",
                    .unit = "GB/s",
                    .conditions = "one thread, 256 KiB a write",
                    .contenders = {{.name = "pwrite of the same bytes", .run = by_hand, .anchor = {}, .goal = {}},
                                   {.name = "log::File, next file prepared in between",
                                    .run = [&] { return append_rate(prepared); },
                                    .anchor = 0,
                                    .goal = {}},
                                   {.name = "log::File, preparing as it goes",
                                    .run = [&] { return append_rate(as_it_goes); },
                                    .anchor = 0,
                                    .goal = {}}}});
}

/// Megabytes per second of opening a log of a gigabyte.
void recovery(Report& report) {
    if (!report.wants("file log, recovery")) return;
    const std::size_t total = report.settings().quick ? std::size_t{128} << 20 : std::size_t{1} << 30;
    {
        Log<KeepsAll> log = open_log<KeepsAll>("recovery");
        for (std::size_t at = 0; at < total; at += 1024) {
            put<1024 - 8>(log, at);
            if (at % (1 << 20) == 0 && log.flush() != replicator::Error::none) fail("file log: flush");
        }
        if (log.flush() != replicator::Error::none) fail("file log: flush");
    }
    std::vector<double> rates;
    for (int round = 0; round < 3; ++round) {
        const auto began = std::chrono::steady_clock::now();
        const Log<KeepsAll> log = open_log<KeepsAll>("recovery");
        if (log.last().value != total / 1024) fail("file log: recovery lost something");
        rates.push_back(static_cast<double>(total) / seconds_since(began) / 1e6);
    }
    report.heading("file log, recovery");
    report.state("file log, recovery", "opening " + std::to_string(total >> 20) + " MiB, median of 3", "MB/s",
                 spread_of(rates).median, at_least(500));
}

int run(int count, char** arguments) {
    Report report(settings_from(count, arguments));
    std::filesystem::remove_all(folder());
    std::filesystem::create_directories(folder());
    for (const std::size_t group : {1u, 64u, 1024u}) group_commit(report, group);
    append_only(report);
    recovery(report);
    std::filesystem::remove_all(folder());
    return 0;
}

}  // namespace
}  // namespace benchmark

int main(int count, char** arguments) { return benchmark::run(count, arguments); }
