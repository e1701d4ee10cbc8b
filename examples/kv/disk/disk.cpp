// SPDX-License-Identifier: BSL-1.0
// What opening a directory found, in plain words.

#include "disk.hpp"

#include "../base/text.hpp"
#include "disk_failure.hpp"

#include <replicator/error.hpp>

#include <string_view>
#include <utility>

namespace kv {

namespace {

using replicator::Error;
using replicator::log::OnDamage;
using replicator::log::Verdict;

constexpr const char* shortage_text = "the disk is full, or the system is short of descriptors or memory";

[[nodiscard]] std::string place_text(const Verdict& verdict) {
    return verdict.segment == 0 ? "" : joined(" (file ", verdict.segment, ", byte ", verdict.place, ")");
}

[[nodiscard]] std::string damage_text(const Verdict& verdict) {
    if (verdict.kind == Verdict::Kind::metadata_lost) {
        return "nothing is left of what the node promised, and --repair cannot bring that back. Move the directory "
               "away and start the node without one: it gets everything from the leader, and counts again when enough "
               "others have confirmed the leader, or by REPLICATOR ADMIT";
    }
    const bool missing = verdict.kind == Verdict::Kind::missing;
    return joined("entries from ", verdict.index.value, " on were on the disk, and are ",
                  missing ? "not there any more" : "damaged", place_text(verdict),
                  ". Nothing was changed. --repair gives them up: the leader sends them again, and until then this "
                  "node vouches for nothing from there on");
}

[[nodiscard]] std::string refusal_text(Error error, const Verdict& verdict) {
    switch (error) {
        case Error::duplicate_node: return "another process uses it";
        case Error::wrong_cluster: return "it belongs to another cluster";
        case Error::wrong_group: return "it belongs to another group";
        case Error::wrong_node: return "it belongs to another node";
        case Error::wrong_version: return "it was written in another format";
        case Error::wrong_limits: return "it was written with larger bounds";
        case Error::corrupt: return damage_text(verdict);
        case Error::log_full: return shortage_text;
        case Error::log_failed: return "it cannot be read or written, or its parent is missing";
        default: return to_string(error);
    }
}

[[nodiscard]] std::string refused(const std::string& directory, std::string_view why,
                                  const replicator::StorageFailure& failure) {
    const std::string call = failure_text(failure);
    return joined("the log in ", directory, " is refused: ", why, call.empty() ? "" : ": ", call);
}

[[nodiscard]] std::string_view verdict_text(Verdict::Kind kind) {
    switch (kind) {
        case Verdict::Kind::clean: return "all sound";
        case Verdict::Kind::torn: return "a torn write at the end was cut";
        default: return "what was damaged was given up";
    }
}

[[nodiscard]] std::string found_text(const Disk& log) {
    const auto metadata = log.metadata();
    if (value(metadata.history) == 0) return "no history yet";
    const Verdict& verdict = log.verdict();
    std::string text = joined("goes on after entry ", log.last().value, ", with ", log.last() - log.base().index,
                              " entries in the log");
    if (log.snapshot_index() != replicator::Index{}) {
        text += joined(" and a state that includes entry ", log.snapshot_index().value);
    }
    text += joined("; ", verdict.clean_stop ? "stopped in order" : "not stopped in order", ", ",
                   verdict_text(verdict.kind));
    if (verdict.kind != Verdict::Kind::clean) text += place_text(verdict);
    if (log.is_suspect()) {
        text += joined("; from entry ", metadata.suspect_from.value,
                       " on it vouches for nothing until a leader has "
                       "filled it");
    }
    return text;
}

}  // namespace

OpenedDisk open_disk(const ServerOptions& options, replicator::Incarnation incarnation,
                     replicator::storage::SyncWorker& worker) {
    OpenedDisk opened;
    opened.report.directory = options.directory;
    auto log = Disk::open(replicator::storage::PosixThreaded(worker), options.directory.c_str(),
                          {.cluster = replicator::ClusterId{options.cluster},
                           .group = {},
                           .node = options.node,
                           .incarnation = incarnation,
                           .history = {}},
                          options.repair ? OnDamage::repair : OnDamage::refuse, &opened.report.verdict);
    if (!log) {
        const Verdict& verdict = opened.report.verdict;
        opened.wrong = refused(options.directory, refusal_text(log.error(), verdict), verdict.failure);
        opened.passes = log.error() == Error::log_full;
        return opened;
    }
    opened.log = std::move(*log);
    opened.report.starts = opened.log.metadata().run_counter;
    opened.text = joined(options.directory, ": ", found_text(opened.log));
    return opened;
}

std::string fault_text(const std::string& directory, Error error, const replicator::StorageFailure& failure) {
    const std::string_view why = [error]() -> std::string_view {
        switch (error) {
            case Error::wrong_policy: return "it was written with another --ack";
            case Error::wrong_membership: return "it was written with other nodes than --node and --peer name";
            case Error::wrong_schema:
            case Error::wrong_limits: return "another program wrote it, or another version of this one";
            case Error::snapshot_invalid: return "the state in it cannot be read";
            case Error::corrupt: return "the log and the state in it do not fit together";
            case Error::wrong_history: return "the state in it is of another history";
            case Error::log_full: return shortage_text;
            default: return to_string(error);
        }
    }();
    return refused(directory, why, failure);
}

}  // namespace kv
