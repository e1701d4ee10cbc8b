// SPDX-License-Identifier: BSL-1.0
// A follower without its switchboard, and the log of its leader: for tests of what it takes and tells.
#pragma once

#include "frames.hpp"
#include "parts.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/core/follow/follower.hpp>
#include <replicator/core/snapshot/incoming.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace support::one_follower {

using namespace replicator;
using namespace replicator::core;

/// Writes down what an observer is told of discarded writes and of states.
struct Told {
    std::vector<Position> discarded;
    std::vector<SnapshotProgress> snapshots;
    void on_discarded(Position position, std::span<const std::byte>) { discarded.push_back(position); }
    void on_snapshot(NodeId, const SnapshotProgress& progress) { snapshots.push_back(progress); }
};

using Parts = PartsOf<ack::Async<>, Told>;
using Log = OneNode<Parts>;

/// The bytes of so many entries after this one.
inline Bytes entries_of(const Log& log, std::uint64_t after, std::uint64_t count) {
    Bytes bytes;
    Cursor next = log.self.log().seek(Index{after + 1});
    for (std::uint64_t i = 0; i < count; ++i) {
        const EntryRun run = log.self.log().read(next);
        const std::size_t size = load_entry_header(run.bytes.data()).bytes();
        bytes.insert(bytes.end(), run.bytes.begin(), run.bytes.begin() + static_cast<std::ptrdiff_t>(size));
        next = {next.index + 1, next.offset + size};
    }
    return bytes;
}

/// A follower with a link to a leader, whose log has its epoch in entry 1 and four writes.
struct Following : Log {
    Following() {
        leader.open_epoch(1);
        leader.write(4);
        self.observer = &told;
        self.epoch = epoch_of(1);
        self.promised = epoch_of(1);
        follower.linked({});
    }

    [[nodiscard]] Append append_after(std::uint64_t index, std::uint64_t count, std::uint64_t commit = 0) const {
        Append append;
        append.previous = {leader.self.epochs().at(Index{index}), Index{index}};
        append.previous_chain = chain_at(leader.self.log(), Index{index});
        append.commit = Index{commit};
        append.count = static_cast<std::uint32_t>(count);
        return append;
    }
    bool begin(const Append& append) {
        const bool wanted = follower.begin_append(self, append);
        if (wanted) incoming.drop(self);
        return wanted;
    }
    Error feed(std::span<const std::byte> piece, bool ends = true) {
        return follower.entries(self, applier, piece, ends);
    }
    /// Takes the entries of the leader in this range, in pieces of so many bytes.
    void take(std::uint64_t after, std::uint64_t count, std::uint64_t commit = 0, std::size_t piece_bytes = 4096) {
        BOOST_REQUIRE(begin(append_after(after, count, commit)));
        const Bytes bytes = entries_of(leader, after, count);
        for (std::size_t from = 0; from < bytes.size(); from += piece_bytes) {
            const auto rest = std::span(bytes).subspan(from);
            const auto piece = rest.first(smaller(rest.size(), piece_bytes));
            BOOST_REQUIRE((feed(piece, piece.size() == rest.size()) == Error::none));
        }
        follower.settle(self, applier);
    }
    Ack ack() { return follower.make_ack(self, applier); }
    /// Why the append with this head is not taken, and where the leader should look.
    Refusal refusal_of(const Append& append) {
        BOOST_REQUIRE(!begin(append));
        BOOST_TEST(follower.owes());
        const Ack said = ack();
        BOOST_REQUIRE(said.refusal);
        return *said.refusal;
    }

    Log leader;
    Told told;
    Follower<Parts> follower;
    IncomingSnapshot<Parts> incoming;
};

inline void check(const Refusal& refusal, Error error, Position hint) {
    BOOST_TEST(refusal.error == error);
    BOOST_TEST((refusal.hint == hint), "hint " << text(refusal.hint));
}

}  // namespace support::one_follower
