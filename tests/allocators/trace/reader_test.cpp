// reader_test: no file, however cut, bent or forged, does more to the reader than one line; and what the
// stamps of several threads mean.

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstring>
#include <fstream>

#include "allocators/trace/format.hpp"
#include "tests/allocators/trace/made_traces.hpp"

namespace {

using namespace lab_test;
using Bytes = std::vector<unsigned char>;
using trace::ChunkHeader;
using trace::Code;
using trace::Cursor;
using trace::FileHeader;

Bytes load(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(file), {});
}

void save(const Bytes& bytes, const std::string& path) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

template <class Header>
Header at(const Bytes& bytes, std::size_t offset) {
    Header header{};
    std::memcpy(&header, bytes.data() + offset, sizeof header);
    return header;
}

template <class Header>
void put(Bytes& bytes, std::size_t offset, const Header& header) {
    std::memcpy(bytes.data() + offset, &header, sizeof header);
}

/// Puts right every checksum that can be: so what lies behind them is tried too.
void vouch(Bytes& bytes) {
    if (bytes.size() < sizeof(FileHeader)) return;
    auto header = at<FileHeader>(bytes, 0);
    if (header.header_bytes > bytes.size() || header.header_bytes < sizeof header) return;
    const std::size_t text = std::min<std::size_t>(header.text_bytes, header.header_bytes - sizeof header);
    header.checksum = trace::checksum(bytes.data() + sizeof header, text,
                                      trace::checksum(bytes.data(), offsetof(FileHeader, checksum)));
    put(bytes, 0, header);
    const std::size_t step = header.chunk_bytes < 64 ? 1024 : header.chunk_bytes;
    for (std::size_t offset = header.header_bytes; offset + sizeof(ChunkHeader) <= bytes.size(); offset += step) {
        auto chunk = at<ChunkHeader>(bytes, offset);
        const std::size_t used = std::min<std::size_t>(chunk.used, bytes.size() - offset - sizeof chunk);
        chunk.checksum = trace::checksum(bytes.data() + offset + sizeof chunk, used);
        put(bytes, offset, chunk);
    }
}

/// One line, or a trace that everything can be done with. True if it was read.
bool survives(const Bytes& bytes, const Folder& folder) {
    const std::string path = folder / "bent.trace";
    save(bytes, path);
    try {
        const Trace read = trace::read(path);
        EXPECT_LE(read.operations(), bytes.size());
        trace::validate(read);
        trace::summarise(read);
        trace::write(read, folder / "again.trace");
        trace::read(folder / "again.trace");
        return true;
    } catch (const trace::Error& error) {
        const std::string line = error.what();
        EXPECT_EQ(line.find('\n'), std::string::npos) << line;
        EXPECT_EQ(line.rfind(path + ": ", 0), 0u) << line;
        return false;
    }
}

Bytes written(const Trace& made, const Folder& folder) {
    trace::write(made, folder / "good.trace");
    return load(folder / "good.trace");
}

TEST(Reader, SurvivesEveryTruncation) {
    const Folder folder;
    for (const std::uint32_t threads : {1u, 3u}) {
        const Bytes good = written(random_trace(threads, threads, 60, 20), folder);
        for (std::size_t size = 0; size < good.size(); ++size) {
            EXPECT_FALSE(survives(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)), folder)) << size;
        }
        EXPECT_TRUE(survives(good, folder));
    }
    const Bytes large = written(random_trace(3, 3, 90'000, 20), folder);
    for (std::size_t size = 0; size < large.size(); size += 32717) {
        EXPECT_FALSE(survives(Bytes(large.begin(), large.begin() + static_cast<std::ptrdiff_t>(size)), folder)) << size;
    }
}

TEST(Reader, SeesEveryBitThatFlipsInSealedRecordsAndInTheHeader) {
    const Folder folder;
    const Bytes good = written(random_trace(5, 2, 25, 20), folder);
    const std::size_t records = at<FileHeader>(good, 0).header_bytes + sizeof(ChunkHeader);
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        const std::size_t byte = bit / 8;
        const bool covered = byte < offsetof(FileHeader, last_ticks) || byte >= records;
        if (!covered) continue;
        Bytes bent = good;
        bent[byte] = static_cast<unsigned char>(bent[byte] ^ (1u << bit % 8));
        EXPECT_FALSE(survives(bent, folder)) << "byte " << byte;
    }
}

