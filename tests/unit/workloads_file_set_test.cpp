// The files of workload `file` on a real disk: made, kept warm or cold, guarded, and gone at the end.
#include "harness/workloads/file_set.h"

#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/payload.h"
#include "harness/workloads/file_mix.h"
#include "tests/unit/workloads_sides.h"

namespace xover {
namespace {

using test::Folder;

Point point_in(const std::string& directory, PageCache cache = PageCache::warm) {
  Point point;
  point.workload = Workload::file;
  point.size_bytes = 10'000;
  point.pool_bytes = 100'000;
  point.cache = cache;
  point.directory = directory;
  return point;
}

std::size_t entries_in(const std::string& directory) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
}

std::unique_ptr<FileSet> made(const Point& point) {
  auto set = FileSet::make(point);
  EXPECT_TRUE(set.has_value()) << set.error().message();
  return set ? std::move(*set) : nullptr;
}

// The id of a process that has been and is no more.
pid_t dead_process() {
  pid_t child = -1;
  char program[] = "true";
  char* const arguments[] = {program, nullptr};
  EXPECT_EQ(posix_spawnp(&child, program, nullptr, nullptr, arguments, environ), 0);
  waitpid(child, nullptr, 0);
  return child;
}

TEST(FileSet, HoldsWhatBelongsThereAndIsGoneAtTheEnd) {
  const Folder folder;
  {
    const auto set = made(point_in(folder.path()));
    ASSERT_NE(set, nullptr);
    ASSERT_EQ(set->count(), 10u);
    for (std::uint32_t file = 0; file < set->count(); ++file) {
      const Segment& contents = set->contents(file).front();
      EXPECT_EQ(contents.data, nullptr);
      std::vector<std::byte> bytes(20'000);
      EXPECT_EQ(pread(contents.file, bytes.data(), bytes.size(), 0), 10'000);
      EXPECT_FALSE(verify_payload(std::span(bytes).first(10'000), file_seed(file), 0));
      EXPECT_TRUE(verify_payload(std::span(bytes).first(10'000), file_seed(file + 1), 0)) << "files differ";
    }
    EXPECT_TRUE(set->unchanged().has_value());
    EXPECT_EQ(entries_in(folder.path()), 1u);
  }
  EXPECT_EQ(entries_in(folder.path()), 0u);
}

TEST(FileSet, SaysWhereItCannotBeMade) {
  const auto nowhere = FileSet::make(point_in("/var/tmp/no such directory"));
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_NE(nowhere.error().message().find("no such directory"), std::string::npos) << nowhere.error().message();
  EXPECT_NE(nowhere.error().remedy.find("--directory"), std::string::npos);
  EXPECT_FALSE(FileSet::make(point_in("/proc")).has_value());
}

// Files of this process may not become longer than this while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size_bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{size_bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  sighandler_t handler_;
};

TEST(FileSet, AFileThatCannotBeWrittenLeavesNothingBehind) {
  const Folder folder;
  const FileSizeLimit limit(5000);
  const auto set = FileSet::make(point_in(folder.path()));
  ASSERT_FALSE(set.has_value());
  EXPECT_NE(set.error().message().find("File too large"), std::string::npos) << set.error().message();
  EXPECT_NE(set.error().remedy.find("--pool"), std::string::npos);
  EXPECT_EQ(entries_in(folder.path()), 0u);
}

TEST(FileSet, ColdFilesAreDropped) {
  const Folder folder;
  auto set = FileSet::make(point_in(folder.path(), PageCache::cold));
  if (!set && set.error().code == ErrorCode::unsupported) GTEST_SKIP() << set.error().message();
  ASSERT_TRUE(set.has_value()) << set.error().message();
  std::vector<std::byte> bytes(10'000);
  for (std::uint32_t file = 0; file < (*set)->count(); ++file) {
    EXPECT_EQ(pread((*set)->contents(file).front().file, bytes.data(), bytes.size(), 0), 10'000);
    EXPECT_TRUE((*set)->drop_from_cache(file)) << file;
  }
}

// A page that is mapped somewhere cannot be dropped, and that is seen.
TEST(FileSet, APageThatStaysInTheCacheIsNoticed) {
  const Folder folder;
  const auto set = made(point_in(folder.path()));
  ASSERT_NE(set, nullptr);
  void* page = mmap(nullptr, 4096, PROT_READ, MAP_SHARED | MAP_POPULATE, set->contents(0).front().file, 0);
  ASSERT_NE(page, MAP_FAILED);
  EXPECT_FALSE(set->drop_from_cache(0));
  munmap(page, 4096);
}

TEST(FileSet, MemoryCannotBeCold) {
  if (access("/dev/shm", W_OK) != 0) GTEST_SKIP() << "/dev/shm cannot be written here";
  const auto set = FileSet::make(point_in("/dev/shm", PageCache::cold));
  ASSERT_FALSE(set.has_value());
  EXPECT_EQ(set.error().code, ErrorCode::unsupported);
  EXPECT_NE(set.error().message().find("tmpfs"), std::string::npos) << set.error().message();
  EXPECT_NE(set.error().remedy.find("--cache warm"), std::string::npos);
  EXPECT_NE(made(point_in("/dev/shm")), nullptr) << "warm is fine there";
}

struct Change {
  const char* name;
  void (*make)(const std::string& path);
  const char* said;
};

class FileSetChanged : public testing::TestWithParam<Change> {};

TEST_P(FileSetChanged, IsTold) {
  const Folder folder;
  const auto set = made(point_in(folder.path()));
  ASSERT_NE(set, nullptr);
  GetParam().make(set->path(7));
  const auto unchanged = set->unchanged();
  ASSERT_FALSE(unchanged.has_value());
  EXPECT_NE(unchanged.error().message().find(GetParam().said), std::string::npos) << unchanged.error().message();
  EXPECT_NE(unchanged.error().message().find("00007"), std::string::npos) << unchanged.error().message();
}

void overwrite(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(5000);
  file << "x";
}

INSTANTIATE_TEST_SUITE_P(
    All, FileSetChanged,
    testing::Values(Change{"truncated", [](const std::string& path) { std::filesystem::resize_file(path, 9'999); },
                           "from 10000 to 9999 bytes"},
                    Change{"appended", [](const std::string& path) { std::filesystem::resize_file(path, 10'001); },
                           "from 10000 to 10001 bytes"},
                    Change{"overwritten", overwrite, "was written to"},
                    Change{"removed", [](const std::string& path) { std::filesystem::remove(path); }, "was removed"},
                    Change{"replaced",
                           [](const std::string& path) {
                             std::filesystem::copy_file(path, path + "x");
                             std::filesystem::rename(path + "x", path);
                           },
                           "was replaced"}),
    [](const auto& one) { return one.param.name; });

TEST(FileSet, WhatTheDeadLeftBehindGoesAndTheRestStays) {
  const Folder folder;
  const std::string dead = fmt::format("{}/xover-files-{}-abcdef", folder.path(), dead_process());
  const std::string alive = fmt::format("{}/xover-files-{}-abcdef", folder.path(), getppid());
  const std::string other = folder.path() + "/xover-files-mine";
  for (const std::string& directory : {dead, alive, other}) {
    std::filesystem::create_directory(directory);
    std::ofstream(directory + "/00000") << "left";
  }
  std::filesystem::create_directory_symlink(other,
                                            fmt::format("{}/xover-files-{}-ghijkl", folder.path(), dead_process()));
  remove_abandoned_directories(folder.path());
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_TRUE(std::filesystem::exists(alive + "/00000"));
  EXPECT_TRUE(std::filesystem::exists(other + "/00000")) << "not even through a symbolic link";
}

}  // namespace
}  // namespace xover
