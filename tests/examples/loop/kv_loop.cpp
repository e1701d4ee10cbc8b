// SPDX-License-Identifier: BSL-1.0
// The server's loop measures each call by two clocks, also the first one after a wait, and frees what is thrown away.

#include "kv/process/loop.hpp"
#include "kv/table/table.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

BOOST_AUTO_TEST_SUITE(kv_loop)

namespace {

using kv::CallBegin;
using kv::LoopTimes;
using kv::Work;
using namespace std::chrono_literals;

/// A call that waits for something else than what wakes the loop.
void block() {
    std::this_thread::sleep_for(30ms);
    Work::note(Work::flush);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_call_that_blocks_counts_on_the_wall_also_behind_a_wait) {
    for (const bool waits : {false, true}) {
        asio::io_context context;
        asio::steady_timer timer(context);
        LoopTimes times;
        const auto call = [&] {
            block();
            context.stop();
        };
        if (waits) {
            timer.expires_after(20ms);
            timer.async_wait([&](std::error_code) { call(); });
        } else {
            asio::post(context, call);
        }
        kv::run(context, times);
        BOOST_TEST((times.wall.took >= 30ms));
        BOOST_TEST(times.wall.work == Work::flush);
        BOOST_TEST((times.processor.took < times.wall.took));
    }
}

BOOST_AUTO_TEST_CASE(the_first_handler_behind_a_wait_and_no_other_says_when_it_began) {
    BOOST_TEST(!CallBegin::take());
    CallBegin::note();
    BOOST_TEST(!CallBegin::take());  // nobody waits for it
    CallBegin::await();
    const auto before = std::chrono::steady_clock::now();
    CallBegin::note();
    const auto after = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(1ms);
    CallBegin::note();
    const auto began = CallBegin::take();
    BOOST_TEST_REQUIRE(began.has_value());
    BOOST_TEST((*began >= before && *began <= after));
    CallBegin::await();
    BOOST_TEST(!CallBegin::take());
}

BOOST_AUTO_TEST_CASE(what_was_thrown_away_is_freed_between_calls) {
    using Disposal = kv::Disposal<kv::Tree::Node>;
    asio::io_context context;
    LoopTimes times;
    std::size_t calls = 0;
    const std::function<void()> look = [&] {
        ++calls;
        Disposal::is_empty() ? context.stop() : asio::post(context, look);
    };
    asio::post(context, [&] {
        kv::Table table;
        for (std::size_t i = 0; i < 3 * kv::freed_per_slice; ++i) {
            const std::string key = std::to_string(i);
            const std::string_view words[] = {key, "value"};
            table.apply({kv::Operation::set, 0, words});
        }
    });
    asio::post(context, look);
    kv::run(context, times);
    BOOST_TEST(Disposal::is_empty());
    BOOST_TEST(calls == 4u);
}

BOOST_AUTO_TEST_SUITE_END()