TEST(Reader, SurvivesForgedFiles) {
    const Folder folder;
    int read = 0;
    for (std::uint64_t seed = 1; seed <= 800; ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        std::mt19937_64 rng(seed);
        Bytes bent = written(random_trace(seed, 1 + static_cast<std::uint32_t>(seed % 4), 60, seed % 2 * 30), folder);
        for (std::uint64_t edits = 1 + rng() % 6; edits > 0; --edits) {
            const std::size_t byte = rng() % bent.size();
            switch (rng() % 8) {
                case 0: bent[byte] = static_cast<unsigned char>(rng()); break;
                case 1: bent[byte] = rng() % 2 ? 0xff : 0; break;
                case 2: bent.erase(bent.begin() + static_cast<std::ptrdiff_t>(byte)); break;
                case 3: bent.insert(bent.begin() + static_cast<std::ptrdiff_t>(byte), static_cast<unsigned char>(rng())); break;
                default: bent[byte] = static_cast<unsigned char>(bent[byte] ^ (1u << rng() % 8));
            }
        }
        if (seed % 3 != 0) vouch(bent);
        read += survives(bent, folder);
        if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(read, 100);  // or the forger never gets past the checksums
}

TEST(Reader, RefusesLyingLengthsWithoutTryingThem) {
    const Folder folder;
    const Bytes good = written(random_trace(5, 2, 100, 20), folder);
    const auto forged = [&](auto change) {
        Bytes bent = good;
        auto header = at<FileHeader>(bent, 0);
        change(header);
        put(bent, 0, header);
        vouch(bent);
        return bent;
    };
    EXPECT_FALSE(survives(forged([](FileHeader& h) { h.chunks = UINT32_MAX; }), folder));
    EXPECT_FALSE(survives(forged([](FileHeader& h) { h.chunk_bytes = UINT32_MAX; }), folder));
    EXPECT_FALSE(survives(forged([](FileHeader& h) { h.chunk_bytes = 0; }), folder));
    EXPECT_FALSE(survives(forged([](FileHeader& h) { h.header_bytes = UINT32_MAX; }), folder));
    EXPECT_FALSE(survives(forged([](FileHeader& h) { h.text_bytes = UINT32_MAX; }), folder));
    EXPECT_FALSE(survives(forged([](FileHeader& h) { h.end = 77; }), folder));
    Bytes bent = good;
    const std::size_t offset = at<FileHeader>(good, 0).header_bytes;
    auto chunk = at<ChunkHeader>(bent, offset);
    chunk.used = UINT32_MAX;
    put(bent, offset, chunk);
    EXPECT_FALSE(survives(bent, folder));
}

std::string refusal(const Bytes& bytes, const Folder& folder) {
    save(bytes, folder / "x.trace");
    try {
        trace::read(folder / "x.trace");
    } catch (const trace::Error& error) {
        return error.what();
    }
    return "";
}

TEST(Reader, SaysWhatAFileIsThatItCannotRead) {
    const Folder folder;
    const Bytes good = written(random_trace(5, 1, 100, 20), folder);
    const auto with = [&](auto change) {
        Bytes bent = good;
        auto header = at<FileHeader>(bent, 0);
        change(header);
        put(bent, 0, header);
        vouch(bent);
        return refusal(bent, folder);
    };
    EXPECT_NE(with([](FileHeader& h) { h.version = 0; }).find("record it again"), std::string::npos);
    EXPECT_NE(with([](FileHeader& h) { h.version = 2; }).find("update the lab"), std::string::npos);
    EXPECT_NE(with([](FileHeader& h) { h.byte_order = 0x04030201; }).find("byte order"), std::string::npos);
    EXPECT_NE(refusal({}, folder).find("is empty"), std::string::npos);
    EXPECT_NE(refusal(Bytes(5000, 'x'), folder).find("no trace"), std::string::npos);
    EXPECT_NE(refusal(load("/proc/self/exe"), folder).find("no trace"), std::string::npos);
    mkfifo((folder / "fifo").c_str(), 0600);
    for (const std::string& path : {folder / "nothing", folder.path(), std::string("/dev/zero"), folder / "fifo"}) {
        EXPECT_THROW(trace::read(path), trace::Error) << path;
    }
}

// ---- what records mean ---------------------------------------------------------------------------

/// A file of one unsealed chunk, as a recorder leaves it.
class Recording {
  public:
    Recording() : bytes_(sizeof(FileHeader) + 65536) { cursor_.at = bytes_.data() + k_records; }
    Cursor& operator()() { return cursor_; }
    FileHeader header{};

    Trace read(const Folder& folder) {
        std::memcpy(header.magic, trace::k_magic, sizeof header.magic);
        header.byte_order = trace::k_byte_order;
        header.version = trace::k_version;
        header.header_bytes = sizeof header;
        header.chunk_bytes = 65536;
        header.chunks = 1;
        put(bytes_, 0, header);
        vouch(bytes_);
        const auto used = static_cast<std::uint32_t>(cursor_.at - bytes_.data() - k_records);
        put(bytes_, sizeof header, ChunkHeader{trace::k_chunk_magic, used, 0, 0, 0});
        save(bytes_, folder / "recording.trace");
        return trace::read(folder / "recording.trace");
    }

  private:
    static constexpr std::size_t k_records = sizeof(FileHeader) + sizeof(ChunkHeader);
    Bytes bytes_;
    Cursor cursor_{};
};

TEST(Records, OfTwoThreadsAreOrderedByTheirStamps) {
    // One name, handed from thread to thread: 0 makes and ends it, then 1 does, then 0 again. Ticks are ns.
    for (const std::uint64_t skew : {0u, 1u, 200u}) {
        SCOPED_TRACE(skew);
        const Folder folder;
        Recording recording;
        recording().piece(true, 0, 0, 0, 0);
        for (const std::uint64_t begin : {1000u, 5000u}) {
            recording().allocate(9, begin);
            recording().time(begin);
            recording().release(9);
            recording().time(begin + 1000);
        }
        recording().piece(true, 1, 0, 0, 0);
        recording().allocate(9, 3000);
        recording().time(2000 - skew);  // when thread 0 releases it, or a little before: its clock is behind
        recording().release(9);
        recording().time(5000 + skew);
        const Trace read = recording.read(folder);
        EXPECT_TRUE(trace::validate(read).valid());
        EXPECT_EQ(trace::summarise(read).cross_thread, 0u);
        EXPECT_EQ(read.about.unsealed_chunks, 1u);
    }
}

TEST(Records, ThatNoOrderAllowsAreFaults) {
    const Folder folder;
    Recording owners;
    owners().piece(true, 0, 0, 0, 0);
    owners().allocate(9, 8);
    owners().time(100);
    owners().piece(true, 1, 0, 0, 0);
    owners().allocate(9, 8);
    owners().time(90'000);
    EXPECT_EQ(trace::validate(owners.read(folder)).count[static_cast<std::size_t>(trace::Fault::two_owners)], 1u);

    Recording late;
    late().piece(true, 0, 0, 0, 0);
    late().release(9);
    late().time(100);
    late().piece(true, 1, 0, 0, 0);
    late().allocate(9, 8);
    late().time(90'000);
    EXPECT_EQ(trace::validate(late.read(folder)).count[static_cast<std::size_t>(trace::Fault::unknown_block)], 1u);
}

TEST(Records, OfAReallocateEndInFourWays) {
    const Folder folder;
    Recording recording;
    recording().piece(false, 0, 0, 0, 0);
    for (const std::uint64_t name : {1u, 2u, 3u, 4u}) recording().allocate(name, 10 * name);
    recording().move_begin(1);
    recording().moved(1, 11);  // in place
    recording().move_begin(2);
    recording().code(Code::kept);  // failed
    recording().move_begin(3);
    recording().code(Code::gone);  // to size 0
    recording().release(2);
    recording().move_begin(4);  // killed there
    const Trace read = recording.read(folder);
    EXPECT_TRUE(trace::validate(read).valid());
    const auto& operations = read.threads.at(0);
    ASSERT_EQ(operations.size(), 8u);
    EXPECT_EQ(operations[4], (Operation{.kind = Kind::reallocate, .size = 11, .block = 4, .from = 0}));
    EXPECT_EQ(operations[5], (Operation{.kind = Kind::release, .block = 2}));
    EXPECT_EQ(operations[6], (Operation{.kind = Kind::release, .block = 1}));
    EXPECT_EQ(operations[7], (Operation{.kind = Kind::release, .block = 3}));
}

TEST(Records, AfterTheDiskWasFullDoNotCount) {
    const Folder folder;
    Recording recording;
    recording.header.end = static_cast<std::uint32_t>(trace::End::disk_full);
    recording.header.stopped_ticks = 150;
    recording().piece(true, 0, 0, 0, 0);
    for (const std::uint64_t now : {100u, 149u, 150u, 200u}) {
        recording().allocate(now, 8);
        recording().time(now);
    }
    const Trace read = recording.read(folder);
    EXPECT_EQ(read.operations(), 2u);
    EXPECT_EQ(read.about.dropped, 2u);
}

TEST(Records, OfOneThreadAreSpreadBetweenReadingsOfTheClock) {
    const Folder folder;
    Recording recording;
    recording.header.last_ticks = 1000;
    recording.header.last_ns = 2000;  // a tick is 2 ns
    recording().piece(false, 0, 0, 0, 0);
    for (std::uint64_t name = 0; name < 4; ++name) recording().allocate(name, 8);
    recording().clock(Code::pace, 100);
    recording().allocate(9, 8);
    recording().clock(Code::stamp, 500);  // another thread lives: no spreading up to here
    recording().allocate(10, 8);
    recording().time(700);
    const Trace read = recording.read(folder);
    std::vector<std::uint64_t> times;
    for (const Operation& operation : read.threads.at(0)) times.push_back(operation.time_ns);
    EXPECT_EQ(times, (std::vector<std::uint64_t>{0, 50, 100, 150, 200, 1400}));
}

TEST(Records, ThatWereCopiedTwiceCountOnce) {
    const Folder folder;
    Bytes bytes = written(random_trace(4, 1, 200, 20), folder);
    const Trace want = trace::read(folder / "good.trace");
    auto header = at<FileHeader>(bytes, 0);
    const Bytes chunk(bytes.begin() + header.header_bytes, bytes.end());
    header.chunk_bytes = static_cast<std::uint32_t>(chunk.size());
    header.chunks = 2;
    put(bytes, 0, header);
    bytes.insert(bytes.end(), chunk.begin(), chunk.end());
    vouch(bytes);
    save(bytes, folder / "twice.trace");
    EXPECT_EQ(trace::read(folder / "twice.trace").threads, want.threads);
}

}  // namespace
