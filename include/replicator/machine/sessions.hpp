// SPDX-License-Identifier: BSL-1.0
// machine::Sessions: a state machine that applies each command of a client once, however often it is sent.
#pragma once

#include "inner.hpp"

#include "../api/write.hpp"
#include "../codec/fields/bytes.hpp"
#include "../codec/select.hpp"
#include "../concepts/codec.hpp"
#include "../concepts/state_machine.hpp"
#include "../core/frozen.hpp"
#include "../encoding/bytes.hpp"
#include "../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace replicator::machine {

/// Given by the group when a session is opened. 0 is none.
enum class SessionId : std::uint64_t {};

/// What became of a command that came with a session.
enum class Once : std::uint8_t {
    opened,     ///< the session is new; nothing else was asked
    applied,    ///< now, for the first time
    repeated,   ///< it was applied before, and this is its result
    forgotten,  ///< it was applied before, and a later one too, so that its result is gone
    early,      ///< not applied: the one before it has not come; send that first
    evicted,  ///< not applied: others opened so many sessions that this one had to go. Whether the command was applied
              ///< before, nobody knows any more; open a session, and find out from the state
};

[[nodiscard]] constexpr const char* to_string(Once once) noexcept {
    switch (once) {
        case Once::opened: return "opened";
        case Once::applied: return "applied";
        case Once::repeated: return "repeated";
        case Once::forgotten: return "forgotten";
        case Once::early: return "early";
        case Once::evicted: return "evicted";
    }
    return "unknown";
}

/// Wraps a machine: a command whose answer was lost is sent again, to whichever node leads by then, and is not applied
/// a second time. The table of sessions is part of the state: it is replicated, and in snapshots.
///
///     using Shop = replicator::machine::Sessions<Orders, 1000>;
///     using Node = replicator::Replicator<Shop, ...>;
///
///     node.write(Shop::open());                             // its result says which session it is
///     node.write(Shop::command(session, 1, {.order = 7}));  // the first of the session; again after a doubt, with 1
///
/// A client numbers its commands from 1 on, and sends the next when it knows of the one before; those on the way
/// together are sent again in their order. Of each session the last result is kept. When `SessionsMax` are open, the
/// next `open` evicts the one that was used least recently.
///
/// The result is that of the machine, with what became of the command; it must be void, or a type whose bytes are its
/// value. Takes `SessionsMax` times 24 bytes and a result. A command takes O(1) more, `open` O(SessionsMax).
///
/// The idea is that of Raft: Ongaro, Consensus: Bridging Theory and Practice, section 6.3.
template <HasApply Machine, std::size_t SessionsMax>
class Sessions {
public:
    static_assert(SessionsMax > 0);

    using InnerCommand = typename Machine::Command;
    using Result = ApplyResult<Machine>;
    static_assert(
        std::is_void_v<Result> || raw_fault<StoredResult<Result>> == RawFault::none,
        "Sessions keeps the last result of each client in the state, so it must be void or a type whose bytes "
        "are its value, without padding and pointers.");

    /// Refers to the machine's own command, which must be good until `write` returns. Made by `open` and `command`.
    struct Command {
        SessionId session{};
        std::uint64_t sequence = 0;
        const InnerCommand* command = nullptr;
    };

    [[nodiscard]] static constexpr Command open() noexcept { return {}; }
    [[nodiscard]] static constexpr Command command(SessionId session, std::uint64_t sequence,
                                                   const InnerCommand& command) noexcept {
        return {session, sequence, &command};
    }

private:
    using Inner = codec::Select<Machine>;
    static constexpr std::size_t head_bytes = 16;
    static constexpr std::size_t bytes_max = [] {
        constexpr std::size_t inner = command_bytes_max<Inner>(~std::size_t{0});
        return inner > ~std::size_t{0} - head_bytes ? ~std::size_t{0} : inner + head_bytes;
    }();

public:
    using Stored = StoredResult<Result>;
    struct Reply {
        Once once{};
        SessionId session{};
        [[no_unique_address]] Stored result{};
    };

    /// u64 session, u64 sequence, and the bytes of the machine's own command; 16 bytes of zeros to open a session.
    struct Codec : CommandBound<bytes_max> {
        static constexpr SchemaId schema{(value(SchemaId{Inner::schema}) ^ 0x5e55'1045) * 0x9e3779b97f4a7c15 +
                                         SessionsMax * 0x10001 + sizeof(Stored)};

        [[nodiscard]] static std::size_t size(const Command& command) {
            return head_bytes + (command.command != nullptr ? Inner::size(*command.command) : 0);
        }
        static void encode(const Command& command, std::span<std::byte> to) {
            store(to.data(), value(command.session));
            store(to.data() + 8, command.sequence);
            if (command.command != nullptr) Inner::encode(*command.command, to.subspan(head_bytes));
        }
        template <class Use>
        [[nodiscard]] static bool decode(std::span<const std::byte> from, Use&& use) {
            if (from.size() < head_bytes) return false;
            Command command{SessionId{replicator::load<std::uint64_t>(from.data())},
                            replicator::load<std::uint64_t>(from.data() + 8), nullptr};
            if (command.session == SessionId{}) {
                if (command.sequence != 0 || from.size() != head_bytes) return false;
                use(static_cast<const Command&>(command));
                return true;
            }
            return Inner::decode(from.subspan(head_bytes), [&](const InnerCommand& inner) {
                command.command = &inner;
                use(static_cast<const Command&>(command));
            });
        }
    };

