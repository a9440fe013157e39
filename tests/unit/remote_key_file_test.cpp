// A key file is made once, read by its owner alone, and told about without a word of what it holds.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <type_traits>

#include <fmt/format.h>

#include "harness/remote/key_file.h"

namespace xover {
namespace {

static_assert(!fmt::is_formattable<Key>::value, "a key cannot be printed");

const std::string digits = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

class RemoteKeyFile : public testing::Test {
 protected:
  RemoteKeyFile() {
    std::string pattern = testing::TempDir() + "xover-key-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/key";
  }
  ~RemoteKeyFile() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& text, mode_t mode = 0600) const {
    std::ofstream(path_, std::ios::binary) << text;
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
  }
  std::string text() const {
    std::ifstream stream(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  // What reading a file of this text says; it must be refused.
  std::string complaint(const std::string& text, ErrorCode code = ErrorCode::bad_input) const {
    write(text);
    const auto key = read_key_file(path_);
    if (key) return "was read";
    EXPECT_EQ(key.error().code, code);
    return key.error().message();
  }

  std::string folder_, path_;
};

TEST_F(RemoteKeyFile, IsReadAsItWasMade) {
  ASSERT_TRUE(make_key_file(path_));
  const auto first = read_key_file(path_), second = read_key_file(path_);
  ASSERT_TRUE(first && second) << first.error().message();
  EXPECT_TRUE(*first == *second);
  EXPECT_FALSE(first->is_none());
}

TEST_F(RemoteKeyFile, IsItsOwnersAloneAndSaysWhatItIs) {
  const mode_t umask_before = ::umask(0);
  const auto made = make_key_file(path_);
  ::umask(umask_before);
  ASSERT_TRUE(made);
  struct stat about{};
  ASSERT_EQ(::stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600u);
  EXPECT_EQ(text().rfind("# A key for `xover serve`", 0), 0u);
}

TEST_F(RemoteKeyFile, IsAnotherEachTime) {
  ASSERT_TRUE(make_key_file(path_));
  const auto first = read_key_file(path_);
  std::filesystem::remove(path_);
  ASSERT_TRUE(make_key_file(path_));
  const auto second = read_key_file(path_);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(*first == *second);
}

TEST_F(RemoteKeyFile, IsNeverWrittenOver) {
  write("what was there");
  const auto made = make_key_file(path_);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("a file is there already"), std::string::npos) << made.error().message();
  EXPECT_NE(made.error().message().find("choose another name"), std::string::npos);
  EXPECT_EQ(text(), "what was there");
}

TEST_F(RemoteKeyFile, IsNotMadeThroughADanglingLink) {
  std::filesystem::create_symlink(folder_ + "/elsewhere", path_);
  EXPECT_FALSE(make_key_file(path_));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/elsewhere"));
}

TEST_F(RemoteKeyFile, NeedsAFolderThatIsThere) {
  const auto made = make_key_file(folder_ + "/missing/key");
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("No such file"), std::string::npos) << made.error().message();
}

TEST_F(RemoteKeyFile, HoldsHexInEitherCaseBetweenCommentsAndBlanks) {
  write("# comment\r\n\n  " + digits + " \r\n# behind\n");
  const auto key = read_key_file(path_);
  ASSERT_TRUE(key) << key.error().message();
  for (std::size_t i = 0; i < key_bytes; ++i) EXPECT_EQ(key->bytes[i], 0x11 * (i % 16)) << i;
  write(digits);  // without a newline
  EXPECT_TRUE(read_key_file(path_));
}

TEST_F(RemoteKeyFile, IsRefusedWhenOthersHaveRightsToIt) {
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0610, 0601, 0666}) {
    write(digits, mode);
    const auto key = read_key_file(path_);
    ASSERT_FALSE(key) << "mode " << mode;
    EXPECT_EQ(key.error().code, ErrorCode::not_permitted);
    EXPECT_EQ(key.error().remedy, "chmod 600 " + path_);
  }
  for (const mode_t mode : {0600, 0400}) {
    write(digits, mode);
    EXPECT_TRUE(read_key_file(path_));
    ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  }
}

TEST_F(RemoteKeyFile, SaysWhatIsWrongWithItsText) {
  EXPECT_NE(complaint("").find("there is no key in it"), std::string::npos);
  EXPECT_NE(complaint("# only a comment\n").find("there is no key in it"), std::string::npos);
  EXPECT_NE(complaint("#\n" + digits.substr(1) + "\n").find("line 2 has 63 hex digits; a key has 64"),
            std::string::npos);
  EXPECT_NE(complaint(digits + "0").find("65 hex digits"), std::string::npos);
  EXPECT_NE(complaint(digits.substr(1) + "g").find("line 1 holds more than hex digits"), std::string::npos);
  EXPECT_NE(complaint(digits.substr(1) + std::string(1, '\0')).find("more than hex digits"), std::string::npos);
  EXPECT_NE(complaint(digits + "\n" + digits).find("line 2 comes after the key"), std::string::npos);
  EXPECT_NE(complaint(std::string(64, '0')).find("zeros"), std::string::npos);
  EXPECT_NE(complaint("#" + std::string(5000, 'x')).find("too long for a key file"), std::string::npos);
}

TEST_F(RemoteKeyFile, IsNotQuotedInErrors) {
  const std::string almost = digits.substr(2);
  for (const char* behind : {"", "xy", " 00", "\n00"}) {
    const std::string text = almost + behind;
    const std::string said = complaint(text);
    for (std::size_t at = 0; at + 6 <= almost.size(); ++at)
      EXPECT_EQ(said.find(almost.substr(at, 6)), std::string::npos) << said;
    EXPECT_NE(said.find("xover serve --new-key"), std::string::npos) << said;
  }
}

TEST_F(RemoteKeyFile, ThatIsMissingOrAFolderIsSaid) {
  const auto missing = read_key_file(path_);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message().find("No such file"), std::string::npos) << missing.error().message();
  EXPECT_NE(missing.error().remedy.find("--new-key"), std::string::npos);
  std::filesystem::create_directory(path_);
  ASSERT_EQ(::chmod(path_.c_str(), 0700), 0);
  const auto folder = read_key_file(path_);
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message().find("Is a directory"), std::string::npos) << folder.error().message();
}

TEST(RemoteKey, IsWipedWhenItIsDestroyed) {
  alignas(Key) unsigned char memory[sizeof(Key)];
  Key* const key = new (memory) Key;
  key->bytes.fill(0xab);
  key->~Key();
  const volatile unsigned char* const looked_at = memory;
  for (std::size_t i = 0; i < sizeof(Key); ++i) EXPECT_EQ(looked_at[i], 0) << i;
}

TEST(RemoteKey, OfZerosIsNone) {
  EXPECT_TRUE(no_key().is_none());
  Key key;
  EXPECT_TRUE(key.is_none());
  key.bytes[31] = 1;
  EXPECT_FALSE(key.is_none());
}

}  // namespace
}  // namespace xover
