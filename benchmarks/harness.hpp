// SPDX-License-Identifier: BSL-1.0
// Runs contenders side by side: alternating rounds, medians of the per-round ratios, a table and a file of CSV.
#pragma once

#include "process.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>

namespace benchmark {

struct Settings {
    bool quick = false;
    int rounds = 7;
    std::chrono::milliseconds warm_up{50};
    std::chrono::milliseconds length{250};
    std::chrono::milliseconds patience{20'000};  ///< for a machine that is busy with other things, in all
    std::string csv;                             ///< file that lines are added to
    std::string filter;                          ///< only comparisons whose title contains this
};

[[nodiscard]] inline Settings settings_from(int count, char** arguments) {
    Settings settings;
    for (int i = 1; i < count; ++i) {
        const std::string argument = arguments[i];
        if (argument == "--quick") {
            settings.quick = true;
            settings.rounds = 3;
            settings.warm_up = std::chrono::milliseconds(20);
            settings.length = std::chrono::milliseconds(80);
            settings.patience = std::chrono::milliseconds(5'000);
        } else if (argument == "--csv" && i + 1 < count) {
            settings.csv = arguments[++i];
        } else if (argument == "--patience" && i + 1 < count) {
            settings.patience = std::chrono::seconds(std::atoi(arguments[++i]));
        } else if (argument == "--only" && i + 1 < count) {
            settings.filter = arguments[++i];
        } else {
            std::fprintf(stderr, "usage: %s [--quick] [--csv file] [--only part-of-a-title] [--patience seconds]\n",
                         arguments[0]);
            std::exit(2);
        }
    }
    return settings;
}

/// The middle and the ends of some numbers.
struct Spread {
    double low = 0;
    double median = 0;
    double high = 0;
};

[[nodiscard]] inline Spread spread_of(std::vector<double> values) {
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    const double median = values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    return {values.front(), median, values.back()};
}

/// What a ratio to an anchor should be.
struct Goal {
    enum class Kind : std::uint8_t { at_least, at_most };

    Kind kind = Kind::at_least;
    double ratio = 1;

    [[nodiscard]] bool met_by(double value) const { return kind == Kind::at_least ? value >= ratio : value <= ratio; }
};

[[nodiscard]] inline Goal at_least(double ratio) { return {Goal::Kind::at_least, ratio}; }
[[nodiscard]] inline Goal at_most(double ratio) { return {Goal::Kind::at_most, ratio}; }

struct Contender {
    std::string name;
    std::function<double()> run;        ///< one round; its figure in the unit of the comparison
    std::optional<std::size_t> anchor;  ///< whose figure of the same round this one is divided by
    std::optional<Goal> goal;
};

struct Comparison {
    std::string title;
    std::string unit;
    std::string conditions;  ///< placement and wait policy, in words
    std::vector<Contender> contenders;
};

/// How much of the machine others used, from the system's own account.
class Neighbours {
public:
    Neighbours() : busy_(busy_seconds()), own_(own_seconds()), began_(std::chrono::steady_clock::now()) {}

    /// Since this object was made, in cores.
    [[nodiscard]] double cores_used() const {
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - began_;
        return std::max(0.0, (busy_seconds() - busy_) - (own_seconds() - own_)) / time.count();
    }

private:
    [[nodiscard]] static double busy_seconds() {
        std::FILE* file = std::fopen("/proc/stat", "r");
        if (file == nullptr) return 0;
        unsigned long long user = 0, nice = 0, system = 0, idle = 0, wait = 0, hard = 0, soft = 0;
        const int fields = std::fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle,
                                       &wait, &hard, &soft);
        std::fclose(file);
        if (fields != 7) return 0;
        return static_cast<double>(user + nice + system + hard + soft) / static_cast<double>(sysconf(_SC_CLK_TCK));
    }
    [[nodiscard]] static double own_seconds() {
        double seconds = 0;
        for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
            rusage usage{};
            getrusage(who, &usage);
            for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
                seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
            }
        }
        return seconds;
    }

