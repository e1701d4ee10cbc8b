// SPDX-License-Identifier: BSL-1.0
// logtool: looks at the directory of a log on a disk, without changing anything. For the bad day.
//
//     logtool stat <directory>      who it belongs to, what it promised, its files
//     logtool dump <directory>      every record and entry that is sound
//     logtool verify <directory>    reads everything; status 0 only if a start would find nothing wrong
//
// It takes no lock, so it may be run beside a living node; what is being written then may look torn.

#include <replicator/encoding/entry.hpp>
#include <replicator/log/file/metadata.hpp>
#include <replicator/log/file/open.hpp>
#include <replicator/log/file/snapshot/file.hpp>
#include <replicator/storage/posix.hpp>

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

using namespace replicator;
using Bytes = std::vector<std::byte>;

/// Bounds that any log fits in.
struct Bounds : log::FileOptions {
    static constexpr std::size_t entry_bytes_max = align_up(entry_header_bytes + entry_length_max);
    static constexpr std::size_t record_bytes_max = std::size_t{64} << 20;
    static constexpr std::size_t segments_max = 65536;
};

/// Reads a folder that it neither locks nor changes, for what recovery asks of a storage.
class Viewer {
public:
    using File = storage::Posix::File;
    struct Directory {
        std::filesystem::path path;
    };

    template <class Visitor>
    StorageError list(Directory& directory, Visitor&& visitor) {
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(directory.path, error)) {
            visitor(entry.path().filename().c_str());
        }
        return error ? StorageError::failed : StorageError::none;
    }
    StorageError open_directory(const char* path, Directory& directory) noexcept {
        directory.path = path;
        return StorageError::none;
    }
    StorageError open(Directory& directory, const char* name, File& file) noexcept {
        file = File(storage::PosixSystem::open((directory.path / name).c_str(), O_RDONLY));
        return file ? StorageError::none : StorageError::not_found;
    }
    StorageError size(File& file, std::uint64_t& bytes) noexcept { return posix_.size(file, bytes); }
    StorageError read(File& file, std::uint64_t place, std::span<std::byte> to, std::size_t& got) noexcept {
        return posix_.read(file, place, to, got);
    }

    // It changes nothing.
    StorageError sync_directory(Directory&) noexcept { return StorageError::failed; }
    StorageError create(Directory&, const char*, File&) noexcept { return StorageError::failed; }
    StorageError rename(Directory&, const char*, const char*) noexcept { return StorageError::failed; }
    StorageError remove(Directory&, const char*) noexcept { return StorageError::failed; }
    StorageError allocate(File&, std::uint64_t) noexcept { return StorageError::failed; }
    StorageError resize(File&, std::uint64_t) noexcept { return StorageError::failed; }
    StorageError write(File&, std::uint64_t, Pieces) noexcept { return StorageError::failed; }
    StorageError sync(File&) noexcept { return StorageError::failed; }
    void start_sync(File&) noexcept {}
    std::optional<StorageError> poll_sync() noexcept { return std::nullopt; }
    StorageError wait_sync() noexcept { return StorageError::none; }

private:
    storage::Posix posix_;
};

const char* name_of(EntryType type) {
    switch (type) {
        case EntryType::command: return "command";
        case EntryType::epoch_start: return "epoch_start";
        case EntryType::seat: return "seat";
        case EntryType::admit: return "admit";
    }
    return "unknown";
}

std::string text_of(Epoch epoch) {
    char text[64];
    std::snprintf(text, sizeof text, "%" PRIu64 ".%" PRIu32 ".%08" PRIx32, epoch.counter, value(epoch.node), epoch.tag);
    return text;
}

int fail(const std::string& text) {
    std::fprintf(stderr, "logtool: %s\n", text.c_str());
    return 2;
}

void print_metadata(const log::Metadata& m) {
    std::printf("cluster %" PRIu64 ", group %" PRIu32 ", node %" PRIu32 ", incarnation %016" PRIx64 ", run %" PRIu64
                "\n",
                value(m.cluster), value(m.group), value(m.node), value(m.incarnation), m.run_counter);
    std::printf("history %016" PRIx64 ", promised epoch %s, opened at most %" PRIu64 "\n", value(m.history),
                text_of(m.promised).c_str(), m.counter_opened);
    std::printf("base %" PRIu64 ", on the disk at least up to %" PRIu64 ", %s\n", m.base.position.index.value,
                m.durable.value, m.clean_stop ? "closed cleanly" : "not closed");
    if (m.suspect_from != Index{}) std::printf("suspect from %" PRIu64 "\n", m.suspect_from.value);
    if (m.installing) std::printf("a snapshot was being installed\n");
    if (m.fault != Error::none) std::printf("fault: %s\n", to_string(m.fault));
    if (m.cut_segment != 0) {
        std::printf("cut at %" PRIu64 " in segment %" PRIu64 " and before\n", m.cut_from.value, m.cut_segment);
    }
    if (m.snapshot.id != SnapshotId{}) {
        std::printf("snapshot %016" PRIx64 " of %s, %" PRIu64 "\n", value(m.snapshot.id),
                    text_of(m.snapshot.position.epoch).c_str(), m.snapshot.position.index.value);
    }
    for (const log::EpochStart& start : m.epochs.all()) {
        std::printf("epoch %s from %" PRIu64 "\n", text_of(start.epoch).c_str(), start.first.value);
    }
}

Bytes contents_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    Bytes bytes(error ? 0 : static_cast<std::size_t>(size));
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    return bytes;
}

