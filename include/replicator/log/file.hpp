// SPDX-License-Identifier: BSL-1.0
// log::File: entries in files, flushed in groups; survives the process and a loss of power. See docs/log_format.md.
//
//     using Log = replicator::log::File<replicator::storage::Posix>;
//     auto log = Log::open({}, "data", {.cluster = ..., .node = ..., .incarnation = ...});
//     if (!log) ... log.error() ...
//
// `append` gathers in memory, `flush` writes what was gathered as one record and flushes it, `flushed()` is what the
// disk has. With a storage that flushes on a helper thread, `flush` only begins, `poll` picks up the end, and what is
// appended meanwhile is the next group. Call `flush` once for each turn of the event loop, not for each entry.
//
// A flush that failed faults the log for good. A full disk, and a system that is short of descriptors or memory, do
// not: `flush` says `Error::log_full`, `reserve` gives no room, and both work again once there is some. What cannot be
// read for such a reason is not there until the next `flush`; `stalled` says so.
//
// `cut` and `reset` act at once in memory. On the disk they come before anything that is written later, with the next
// `flush` or `store`.
//
// Restart: `open` reads everything once. What it found is in `verdict()`; `metadata()` says what the node promised and
// from where on its copy is suspect. The log belongs to one thread. Steady state allocates nothing.
#pragma once

#include "file/body.hpp"

#include "../concepts/log_policy.hpp"
#include "../concepts/storage.hpp"
#include "../result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace replicator::log {

template <Storage S, class Options = FileOptions>
class File {
    using Body = detail::FileBody<S, Options>;
    static_assert(Options::record_bytes_max >= Options::entry_bytes_max,
                  "FileOptions::record_bytes_max must have room for the largest entry.");
    static_assert(Options::capacity_bytes >= 2 * Options::segment_bytes &&
                      Options::retained_bytes <= Options::capacity_bytes,
                  "FileOptions::capacity_bytes must hold two segments, and FileOptions::retained_bytes.");
    static_assert(Options::segments_max >= Options::capacity_bytes / Options::segment_bytes + 6,
                  "FileOptions::segments_max is too small for FileOptions::capacity_bytes.");

public:
    static constexpr std::size_t capacity_bytes = Options::capacity_bytes;
    static constexpr std::size_t entry_bytes_max = Options::entry_bytes_max;
    static constexpr Stage stage = Stage::durable;
    /// Without it, the log is one for other uses than under a node.
    static constexpr bool keeps_for_restart = Options::keeps_for_restart;

    using Metadata = log::Metadata;
    using SnapshotHead = log::SnapshotHead;
    using SnapshotReader = log::SnapshotReader<S>;

    /// Closed: it holds nothing and takes nothing, until another is moved into it.
    File() noexcept = default;
    File(File&&) noexcept = default;
    /// What was not flushed is left as after a crash; `close` first where that matters.
    File& operator=(File&& other) noexcept {
        if (body_ != nullptr) body_->disk().wait();
        body_ = std::move(other.body_);
        return *this;
    }
    ~File() {
        if (body_ != nullptr) body_->disk().wait();
    }

    /// Opens a directory, or makes one out of nothing, and recovers what is there. `verdict` is told what was found,
    /// also when the log is refused:
    ///
    ///   duplicate_node                          another process, or another log, has the directory
    ///   wrong_cluster wrong_group wrong_node    it is somebody else's
    ///   wrong_history wrong_version             it holds something else
    ///   wrong_limits                            it was written with larger bounds
    ///   corrupt                                 entries are lost that were on the disk; see `OnDamage`
    ///   log_full                                the disk is full, or the system is short of descriptors or memory:
    ///                                           the same may succeed later, and nothing was lost
    ///   log_failed                              the disk failed. Of both, `Verdict::failure` says which call, on which
    ///                                           path, and why; no call when it is memory of the process that lacks
    ///
    /// O(bytes of the log).
    [[nodiscard]] static Result<File> open(S storage, const char* path, const FileIdentity& identity,
                                           OnDamage on_damage = OnDamage::refuse, Verdict* verdict = nullptr) {
        File file;
        file.body_.reset(new (std::nothrow) Body(std::move(storage)));
        if (file.body_ == nullptr) return Error::log_full;
        const Error error = file.body_->open(path, identity, on_damage);
        if (verdict != nullptr) {
            *verdict = file.body_->verdict();
            verdict->error = error;
            verdict->failure = file.body_->disk().failure();
        }
        if (error != Error::none) return error;
        return file;
    }

