// SPDX-License-Identifier: BSL-1.0
// Who lives, as a table: which process of a node is believed, which is asked whether it lives, and when there are two.

#include "support/cluster.hpp"
#include "support/one_link.hpp"
#include "support/table.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(run_table)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::Row;
using support::one_link::Limits;
using support::one_link::Links;
using support::one_link::Node;

/// Node 1 leads; what it makes of hellos of node 2.
struct Meeting : Node {
    Meeting() : first_number(peer.nonce) { lead(); }

    /// "22.7 answers": run 22, in its attempt 7, repeats the number of this node's present attempt.
    void hear(const std::string& step) {
        const std::vector<std::string> words = support::words_of(step);
        Hello hello = theirs();
        hello.run = Run{std::stoull(words.front())};
        hello.nonce = std::stoull(words.front().substr(words.front().find('.') + 1));
        if (words.back() == "asks") {
            hello.receiver_run = Run{};
            hello.receiver_nonce = 0;
        } else if (words.back() == "late") {
            hello.receiver_nonce = first_number;
        } else if (words.back() == "stranger") {
            hello.receiver_run = Run{12};
        } else {
            BOOST_REQUIRE(words.back() == "answers");
        }
        peer.hello_owed = false;
        peer.refusal_owed = Error::none;
        static_cast<void>(take(hello));
        told = describe(hello);
    }
    [[nodiscard]] std::string describe(const Hello& hello) const {
        if (peer.refusal_owed == Error::duplicate_node) return "two processes";
        const bool repeats = peer.answered_run == hello.run && peer.answered_nonce == hello.nonce;
        if (peer.run == hello.run && peer.peer_nonce == hello.nonce) return "believed";
        return repeats && peer.hello_owed ? "asked back" : "passed over";
    }

    support::Decided decide(const Row& row) {
        for (const std::string& step : support::words_of(row["hellos"], ';')) {
            if (step == "used") {
                peer.link_confirmed = true;  // something came on the link
            } else if (step == "lost") {
                Links::restart(self, peer);
            } else if (step == "silence") {
                pass(Limits::failure_timeout);
            } else {
                hear(step);
            }
        }
        return {told, std::to_string(value(peer.run))};
    }

    std::uint64_t first_number;
    std::string told;
};

}  // namespace

// A hello is of a run and its attempt. It answers when it repeats the number of this node's present attempt, which no
// process can do that is dead; is late when it repeats a former one, and is for a stranger when it names another run.
// In between, `used` means that something came on the link, `lost` that the link is gone, and `silence` that nothing
// came for a failure timeout. The decision is about the last hello.

BOOST_AUTO_TEST_CASE(whom_a_node_believes) {
    support::check(R"(
        hellos                                                      | decision      | run
        # A run that is not known must first show that it lives; what a dead one said may still be on its way.
        22.7 asks                                                   | asked back    | 0
        22.7 stranger                                               | asked back    | 0
        22.7 answers                                                | believed      | 22
        22.7 asks; 22.7 answers                                     | believed      | 22
        # One that is known need not, while it goes on counting.
        22.7 answers; 22.7 asks                                     | believed      | 22
        22.7 answers; 22.8 asks                                     | believed      | 22
        22.7 answers; 22.6 asks                                     | passed over   | 22
        22.7 answers; 22.6 answers                                  | passed over   | 22
        22.7 answers; lost; 22.6 asks                               | passed over   | 22
        # It counts anew and lives: the run number was used twice.
        22.7 answers; lost; 22.6 answers                            | two processes | 22
        22.7 answers; lost; 22.6 late                               | passed over   | 22
        # Another run takes its place when it shows that it lives.
        22.7 answers; 23.1 asks                                     | asked back    | 22
        22.7 answers; 23.1 answers                                  | believed      | 23
        22.7 answers; lost; 23.1 late                               | asked back    | 22
        22.7 answers; 23.1 answers; 24.1 answers                    | believed      | 24
        # What the former one said before that is late, and no proof.
        22.7 answers; 23.1 answers; 22.7 asks                       | asked back    | 23
        22.7 answers; 23.1 answers; 22.7 late                       | asked back    | 23
        # It answers again, and nothing shows that the newer one lives: that one's hello was late.
        22.7 answers; 23.1 answers; 22.7 answers                    | believed      | 22
        22.7 answers; 22.8 answers; 23.1 answers; 22.9 answers      | believed      | 22
        # The newer one lives as well: it answered a newer number, or used the link.
        22.7 answers; 23.1 answers; 23.2 answers; 22.7 answers      | two processes | 23
        22.7 answers; 23.1 answers; 23.2 answers; 22.9 answers      | two processes | 23
        22.7 answers; 23.1 answers; used; 22.7 answers              | two processes | 23
        # Unless it has been silent for long enough to be down.
        22.7 answers; 23.1 answers; 23.2 answers; silence; 22.7 answers | believed  | 22
        22.7 answers; 23.1 answers; used; silence; 22.7 answers     | believed      | 22
        # Only the run just before is remembered as a former one.
        22.7 answers; 23.1 answers; 24.1 answers; 24.2 answers; 23.1 answers | two processes | 24
        22.7 answers; 23.1 answers; 24.1 answers; 24.2 answers; 22.7 answers | believed | 22
        # A second process that was refused changes nothing for the one that lives.
        22.7 answers; 23.1 answers; 23.2 answers; 22.7 answers; 23.3 answers | believed | 23
    )",
                   {"decision", "run"}, [](const Row& row) { return Meeting().decide(row); });
}

BOOST_AUTO_TEST_SUITE_END()
