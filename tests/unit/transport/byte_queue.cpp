// SPDX-License-Identifier: BSL-1.0
// transport::ByteQueue keeps the order, says when it is full, and hands over between two threads.

#include <replicator/transport/byte_queue.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <thread>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(byte_queue)

BOOST_AUTO_TEST_CASE(what_is_put_is_taken_in_order_until_it_is_full) {
    transport::ByteQueue<8> queue;
    int put = 0, taken = 0;
    for (int round = 0; round < 50; ++round) {
        while (queue.put(static_cast<std::byte>(put))) ++put;
        BOOST_REQUIRE(put - taken == 8);
        auto came = queue.front();
        BOOST_REQUIRE(!came.empty());
        came = came.first(1 + static_cast<std::size_t>(round) % came.size());
        for (const std::byte byte : came) BOOST_REQUIRE((byte == static_cast<std::byte>(taken++)));
        queue.pop(came.size());
    }
    while (!queue.front().empty()) queue.pop(queue.front().size());
    BOOST_TEST(queue.front().empty());
}

BOOST_AUTO_TEST_CASE(one_thread_puts_and_another_takes) {
    transport::ByteQueue<64> queue;
    constexpr int all = 20'000;
    std::thread other([&queue] {
        for (int i = 0; i < all;) {
            if (queue.put(static_cast<std::byte>(i))) {
                ++i;
            } else {
                std::this_thread::yield();
            }
        }
    });
    bool in_order = true;
    for (int taken = 0; taken < all;) {
        const auto came = queue.front();
        if (came.empty()) std::this_thread::yield();
        for (const std::byte byte : came) in_order = in_order && byte == static_cast<std::byte>(taken++);
        queue.pop(came.size());
    }
    other.join();
    BOOST_TEST(in_order);
}

BOOST_AUTO_TEST_SUITE_END()
