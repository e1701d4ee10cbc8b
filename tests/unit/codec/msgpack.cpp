// SPDX-License-Identifier: BSL-1.0
// A command that msgpack serialises, replicated; the codec is the whole of what a user writes.

#ifndef MSGPACK_NO_BOOST
#define MSGPACK_NO_BOOST
#endif

#include <boost/test/unit_test.hpp>

#if __has_include(<msgpack.hpp>)

#include "support/cluster.hpp"

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#endif
#include <msgpack.hpp>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

namespace {

struct Move {
    std::string player;
    std::vector<int> path;

    MSGPACK_DEFINE(player, path)
};

struct Board {
    using Command = Move;

    long steps = 0;
    std::string last;

    long apply(const Move& command) {
        last = command.player;
        for (const int step : command.path) steps += step;
        return steps;
    }
    std::size_t save(std::uint64_t, std::span<std::byte>) const { return 0; }
    bool load(std::span<const std::byte>) { return true; }
};

}  // namespace

template <>
struct replicator::CommandCodec<Move> {
    static constexpr SchemaId schema{0x3559ac};

    static std::size_t size(const Move& command) {
        msgpack::sbuffer buffer;
        msgpack::pack(buffer, command);
        return buffer.size();
    }
    static void encode(const Move& command, std::span<std::byte> to) {
        msgpack::sbuffer buffer;
        msgpack::pack(buffer, command);
        std::memcpy(to.data(), buffer.data(), to.size());
    }
    template <class Use>
    static bool decode(std::span<const std::byte> from, Use&& use) {
        Move command;
        try {
            msgpack::unpack(reinterpret_cast<const char*>(from.data()), from.size()).get().convert(command);
        } catch (const std::exception&) {
            return false;
        }
        use(command);
        return true;
    }
};

BOOST_AUTO_TEST_SUITE(msgpack_codec)

BOOST_AUTO_TEST_CASE(its_commands_are_replicated) {
    using namespace replicator;
    support::Cluster<support::Node<ack::Sync<>, Board>> group(2);
    BOOST_REQUIRE(group.at(1).write({"Ada", {1, 2, 3}}));
    const auto ticket = group.at(1).write({"Bob", {-10, 100'000}});
    BOOST_REQUIRE(ticket);
    group.network.settle();
    const auto outcome = group.at(1).outcome(*ticket);
    BOOST_TEST((outcome.state == WriteState::acknowledged));
    BOOST_TEST(outcome.result == 99'996);
    BOOST_TEST(group.at(2).state().steps == 99'996);
    BOOST_TEST(group.at(2).state().last == "Bob");
}

BOOST_AUTO_TEST_CASE(what_is_no_command_is_not_decoded) {
    const std::array<std::byte, 3> bytes{std::byte{0xc1}, std::byte{0xc1}, std::byte{0xc1}};
    BOOST_TEST(!replicator::CommandCodec<Move>::decode(bytes, [](const Move&) {}));
    BOOST_TEST(!replicator::CommandCodec<Move>::decode({}, [](const Move&) {}));
}

BOOST_AUTO_TEST_SUITE_END()

#endif
