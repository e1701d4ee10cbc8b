// SPDX-License-Identifier: BSL-1.0
// The follower: takes what the leader of its link sends, verifies it against its own log, and says what it holds.
//
// It acknowledges and commits only what it has verified on this link: an entry of its own log counts again only once
// the leader's chain has met it.
#pragma once

#include "discard.hpp"
#include "divergence.hpp"

#include "../../concepts/log_policy.hpp"
#include "../../encoding/entry.hpp"
#include "../applier.hpp"
#include "../self.hpp"
#include "../wire/append.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>

namespace replicator::core {

/// An index that may be unknown. `std::optional` would do, but for one more byte and a branch in the common path.
struct MaybeIndex {
    bool known = false;
    Index index;

    explicit operator bool() const noexcept { return known; }
    Index operator*() const noexcept { return index; }
    [[nodiscard]] Index value_or_zero() const noexcept { return known ? index : Index{}; }
    void reset() noexcept { *this = MaybeIndex{}; }
};

template <class Composition>
class Follower {
public:
    using Limits = typename Composition::Limits;

    /// A link to a leader was agreed on: nothing is verified yet, and the leader wants to hear that the link holds.
    /// `forced` is the newest forced epoch in the leader's log.
    void linked(Position forced) noexcept {
        unlinked();
        forced_ = forced;
        ack_owed_ = true;
    }

    /// The link is gone. What was told or half received on it is void.
    void unlinked() noexcept {
        verified_.reset();
        told_commit_ = Index{};
        ack_owed_ = false;
        refusal_.reset();
        echo_.reset();
        round_ = 0;
    }

    /// The head of an append came. False when its entries are of no use; the leader then learns why. True when the
    /// leader found that the log will do, and not a state.
    [[nodiscard]] bool begin_append(Local<Composition>& local, const Append& append) noexcept {
        gathered_ = 0;
        rest_is_useless_ = false;
        // With the hello it told of what it had committed before; what it commits itself is of its epoch.
        if (local.known_commit.index < append.commit) local.known_commit = {local.epoch, append.commit};
        if (append.timing) take_timing(*append.timing);
        if (!goes_on(local, append) && !find_place(local, append)) return false;
        ends_at_ = index_ + append.count;
        told_commit_ = larger(told_commit_, append.commit);
        return true;
    }

    /// A piece of the entries came, cut anywhere; `ends` with the last. An error means that the sender is not to be
    /// trusted; a piece that cannot be used for another reason is passed over, and the leader learns why.
    [[nodiscard]] Error entries(Local<Composition>& local, Applier<Composition>& applier,
                                std::span<const std::byte> piece, bool ends) noexcept {
        while (!piece.empty() && !rest_is_useless_) {
            const bool whole = gathered_ == 0 && piece.size() >= entry_header_bytes &&
                               load_entry_header(piece.data()).bytes() <= piece.size();
            const Error error = whole ? take_whole(local, applier, piece) : gather(local, applier, piece);
            if (error != Error::none) return error;
        }
        if (!ends || rest_is_useless_) return Error::none;
        return gathered_ == 0 && index_ == ends_at_ ? Error::none : Error::protocol;
    }

    /// The tail that was coming in is damaged: the leader shall send it again.
    void damaged(const Local<Composition>& local) noexcept {
        gathered_ = 0;
        if (verified_) refuse(local, Error::corrupt, local.last());
        ack_owed_ = true;
    }

    /// Applies what the leader allows and this node has verified. Called once when a call to `receive` ends.
    void settle(Local<Composition>& local, Applier<Composition>& applier) noexcept {
        if (!verified_) return;
        const Index commit = smaller(told_commit_, *verified_);
        if (commit <= local.commit && applier.applied() >= local.commit) return;
        local.commit = larger(local.commit, commit);
        applier.advance(local);
        if (Composition::waits_for_apply) ack_owed_ = true;
    }

    void heartbeat_due() noexcept { ack_owed_ = true; }
    void flushed() noexcept { ack_owed_ = ack_owed_ || static_cast<bool>(verified_); }
    [[nodiscard]] bool owes() const noexcept { return ack_owed_; }