    [[nodiscard]] LogBase base() const noexcept {
        return body_ == nullptr ? LogBase{} : LogBase{body_->retention().base(), body_->retention().base_chain()};
    }
    [[nodiscard]] Index last() const noexcept { return end().index - 1; }
    /// The newest entry that a flush covered.
    [[nodiscard]] Index flushed() const noexcept { return body_ == nullptr ? Index{} : body_->disk().flushed(); }
    [[nodiscard]] Chain chain() const noexcept { return body_ == nullptr ? Chain{} : body_->chain(); }
    [[nodiscard]] Cursor begin() const noexcept { return body_ == nullptr ? Cursor{} : body_->retention().begin(); }
    [[nodiscard]] Cursor end() const noexcept { return body_ == nullptr ? Cursor{} : body_->end(); }
    /// What the system refused last: the call, the path and errno. It stands beside each `Error::log_full` and
    /// `Error::log_failed`; an empty call means that the system refused nothing.
    [[nodiscard]] StorageFailure failure() const noexcept {
        return body_ == nullptr ? StorageFailure{} : body_->disk().failure();
    }
    /// Since the last `flush`, a `seek` or a `read` gave nothing, or a place that is not that of the entry, because the
    /// system was short of descriptors or memory.
    [[nodiscard]] bool stalled() const noexcept { return body_ != nullptr && body_->stalled(); }
    /// `Error::stopped` for a closed log.
    [[nodiscard]] Error fault() const noexcept { return body_ == nullptr ? Error::stopped : body_->disk().fault(); }

    /// The place of `index`, which must be kept. O(entries in a part of the tail), or one read of a file.
    [[nodiscard]] Cursor seek(Index index) const noexcept {
        REPLICATOR_ASSERT(begin().index <= index && index <= end().index);
        return body_ == nullptr || index == end().index ? end() : body_->seek(index);
    }
    /// Good until the next call on this log: entries that are not in memory are read into a buffer. A run that is empty
    /// though the cursor is not at the end means that the files cannot be read; then the log is `stalled`, or faulted.
    [[nodiscard]] EntryRun read(Cursor cursor) const noexcept {
        return body_ == nullptr ? EntryRun{} : body_->read(cursor);
    }

    [[nodiscard]] std::span<std::byte> reserve(std::size_t least, std::size_t most) noexcept {
        return body_ == nullptr ? std::span<std::byte>{} : body_->reserve(least, most);
    }
    void append(std::size_t bytes, std::uint64_t count, Chain chain) noexcept { body_->append(bytes, count, chain); }
    void cut(Cursor cursor, Chain chain) noexcept { body_->cut(cursor, chain); }
    void reset(Index index, Chain chain) noexcept { body_->reset(index, chain); }
    /// Entries up to `index` may be dropped, once a state on the disk includes them.
    void release(Index index) noexcept {
        if (body_ != nullptr) body_->retention().release(index);
    }
    /// Followers still need entries from `index` on; they are kept for as long as the capacity allows. Nobody needs any
    /// until this is called.
    void need(Index index) noexcept { body_->retention().need(index); }
    /// Bytes that may be appended before the entry `index` may be dropped, needed or not. 0 when it is gone.
    [[nodiscard]] std::uint64_t distance_to_loss(Index index) const noexcept {
        return body_ == nullptr ? 0 : body_->distance_to_loss(index);
    }

    // --- The disk ---

    /// Writes what was gathered and begins to flush it, unless a flush is under way. `Error::log_full` when there is no
    /// room on the disk; nothing is lost then, and a later call goes on.
    [[nodiscard]] Error flush() noexcept { return body_ == nullptr ? Error::stopped : body_->flush(); }
    /// Picks up the end of a flush on a helper thread.
    void poll() noexcept {
        if (body_ != nullptr) body_->disk().poll();
    }
    /// Waits for the flush that is under way.
    void wait() noexcept {
        if (body_ != nullptr) body_->disk().wait();
    }
    [[nodiscard]] bool flushing() const noexcept { return body_ != nullptr && body_->disk().is_syncing(); }
    /// Writes what was gathered, without a flush: it survives the process, and not a loss of power.
    [[nodiscard]] Error write() noexcept { return body_ == nullptr ? Error::stopped : body_->write_out(); }
    /// Prepares the next file a little further, so that no flush has to. For times when there is nothing else to do.
    [[nodiscard]] Error prepare(std::uint64_t bytes) noexcept {
        return body_ == nullptr ? Error::stopped : body_->prepare(bytes);
    }
    /// Flushes, and notes that the log was closed. Nothing may be appended afterwards.
    [[nodiscard]] Error close() noexcept { return body_ == nullptr ? Error::stopped : body_->close(); }

