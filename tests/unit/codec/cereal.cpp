// SPDX-License-Identifier: BSL-1.0
// A command that cereal serialises, replicated; the codec is the whole of what a user writes.

#include <boost/test/unit_test.hpp>

#if __has_include(<cereal/archives/binary.hpp>)

#include "support/cluster.hpp"

#include <cereal/archives/binary.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/string.hpp>

#include <cstddef>
#include <exception>
#include <map>
#include <sstream>
#include <string>

namespace {

struct Rename {
    std::string from;
    std::string to;
    std::map<std::string, int> counts;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(from, to, counts);
    }
};

struct Names {
    using Command = Rename;

    std::map<std::string, int> names;

    std::size_t apply(const Rename& command) {
        names.erase(command.from);
        names[command.to] = command.counts.empty() ? 0 : command.counts.begin()->second;
        return names.size();
    }
    std::size_t save(std::uint64_t, std::span<std::byte>) const { return 0; }
    bool load(std::span<const std::byte>) { return true; }
};

}  // namespace

template <>
struct replicator::CommandCodec<Rename> {
    static constexpr SchemaId schema{0xce4ea1};

    static std::string bytes_of(const Rename& command) {
        std::ostringstream out;
        cereal::BinaryOutputArchive{out}(command);
        return out.str();
    }
    static std::size_t size(const Rename& command) { return bytes_of(command).size(); }
    static void encode(const Rename& command, std::span<std::byte> to) {
        std::memcpy(to.data(), bytes_of(command).data(), to.size());
    }
    template <class Use>
    static bool decode(std::span<const std::byte> from, Use&& use) {
        Rename command;
        try {
            std::istringstream in(std::string(reinterpret_cast<const char*>(from.data()), from.size()));
            cereal::BinaryInputArchive{in}(command);
        } catch (const std::exception&) {
            return false;
        }
        use(command);
        return true;
    }
};

BOOST_AUTO_TEST_SUITE(cereal_codec)

BOOST_AUTO_TEST_CASE(its_commands_are_replicated) {
    using namespace replicator;
    support::Cluster<support::Node<ack::Sync<>, Names>> group(2);
    BOOST_REQUIRE(group.at(1).write({"", "Ada", {{"x", 3}}}));
    BOOST_REQUIRE(group.at(1).write({"", "Bob", {}}));
    const auto ticket = group.at(1).write({"Bob", "Cleo", {{"a", 1}, {"b", 2}}});
    BOOST_REQUIRE(ticket);
    group.network.settle();
    BOOST_TEST((group.at(1).outcome(*ticket).state == WriteState::acknowledged));
    const std::map<std::string, int> expected{{"Ada", 3}, {"Cleo", 1}};
    BOOST_TEST((group.at(1).state().names == expected));
    BOOST_TEST((group.at(2).state().names == expected));
}

BOOST_AUTO_TEST_CASE(what_is_no_command_is_not_decoded) {
    const std::array<std::byte, 5> bytes{};
    BOOST_TEST(!replicator::CommandCodec<Rename>::decode(bytes, [](const Rename&) {}));
}

BOOST_AUTO_TEST_SUITE_END()

#endif
