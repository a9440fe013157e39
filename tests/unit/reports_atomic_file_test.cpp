// Result files appear whole or not at all, and nothing is left behind.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "harness/reports/atomic_file.h"

namespace xover {
namespace {

namespace fs = std::filesystem;

class AtomicFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "xover-atomic-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    fs::permissions(folder_, fs::perms::owner_all);
    fs::remove_all(folder_);
  }

  std::string in_folder(const std::string& name) const { return (folder_ / name).string(); }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path folder_;
};

TEST_F(AtomicFile, WritesANewFileAndReplacesAnOldOne) {
  const std::string path = in_folder("result.json");
  ASSERT_TRUE(write_file_whole(path, "first"));
  EXPECT_EQ(read(path), "first");
  const std::string second(3 << 20, 'x');
  ASSERT_TRUE(write_file_whole(path, second));
  EXPECT_EQ(read(path), second);
  EXPECT_EQ(entries(), 1U);
}

TEST_F(AtomicFile, ReadersHoldTheOldFileWhole) {
  const std::string path = in_folder("result.json");
  ASSERT_TRUE(write_file_whole(path, "old"));
  std::ifstream reader(path);
  ASSERT_TRUE(write_file_whole(path, "new"));
  std::string seen;
  reader >> seen;
  EXPECT_EQ(seen, "old");
}

TEST_F(AtomicFile, FollowsASymbolicLink) {
  const std::string file = in_folder("file"), link = in_folder("link");
  ASSERT_TRUE(write_file_whole(file, "old"));
  fs::create_symlink(file, link);
  ASSERT_TRUE(write_file_whole(link, "new"));
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(read(file), "new");
}

TEST_F(AtomicFile, KeepsDevicesWhatTheyAre) {
  ASSERT_TRUE(write_file_whole("/dev/null", "text"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  const auto full = write_file_whole("/dev/full", "text");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().errno_value, ENOSPC);
  EXPECT_FALSE(full.error().remedy.empty());
}

TEST_F(AtomicFile, RefusesAFolderAMissingFolderAndAnEmptyName) {
  fs::create_directory(in_folder("sub"));
  for (const std::string& path : {in_folder("sub"), in_folder("none/result.json"), in_folder("none/"), std::string()}) {
    for (const auto& result : {write_file_whole(path, "text"), check_file_writable(path)}) {
      ASSERT_FALSE(result) << path;
      EXPECT_EQ(result.error().code, ErrorCode::bad_input) << path;
      EXPECT_NE(result.error().message().find(path), std::string::npos);
      EXPECT_FALSE(result.error().remedy.empty()) << path;
    }
  }
  EXPECT_EQ(entries(), 1U);
}

TEST_F(AtomicFile, CheckingLeavesNothingBehind) {
  EXPECT_TRUE(check_file_writable(in_folder("result.json")));
  EXPECT_EQ(entries(), 0U);
}

// A limit of this process on the size of files, for as long as this lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size_bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{size_bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() {
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before_), 0);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(AtomicFile, LeavesNothingWhenTheFileMayNotBeThatLarge) {
  const std::string path = in_folder("result.json");
  ASSERT_TRUE(write_file_whole(path, "old"));
  const auto result = [&] {
    const FileSizeLimit limit(65536);
    return write_file_whole(path, std::string(1 << 20, 'x'));
  }();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().errno_value, EFBIG);
  EXPECT_EQ(read(path), "old");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(AtomicFile, LeavesNothingWhereItMayNotWrite) {
  constexpr uid_t nobody = 65534;
  fs::permissions(folder_, fs::perms{0555});
  const bool root = ::geteuid() == 0;  // whom permissions do not stop
  if (root) {
    ASSERT_EQ(::seteuid(nobody), 0);
  }
  const auto result = write_file_whole(in_folder("result.json"), "text");
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::not_permitted);
  EXPECT_FALSE(result.error().remedy.empty());
  EXPECT_EQ(entries(), 0U);
}

TEST_F(AtomicFile, LeavesNothingOnAFullDisk) {
  if (::mount("xover-test", folder_.c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "cannot mount a small tmpfs: " << std::strerror(errno);
  }
  const auto result = write_file_whole(in_folder("result.json"), std::string(1 << 20, 'x'));
  const bool left = entries() != 0;
  const auto small = write_file_whole(in_folder("result.json"), std::string(32 << 10, 'x'));
  const bool small_there = read(in_folder("result.json")).size() == 32 << 10;
  EXPECT_EQ(::umount(folder_.c_str()), 0);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().errno_value, ENOSPC);
  EXPECT_FALSE(left);
  EXPECT_TRUE(small && small_there) << "the space was not given back";
}

}  // namespace
}  // namespace xover
