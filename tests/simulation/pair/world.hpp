// SPDX-License-Identifier: BSL-1.0
// Two nodes, a line that does its worst, and an operator who promotes.
#pragma once

#include "compositions.hpp"
#include "machine.hpp"
#include "oracle.hpp"
#include "weather.hpp"

#include <replicator/sim/network/faults.hpp>
#include <replicator/sim/network/serial_line.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pair_simulation {

class World {
    struct Frame {
        std::uint64_t due;
        std::size_t to;
        std::vector<std::byte> bytes;
    };

public:
    World(const Composition& composition, std::uint64_t seed, bool verbose = false)
        : random_(seed),
          weather_(Weather::draw(random_)),
          composition_(composition),
          oracle_(composition, tally),
          line_(seed),
          verbose_(verbose) {
        Machine::pasts.clear();
        oracle_.now = random_.one_in(2) ? std::uint64_t{0xffffffff} - random_.below(3000000) : 1;
        run_ = random_.one_in(2) ? 1 : random_.below(1u << 30) + 1;
        faults_.line = true;
        if (weather_.damaged != 0) {  // of the bytes of a frame
            faults_.bytes_lost = faults_.bytes_added = faults_.bytes_flipped = 20'000 / weather_.damaged;
        }
        faults_.delay_min = Duration{0};
        faults_.delay_max = Duration{weather_.delay * std::uint64_t{1000}};
    }

    /// Runs it, and returns what went wrong; "" for nothing.
    std::string run(std::size_t steps) {
        for (std::size_t place = 0; place < 2; ++place) start(place);
        const std::size_t first = composition_.one_role_each ? 0 : random_.below(2);
        if (composition_.late_epochs) node(first).set_epoch((0xffffu - 1 - random_.below(12)) << 16);
        bootstrap(first);
        for (std::size_t i = 0; i < steps && is_well(); ++i) {
            misfortunes();
            step();
        }
        if (is_well()) heal();
        for (std::size_t place = 0; place < 2; ++place)
            tally.unsettled += oracle_.is_up(place) ? node(place).status().unsettled : 0;
        return oracle_.problem();
    }

    Tally tally;

private:
    static NodeId id(std::size_t place) { return NodeId{static_cast<std::uint32_t>(place + 1)}; }
    static std::size_t other(std::size_t place) { return 1 - place; }
    AnyNode& node(std::size_t place) { return oracle_.node(place); }
    bool is_up(std::size_t place) { return oracle_.is_up(place); }
    bool leads(std::size_t place) { return oracle_.leads(place); }
    bool is_well() const { return oracle_.problem().empty(); }
    std::uint64_t now() const { return oracle_.now; }
    void say(const char* what, std::size_t place) {
        if (!verbose_) return;
        std::printf("%llu %zu %s", static_cast<unsigned long long>(now() / 1000), place, what);
        for (std::size_t each = 0; each < 2; ++each) {
            if (!is_up(each)) {
                std::printf(" | down");
                continue;
            }
            const pair::NodeStatus status = node(each).status();
            std::printf(" | %s%s%s%s%s e%x last %u applied %u agreed %u", to_string(status.role),
                        status.linked ? " linked" : "", status.confirmed ? " confirmed" : "",
                        status.complete ? " complete" : "", status.handing_over ? " handing" : "", status.epoch,
                        status.last, status.applied, status.agreed);
        }
        std::printf("\n");
    }

    // ---- what happens ----

