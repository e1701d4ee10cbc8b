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
    [[nodiscard]] bool begin_append(Self<Composition>& self, const Append& append) noexcept {
        begin_tail(self, append.commit);
        if (append.timing) take_timing(*append.timing);
        if (!goes_on(self, append.previous, append.previous_chain) && !find_place(self, append)) return false;
        expect(append.count, append.commit);
        return true;
    }

    /// The short way of an append without blocks, which goes on at the end of this log, and whose entries are commands,
    /// correct, whole, and not too many for the log. False when nothing has changed.
    [[nodiscard]] bool take_plain(Self<Composition>& self, const AppendFields& append,
                                  std::span<const std::byte> entries) noexcept {
        if (!goes_on(self, {self.epoch, append.previous}, append.previous_chain)) return false;
        if (entries.size() < entry_header_bytes) return false;
        const EntryHeader first = load_entry_header(entries.data());
        if (first.bytes() > smaller(entries.size(), Composition::entry_bytes_max)) return false;
        const auto room = self.history.room_for(first, entries.size());
        if (room.size() < entries.size()) return false;
        const auto run = verify_entries(entries, chain_, Composition::entry_bytes_max);
        if (run.bytes != entries.size() || run.count != append.count) return false;
        begin_tail(self, append.commit);
        expect(append.count, append.commit);
        lengthen(self, room, entries, run);
        return true;
    }

    /// A piece of the entries came, cut anywhere; `ends` with the last. An error means that the sender is not to be
    /// trusted; a piece that cannot be used for another reason is passed over, and the leader learns why.
    [[nodiscard]] Error entries(Self<Composition>& self, Applier<Composition>& applier,
                                std::span<const std::byte> piece, bool ends) noexcept {
        while (!piece.empty() && !rest_is_useless_) {
            const bool whole = gathered_ == 0 && piece.size() >= entry_header_bytes &&
                               load_entry_header(piece.data()).bytes() <= piece.size();
            if (Composition::whole_frames && !whole) return Error::corrupt;
            const Error error = whole ? take_whole(self, applier, piece) : gather(self, applier, piece);
            if (error != Error::none) return error;
        }
        if (!ends || rest_is_useless_) return Error::none;
        return gathered_ == 0 && index_ == ends_at_ ? Error::none : Error::protocol;
    }

    /// The tail that was coming in is damaged: the leader shall send it again.
    void damaged(const Self<Composition>& self) noexcept {
        gathered_ = 0;
        if (verified_) refuse(self, Error::corrupt, self.last());
        ack_owed_ = true;
    }

    /// Applies what the leader allows and this node has verified. Called once when a call to `receive` ends.
    void settle(Self<Composition>& self, Applier<Composition>& applier) noexcept {
        if (!verified_) return;
        const Index commit = smaller(told_commit_, *verified_);
        if (commit <= self.commit && applier.applied() >= self.commit) return;
        self.commit = larger(self.commit, commit);
        applier.advance(self);
        if (Composition::waits_for_apply) ack_owed_ = true;
    }

    void heartbeat_due() noexcept { ack_owed_ = true; }
    void flushed() noexcept { ack_owed_ = ack_owed_ || static_cast<bool>(verified_); }
    [[nodiscard]] bool owes() const noexcept { return ack_owed_; }

    /// Writes what the leader is owed, all in one, and returns its size.
    [[gnu::noinline]] std::size_t write_ack(const Self<Composition>& self, const Applier<Composition>& applier,
                                            LinkId link, std::byte* head) noexcept {
        const bool is_plain = Limits::has_short_way && !echo_ && !refusal_ && !self.installing();
        if (!is_plain) return write_head(head, make_ack(self, applier), link);
        ack_owed_ = false;
        return PlainAck::write(head, applier.held(self, verified_.value_or_zero()), link);
    }

    [[nodiscard]] Ack make_ack(const Self<Composition>& self, const Applier<Composition>& applier) noexcept {
        Ack ack = with_fields(applier.held(self, verified_.value_or_zero()));
        ack.echo = echo_;
        ack.refusal = refusal_;
        if (self.installing()) ack.snapshot = self.incoming;
        echo_.reset();
        refusal_.reset();
        ack_owed_ = false;
        return ack;
    }

    // ---- What the part asks that receives a state ----

    /// True when what is committed here after `common` may have been lost on purpose, before this link's leader led.
    [[nodiscard]] bool may_be_replaced(const Self<Composition>& self, Index common) const noexcept {
        return core::may_be_replaced(self, forced_, common);
    }
    void owe_ack() noexcept { ack_owed_ = true; }
    /// The leader is told the newest position here that it may share.
    void refuse(const Self<Composition>& self, Error error, Position bound) noexcept {
        Position hint = self.epochs().newest_at_or_below(bound, self.log().last());
        const bool below = hint.index < self.log().base().index && error != Error::diverged;
        // What is committed is shared for sure. So it is where to look when nobody remembers the epochs behind it.
        const bool forgotten = hint.epoch == Epoch{} && self.commit < hint.index;
        if (below || forgotten) hint = self.committed();
        refusal_ = Refusal{error, hint, self.committed()};
        rest_is_useless_ = ack_owed_ = true;
    }
    /// A state is about to take the place of what this node holds after `common`.
    void discard_after(Self<Composition>& self, Index common) const noexcept { core::discard_after(self, common); }
    /// Up to here the log agreed with the leader's, on this link.
    [[nodiscard]] Index verified() const noexcept { return verified_.value_or_zero(); }
    /// A state of the leader stands, with nothing behind it.
    void stand_at_state(const Self<Composition>& self) noexcept {
        verified_.reset();
        epoch_ = Epoch{};  // what comes next is looked at closely
        verified(self.log().last());
        told_commit_ = self.commit;
    }