    double busy_;
    double own_;
    std::chrono::steady_clock::time_point began_;
};

/// Looks for times when the machine does little else, within a budget for the whole run.
class Quiet {
public:
    /// More than this is a disturbance.
    static constexpr double cores_max = 0.25;

    explicit Quiet(std::chrono::milliseconds budget) : budget_(budget) {}

    /// Waits for such a time, or until the budget is used up.
    void wait() {
        while (budget_ > std::chrono::milliseconds(0)) {
            const Neighbours neighbours;
            usleep(100'000);
            if (neighbours.cores_used() <= cores_max / 2) return;
            budget_ -= std::chrono::milliseconds(100);
        }
    }
    /// True when something that took so long, while others used so much, should be done again.
    [[nodiscard]] bool rejects(double cores_used, std::chrono::steady_clock::duration took) {
        if (cores_used <= cores_max || budget_ <= std::chrono::milliseconds(0)) return false;
        budget_ -= std::chrono::duration_cast<std::chrono::milliseconds>(took);
        return true;
    }

private:
    std::chrono::milliseconds budget_;
};

class Report {
public:
    explicit Report(Settings settings) : settings_(std::move(settings)), quiet_(settings_.patience) {}

    /// Runs all contenders in turn, `rounds` times, beginning with another one each time. A round that others disturbed
    /// is run again, while patience lasts.
    void compare(const Comparison& comparison) {
        if (comparison.title.find(settings_.filter) == std::string::npos) return;
        const std::size_t count = comparison.contenders.size();
        std::vector<std::vector<double>> figures(count);
        std::vector<double> others;
        while (static_cast<int>(others.size()) < settings_.rounds) {
            quiet_.wait();
            const auto began = std::chrono::steady_clock::now();
            const Neighbours neighbours;
            std::vector<double> round(count);
            for (std::size_t step = 0; step < count; ++step) {
                const std::size_t which = (others.size() + step) % count;
                round[which] = comparison.contenders[which].run();
            }
            const double used = neighbours.cores_used();
            if (quiet_.rejects(used, std::chrono::steady_clock::now() - began)) continue;
            others.push_back(used);
            for (std::size_t which = 0; which < count; ++which) figures[which].push_back(round[which]);
        }
        const Spread used = spread_of(std::move(others));
        std::printf("\n%s [%s]\n  %s; %d rounds; others used %.2f cores (at most %.2f)\n", comparison.title.c_str(),
                    comparison.unit.c_str(), comparison.conditions.c_str(), settings_.rounds, used.median, used.high);
        std::printf("  %-46s %10s  %-21s %7s  %-15s %s\n", "", "median", "low - high", "ratio", "low - high", "goal");
        const bool busy = used.median > Quiet::cores_max;
        for (std::size_t which = 0; which < count; ++which) print(comparison, figures, which, busy);
        std::fflush(stdout);
    }

    /// A figure that is counted, not timed, and has a goal of its own rather than an anchor.
    void state(const std::string& title, const std::string& name, const std::string& unit, double figure,
               std::optional<Goal> goal) {
        const std::string verdict = goal ? verdict_on(*goal, figure) : "";
        std::printf("  %-46s %10s %-22s %s\n", name.c_str(), number(figure).c_str(), unit.c_str(), verdict.c_str());
        add_to_csv({.title = title,
                    .name = name,
                    .unit = unit,
                    .conditions = "",
                    .rounds = 1,
                    .figure = {figure, figure, figure},
                    .anchor = "",
                    .ratio = {},
                    .goal = goal,
                    .judged = figure});
    }
    void heading(const std::string& text) { std::printf("\n%s\n", text.c_str()); }

