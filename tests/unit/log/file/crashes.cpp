// SPDX-License-Identifier: BSL-1.0
// The power fails in the middle of every call that a scripted run makes, and the disk keeps any part of what was not
// flushed; every call fails once with every error. What was flushed is always there, and nothing else is made up.
//
// REPLICATOR_LONG_LOG_TESTS=1 tries many more of the states that a crash may leave.

#include "support/log_conformance.hpp"
#include "unit/log/file/support.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/simulated.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(file_crashes)

using support::contents;
using support::folder;

/// Drops what is released soon, so that files are given up and taken over again and again.
struct Forgetful : support::TinyFiles {
    static constexpr bool keeps_for_restart = false;
    static constexpr std::size_t retained_bytes = 256;
};
using Log = support::SimulatedLog<Forgetful>;

namespace {

/// A log as it should be: what is in it, from where on, and what it promised. What is released may be gone.
struct Line {
    Index base;
    std::vector<support::Entry> entries;
    std::uint64_t promised = 0;
    Index released;

    [[nodiscard]] Index last() const { return base + entries.size(); }
};

/// What a crash may leave: any of these lines, and of each at least what was flushed.
struct Expected {
    std::vector<Line> lines;
    std::vector<Index> held;  ///< of each
};

/// A run of random steps, the same for each seed, that keeps book of what it was promised.
class Script {
public:
    explicit Script(std::uint64_t seed) : random_(seed), cuts_(seed % 2 == 0) {
        expected.lines.push_back({});
        expected.held.push_back({});
    }

    Expected expected;

    /// Ends early when the disk fails. Returns what it failed with.
    Error run(storage::SimulatedDisk& disk, int steps) {
        auto opened = Log::open(storage::Simulated(disk), folder, support::identity());
        if (!opened) return opened.error();
        log_ = std::move(*opened);
        if (line_.entries.empty() && line_.base == Index{}) line_.base = log_.base().index;
        for (int step = 0; step < steps; ++step) {
            const Error error = one();
            if (error != Error::none && error != Error::log_full) return log_ = {}, error;
        }
        const Error error = log_.close();
        if (error == Error::none) settle();
        log_ = {};
        return error;
    }
    Log take() { return std::move(log_); }

private:
    std::uint64_t pick(std::uint64_t low, std::uint64_t high) {
        return std::uniform_int_distribution<std::uint64_t>(low, high)(random_);
    }

    /// The line as it is now may be found from now on, and what it was cut from, to any length down to it.
    void remember() {
        for (Index& held : expected.held) held = std::min(held, line_.last());
        expected.lines.push_back(line_);
        expected.held.push_back(std::min(expected.held.back(), line_.last()));
    }
    /// Everything was flushed: nothing but this may be found.
    void settle() {
        expected.lines = {line_};
        expected.held = {log_.flushed()};
    }

