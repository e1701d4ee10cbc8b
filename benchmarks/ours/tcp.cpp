// SPDX-License-Identifier: BSL-1.0
// Groups over loopback TCP, beside the floor, a ping-pong and bare streams.
#include "tcp_group.hpp"
#include "transfers.hpp"

#include "../baselines/floor.hpp"
#include "../baselines/ping_pong.hpp"
#include "../baselines/streams.hpp"
#include "../harness.hpp"
#include "../machines.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace benchmark {
namespace {

constexpr const char* placement = "leader on core 0, followers on the other cores, a process each; ";

/// One size of command, and everything that is measured with it.
template <std::size_t Bytes>
class Tcp {
public:
    using Node = ours::TcpNode<ArrayMachine<Bytes>>;

    explicit Tcp(Report& report) : report_(report) {}

    void pipelined(int followers, const std::vector<std::size_t>& turns_by_hand,
                   const std::vector<std::pair<std::size_t, std::optional<Goal>>>& turns) {
        Comparison comparison{title("pipelined, block", followers), "million writes/s", conditions(Wait::block), {}};
        for (const std::size_t turn : turns_by_hand) {
            comparison.contenders.push_back({"floor, " + std::to_string(turn) + " writes a turn",
                                             [=, this] { return floor(run(followers, turn)).writes_per_second / 1e6; },
                                             {},
                                             {}});
        }
        for (const auto& [turn, goal] : turns) {
            comparison.contenders.push_back(
                {"ours, " + std::to_string(turn) + " writes a turn",
                 [=, this, writes = turn] { return our(run(followers, writes)).writes_per_second / 1e6; }, 0, goal});
        }
        report_.compare(comparison);
    }

    void depth_1(int followers, Wait wait, std::optional<Goal> goal) {
        const TcpRun one = depth_1_run(followers, wait);
        report_.compare(
            {title(wait == Wait::block ? "depth 1, block" : "depth 1, poll", followers),
             "us, median",
             conditions(wait),
             {
                 {"Asio ping-pong, one other end", [=] { return baseline::run_ping_pong(one, Bytes).p50_us; }, {}, {}},
                 {"floor", [=, this] { return floor(one).p50_us; }, 0, {}},
                 {"ours", [=, this] { return our(one).p50_us; }, 0, goal},
             }});
    }

    void counts() {
        const std::string name = "counted, over TCP, " + std::to_string(Bytes) + " B, 1 follower";
        if (!report_.wants(name)) return;
        report_.heading(name);
        state(name, "pipelined, 1,024 a turn", floor(run(1, 1024)), our(run(1, 1024)));
        state(name, "pipelined, 64 a turn", floor(run(1, 64)), our(run(1, 64)));
        state(name, "depth 1", floor(depth_1_run(1, Wait::block)), our(depth_1_run(1, Wait::block)));
    }

private:
    [[nodiscard]] static std::string title(const char* shape, int followers) {
        return std::string("TCP sync, ") + shape + ", " + std::to_string(Bytes) + " B, " + std::to_string(followers) +
               (followers == 1 ? " follower" : " followers");
    }
    [[nodiscard]] static std::string conditions(Wait wait) {
        return std::string(placement) + "wait policy: " + to_string(wait);
    }
    [[nodiscard]] TcpRun run(int followers, std::size_t turn) const {
        return {.followers = followers,
                .turn = turn,
                .warm_up = report_.settings().warm_up,
                .length = report_.settings().length};
    }
    [[nodiscard]] TcpRun depth_1_run(int followers, Wait wait) const {
        TcpRun one = run(followers, 1);
        one.pipelined = false;
        one.wait = wait;
        return one;
    }
    [[nodiscard]] TcpResult floor(const TcpRun& run) const {
        return baseline::run_floor(run, std::as_bytes(std::span(commands_)), Bytes);
    }
    [[nodiscard]] TcpResult our(const TcpRun& run) const { return ours::run_group<Node>(run, commands_); }

    void state(const std::string& title, const std::string& shape, const TcpResult& floor, const TcpResult& our) const {
        const auto per_write = [](std::uint64_t count, const TcpResult& result) {
            return static_cast<double>(count) / static_cast<double>(result.writes);
        };
        report_.state(title, shape + ": allocations, leader", "in all", static_cast<double>(our.leader.allocations),
                      at_most(0));
        report_.state(title, shape + ": allocations, follower", "in all", static_cast<double>(our.follower.allocations),
                      at_most(0));
        report_.state(title, shape + ": calls, leader", "per write", per_write(our.leader.system_calls, our), {});
        report_.state(title, shape + ": calls, follower", "per write", per_write(our.follower.system_calls, our), {});
        report_.state(title, shape + ": calls, leader, floor", "per write", per_write(floor.leader.system_calls, floor),
                      {});
        report_.state(title, shape + ": calls, follower, floor", "per write",
                      per_write(floor.follower.system_calls, floor), {});
    }

    Report& report_;
    std::vector<Command<Bytes>> commands_ = make_commands<Bytes>((std::size_t{2} << 20) / Bytes);
};

void transfers(Report& report) {
    const TcpRun run{.warm_up = report.settings().warm_up, .length = report.settings().length};
    const std::string conditions = std::string(placement) + "wait policy: block";
    report.compare({"catch-up from the log, 64 B",
                    "million entries/s",
                    conditions,
                    {
                        {"framed stream, parsed", [=] { return baseline::run_framed_stream(run, 64) / 1e6; }, {}, {}},
                        {"ours, async, blank follower", [] { return ours::run_catch_up() / 1e6; }, 0, at_least(0.4)},
                    }});
    report.compare(
        {"snapshot, flat state of 64 MiB",
         "GB/s",
         conditions,
         {
             {"raw stream", [=] { return baseline::run_raw_stream(run) / 1e9; }, {}, {}},
             {"ours, from the first piece", [] { return ours::run_snapshot(false) / 1e9; }, 0, at_least(0.7)},
             {"ours, from connecting", [] { return ours::run_snapshot(true) / 1e9; }, 0, {}},
         }});
}

}  // namespace
}  // namespace benchmark

int main(int count, char** arguments) {
    using namespace benchmark;
    pin_to(0);
    Report report(settings_from(count, arguments));
    Tcp<64> small(report);
    Tcp<4096> large(report);
    small.pipelined(1, {1024, 64}, {{1024, at_least(0.8)}, {256, {}}, {64, at_least(0.6)}});
    small.pipelined(2, {1024}, {{1024, {}}, {64, {}}});
    large.pipelined(1, {64}, {{64, {}}});
    small.depth_1(1, Wait::block, at_most(1.15));
    small.depth_1(1, Wait::poll, {});
    small.depth_1(2, Wait::block, {});
    large.depth_1(1, Wait::block, {});
    large.depth_1(1, Wait::poll, {});
    transfers(report);
    small.counts();
    return 0;
}
