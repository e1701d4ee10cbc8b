// SPDX-License-Identifier: BSL-1.0
// Commands that come more than once: applied once, answered again, also after a state was sent and after a promotion.

#include "support/cluster.hpp"

#include <replicator/codec/fields.hpp>
#include <replicator/machine/sessions.hpp>
#include <replicator/state/frozen.hpp>
#include <replicator/state/loader.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(machine_sessions)

using namespace replicator;

using machine::Once;
using machine::SessionId;

namespace {

struct Counter {
    struct Command {
        std::uint64_t add;
    };
    std::uint64_t total = 0;
    std::uint64_t apply(const Command& command) { return total += command.add; }
};
using Once3 = machine::Sessions<Counter, 3>;

Once3::Reply apply(Once3& sessions, SessionId session, std::uint64_t sequence, std::uint64_t add) {
    return sessions.apply(Once3::command(session, sequence, {add}));
}

/// A machine with a state of its own making, and nothing to return.
struct Words {
    struct Command {
        std::string word;
        static constexpr auto fields(auto& command) { return std::tie(command.word); }
    };
    using Codec = codec::Fields<Command>;
    std::map<std::string, std::uint32_t> counts;
    void apply(const Command& command) { ++counts[command.word]; }
    auto freeze() const { return state::Frozen(counts); }
    bool load(std::span<const std::byte> piece) { return loader.take(piece, counts); }
    state::Loader loader;
};

template <class Machine>
Machine copied(Machine& from, std::size_t piece_bytes) {
    Machine to;
    const auto frozen = from.freeze();
    std::vector<std::byte> piece(piece_bytes);
    std::uint64_t offset = 0;
    while (const std::size_t size = frozen.save(offset, piece)) {
        BOOST_REQUIRE(to.load(std::span(piece).first(size)));
        offset += size;
    }
    return to;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_command_is_applied_once_and_answered_again) {
    Once3 sessions;
    const SessionId session = sessions.apply(Once3::open()).session;
    struct Step {
        std::uint64_t sequence, add;
        Once once;
        std::uint64_t result, total;
    };
    const std::array steps = {
        Step{2, 1, Once::early, 0, 0},       // the first has not come
        Step{1, 5, Once::applied, 5, 5},     //
        Step{1, 5, Once::repeated, 5, 5},    // its answer was lost
        Step{3, 1, Once::early, 0, 5},       // the second was
        Step{2, 7, Once::applied, 12, 12},   //
        Step{1, 5, Once::forgotten, 0, 12},  // late
        Step{0, 5, Once::forgotten, 0, 12},  // no number at all
        Step{2, 7, Once::repeated, 12, 12},
    };
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const Step& step = steps[i];
        const auto reply = apply(sessions, session, step.sequence, step.add);
        BOOST_TEST(to_string(reply.once) == to_string(step.once), "step " << i);
        BOOST_TEST(reply.result == step.result, "step " << i);
        BOOST_TEST(sessions.machine().total == step.total, "step " << i);
    }
}

BOOST_AUTO_TEST_CASE(the_session_used_least_recently_goes_and_is_told_so) {
    Once3 sessions;
    std::array<SessionId, 5> ids{};
    for (std::size_t i = 0; i < 3; ++i) ids[i] = sessions.apply(Once3::open()).session;
    BOOST_TEST((apply(sessions, ids[0], 1, 1).once == Once::applied));
    ids[3] = sessions.apply(Once3::open()).session;  // in the place of the second
    BOOST_TEST((apply(sessions, ids[1], 1, 1).once == Once::evicted));
    BOOST_TEST((apply(sessions, ids[0], 1, 1).once == Once::repeated));
    ids[4] = sessions.apply(Once3::open()).session;  // of the third: asking again is use, too
    BOOST_TEST((apply(sessions, ids[2], 1, 1).once == Once::evicted));
    BOOST_TEST((apply(sessions, ids[0], 2, 1).once == Once::applied));
    BOOST_TEST((apply(sessions, ids[3], 1, 1).once == Once::applied));
    BOOST_TEST(sessions.machine().total == 3u);
    for (std::size_t a = 0; a < ids.size(); ++a) {
        for (std::size_t b = 0; b < a; ++b) BOOST_TEST(value(ids[a]) != value(ids[b]));
    }
    BOOST_TEST((apply(sessions, SessionId{77777}, 1, 1).once == Once::evicted));
}