    void start(std::size_t place) {
        Process& process = oracle_.processes[place].emplace(oracle_, place, run_, now());
        process.node = composition_.start[place](pair::Config{id(place), id(other(place)), run_++}, process);
        process.node->tick({now()});
    }
    void bootstrap(std::size_t place) {
        oracle_.begins_anew();
        const auto begun = node(place).bootstrap(HistoryId{random_.next() | 1});
        say("bootstrapped", place);
        if (!begun && begun.error() == Error::stale_epoch && node(place).status().blank) return spend(place);
        if (!begun) oracle_.fail("bootstrap was refused");
    }
    void write(std::size_t place) {
        const std::uint32_t number = ++numbers_;
        std::byte bytes[28] = {};
        const std::size_t size = 4 + number % 25;
        std::memset(bytes, static_cast<int>(number & 0xff), size);
        std::memcpy(bytes, &number, sizeof number);
        const auto accepted = node(place).write(std::span<const std::byte>(bytes).first(size));
        if (!accepted) return;
        oracle_.accepted(place, number, *accepted);
        oracle_.look(place);
    }
    Result<void> promote(std::size_t place, bool force) {
        PromotionOptions options;
        options.may_lose = force;
        if (!force && !composition_.waits && oracle_.led_last(place)) options.last_leader = id(place);
        say(force ? "force" : "promote", place);
        const bool led = leads(place);
        oracle_.forcing = force;
        const auto promoted = node(place).promote(options);
        oracle_.forcing = false;
        if (promoted && leads(place) && !led && !force) ++tally.promotions;
        return promoted;
    }
    void crash(std::size_t place) {
        oracle_.before_crash(place);
        ++tally.crashes;
        oracle_.processes[place].reset();
        down_until_[place] = now() + random_.below(weather_.keep_down) * 1000;
        say("crash", place);
    }
    void misfortunes() {
        for (std::size_t place = 0; place < 2; ++place) {
            if (!is_up(place)) continue;
            if (leads(place) && random_.one_in(weather_.write)) write(place);
            if (random_.one_in(weather_.hand_over) && leads(place)) {
                say("hand over", place);
                tally.hand_overs += node(place).hand_over(id(other(place))) ? 1 : 0;
            }
            if (!composition_.one_role_each) {
                if (random_.one_in(weather_.promote)) static_cast<void>(promote(place, false));
                if (random_.one_in(weather_.force)) static_cast<void>(promote(place, true));
            }
            if (random_.one_in(weather_.restart_link)) node(place).disconnected(id(other(place)));
            const bool handing = node(place).status().handing_over && random_.one_in(weather_.crash_handing);
            if (handing || random_.one_in(weather_.crash)) {
                crash(handing && random_.one_in(2) && is_up(other(place)) ? other(place) : place);
            }
        }
        if (composition_.one_role_each && random_.one_in(50)) begin_anew();
        if (random_.one_in(weather_.cut)) cut_until_ = now() + random_.below(2000) * 1000;
    }
    /// A leader that cannot follow has lost what it had: its person begins a new history, and clears the follower.
    void begin_anew() {
        if (is_up(0) && node(0).status().blank) bootstrap(0);
        if (is_up(1) && node(1).status().refusal == Error::wrong_history) crash(1);
    }

    // ---- frames ----

    void send(std::size_t from, std::span<const std::byte> bytes) {
        if (now() < cut_until_ || random_.one_in(weather_.lost)) return;
        std::size_t copies = 1;
        if (random_.one_in(weather_.doubled)) copies = 2 + random_.below(2);
        for (; copies > 0; --copies) {
            if (composition_.on_line) {
                line_.carry(bytes, faults_, [&](std::span<const std::byte> piece, Duration after) {
                    last_due_[from] = std::max(last_due_[from], now() + after.microseconds);
                    frames_.push_back({last_due_[from], other(from), {piece.begin(), piece.end()}});
                });
                continue;
            }
            std::uint64_t delay = random_.below(weather_.delay) * std::uint64_t{1000};
            if (random_.one_in(weather_.late)) delay = random_.below(3000) * std::uint64_t{1000};
            frames_.push_back({now() + delay, other(from), {bytes.begin(), bytes.end()}});
            if (random_.one_in(weather_.damaged)) damage(frames_.back().bytes);
        }
    }
    void damage(std::vector<std::byte>& bytes) {
        ++tally.damaged;
        const std::uint32_t at = random_.below(static_cast<std::uint32_t>(bytes.size()));
        if (random_.one_in(4)) return bytes.resize(at);
        bytes[at] ^= static_cast<std::byte>(1 + random_.below(255));
    }
    void step() {
        oracle_.now += (1 + random_.below(weather_.step)) * std::uint64_t{1000};
        for (std::size_t place = 0; place < 2; ++place) {
            if (is_up(place)) {
                node(place).tick({now()});
            } else if (now() >= down_until_[place]) {
                start(place);
            }
        }
        for (std::size_t round = 0; round < 4; ++round) {
            for (std::size_t place = 0; place < 2; ++place) {
                if (is_up(place)) transmit(place);
            }
            deliver();
        }
        if (random_.one_in(4)) oracle_.look_closely(random_.below(2), random_);
    }
    void transmit(std::size_t place) {
        std::vector<std::byte> buffer(composition_.transmit_bytes);
        for (std::size_t count = 0;; ++count) {
            const std::size_t bytes = node(place).transmit(id(other(place)), buffer);
            if (bytes == 0) return;
            if (count > 1000) return oracle_.fail("has something to say without end");
            send(place, std::span(buffer).first(bytes));
            if (buffer[composition_.on_line ? 1 : 0] != std::byte{4}) continue;
            ++tally.states;
            if (!random_.one_in(weather_.crash_state)) continue;
            const std::size_t down = random_.below(2);
            if (is_up(down)) crash(down);
            if (down == place) return;
        }
    }
    void deliver() {
        for (std::size_t i = 0; i < frames_.size() && is_well();) {
            if (frames_[i].due > now()) {
                ++i;
                continue;
            }
            const Frame frame = std::move(frames_[i]);
            if (composition_.on_line) {
                frames_.erase(frames_.begin() + static_cast<std::ptrdiff_t>(i));
            } else {
                frames_[i] = std::move(frames_.back());  // which also mixes their order
                frames_.pop_back();
            }
            if (!is_up(frame.to)) continue;
            node(frame.to).receive(id(other(frame.to)), frame.bytes);
            oracle_.look(frame.to);
        }
    }

