// SPDX-License-Identifier: BSL-1.0
// kv_check_history: whether what clients of a key-value store were told fits together.

#include "file.hpp"

#include "../base/arguments.hpp"

#include <replicator/sim/history/history.hpp>
#include <replicator/sim/history/linearizability.hpp>
#include <replicator/sim/history/operation.hpp>
#include <replicator/sim/history/stale_reads.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using replicator::sim::Answer;
using replicator::sim::History;
using replicator::sim::Operation;
using replicator::sim::OperationKind;
using replicator::sim::StaleReads;
using replicator::sim::Value;

constexpr const char* help = R"(kv_check_history: checks the operations in files of JSON lines

  kv_check_history [options] FILE [FILE...]

  --leader N     a get that another node answered may show an old state, and is left out of the order: it is checked
                 that it shows what the leader had at some time, and in its session nothing older than before. Default
                 0: every get counts
  --stale FILE   more such gets, which kv_history wrote; may be given again
  --final FILE   reads after all the rest, when all nodes were equal. They count wherever they were, and each must show
                 the last acknowledged write of its key, or one that may have come after it
  --merged FILE  gets all operations in the order of their calls

Verdict on standard output; it says how many gets were left out of the order. Exit status 0: all fits; 1: it does not;
2: a file cannot be read; 3: too hard to decide.
)";

struct Options {
    std::uint32_t leader = 0;
    std::string final_file;
    std::string merged_file;
    std::vector<std::string> stale_files;
    std::vector<std::string> files;
};

[[nodiscard]] bool read_options(Options& options, std::span<char* const> arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view name = arguments[i];
        if (!name.starts_with("--")) {
            options.files.emplace_back(name);
            continue;
        }
        if (++i == arguments.size()) return false;
        const std::string_view text = arguments[i];
        if (name == "--final")
            options.final_file = text;
        else if (name == "--merged")
            options.merged_file = text;
        else if (name == "--stale")
            options.stale_files.emplace_back(text);
        else if (name != "--leader" || !kv::take_number(options.leader, text))
            return false;
    }
    return !options.files.empty();
}

/// False, and it is said why, when the file cannot be read.
[[nodiscard]] bool read(std::vector<Operation>& operations, const std::string& file) {
    const std::string wrong = kv::history::read(operations, file);
    if (!wrong.empty()) std::fprintf(stderr, "kv_check_history: %s\n", wrong.c_str());
    return wrong.empty();
}

[[nodiscard]] bool is_write(const Operation& operation) {
    return operation.kind != OperationKind::get &&
           (operation.answer == Answer::succeeded || operation.answer == Answer::unknown);
}

/// The writes of each key that had an effect or may have had one.
class Writes {
public:
    void add(const Operation& operation) {
        if (is_write(operation)) keys_[operation.key].push_back(&operation);
    }

    /// Whether somebody asked for this before the read had returned.
    [[nodiscard]] bool explain(const Operation& get) const {
        if (!get.output) return true;
        const auto& writes = of(get.key);
        return std::any_of(writes.begin(), writes.end(), [&get](const Operation* write) {
            return write->value == get.output && write->called <= get.returned;
        });
    }

    /// Whether what is read after everything else can be the last that was written.
    [[nodiscard]] bool keep(const Operation& get) const {
        const auto& writes = of(get.key);
        // The write that was called last of all that were surely over comes after none of the others...
        std::uint64_t last_call = 0;
        for (const Operation* write : writes) {
            if (write->answer == Answer::succeeded) last_call = std::max(last_call, write->called);
        }
        // ... so every write that had returned before it was called is overwritten.
        const auto is_last = [&](const Operation* write) {
            return write->value == get.output && (write->answer == Answer::unknown || write->returned >= last_call);
        };
        return (last_call == 0 && !get.output) || std::any_of(writes.begin(), writes.end(), is_last);
    }

private:
    [[nodiscard]] const std::vector<const Operation*>& of(const std::string& key) const {
        static const std::vector<const Operation*> none;
        const auto found = keys_.find(key);
        return found == keys_.end() ? none : found->second;
    }

    std::map<std::string, std::vector<const Operation*>> keys_;
};

void complain(const char* what, const Operation& operation) {
    std::printf("%s\n  %s\n", what, to_json(operation).c_str());
}

