// SPDX-License-Identifier: BSL-1.0
// The memory of operations is used again and again, and the errors of the library are error codes.

#include <boost/test/unit_test.hpp>

#include <replicator/asio/error_code.hpp>
#include <replicator/asio/handler_memory.hpp>
#include <replicator/asio/write/operation_memory.hpp>

#include <system_error>

BOOST_AUTO_TEST_SUITE(asio_memory)

namespace {

using namespace replicator;
using detail::HandlerAllocator;
using detail::HandlerMemory;
using detail::OperationAllocator;
using detail::OperationMemory;

}  // namespace

BOOST_AUTO_TEST_CASE(a_handlers_block_is_used_again) {
    HandlerMemory memory;
    void* const first = memory.acquire(100);
    void* const beside = memory.acquire(50);
    BOOST_TEST(beside != first);
    memory.release(first);
    BOOST_TEST(memory.acquire(80) == first);
    memory.release(first);
    memory.release(beside);
    HandlerAllocator<int> allocator{HandlerAllocator<>(memory)};
    int* const number = allocator.allocate(1);
    BOOST_TEST(static_cast<void*>(number) == first);
    allocator.deallocate(number, 1);
    BOOST_TEST((allocator == HandlerAllocator<>(memory)));
}

BOOST_AUTO_TEST_CASE(blocks_of_operations_are_kept_up_to_a_number) {
    OperationMemory memory(2);
    void* const first = memory.acquire(64);
    void* const second = memory.acquire(32);
    void* const third = memory.acquire(64);
    memory.release(first);
    memory.release(second);
    memory.release(third);  // not kept
    void* const again = memory.acquire(48);
    void* const and_again = memory.acquire(64);
    BOOST_TEST(again == second);
    BOOST_TEST(and_again == first);
    memory.release(again);
    // A larger one makes all that are too small go.
    void* const larger = memory.acquire(128);
    memory.release(and_again);
    memory.release(larger);
    BOOST_TEST(memory.acquire(1) == larger);
    memory.release(larger);
    OperationAllocator<long> allocator{OperationAllocator<>(memory)};
    long* const number = allocator.allocate(2);
    BOOST_TEST(static_cast<void*>(number) == larger);
    allocator.deallocate(number, 2);
    BOOST_TEST((allocator == OperationAllocator<>(memory)));
}

BOOST_AUTO_TEST_CASE(errors_are_error_codes) {
    const std::error_code none = Error::none;
    const std::error_code busy = Error::busy;
    BOOST_TEST(!none);
    BOOST_TEST(static_cast<bool>(busy));
    BOOST_TEST((busy == Error::busy));
    BOOST_TEST((busy != Error::corrupt));
    BOOST_TEST(busy.message() == to_string(Error::busy));
    BOOST_TEST(busy.category().name() == "replicator");
    BOOST_TEST((&busy.category() == &error_category()));
}

BOOST_AUTO_TEST_SUITE_END()