    Error one() {
        switch (pick(0, 19)) {
            case 0: return cuts_ ? cut() : append();
            case 1: return cuts_ && pick(0, 3) == 0 ? reset() : promise();
            case 2: return log_.write();
            case 3:
            case 4:
            case 5:
            case 6: return flush();
            case 7:
            case 8: return release();
            default: return append();
        }
    }
    /// What is on the disk may be dropped from now on, whichever of the lines is found.
    Error release() {
        line_.released = std::max(line_.released, log_.flushed());
        for (Line& line : expected.lines) line.released = std::max(line.released, log_.flushed());
        log_.release(log_.flushed());
        return Error::none;
    }
    Error append() {
        const auto body = support::body_of(log_.last().value + 1, ++appended_, pick(0, 40));
        if (!support::put(log_, body)) return log_.fault();
        support::Entry entry(entry_bytes(body.size()));
        const auto run = log_.read(log_.seek(log_.last()));
        if (run.bytes.empty()) return log_.fault();
        line_.entries.emplace_back(run.bytes.begin(), run.bytes.end());
        // A longer line includes the shorter one.
        expected.lines.back() = line_;
        return Error::none;
    }
    Error flush() {
        const Error error = log_.flush();
        if (error == Error::none) settle();
        return error;
    }
    Error cut() {
        if (line_.entries.empty()) return Error::none;
        // Entries that may be gone are no longer there to be cut.
        const std::uint64_t least = std::max(line_.released, log_.base().index) - line_.base;
        if (least >= line_.entries.size()) return Error::none;
        const std::uint64_t keep = pick(least, line_.entries.size() - 1);
        const Cursor at = log_.seek(line_.base + (keep + 1));
        const Chain chain = keep == 0 ? log_.base().chain : load_entry_header(line_.entries[keep - 1].data()).chain;
        if (log_.fault() != Error::none) return log_.fault();
        log_.cut(at, chain);
        line_.entries.resize(keep);
        remember();
        return Error::none;
    }
    Error reset() {
        log_.reset(Index{pick(0, 500)}, static_cast<Chain>(pick(1, 1000)));
        line_.base = line_.released = log_.base().index;
        line_.entries.clear();
        expected.lines.push_back(line_);
        expected.held.push_back(line_.base);
        return Error::none;
    }
    Error promise() {
        auto metadata = log_.metadata();
        metadata.promised.counter = ++line_.promised;
        // Kept or not, until the call returns.
        const std::size_t count = expected.lines.size();
        for (std::size_t i = 0; i < count; ++i) {
            expected.lines.push_back(expected.lines[i]);
            expected.lines.back().promised = line_.promised;
            expected.held.push_back(expected.held[i]);
        }
        Error error = log_.store(metadata);
        // What is refused in passing changes nothing in memory, and on the disk it may be kept or not: it is tried
        // again.
        const auto refused = [&] { return log_.metadata().promised.counter != line_.promised; };
        if (error == Error::log_full && refused()) error = log_.store(metadata);
        if (error == Error::log_full && refused()) return Error::log_failed;
        if (error != Error::none) return error;
        expected.lines.erase(expected.lines.begin(), expected.lines.begin() + static_cast<std::ptrdiff_t>(count));
        expected.held.erase(expected.held.begin(), expected.held.begin() + static_cast<std::ptrdiff_t>(count));
        return Error::none;
    }

    std::mt19937_64 random_;
    bool cuts_;  // else it only goes on, and gives up more files
    Log log_;
    Line line_;
    std::uint64_t appended_ = 0;
};

/// True when what was found is `line`, or a part of it that has at least what was flushed.
bool fits(const Line& line, Index held, const Log& log, const std::vector<support::Entry>& entries) {
    const Index base = log.base().index;
    if (base < line.base || std::max(line.base, line.released) < base || line.last() < base) return false;
    const auto dropped = static_cast<std::ptrdiff_t>(base - line.base);
    const std::vector<support::Entry> kept(line.entries.begin() + dropped, line.entries.end());
    return support::begins_with(kept, entries) && log.last() >= held &&
           log.metadata().promised.counter == line.promised;
}

void check_recovery(storage::SimulatedDisk disk, const Expected& expected) {
    log::Verdict verdict;
    auto opened = Log::open(storage::Simulated(disk), folder, support::identity(), log::OnDamage::refuse, &verdict);
    if (!opened) BOOST_FAIL("refused: " << to_string(verdict.error) << ", " << to_string(verdict.kind));
    Log log = std::move(*opened);
    const auto entries = contents(log);
    bool found = false;
    for (std::size_t i = 0; i < expected.lines.size() && !found; ++i) {
        found = fits(expected.lines[i], expected.held[i], log, entries);
    }
    if (!found) {
        for (std::size_t i = 0; i < expected.lines.size(); ++i) {
            const Line& line = expected.lines[i];
            BOOST_TEST_MESSAGE("might be base " << line.base.value << ", last " << line.last().value << ", promised "
                                                << line.promised << "; flushed " << expected.held[i].value
                                                << (support::begins_with(line.entries, entries) ? ", fits" : ""));
        }
        BOOST_FAIL("base " << log.base().index.value << ", last " << log.last().value << ", promised "
                           << log.metadata().promised.counter << "; flushed " << expected.held.back().value << " of "
                           << expected.lines.back().last().value);
    }
    // It goes on, and another crash changes nothing of what is there.
    REPLICATOR_WANT(support::put(log, support::body_of(999, 99, 20)));
    REPLICATOR_WANT((log.flush() == Error::none));
    const auto longer = contents(log);
    storage::SimulatedDisk crashed = disk.after_crash(1);
    auto again = Log::open(storage::Simulated(crashed), folder, support::identity());
    REPLICATOR_WANT(static_cast<bool>(again));
    REPLICATOR_WANT(contents(*again) == longer);
}

constexpr int steps = 60;

}  // namespace