private:
    void begin_tail(Self<Composition>& self, Index commit) noexcept {
        gathered_ = 0;
        rest_is_useless_ = false;
        // With the hello it told of what it had committed before; what it commits itself is of its epoch.
        if (self.known_commit.index < commit) self.known_commit = {self.epoch, commit};
    }
    void expect(std::uint32_t count, Index commit) noexcept {
        ends_at_ = index_ + count;
        told_commit_ = larger(told_commit_, commit);
    }

    /// True when an append behind `previous` plainly goes on where the last one on this link ended, at the end of this
    /// log.
    [[nodiscard]] bool goes_on(const Self<Composition>& self, Position previous, Chain chain) const noexcept {
        const bool at_end = verified_ && index_ == self.log().last() && chain_ == self.log().chain();
        return at_end && previous.index == index_ && chain == chain_ && previous.epoch == epoch_ && epoch_ != Epoch{} &&
               !stalled(self.log());
    }

    /// Where in this log the append goes on. False when that is nowhere; the leader then learns why.
    [[nodiscard]] bool find_place(Self<Composition>& self, const Append& append) noexcept {
        if (const Error error = mismatch_at(self, append); error != Error::none) {
            if (!stalled(self.log())) refuse_append(self, error, append.previous);
            return false;
        }
        own_ = self.log().seek(append.previous.index + 1);
        if (stalled(self.log())) return false;  // as if it had not come: the leader asks again
        epoch_ = append.previous.epoch;
        index_ = append.previous.index;
        chain_ = append.previous_chain;
        verified(index_);
        learn_epoch(self);
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
    void refuse_append(Self<Composition>& self, Error error, Position previous) noexcept {
        if (previous.index < self.commit) return refuse(self, error, self.last());
        const bool told = previous.epoch != Epoch{};  // else it is too old for the leader to know
        if (!told) previous.epoch = self.epochs().last();
        const bool within = previous.index <= self.log().last() && previous.index > Index{};
        // The same position with another chain is damage, not another line.
        const bool damaged = within && told && self.epochs().at(previous.index) == previous.epoch;
        if (error == Error::discarded && within) previous.index = previous.index - 1;
        if (!damaged && self.epochs().newest_at_or_below(previous, self.log().last()).index < self.commit) {
            return refuse_diverged(self, previous);
        }
        refuse(self, error, previous);
    }

    /// The leader's log lacks what is committed here.
    void refuse_diverged(Self<Composition>& self, Position bound) noexcept {
        const Index common = self.epochs().newest_at_or_below(bound, self.log().last()).index;
        if (may_be_replaced(self, common)) return refuse(self, Error::diverged, bound);
        static_cast<void>(fail(self, Error::diverged));
    }

    /// The front of `piece` is a whole entry: takes it, and the plain commands behind it at once where they only
    /// lengthen the log.
    Error take_whole(Self<Composition>& self, Applier<Composition>& applier,
                     std::span<const std::byte>& piece) noexcept {
        const EntryHeader header = load_entry_header(piece.data());
        if (header.bytes() > Composition::entry_bytes_max) return Error::corrupt;
        if (index_ == self.log().last()) {
            const auto room = reserve(self, applier, header, piece.size());
            if (room.empty()) return refuse_for_room(self);
            const auto run =
                verify_entries(piece.first(smaller(room.size(), piece.size())), chain_, Composition::entry_bytes_max);
            if (run.count > 0) {
                lengthen(self, room, piece, run);
                piece = piece.subspan(run.bytes);
                return Error::none;
            }
        }
        const auto entry = piece.first(header.bytes());
        piece = piece.subspan(header.bytes());
        return take_one(self, applier, entry);
    }

    /// The front of `piece` is part of an entry: its parts are gathered where the log will have it.
    Error gather(Self<Composition>& self, Applier<Composition>& applier, std::span<const std::byte>& piece) noexcept {
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
        if (index_ < self.log().last()) return look_through(self, header, piece);
        const auto room = reserve(self, applier, header, size);
        if (room.empty()) return refuse_for_room(self);
        if (gathered_ == entry_header_bytes) std::memcpy(room.data(), header_.data(), entry_header_bytes);
        take(room.data(), size);
        if (gathered_ < size) return Error::none;
        gathered_ = 0;
        return take_one(self, applier, room.first(size));
    }

    /// The entry has one of this log in its place: its parts are checked and not kept, for a log that is full of what
    /// is to be cut has no room for them.
    Error look_through(Self<Composition>& self, EntryHeader header, std::span<const std::byte>& piece) noexcept {
        if (gathered_ == entry_header_bytes) check_.begin(header);
        const auto part = piece.first(smaller(header.bytes() - gathered_, piece.size()));
        check_.feed(part);
        piece = piece.subspan(part.size());
        gathered_ += part.size();
        if (gathered_ < header.bytes()) return Error::none;
        gathered_ = 0;
        return check_.fits(header, chain_) ? meet_own(self, header) : Error::corrupt;
    }

    /// One whole entry of any type, wherever it belongs.
    Error take_one(Self<Composition>& self, Applier<Composition>& applier, std::span<const std::byte> entry) noexcept {
        if (!verify_entry(entry.data(), chain_)) return Error::corrupt;
        const EntryHeader header = load_entry_header(entry.data());
        if (index_ < self.log().last()) return meet_own(self, header);
        if (!is_understood(header)) return Error::protocol;
        const auto room = reserve(self, applier, header, entry.size());
        if (room.empty()) return refuse_for_room(self);
        if (!self.history.append_entry(room, entry, self.epoch)) return Error::protocol;
        if (header.type() == EntryType::epoch_start) epoch_ = self.epochs().last();
        appended(1, header.chain);
        return Error::none;
    }

    /// An entry came that this log has already, or has another one in its place.
    Error meet_own(Self<Composition>& self, EntryHeader theirs) noexcept {
        const EntryRun run = self.log().read(own_);
        if (run.count == 0 && stalled(self.log())) {
            rest_is_useless_ = true;
            return Error::none;
        }
        if (run.count == 0) return fail(self, Error::log_failed);
        const std::byte* const entry = run.bytes.data();
        const EntryHeader own = load_entry_header(entry);
        if (own.chain == theirs.chain) {
            if (own.type() == EntryType::epoch_start) epoch_ = read_epoch_start(entry + entry_header_bytes).epoch;
            own_ = {own_.index + 1, own_.offset + own.bytes()};
            chain_ = own.chain;
            verified(++index_);
            learn_epoch(self);
            return Error::none;
        }
        // The logs part here. What was committed can be replaced only as a whole.
        if (own_.index <= self.commit) {
            refuse_diverged(self, {self.epochs().at(own_.index - 1), own_.index - 1});
            return Error::none;
        }
        cut(self, own_);
        refuse(self, Error::discarded, self.last());
        return Error::none;
    }

    /// Removes the entry at `from` and all after it.
    void cut(Self<Composition>& self, Cursor from) noexcept {
        discard_after(self, from.index - 1);
        self.history.cut(from, chain_);
        learn_epoch(self);
    }
    /// What the leader's append has come to may be the end of this log, whose epoch may be forgotten here.
    void learn_epoch(Self<Composition>& self) const noexcept { self.history.learn_epoch({epoch_, index_}); }

    /// Commands at the front of `piece`, which are correct, go where the log has room for them.
    void lengthen(Self<Composition>& self, std::span<std::byte> room, std::span<const std::byte> piece,
                  const VerifiedEntries& run) noexcept {
        copy_fresh(room.data(), piece.data(), run.bytes);
        self.history.append(run.bytes, run.count, run.chain);
        appended(run.count, run.chain);
    }

    void appended(std::uint64_t count, Chain chain) noexcept {
        index_ = index_ + count;
        chain_ = chain;
        verified(index_);
    }

    /// Room for an entry in the log; when there is none, what is committed is applied first, which frees its entries.
    std::span<std::byte> reserve(Self<Composition>& self, Applier<Composition>& applier, EntryHeader next,
                                 std::size_t most) noexcept {
        const auto room = self.history.room_for(next, most);
        if (!room.empty()) return room;
        settle(self, applier);
        return self.history.room_for(next, most);
    }

    Error refuse_for_room(Self<Composition>& self) noexcept {
        gathered_ = 0;
        if (self.log().fault() != Error::none) return fail(self, self.log().fault());
        refuse(self, Error::log_full, self.last());
        return Error::none;
    }

    /// This node stops; nothing that the leader sent is wrong.
    Error fail(Self<Composition>& self, Error error) noexcept {
        self.fail(error);
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
