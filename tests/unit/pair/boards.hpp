// SPDX-License-Identifier: BSL-1.0
// Two boards and the line between them, for tests that say what goes over it.
#pragma once

#include "support/inside_pair.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/pair/node.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace pair_boards {

using namespace replicator;

/// Keeps the newest letters of all that was written.
struct Letters {
    using Command = std::span<const std::byte>;
    static constexpr std::size_t size_max = 48;
    char text[size_max] = {};

    void apply(const Command& command) {
        const std::size_t size = command.size() < size_max ? command.size() : size_max;
        std::memmove(text, text + size, size_max - size);
        if (size != 0) std::memcpy(text + (size_max - size), command.data(), size);
    }
    [[nodiscard]] std::string all() const {
        std::string letters;
        for (const char letter : text) {
            if (letter != 0) letters += letter;
        }
        return letters;
    }
};

struct Limits : pair::Options {
    using Delivery = pair::delivery::Frames;
    using Transfer = pair::transfer::Pieces<16>;
    static constexpr std::size_t command_bytes_max = 16;
    static constexpr std::size_t log_entries_max = 8;
    static constexpr std::size_t log_bytes_max = 128;
};

struct Returned {
    std::vector<std::pair<pair::Ticket, std::string>> commands;
    void on_discarded(pair::Ticket ticket, const std::span<const std::byte>& command) {
        commands.emplace_back(ticket, std::string(reinterpret_cast<const char*>(command.data()), command.size()));
    }
    [[nodiscard]] std::string all() const {
        std::string letters;
        for (const auto& each : commands) letters += each.second;
        return letters;
    }
};

inline std::span<const std::byte> command_of(const std::string& text) { return std::as_bytes(std::span(text)); }

/// `First` and `Second` are the limits of both.
template <class Ack = ack::SemiSync<>, class First = Limits, class Second = First>
struct Boards {
    using A = pair::Node<Letters, Ack, First, Returned>;
    using B = pair::Node<Letters, Ack, Second, Returned>;
    static constexpr NodeId id_a{1}, id_b{2};

    Returned returned_a, returned_b;
    std::uint32_t run = 1;
    std::optional<A> a;
    std::optional<B> b;
    std::uint64_t now = 1;
    bool joined = true;

    Boards() {
        restart_a();
        restart_b();
    }
    void restart_a() { a.emplace(pair::Config{id_a, id_b, run++}, returned_a); }
    void restart_b() { b.emplace(pair::Config{id_b, id_a, run++}, returned_b); }

    /// One frame of `from`, if one is owed, reaches `to`.
    template <class From, class To>
    bool carry(From& from, To& to) {
        std::byte buffer[From::transmit_bytes_min];
        const std::size_t size = from.transmit(to.id(), buffer);
        if (size != 0 && joined) static_cast<void>(to.receive(from.id(), std::span(buffer).first(size)));
        return size != 0;
    }
    void tick(std::uint64_t milliseconds_later) {
        now += milliseconds_later * 1000;
        a->tick({now});
        b->tick({now});
    }
    /// Lets time pass, with all frames carried.
    void pass(std::uint64_t length = 300) {
        for (std::uint64_t i = 0; i < length; i += 10) {
            tick(10);
            for (int frames = 0; frames < 50; ++frames) {
                const bool from_a = carry(*a, *b);
                const bool from_b = carry(*b, *a);
                if (!from_a && !from_b) break;
            }
        }
    }
    void part() {
        joined = false;
        pass(700);
    }
    void join() {
        joined = true;
        pass();
    }
    /// `b` hears a hello of the peer as it would be after 65,535 epochs.
    void spend_epochs_of_b() {
        std::byte hello[First::frame_bytes_max], answer[Second::frame_bytes_max];
        b->disconnected(id_a);
        tick(150);
        if (a->transmit(id_b, hello) != 48 || !b->receive(id_a, std::span(hello).first(48))) return;
        store(hello + pair::detail::at::echo, std::uint32_t{0});
        if (b->transmit(id_a, answer) != 48) return;
        store(hello + pair::detail::at::echo, pair::detail::word(answer, pair::detail::at::nonce));
        store(hello + pair::detail::at::epoch, std::uint32_t{0xffff0002});
        hello[pair::detail::at::flags] &= ~std::byte{pair::detail::flag::leads};
        store(hello + 44, pair::detail::crc(hello, 44, 0));
        static_cast<void>(b->receive(id_a, std::span(hello).first(48)));
    }
    /// `a` leads, `b` has all.
    void begin() {
        static_cast<void>(a->bootstrap(HistoryId{7}));
        pass();
    }
};

}  // namespace pair_boards