BOOST_AUTO_TEST_CASE(every_call_as_the_last_one) {
    const std::uint64_t scripts = support::long_form() ? 100 : 4;
    const std::uint64_t states = support::long_form() ? 12 : 3;
    std::uint64_t tried = 0;
    for (std::uint64_t seed = 1; seed <= scripts; ++seed) {
        storage::SimulatedDisk whole(seed);
        REPLICATOR_WANT((Script(seed).run(whole, steps) == Error::none));
        for (std::uint64_t call = 1; call <= whole.calls(); ++call) {
            storage::SimulatedDisk disk(seed);
            disk.cut_power_at(call);
            Script script(seed);
            static_cast<void>(script.run(disk, steps));
            for (std::uint64_t state = 0; state < states; ++state) {
                BOOST_TEST_CONTEXT("script " << seed << ", call " << call << ", state " << state) {
                    check_recovery(disk.after_crash(call * 100 + state), script.expected);
                }
                ++tried;
            }
        }
    }
    BOOST_TEST_MESSAGE(tried << " states after a crash");
    BOOST_TEST(tried >= (support::long_form() ? 100'000u : 1000u));
}

BOOST_AUTO_TEST_CASE(every_call_fails_once_and_for_good) {
    const std::uint64_t scripts = support::long_form() ? 20 : 3;
    std::uint64_t tried = 0;
    for (std::uint64_t seed = 1; seed <= scripts; ++seed) {
        storage::SimulatedDisk whole(seed);
        REPLICATOR_WANT((Script(seed).run(whole, steps) == Error::none));
        for (const auto error : {StorageError::failed, StorageError::no_space}) {
            for (const bool for_good : {false, true}) {
                for (std::uint64_t call = 1; call <= whole.calls(); ++call) {
                    storage::SimulatedDisk disk(seed);
                    disk.fail_at(call, error, for_good);
                    Script script(seed);
                    static_cast<void>(script.run(disk, steps));
                    BOOST_TEST_CONTEXT("script " << seed << ", call " << call << ", " << to_string(error)) {
                        check_recovery(disk.after_kill(), script.expected);
                        ++tried;
                        check_recovery(disk.after_crash(call), script.expected);
                    }
                }
            }
        }
    }
    BOOST_TEST(tried > 0u);
}

BOOST_AUTO_TEST_CASE(a_crash_in_every_recovery_after_a_crash) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        storage::SimulatedDisk disk(seed);
        disk.cut_power_at(60 + seed * 17);
        Script script(seed);
        static_cast<void>(script.run(disk, steps));
        storage::SimulatedDisk found = disk.after_crash(seed);
        for (std::uint64_t call = 1; call <= 20; ++call) {
            storage::SimulatedDisk next = found.after_crash(call);
            next.cut_power_at(call);
            static_cast<void>(Log::open(storage::Simulated(next), folder, support::identity()));
            found = next.after_crash(call);
        }
        check_recovery(std::move(found), script.expected);
        BOOST_TEST(script.expected.lines.size() > 0u);
    }
}

BOOST_AUTO_TEST_SUITE_END()