    /// What the leader is owed, all in one.
    [[nodiscard]] Ack make_ack(const Local<Composition>& local, const Applier<Composition>& applier) noexcept {
        Ack ack;
        ack.received = verified_.value_or_zero();
        ack.durable = Composition::log_stage == Stage::durable ? smaller(ack.received, local.log().held()) : Index{};
        ack.applied = smaller(ack.received, applier.applied());
        const std::uint64_t unapplied = local.log().end().offset - applier.next().offset;
        ack.credit = Composition::Log::capacity_bytes > unapplied ? Composition::Log::capacity_bytes - unapplied : 0;
        ack.echo = echo_;
        ack.refusal = refusal_;
        if (local.installing()) ack.snapshot = local.incoming;
        echo_.reset();
        refusal_.reset();
        ack_owed_ = false;
        return ack;
    }

    // ---- What the part asks that receives a state ----

    /// True when what is committed here after `common` may have been lost on purpose, before this link's leader led.
    [[nodiscard]] bool may_be_replaced(const Local<Composition>& local, Index common) const noexcept {
        return core::may_be_replaced(local, forced_, common);
    }
    void owe_ack() noexcept { ack_owed_ = true; }
    /// The leader is told the newest position here that it may share.
    void refuse(const Local<Composition>& local, Error error, Position bound) noexcept {
        Position hint = local.epochs().newest_at_or_below(bound, local.log().last());
        const bool below = hint.index < local.log().base().index && error != Error::diverged;
        // What is committed is shared for sure. So it is where to look when nobody remembers the epochs behind it.
        const bool forgotten = hint.epoch == Epoch{} && local.commit < hint.index;
        if (below || forgotten) hint = local.committed();
        refusal_ = Refusal{error, hint, local.committed()};
        rest_is_useless_ = ack_owed_ = true;
    }
    /// A state is about to take the place of what this node holds after `common`.
    void discard_after(Local<Composition>& local, Index common) const noexcept { core::discard_after(local, common); }
    /// Up to here the log agreed with the leader's, on this link.
    [[nodiscard]] Index verified() const noexcept { return verified_.value_or_zero(); }
    /// A state of the leader stands, with nothing behind it.
    void stand_at_state(const Local<Composition>& local) noexcept {
        verified_.reset();
        epoch_ = Epoch{};  // what comes next is looked at closely
        verified(local.log().last());
        told_commit_ = local.commit;
    }

private:
    /// True when the append plainly goes on where the last one on this link ended, at the end of this log.
    [[nodiscard]] bool goes_on(const Local<Composition>& local, const Append& append) const noexcept {
        const bool at_end = verified_ && index_ == local.log().last() && chain_ == local.log().chain();
        return at_end && append.previous.index == index_ && append.previous_chain == chain_ &&
               append.previous.epoch == epoch_ && epoch_ != Epoch{} && !stalled(local.log());
    }

    /// Where in this log the append goes on. False when that is nowhere; the leader then learns why.
    [[nodiscard]] bool find_place(Local<Composition>& local, const Append& append) noexcept {
        if (const Error error = misfit(local, append); error != Error::none) {
            if (!stalled(local.log())) refuse_append(local, error, append.previous);
            return false;
        }
        own_ = local.log().seek(append.previous.index + 1);
        if (stalled(local.log())) return false;  // as if it had not come: the leader asks again
        epoch_ = append.previous.epoch;
        index_ = append.previous.index;
        chain_ = append.previous_chain;
        verified(index_);
        learn_epoch(local);
        return true;
    }

    void verified(Index index) noexcept {
        if (verified_ && index <= *verified_) return;
        verified_ = {true, index};
        ack_owed_ = true;
    }

    void take_timing(const Echo& timing) noexcept {
        echo_ = timing;
        if (timing.round <= round_) return;
        round_ = timing.round;
        ack_owed_ = true;
    }