void dump_record(const log::RecordHeader& record, const std::byte* entries) {
    std::printf("  at %" PRIu64 ": record of %" PRIu32 " entries from %" PRIu64 ", %" PRIu32
                " bytes, on the disk before: %" PRIu64 "\n",
                record.place, record.count, record.first.value, record.size, record.durable.value);
    log::RecordWalk walk{{record.first, 0}, record.chain_before};
    std::size_t at = 0;
    while (walk.at.index <= record.last() && at + entry_header_bytes <= record.size) {
        const EntryHeader entry = load_entry_header(entries + at);
        const bool sound = at + entry.bytes() <= record.size && verify_entry(entries + at, walk.chain);
        std::printf("    %" PRIu64 " %s, %zu bytes, chain %08" PRIx32 "%s\n", walk.at.index.value,
                    name_of(entry.type()), entry.length(), value(entry.chain), sound ? "" : "  DAMAGED");
        if (!sound) return;
        at += entry.bytes();
        walk = {{walk.at.index + 1, at}, entry.chain};
    }
}

/// Shows a segment; with `records` what is in it, too.
void show_segment(const std::filesystem::path& path, bool records) {
    const Bytes bytes = contents_of(path);
    log::SegmentHeader header;
    std::printf("%s: %zu bytes", path.filename().c_str(), bytes.size());
    if (bytes.size() < log::SegmentHeader::bytes || !header.read(bytes.data())) {
        std::printf(", header DAMAGED\n");
        return;
    }
    std::printf(", from %" PRIu64 ", epoch before %s, segment before %" PRIu64 "\n", header.first.value,
                text_of(header.epoch_before).c_str(), header.previous);
    if (!records) return;
    for (std::uint64_t at = header.records_at; at + log::RecordHeader::bytes <= bytes.size();) {
        log::RecordHeader record;
        if (!record.read(bytes.data() + at, header.salt, at) || record.end() > bytes.size()) {
            const bool zero = std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(),
                                          [](std::byte byte) { return byte == std::byte{0}; });
            std::printf("  at %" PRIu64 ": %s\n", at, zero ? "end" : "no record, and not empty");
            return;
        }
        dump_record(record, bytes.data() + at + log::RecordHeader::bytes);
        at = record.end();
    }
}

int show(const std::filesystem::path& folder, const log::Metadata& metadata, bool records) {
    print_metadata(metadata);
    std::vector<std::filesystem::path> paths;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) paths.push_back(entry.path());
    if (error) return fail("cannot read the directory");
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths) {
        std::uint64_t number = 0;
        Index first;
        if (log::read_segment_name(path.filename().c_str(), number, first)) show_segment(path, records);
    }
    return 0;
}

/// Reads all of the state on the disk.
Error verify_snapshot(Viewer& viewer, Viewer::Directory& directory, SnapshotId id) {
    log::SnapshotReader<Viewer> reader;
    if (const Error error = reader.open(viewer, directory, id); error != Error::none) return error;
    Bytes own(reader.head().own_bytes);
    if (const Error error = reader.read_own(own); error != Error::none) return error;
    Bytes piece(reader.head().piece_bytes);
    for (std::uint64_t i = 0; i < reader.pieces(); ++i) {
        if (const auto size = reader.read(i, piece); !size) return size.error();
    }
    return Error::none;
}

int verify(Viewer& viewer, Viewer::Directory& directory, const log::Metadata& metadata) {
    log::SegmentTable<Bounds::segments_max> segments;
    Bytes raw(log::RecordHeader::bytes + Bounds::record_bytes_max);
    if (!segments.allocate()) return fail("no memory");
    auto opening =
        std::make_unique<log::detail::FileOpening<Viewer, Bounds>>(viewer, directory, metadata, segments, raw);
    const Error error = opening->run(log::OnDamage::refuse);
    const log::Verdict& verdict = opening->verdict;
    std::printf("entries %" PRIu64 " to %" PRIu64 ", %" PRIu64 " bytes read: %s\n", opening->begin.index.value,
                (opening->end.at.index - 1).value, verdict.bytes_read, to_string(verdict.kind));
    if (verdict.kind != log::Verdict::Kind::clean) {
        std::printf("segment %" PRIu64 ", offset %" PRIu64 ", entry %" PRIu64 ": %s\n", verdict.segment, verdict.place,
                    verdict.index.value, error == Error::none ? "would be cut" : to_string(error));
    }
    bool good = error == Error::none && verdict.kind == log::Verdict::Kind::clean;
    if (metadata.snapshot.id != SnapshotId{}) {
        const Error damage = verify_snapshot(viewer, directory, metadata.snapshot.id);
        std::printf("snapshot %016" PRIx64 ": %s\n", value(metadata.snapshot.id),
                    damage == Error::none ? "sound" : to_string(damage));
        good = good && damage == Error::none;
    }
    return good ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
    const std::string_view what = count == 3 ? arguments[1] : "";
    if (what != "stat" && what != "dump" && what != "verify")
        return fail("usage: logtool stat|dump|verify <directory>");
    Viewer viewer;
    Viewer::Directory directory{arguments[2]};
    log::MetadataFile<Viewer> file;
    log::Metadata metadata;
    bool damaged = false;
    if (file.open(viewer, directory, metadata, damaged) != StorageError::none) {
        return fail(damaged ? "no copy of the metadata is sound" : "there is no log");
    }
    return what == "verify" ? verify(viewer, directory, metadata) : show(arguments[2], metadata, what == "dump");
}
