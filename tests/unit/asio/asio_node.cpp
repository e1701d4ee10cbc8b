// SPDX-License-Identifier: BSL-1.0
// Writes that are awaited: every token, every end, exactly once, never from inside the call.

#include <boost/test/unit_test.hpp>

#include "asio_node_support.hpp"
#include "tcp/support.hpp"

#include <replicator/asio/asio_node.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include <asio/bind_allocator.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/use_future.hpp>
#if defined(ASIO_HAS_CO_AWAIT)
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_awaitable.hpp>
#endif

namespace {

using namespace replicator;
using namespace replicator::test;

using Executor = asio::io_context::executor_type;
using Node = AsioNode<ScriptedNode<transport::AsioTcpOn<Executor>>, Executor, 64>;
using Done = Written<std::int32_t>;

constexpr NodeId one{1};

struct Fixture {
    static transport::TcpOptions options() {
        transport::TcpOptions quick = quick_options();
        quick.listen.reset();
        return quick;
    }
    [[nodiscard]] auto count() {
        return [this](std::error_code error, Done written) {
            ++completed;
            last_error = error;
            last = written;
        };
    }

    asio::io_context context;
    Node node{context.get_executor(), Config{.node = one, .nodes = {}, .run = Run{1}}, options()};
    int completed = 0;
    std::error_code last_error;
    Done last;
};

/// What a handler may bring along: it counts what it gives out.
template <class T>
struct CountingAllocator {
    using value_type = T;
    explicit CountingAllocator(int& out, int& ever) : in_use(&out), total(&ever) {}
    template <class Other>
    CountingAllocator(const CountingAllocator<Other>& other) : in_use(other.in_use), total(other.total) {}
    T* allocate(std::size_t count) {
        ++*in_use;
        ++*total;
        return std::allocator<T>().allocate(count);
    }
    void deallocate(T* memory, std::size_t count) {
        --*in_use;
        std::allocator<T>().deallocate(memory, count);
    }
    template <class Other>
    bool operator==(const CountingAllocator<Other>& other) const {
        return in_use == other.in_use;
    }
    int* in_use;
    int* total;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(asio_node, Fixture)

BOOST_AUTO_TEST_CASE(an_acknowledged_write_completes_with_its_result) {
    BOOST_TEST(!node.start());
    node.async_write({5}, count());
    node.async_write({6}, count());
    BOOST_TEST(completed == 0);
    context.poll();
    BOOST_TEST(completed == 0);
    node.node().acknowledged = 1;
    BOOST_TEST(run_until(context, [&] { return completed == 1; }));
    BOOST_TEST(!last_error);
    BOOST_TEST(last.result == 5);
    BOOST_TEST(last.result_kept);
    BOOST_TEST(last.acknowledgement.position.index.value == 1u);
    BOOST_TEST(last.acknowledgement.holders == 2u);
    node.node().acknowledged = 2;
    BOOST_TEST(run_until(context, [&] { return completed == 2; }));
    BOOST_TEST(last.result == 11);
}

BOOST_AUTO_TEST_CASE(nothing_completes_inside_the_call) {
    BOOST_TEST(!node.start());
    node.node().acknowledges_at_once = true;
    bool inside = true;
    int called = 0;
    const auto check = [&](std::error_code, const Done&) {
        BOOST_TEST(!inside);
        ++called;
    };
    node.async_write({1}, check);
    node.node().refusal = Error::busy;
    node.async_write({1}, check);
    node.stop();
    node.async_write({1}, check);
    node.post_write({1}, check);
    inside = false;
    BOOST_TEST(run_until(context, [&] { return called == 4; }));
}

BOOST_AUTO_TEST_CASE(a_refused_write_says_why) {
    BOOST_TEST(!node.start());
    node.node().refusal = Error::not_leader;
    node.async_write({1}, count());
    BOOST_TEST(run_until(context, [&] { return completed == 1; }));
    BOOST_TEST((last_error == Error::not_leader));
    BOOST_TEST(last_error.message() == "this node is not the leader");
    BOOST_TEST(last.acknowledgement.position.index.value == 0u);
    BOOST_TEST(node.node().written() == 0u);
}

BOOST_AUTO_TEST_CASE(a_handler_that_is_refused_again_and_again_lets_others_run) {
    BOOST_TEST(!node.start());
    node.node().refusal = Error::busy;
    int tries = 0;
    struct Again {
        Node& node;
        int& tries;
        void operator()(std::error_code, const Done&) const {
            ++tries;
            node.async_write({1}, Again{node, tries});
        }
    };
    node.async_write({1}, Again{node, tries});
    BOOST_TEST(run_until(context, [&] { return node.node().ticks > 5; }));
    BOOST_TEST(tries > 5);
}

BOOST_AUTO_TEST_CASE(an_unknown_outcome_says_where) {
    BOOST_TEST(!node.start());
    for (int i = 0; i < 4; ++i) node.async_write({1}, count());
    node.node().acknowledged = 1;
    node.node().unknown = 2;
    BOOST_TEST(run_until(context, [&] { return completed == 4; }));
    BOOST_TEST((last_error == Error::outcome_unknown));
    BOOST_TEST(last.acknowledgement.position.index.value == 4u);
}

BOOST_AUTO_TEST_CASE(completions_come_in_the_order_of_the_log) {
    BOOST_TEST(!node.start());
    std::vector<std::uint64_t> order;
    for (int i = 0; i < 50; ++i) {
        node.async_write({1}, [&](std::error_code, const Done& written) {
            order.push_back(written.acknowledgement.position.index.value);
        });
    }
    for (const std::uint64_t step : {7u, 8u, 30u, 50u}) {
        node.node().acknowledged = step;
        BOOST_TEST(run_until(context, [&] { return order.size() == step; }));
    }
    BOOST_TEST(std::is_sorted(order.begin(), order.end()));
}

BOOST_AUTO_TEST_CASE(stop_completes_everything_once) {
    BOOST_TEST(!node.start());
    for (int i = 0; i < 10; ++i) node.async_write({1}, count());
    node.node().acknowledged = 3;
    BOOST_TEST(run_until(context, [&] { return completed == 3; }));
    node.stop();
    node.stop();
    node.node().acknowledged = 10;
    node.async_write({1}, count());
    BOOST_TEST(completed == 3);
    context.restart();
    context.run();
    BOOST_TEST(completed == 11);
    BOOST_TEST((last_error == Error::stopped));

    BOOST_TEST(!node.start());
    node.async_write({1}, count());
    node.node().acknowledged = 11;
    BOOST_TEST(run_until(context, [&] { return completed == 12; }));
    BOOST_TEST(!last_error);
}

BOOST_AUTO_TEST_CASE(a_node_that_goes_completes_everything_once) {
    std::optional<Node> other(std::in_place, context.get_executor(), Config{.node = one, .nodes = {}, .run = Run{1}},
                              options());
    BOOST_TEST(!other->start());
    for (int i = 0; i < 10; ++i) other->async_write({1}, count());
    other->post_write({1}, count());
    other.reset();
    BOOST_TEST(completed == 0);
    context.run();
    BOOST_TEST(completed == 11);
    BOOST_TEST((last_error == Error::stopped));
}

BOOST_AUTO_TEST_CASE(handlers_that_are_never_called_are_destroyed) {
    const auto token = std::make_shared<int>(1);
    {
        asio::io_context brief;
        std::optional<Node> other(std::in_place, brief.get_executor(), Config{.node = one, .nodes = {}, .run = Run{1}},
                                  options());
        for (int i = 0; i < 3; ++i) other->async_write({1}, [token](std::error_code, const Done&) {});
        other->post_write({1}, [token](std::error_code, const Done&) {});
        BOOST_TEST(token.use_count() == 5);
        other.reset();
    }
    BOOST_TEST(token.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_handler_may_only_be_movable_and_may_throw) {
    BOOST_TEST(!node.start());
    node.async_write({1}, [](std::error_code, const Done&) { throw std::runtime_error("from a handler"); });
    node.async_write({1},
                     [this, only = std::make_unique<int>(7)](std::error_code, const Done&) { completed += *only; });
    node.node().acknowledged = 2;
    int caught = 0;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(4);
    while (completed == 0 && std::chrono::steady_clock::now() < deadline) {
        try {
            context.restart();
            context.run_one_for(std::chrono::milliseconds(1));
        } catch (const std::runtime_error&) {
            ++caught;
        }
    }
    BOOST_TEST(caught == 1);
    BOOST_TEST(completed == 7);
}

BOOST_AUTO_TEST_CASE(the_handlers_own_executor_is_used) {
    BOOST_TEST(!node.start());
    asio::io_context elsewhere;
    node.async_write({1}, asio::bind_executor(elsewhere.get_executor(), count()));
    // The other context has to stay busy for as long as the write is pending.
    BOOST_TEST(elsewhere.poll() == 0u);
    BOOST_TEST(!elsewhere.stopped());
    node.node().acknowledged = 1;
    const std::uint64_t ticks = node.node().ticks;
    BOOST_TEST(run_until(context, [&] { return node.node().ticks > ticks + 3; }));
    BOOST_TEST(completed == 0);
    elsewhere.run();
    BOOST_TEST(completed == 1);

    const auto strand = asio::make_strand(context);
    node.async_write({1}, asio::bind_executor(strand, [&](std::error_code, const Done&) {
                         BOOST_TEST(strand.running_in_this_thread());
                         ++completed;
                     }));
    node.node().acknowledged = 2;
    BOOST_TEST(run_until(context, [&] { return completed == 2; }));
}

BOOST_AUTO_TEST_CASE(the_handlers_own_allocator_is_used) {
    BOOST_TEST(!node.start());
    int in_use = 0;
    int total = 0;
    node.async_write({1},
                     asio::bind_allocator(CountingAllocator<void>(in_use, total), [&](std::error_code, const Done&) {
                         BOOST_TEST(in_use == 0);  // given back before the handler is called
                         ++completed;
                     }));
    BOOST_TEST(in_use == 1);
    node.node().acknowledged = 1;
    BOOST_TEST(run_until(context, [&] { return completed == 1; }));
    BOOST_TEST(total == 1);
    BOOST_TEST(in_use == 0);
}

BOOST_AUTO_TEST_CASE(cancelling_ends_the_waiting_only) {
    BOOST_TEST(!node.start());
    std::array<asio::cancellation_signal, 4> signals;
    std::array<std::error_code, 4> errors;
    std::array<int, 4> calls{};
    for (std::size_t i = 0; i < 4; ++i) {
        node.async_write({1},
                         asio::bind_cancellation_slot(signals[i].slot(), [&, i](std::error_code error, const Done&) {
                             ++calls[i];
                             errors[i] = error;
                             ++completed;
                         }));
    }
    signals[1].emit(asio::cancellation_type::terminal);
    signals[0].emit(asio::cancellation_type::total);
    signals[0].emit(asio::cancellation_type::total);
    BOOST_TEST(completed == 0);  // not inside the call either
    BOOST_TEST(run_until(context, [&] { return completed == 2; }));
    signals[0].emit(asio::cancellation_type::all);
    signals[3].emit(asio::cancellation_type::partial);
    node.node().acknowledged = 4;
    BOOST_TEST(run_until(context, [&] { return completed == 4; }));
    for (auto& signal : signals) signal.emit(asio::cancellation_type::all);
    context.poll();
    for (std::size_t i = 0; i < 4; ++i) {
        BOOST_TEST(calls[i] == 1);
        BOOST_TEST((errors[i] == (i == 2 ? std::error_code() : make_error_code(Error::outcome_unknown))));
    }
    BOOST_TEST(node.node().written() == 4u);
}

BOOST_AUTO_TEST_CASE(futures_work_from_another_thread) {
    BOOST_TEST(!node.start());
    node.node().acknowledges_at_once = true;
    auto work = asio::make_work_guard(context);
    std::thread runner([&] { context.run(); });
    std::int32_t result = 0;
    for (int i = 0; i < 100; ++i) {
        std::future<Done> future = node.post_write({2}, asio::use_future);
        if (future.wait_for(std::chrono::seconds(4)) != std::future_status::ready) break;
        result = future.get().result;
    }
    // All at once, and from several threads.
    std::vector<std::thread> writers;
    std::atomic<int> good = 0;
    for (int thread = 0; thread < 3; ++thread) {
        writers.emplace_back([&] {
            std::vector<std::future<Done>> futures;
            for (int i = 0; i < 50; ++i) futures.push_back(node.post_write({0}, asio::use_future));
            for (auto& future : futures) good += future.get().result == 200;
        });
    }
    for (auto& writer : writers) writer.join();
    work.reset();
    asio::post(context, [&] { node.stop(); });
    runner.join();
    BOOST_TEST(result == 200);
    BOOST_TEST(good == 150);
}

BOOST_AUTO_TEST_CASE(a_future_of_a_write_that_failed_throws) {
    BOOST_TEST(!node.start());
    node.node().refusal = Error::not_leader;
    std::future<Done> future = node.async_write({1}, asio::use_future);
    BOOST_TEST(
        run_until(context, [&] { return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
    BOOST_CHECK_EXCEPTION(future.get(), std::system_error,
                          [](const std::system_error& error) { return error.code() == Error::not_leader; });
}

BOOST_AUTO_TEST_CASE(a_strand_may_be_run_by_several_threads) {
    using Strand = asio::strand<Executor>;
    using StrandNode = AsioNode<ScriptedNode<transport::AsioTcpOn<Strand>>, Strand, 64>;
    std::optional<StrandNode> other(std::in_place, asio::make_strand(context),
                                    Config{.node = one, .nodes = {}, .run = Run{1}}, options());
    BOOST_TEST(!other->start());
    other->node().acknowledges_at_once = true;
    std::vector<std::thread> runners;
    for (int i = 0; i < 2; ++i) runners.emplace_back([&] { context.run(); });
    std::atomic<int> good = 0;
    std::promise<void> all;
    for (int i = 1; i <= 200; ++i) {
        other->post_write({1}, [&](std::error_code error, const Done&) {
            if (!error && ++good == 200) all.set_value();
        });
    }
    BOOST_TEST((all.get_future().wait_for(std::chrono::seconds(4)) == std::future_status::ready));
    asio::post(other->get_executor(), [&] { other->stop(); });
    for (auto& runner : runners) runner.join();
    BOOST_TEST(good == 200);
}

#if defined(ASIO_HAS_CO_AWAIT)
BOOST_AUTO_TEST_CASE(coroutines_await_writes) {
    BOOST_TEST(!node.start());
    node.node().acknowledges_at_once = true;
    bool done = false;
    const auto talk = [&]() -> asio::awaitable<void> {
        for (int i = 1; i <= 10; ++i) {
            const Done written = co_await node.async_write({2}, asio::use_awaitable);
            BOOST_TEST(written.result == 2 * i);
        }
        const Done posted = co_await node.post_write({1}, asio::use_awaitable);
        BOOST_TEST(posted.result == 21);
        node.node().refusal = Error::too_large;
        std::error_code seen;
        try {
            co_await node.async_write({1}, asio::use_awaitable);
        } catch (const std::system_error& error) {
            seen = error.code();
        }
        BOOST_TEST((seen == Error::too_large));
        done = true;
    };
    asio::co_spawn(context, talk(), asio::detached);
    BOOST_TEST(run_until(context, [&] { return done; }));
}

BOOST_AUTO_TEST_CASE(a_coroutine_can_be_cancelled) {
    BOOST_TEST(!node.start());
    asio::cancellation_signal signal;
    std::error_code seen;
    bool done = false;
    const auto talk = [&]() -> asio::awaitable<void> {
        try {
            co_await node.async_write({2}, asio::use_awaitable);
        } catch (const std::system_error& error) {
            seen = error.code();
        }
        done = true;
    };
    asio::co_spawn(context, talk(), asio::bind_cancellation_slot(signal.slot(), asio::detached));
    BOOST_TEST(run_until(context, [&] { return node.node().written() == 1; }));
    BOOST_TEST(!done);
    signal.emit(asio::cancellation_type::terminal);
    BOOST_TEST(run_until(context, [&] { return done; }));
    BOOST_TEST((seen == Error::outcome_unknown));
}
#endif

BOOST_AUTO_TEST_SUITE_END()