    /// The entry at `previous` is not here. A leader that asks about less than what is committed here has old news, and
    /// learns where this log ends. One that knows of more, and does not share what is committed, lacks that.
    void refuse_append(Local<Composition>& local, Error error, Position previous) noexcept {
        if (previous.index < local.commit) return refuse(local, error, local.last());
        const bool told = previous.epoch != Epoch{};  // else it is too old for the leader to know
        if (!told) previous.epoch = local.epochs().last();
        const bool within = previous.index <= local.log().last() && previous.index > Index{};
        // The same position with another chain is damage, not another line.
        const bool damaged = within && told && local.epochs().at(previous.index) == previous.epoch;
        if (error == Error::discarded && within) previous.index = previous.index - 1;
        if (!damaged && local.epochs().newest_at_or_below(previous, local.log().last()).index < local.commit) {
            return refuse_diverged(local, previous);
        }
        refuse(local, error, previous);
    }

    /// The leader's log lacks what is committed here.
    void refuse_diverged(Local<Composition>& local, Position bound) noexcept {
        const Index common = local.epochs().newest_at_or_below(bound, local.log().last()).index;
        if (may_be_replaced(local, common)) return refuse(local, Error::diverged, bound);
        static_cast<void>(fail(local, Error::diverged));
    }

    /// The front of `piece` is a whole entry: takes it, and the plain commands behind it at once where they only
    /// lengthen the log.
    Error take_whole(Local<Composition>& local, Applier<Composition>& applier,
                     std::span<const std::byte>& piece) noexcept {
        const EntryHeader header = load_entry_header(piece.data());
        if (header.bytes() > Composition::entry_bytes_max) return Error::corrupt;
        if (index_ == local.log().last()) {
            const auto room = reserve(local, applier, header, piece.size());
            if (room.empty()) return refuse_for_room(local);
            const auto run =
                verify_entries(piece.first(smaller(room.size(), piece.size())), chain_, Composition::entry_bytes_max);
            if (run.count > 0) {
                copy_fresh(room.data(), piece.data(), run.bytes);
                local.history.append(run.bytes, run.count, run.chain);
                appended(run.count, run.chain);
                piece = piece.subspan(run.bytes);
                return Error::none;
            }
        }
        const auto entry = piece.first(header.bytes());
        piece = piece.subspan(header.bytes());
        return take_one(local, applier, entry);
    }

    /// The front of `piece` is part of an entry: its parts are gathered where the log will have it.
    Error gather(Local<Composition>& local, Applier<Composition>& applier, std::span<const std::byte>& piece) noexcept {
        const auto take = [&piece, this](std::byte* to, std::size_t until) {
            const std::size_t size = smaller(until - gathered_, piece.size());
            std::memcpy(to + gathered_, piece.data(), size);
            piece = piece.subspan(size);
            gathered_ += size;
        };
        if (gathered_ < entry_header_bytes) {
            take(header_.data(), entry_header_bytes);
            if (gathered_ < entry_header_bytes) return Error::none;
        }
        const EntryHeader header = load_entry_header(header_.data());
        const std::size_t size = header.bytes();
        if (size > Composition::entry_bytes_max) return Error::corrupt;
        if (index_ < local.log().last()) return look_through(local, header, piece);
        const auto room = reserve(local, applier, header, size);
        if (room.empty()) return refuse_for_room(local);
        if (gathered_ == entry_header_bytes) std::memcpy(room.data(), header_.data(), entry_header_bytes);
        take(room.data(), size);
        if (gathered_ < size) return Error::none;
        gathered_ = 0;
        return take_one(local, applier, room.first(size));
    }

    /// The entry has one of this log in its place: its parts are checked and not kept, for a log that is full of what
    /// is to be cut has no room for them.
    Error look_through(Local<Composition>& local, EntryHeader header, std::span<const std::byte>& piece) noexcept {
        if (gathered_ == entry_header_bytes) check_.begin(header);
        const auto part = piece.first(smaller(header.bytes() - gathered_, piece.size()));
        check_.feed(part);
        piece = piece.subspan(part.size());
        gathered_ += part.size();
        if (gathered_ < header.bytes()) return Error::none;
        gathered_ = 0;
        return check_.fits(header, chain_) ? meet_own(local, header) : Error::corrupt;
    }