BOOST_AUTO_TEST_CASE(an_evicted_client_never_gets_a_second_application) {
    Once3 sessions;
    const SessionId old = sessions.apply(Once3::open()).session;
    BOOST_TEST((apply(sessions, old, 1, 1).once == Once::applied));
    for (int i = 0; i < 3; ++i) sessions.apply(Once3::open());
    // Whatever it sends again, and whatever the others do.
    for (int i = 0; i < 100; ++i) {
        BOOST_TEST((apply(sessions, old, 1, 1).once == Once::evicted));
        BOOST_TEST((apply(sessions, old, 2, 1).once == Once::evicted));
        BOOST_TEST((apply(sessions, sessions.apply(Once3::open()).session, 1, 0).once == Once::applied));
    }
    BOOST_TEST(sessions.machine().total == 1u);
}

BOOST_AUTO_TEST_CASE(the_table_is_in_the_snapshot) {
    for (const std::size_t piece : {1u, 7u, 32u, 1000u}) {
        Once3 sessions;
        const SessionId session = sessions.apply(Once3::open()).session;
        BOOST_TEST((apply(sessions, session, 1, 5).once == Once::applied));
        Once3 other = copied(sessions, piece);
        BOOST_TEST(apply(other, session, 1, 5).result == 5u);
        BOOST_TEST((apply(other, session, 2, 6).once == Once::applied));
        BOOST_TEST(other.machine().total == 11u);
        BOOST_TEST(value(other.apply(Once3::open()).session) == value(sessions.apply(Once3::open()).session));

        machine::Sessions<Words, 5> words;
        const SessionId writer = words.apply(words.open()).session;
        words.apply(words.command(writer, 1, {"a word"}));
        auto copy = copied(words, piece);
        BOOST_TEST((copy.apply(copy.command(writer, 1, {"a word"})).once == Once::repeated));
        BOOST_TEST((copy.machine().counts == words.machine().counts));
    }
}

BOOST_AUTO_TEST_CASE(other_programs_have_another_schema) {
    BOOST_TEST(value(Once3::Codec::schema) != value(machine::Sessions<Counter, 4>::Codec::schema));
    BOOST_TEST(value(Once3::Codec::schema) != value(SchemaId{codec::Select<Counter>::schema}));
    BOOST_TEST(value(Once3::Codec::schema) != value(machine::Sessions<Words, 3>::Codec::schema));
    static_assert(Once3::Codec::size_max == 24);
    static_assert(command_bytes_max<machine::Sessions<Words, 3>::Codec>(500) == 500);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_command_are_refused) {
    const auto decodes = [](std::span<const std::byte> bytes) {
        return Once3::Codec::decode(bytes, [](const Once3::Command&) {});
    };
    std::array<std::byte, 32> bytes{};
    BOOST_TEST(decodes(std::span(bytes).first(16)));   // opens a session
    BOOST_TEST(!decodes(std::span(bytes).first(15)));  //
    BOOST_TEST(!decodes(std::span(bytes).first(24)));  // opens one, with a command
    bytes[8] = std::byte{1};
    BOOST_TEST(!decodes(std::span(bytes).first(16)));  // opens one, with a number
    bytes[0] = std::byte{1};
    BOOST_TEST(decodes(std::span(bytes).first(24)));
    BOOST_TEST(!decodes(std::span(bytes).first(16)));  // no command
    BOOST_TEST(!decodes(std::span(bytes).first(32)));  // more than one
}

BOOST_AUTO_TEST_CASE(a_command_whose_answer_was_lost_is_sent_to_the_next_leader) {
    support::Cluster<support::Node<ack::Sync<>, Once3>> group(2);
    const auto result = [&](std::size_t node, const Once3::Command& command) {
        const auto ticket = group.at(node).write(command);
        BOOST_REQUIRE(ticket);
        group.network.settle();
        const auto outcome = group.at(node).outcome(*ticket);
        BOOST_REQUIRE(outcome.result_kept);
        return outcome.result;
    };
    const SessionId session = result(1, Once3::open()).session;
    BOOST_TEST(result(1, Once3::command(session, 1, {5})).result == 5u);
    BOOST_REQUIRE(group.at(2).promote({}));
    group.network.settle();
    BOOST_REQUIRE((group.at(2).status().role == Role::leader));
    const auto again = result(2, Once3::command(session, 1, {5}));
    BOOST_TEST((again.once == Once::repeated));
    BOOST_TEST(again.result == 5u);
    BOOST_TEST(group.at(1).state().machine().total == 5u);
    BOOST_TEST(group.at(2).state().machine().total == 5u);
}

BOOST_AUTO_TEST_SUITE_END()