    /// What opening found.
    [[nodiscard]] const Verdict& verdict() const noexcept { return body_->verdict(); }

    /// What the node stored last; nothing for a closed log.
    [[nodiscard]] Metadata metadata() const noexcept {
        if (body_ == nullptr) return {};
        Metadata metadata = body_->ledger().metadata();
        metadata.epochs = body_->ledger().epochs();
        return metadata;
    }
    /// For `Config::run`: every start on this directory has another one, and so has one on a directory that was made
    /// anew, as far as its incarnation was drawn at random.
    [[nodiscard]] Run run() const noexcept {
        if (body_ == nullptr) return {};
        const Metadata& metadata = body_->ledger().metadata();
        const std::uint64_t mixed = value(metadata.incarnation) ^ metadata.run_counter * 0x9e3779b97f4a7c15u;
        return Run{mixed == 0 ? 1 : mixed};
    }
    /// True when the metadata say from where on this copy is suspect.
    [[nodiscard]] bool is_suspect() const noexcept {
        return body_ != nullptr && body_->ledger().metadata().suspect_from != Index{};
    }
    /// True when `close` was the last thing that happened to it before it was opened.
    [[nodiscard]] bool closed_in_order() const noexcept {
        return body_ != nullptr && body_->ledger().closed_in_order();
    }
    /// Keeps the node's own part of the metadata; on the disk when it returns `Error::none`. After `reset` it also
    /// takes the epoch of the base and the epoch history, in one step with the reset.
    [[nodiscard]] Error store(const Metadata& metadata) noexcept {
        return body_ == nullptr ? Error::stopped : body_->store(metadata);
    }
    /// The newest epochs of what is in the files.
    [[nodiscard]] const EpochHistory& epochs() const noexcept { return body_->ledger().epochs(); }

    /// True when there are so many files that some should go, which takes a newer state on the disk.
    [[nodiscard]] bool is_crowded() const noexcept { return body_ != nullptr && body_->retention().is_crowded(); }

    /// The disk had no room when it was last asked, and nothing is taken before it has some.
    [[nodiscard]] bool is_full() const noexcept { return body_ != nullptr && body_->disk().is_full(); }

    // --- States ---

    /// Begins to write a state that includes everything up to `head.position`; one that was begun before is dropped.
    /// `own` is kept with it, and given back by the reader. Fill in id, history, position, chain, piece_bytes.
    [[nodiscard]] Error begin_snapshot(const SnapshotHead& head, std::span<const std::byte> own) noexcept {
        return body_ == nullptr ? Error::stopped : body_->begin_snapshot(head, own);
    }
    /// The next piece, of at most `piece_bytes`. One call for each turn is a budget. After `Error::log_full` or
    /// `Error::snapshot_invalid` the new state is gone, and the old one is as it was.
    [[nodiscard]] Error append_snapshot(std::span<const std::byte> piece) noexcept {
        return body_ == nullptr ? Error::stopped : body_->append_snapshot(piece);
    }
    /// The state is whole: it is made to last, then takes the place of the one before. The log may then drop what is
    /// released and included. With a storage that flushes on a helper thread, `Error::not_yet` until that is done: call
    /// it again, once in each turn of the loop.
    [[nodiscard]] Error finish_snapshot() noexcept {
        return body_ == nullptr ? Error::stopped : body_->finish_snapshot();
    }
    /// The same for a state that came from elsewhere: in one step it also becomes the base of the log, which is then
    /// empty, and `installing` is cleared.
    [[nodiscard]] Error install_snapshot(const EpochHistory& epochs_before) noexcept {
        return body_ == nullptr ? Error::stopped : body_->install_snapshot(epochs_before);
    }
    void drop_snapshot() noexcept {
        if (body_ != nullptr) body_->drop_snapshot();
    }
    /// The newest entry that the state on the disk includes; 0 when there is none.
    [[nodiscard]] Index snapshot_index() const noexcept { return snapshot().position.index; }
    /// The state on the disk; its id is 0 when there is none.
    [[nodiscard]] SnapshotPointer snapshot() const noexcept {
        return body_ == nullptr ? SnapshotPointer{} : body_->ledger().metadata().snapshot;
    }
    /// Opens the state on the disk, to be read piece by piece.
    [[nodiscard]] Error open_snapshot(SnapshotReader& reader) const noexcept {
        if (body_ == nullptr) return Error::stopped;
        const SnapshotId id = snapshot().id;
        if (id == SnapshotId{}) return Error::not_yet;
        return reader.open(body_->disk().storage(), body_->disk().directory(), id);
    }

private:
    std::unique_ptr<Body> body_;
};

}  // namespace replicator::log