    // ---- the end ----

    void heal() {
        weather_ = Weather{};
        weather_.write = 0;
        weather_.keep_down = 1;
        faults_ = faults_.healed();
        faults_.delay_max = Duration{1000};
        cut_until_ = 0;
        say("heal", 0);
        for (std::size_t i = 0; i < 800 && is_well() && !spent_; ++i) {
            step();
            if (is_up(0) && is_up(1) && i % 100 == 99) operate();
        }
        if (spent_) return;
        std::uint32_t last_written = 0;
        if (is_well() && (leads(0) || leads(1))) {
            write(leads(0) ? 0 : 1);
            last_written = numbers_;
        }
        for (std::size_t i = 0; i < 100 && is_well(); ++i) step();
        say("end", 0);
        if (is_well()) oracle_.judge(last_written);
    }
    /// What a person does who looks at both boards.
    void operate() {
        if (composition_.one_role_each) return begin_anew();
        for (std::size_t place = 0; place < 2; ++place) {
            if (leads(place)) {
                const pair::NodeStatus status = node(place).status();
                if (status.handing_over && !status.linked) lead_again(place, !composition_.waits);
                return;
            }
        }
        const pair::NodeStatus status[] = {node(0).status(), node(1).status()};
        if (status[0].blank && status[1].blank) {
            if (oracle_.requires_anything()) oracle_.fail("nobody has what was acknowledged");
            return bootstrap(0);
        }
        for (std::size_t place = 0; place < 2; ++place) {
            if (composition_.waits && status[place].complete && !status[place].blank) return lead_again(place, false);
        }
        const bool further = pair::detail::is_after(status[1].last, status[0].last);
        const std::size_t best = status[0].blank || (!status[1].blank && further) ? 1 : 0;
        if (composition_.waits && !oracle_.holds_required(best))
            oracle_.fail("nobody may lead, and something acknowledged is at stake");
        lead_again(best, true);
    }
    void lead_again(std::size_t place, bool force) {
        const auto promoted = promote(place, force);
        if (!promoted && promoted.error() == Error::stale_epoch) spend(place);
    }
    /// Nobody may lead any more, rightly.
    void spend(std::size_t place) {
        if ((node(place).status().epoch >> 16) != 0xffff) return oracle_.fail("epochs are spent too early");
        ++tally.spent;
        spent_ = true;
    }

    Random random_;
    Weather weather_;
    const Composition& composition_;
    Oracle oracle_;
    sim::SerialLine line_;
    sim::NetworkFaults faults_;
    bool verbose_;
    bool spent_ = false;
    std::uint64_t down_until_[2] = {};
    std::uint64_t last_due_[2] = {};
    std::vector<Frame> frames_;
    std::uint64_t cut_until_ = 0;
    std::uint32_t run_ = 1;
    std::uint32_t numbers_ = 0;
};

}  // namespace pair_simulation