    /// One whole entry of any type, wherever it belongs.
    Error take_one(Local<Composition>& local, Applier<Composition>& applier,
                   std::span<const std::byte> entry) noexcept {
        if (!verify_entry(entry.data(), chain_)) return Error::corrupt;
        const EntryHeader header = load_entry_header(entry.data());
        if (index_ < local.log().last()) return meet_own(local, header);
        if (!is_understood(header)) return Error::protocol;
        const auto room = reserve(local, applier, header, entry.size());
        if (room.empty()) return refuse_for_room(local);
        if (!local.history.append_entry(room, entry, local.epoch)) return Error::protocol;
        if (header.type() == EntryType::epoch_start) epoch_ = local.epochs().last();
        appended(1, header.chain);
        return Error::none;
    }

    /// An entry came that this log has already, or has another one in its place.
    Error meet_own(Local<Composition>& local, EntryHeader theirs) noexcept {
        const EntryRun run = local.log().read(own_);
        if (run.count == 0 && stalled(local.log())) {
            rest_is_useless_ = true;
            return Error::none;
        }
        if (run.count == 0) return fail(local, Error::log_failed);
        const std::byte* const entry = run.bytes.data();
        const EntryHeader own = load_entry_header(entry);
        if (own.chain == theirs.chain) {
            if (own.type() == EntryType::epoch_start) epoch_ = read_epoch_start(entry + entry_header_bytes).epoch;
            own_ = {own_.index + 1, own_.offset + own.bytes()};
            chain_ = own.chain;
            verified(++index_);
            learn_epoch(local);
            return Error::none;
        }
        // The logs part here. What was committed can be replaced only as a whole.
        if (own_.index <= local.commit) {
            refuse_diverged(local, {local.epochs().at(own_.index - 1), own_.index - 1});
            return Error::none;
        }
        cut(local, own_);
        refuse(local, Error::discarded, local.last());
        return Error::none;
    }

    /// Removes the entry at `from` and all after it.
    void cut(Local<Composition>& local, Cursor from) noexcept {
        discard_after(local, from.index - 1);
        local.history.cut(from, chain_);
        learn_epoch(local);
    }
    /// What the leader's append has come to may be the end of this log, whose epoch may be forgotten here.
    void learn_epoch(Local<Composition>& local) const noexcept { local.history.learn_epoch({epoch_, index_}); }

    void appended(std::uint64_t count, Chain chain) noexcept {
        index_ = index_ + count;
        chain_ = chain;
        verified(index_);
    }

    /// Room for an entry in the log; when there is none, what is committed is applied first, which frees its entries.
    std::span<std::byte> reserve(Local<Composition>& local, Applier<Composition>& applier, EntryHeader next,
                                 std::size_t most) noexcept {
        const auto room = local.history.room_for(next, most);
        if (!room.empty()) return room;
        settle(local, applier);
        return local.history.room_for(next, most);
    }

    Error refuse_for_room(Local<Composition>& local) noexcept {
        gathered_ = 0;
        if (local.log().fault() != Error::none) return fail(local, local.log().fault());
        refuse(local, Error::log_full, local.last());
        return Error::none;
    }

    /// This node stops; nothing that the leader sent is wrong.
    Error fail(Local<Composition>& local, Error error) noexcept {
        local.fail(error);
        rest_is_useless_ = true;
        return Error::none;
    }

    MaybeIndex verified_;  // up to here the log agrees with the leader's, on this link
    Position forced_;      // the newest forced epoch in the leader's log, and its first entry
    Index told_commit_;    // the leader's commit index
    Epoch epoch_;          // of the entry at `index_`; 0 when nobody remembers
    Index index_;          // the last entry of the append that was taken
    Index ends_at_;        // the last entry that the append said it has
    Chain chain_{};        // up to that entry
    Cursor own_;           // the entry of this log that the next one of the append will meet
    std::array<std::byte, entry_header_bytes> header_{};
    EntryCheck check_;              // of an entry that is not kept
    std::size_t gathered_ = 0;      // bytes of an entry that came in parts
    bool rest_is_useless_ = false;  // of the tail that is coming in
    bool ack_owed_ = false;
    std::uint64_t round_ = 0;
    std::optional<Refusal> refusal_;
    std::optional<Echo> echo_;
};

}  // namespace replicator::core