    [[nodiscard]] bool wants(const std::string& title) const {
        return title.find(settings_.filter) != std::string::npos;
    }
    [[nodiscard]] const Settings& settings() const { return settings_; }

private:
    [[nodiscard]] static std::string number(double value) {
        char text[32];
        std::snprintf(text, sizeof text, "%.4g", value);
        return text;
    }
    [[nodiscard]] static std::string verdict_on(const Goal& goal, double value) {
        return std::string(goal.kind == Goal::Kind::at_least ? ">= " : "<= ") + number(goal.ratio) +
               (goal.met_by(value) ? "  met" : "  MISSED");
    }

    void print(const Comparison& comparison, const std::vector<std::vector<double>>& figures, std::size_t which,
               bool busy) {
        const Contender& contender = comparison.contenders[which];
        const Spread figure = spread_of(figures[which]);
        Spread ratio;
        std::string ratio_text, ratio_range, verdict;
        if (contender.anchor) {
            std::vector<double> ratios;
            for (std::size_t round = 0; round < figures[which].size(); ++round) {
                ratios.push_back(figures[which][round] / figures[*contender.anchor][round]);
            }
            ratio = spread_of(std::move(ratios));
            ratio_text = number(ratio.median) + "x";
            ratio_range = number(ratio.low) + " - " + number(ratio.high);
            if (contender.goal) verdict = verdict_on(*contender.goal, ratio.median) + (busy ? " (busy)" : "");
        }
        const std::string range = number(figure.low) + " - " + number(figure.high);
        std::printf("  %-46s %10s  %-21s %7s  %-15s %s\n", contender.name.c_str(), number(figure.median).c_str(),
                    range.c_str(), ratio_text.c_str(), ratio_range.c_str(), verdict.c_str());
        add_to_csv({.title = comparison.title,
                    .name = contender.name,
                    .unit = comparison.unit,
                    .conditions = comparison.conditions,
                    .rounds = settings_.rounds,
                    .figure = figure,
                    .anchor = contender.anchor ? comparison.contenders[*contender.anchor].name : "",
                    .ratio = ratio,
                    .goal = contender.goal,
                    .judged = ratio.median,
                    .busy = busy});
    }

    struct Row {
        std::string title;
        std::string name;
        std::string unit;
        std::string conditions;
        int rounds = 1;
        Spread figure;
        std::string anchor;
        Spread ratio;
        std::optional<Goal> goal;
        double judged = 0;
        bool busy = false;
    };

    void add_to_csv(const Row& row) const {
        if (settings_.csv.empty()) return;
        std::FILE* file = std::fopen(settings_.csv.c_str(), "a");
        if (file == nullptr) fail("cannot write the CSV file");
        std::fseek(file, 0, SEEK_END);
        if (std::ftell(file) == 0) {
            std::fputs("comparison,contender,unit,conditions,rounds,low,median,high,", file);
            std::fputs("anchor,ratio_low,ratio_median,ratio_high,goal,verdict\n", file);
        }
        std::fprintf(file, "\"%s\",\"%s\",\"%s\",\"%s\",%d,%.6g,%.6g,%.6g,\"%s\",", row.title.c_str(), row.name.c_str(),
                     row.unit.c_str(), row.conditions.c_str(), row.rounds, row.figure.low, row.figure.median,
                     row.figure.high, row.anchor.c_str());
        if (row.anchor.empty()) {
            std::fputs(",,,", file);
        } else {
            std::fprintf(file, "%.4f,%.4f,%.4f,", row.ratio.low, row.ratio.median, row.ratio.high);
        }
        if (row.goal) {
            std::fprintf(file, "%s%g,%s%s\n", row.goal->kind == Goal::Kind::at_least ? ">=" : "<=", row.goal->ratio,
                         row.goal->met_by(row.judged) ? "met" : "missed", row.busy ? " on a busy machine" : "");
        } else {
            std::fputs(",\n", file);
        }
        std::fclose(file);
    }

    Settings settings_;
    Quiet quiet_;
};

}  // namespace benchmark