    Reply apply(const Command& command) {
        if (command.command == nullptr) return {Once::opened, open_session(), {}};
        Slot& slot = slots_[static_cast<std::size_t>(value(command.session) % SessionsMax)];
        if (slot.session != command.session) return {Once::evicted, command.session, {}};
        if (command.sequence > slot.sequence + 1) return {Once::early, command.session, {}};
        if (command.sequence < slot.sequence) return {Once::forgotten, command.session, {}};
        slot.used = ++uses_;
        if (command.sequence == slot.sequence) return {Once::repeated, command.session, slot.result};
        slot.sequence = command.sequence;
        if constexpr (std::is_void_v<Result>) {
            machine_.apply(*command.command);
        } else {
            slot.result = machine_.apply(*command.command);
        }
        return {Once::applied, command.session, slot.result};
    }

    [[nodiscard]] const Machine& machine() const noexcept { return machine_; }

    [[nodiscard]] std::uint64_t digest() const requires requires(const Machine& machine) { machine.digest(); }
    {
        std::uint64_t digest = machine_.digest();
        for (const Slot& slot : slots_) {
            for (const std::uint64_t number : {value(slot.session), slot.sequence, slot.used}) {
                digest = (digest ^ number) * 0x100000001b3;
            }
        }
        return digest;
    }

    // --- Snapshots: the table, and then the machine's own. ---

    static constexpr std::uint32_t snapshot_version = core::snapshot_format_of<Machine>();

    [[nodiscard]] auto freeze() requires Snapshotable<Machine> {
        Frozen frozen{slots_, opened_, uses_, {}};
        frozen.machine.take(machine_);
        return frozen;
    }

    [[nodiscard]] bool load(std::span<const std::byte> piece) requires Snapshotable<Machine> {
        while (!piece.empty() && loaded_ < table_bytes) {
            const std::size_t begun = loaded_ % record_bytes;
            const std::size_t taken = smaller(record_bytes - begun, piece.size());
            std::memcpy(record_.data() + begun, piece.data(), taken);
            piece = piece.subspan(taken);
            loaded_ += taken;
            if (begun + taken == record_bytes) read_record(loaded_ / record_bytes - 1);
        }
        return piece.empty() || loader_.load(machine_, piece);
    }

private:
    static constexpr std::size_t result_bytes = std::is_void_v<Result> ? 0 : sizeof(Stored);
    static constexpr std::size_t record_bytes = 24 + result_bytes;
    static constexpr std::size_t table_bytes = record_bytes * (1 + SessionsMax);

    struct Slot {
        SessionId session{};
        std::uint64_t sequence = 0;
        std::uint64_t used = 0;
        [[no_unique_address]] Stored result{};
    };
    using Slots = std::array<Slot, SessionsMax>;

    struct Frozen {
        Slots slots;
        std::uint64_t opened;
        std::uint64_t uses;
        core::Frozen<Machine> machine;

        [[nodiscard]] std::size_t save(std::uint64_t offset, std::span<std::byte> to) const {
            if (offset >= table_bytes) return machine.save(offset - table_bytes, to);
            codec::FieldWriter writer(to, static_cast<std::size_t>(offset));
            write_record(writer, {SessionId{opened}, uses, 0, {}});
            for (const Slot& slot : slots) write_record(writer, slot);
            return writer.written();
        }
    };

    static void write_record(codec::FieldWriter& writer, const Slot& slot) {
        writer.number(value(slot.session));
        writer.number(slot.sequence);
        writer.number(slot.used);
        if constexpr (result_bytes != 0) writer.bytes(&slot.result, result_bytes);
    }

    /// The first is that of the table itself.
    void read_record(std::size_t number) {
        const std::uint64_t first = replicator::load<std::uint64_t>(record_.data());
        const std::uint64_t second = replicator::load<std::uint64_t>(record_.data() + 8);
        if (number == 0) {
            opened_ = first;
            uses_ = second;
            return;
        }
        Slot& slot = slots_[number - 1];
        slot.session = SessionId{first};
        slot.sequence = second;
        slot.used = replicator::load<std::uint64_t>(record_.data() + 16);
        if constexpr (result_bytes != 0) std::memcpy(&slot.result, record_.data() + 24, result_bytes);
    }

    /// An id is never given twice, and says in which slot its session is.
    SessionId open_session() {
        std::size_t oldest = 0;
        for (std::size_t i = 1; i < SessionsMax; ++i) {
            if (slots_[i].used < slots_[oldest].used) oldest = i;
        }
        ++opened_;
        slots_[oldest] = Slot{SessionId{opened_ * SessionsMax + oldest}, 0, ++uses_, {}};
        return slots_[oldest].session;
    }

    Machine machine_{};
    Slots slots_{};
    std::uint64_t opened_ = 0;
    std::uint64_t uses_ = 0;

    // While it is loaded.
    std::size_t loaded_ = 0;
    std::array<std::byte, record_bytes> record_{};
    [[no_unique_address]] InnerLoader<Machine> loader_;
};

}  // namespace replicator::machine