/// Everything but the order: how many reads show what nobody wrote, or what was overwritten long ago.
[[nodiscard]] std::size_t count_wrong_reads(const std::vector<Operation>& operations,
                                            const std::vector<Operation>& final_reads) {
    Writes writes;
    for (const Operation& operation : operations) writes.add(operation);
    std::size_t wrong = 0;
    for (const std::vector<Operation>* each : {&operations, &final_reads}) {
        for (const Operation& operation : *each) {
            const bool is_read = operation.kind == OperationKind::get && operation.answer == Answer::succeeded;
            if (!is_read || writes.explain(operation)) continue;
            if (++wrong <= 3) complain("a read of what nobody wrote:", operation);
        }
    }
    for (const Operation& read : final_reads) {
        if (read.kind != OperationKind::get || read.answer != Answer::succeeded || writes.keep(read)) continue;
        if (++wrong <= 3) complain("an acknowledged write is lost; in the end its key shows:", read);
    }
    return wrong;
}

void report(const std::vector<Operation>& operations, std::size_t final_count, const StaleReads& old,
            std::uint64_t steps, const char* verdict) {
    std::map<std::string, std::size_t> keys;
    std::size_t counts[4] = {};
    std::size_t writes = 0;
    for (const Operation& operation : operations) {
        ++keys[operation.key];
        ++counts[static_cast<std::size_t>(operation.answer)];
        writes += operation.kind != OperationKind::get ? 1u : 0u;
    }
    std::printf(
        "operations=%zu writes=%zu keys=%zu succeeded=%zu refused=%zu unknown=%zu final_reads=%zu "
        "old_reads_checked=%zu old_reads_not_checked=%zu sessions=%zu steps=%llu verdict=%s\n",
        operations.size(), writes, keys.size(), counts[0], counts[1] + counts[2], counts[3], final_count, old.checked,
        old.skipped, old.sessions, static_cast<unsigned long long>(steps), verdict);
    std::printf("left out of the order: %zu gets that may show an old state\n", old.checked + old.skipped + old.wrong);
}

}  // namespace

int main(int count, char** arguments) {
    Options options;
    if (!read_options(options, kv::words_of(count, arguments))) {
        std::fputs(help, stderr);
        return 2;
    }
    std::vector<Operation> operations;
    std::vector<Operation> final_reads;
    std::vector<Operation> stale;
    for (const std::string& file : options.files) {
        if (!read(operations, file)) return 2;
    }
    for (const std::string& file : options.stale_files) {
        if (!read(stale, file)) return 2;
    }
    if (!options.final_file.empty() && !read(final_reads, options.final_file)) return 2;
    kv::history::order_by_call(operations);

    History merged;
    History ordered;
    for (const Operation& operation : operations) {
        merged.append(operation);
        const bool may_be_old = options.leader != 0 && operation.kind == OperationKind::get &&
                                operation.node != replicator::NodeId{options.leader};
        may_be_old ? stale.push_back(operation) : ordered.append(operation);
    }
    for (const Operation& read : final_reads) {
        merged.append(read);
        ordered.append(read);
    }
    if (!options.merged_file.empty() && !kv::history::write(options.merged_file, merged)) {
        std::fprintf(stderr, "kv_check_history: cannot write %s\n", options.merged_file.c_str());
        return 2;
    }
    const std::size_t wrong = count_wrong_reads(operations, final_reads);
    const replicator::sim::Linearizability found = check_linearizable(ordered);
    using Verdict = replicator::sim::LinearizabilityVerdict;
    const replicator::sim::StaleReads old = check_stale_reads(ordered.operations(), stale);
    if (!found) std::printf("%s", found.explanation.c_str());
    if (!old) std::printf("%s", old.explanation.c_str());
    const bool fits = wrong == 0 && old.wrong == 0 && found.verdict != Verdict::not_linearizable;
    const char* const verdict = wrong > 0                                    ? "wrong"
                                : old.wrong > 0                              ? "wrong_old_reads"
                                : found.verdict == Verdict::gave_up          ? "gave_up"
                                : found.verdict == Verdict::not_linearizable ? "not_linearizable"
                                                                             : "linearizable";
    report(operations, final_reads.size(), old, found.steps, verdict);
    return !fits ? 1 : found.verdict == Verdict::gave_up ? 3 : 0;
}
