// Workload `file` from end to end, over every transport that sends files: what is counted, and that a file which
// somebody touches fails the sample with the reason.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/transport.h"
#include "harness/workloads/file_mix.h"
#include "tests/unit/workloads_sides.h"

namespace xover {
namespace {

using test::Folder;
using test::run_sides;
using test::short_sample;

std::vector<std::string> file_serving_ids() {
  std::vector<std::string> ids;
  for (const Descriptor& transport : transports())
    if (transport.file_ranges) ids.emplace_back(transport.id);
  return ids;
}

Point serving(const Folder& folder) {
  Point point;
  point.workload = Workload::file;
  point.mix = Mix::web;
  point.size_bytes = 16 << 10;
  point.pool_bytes = 1 << 20;
  point.depth = 4;
  point.touch = Touch::verify;
  point.congestion_control = "cubic";
  point.directory = folder.path();
  return point;
}

class ServingFiles : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const Descriptor& transport = *find_transport(GetParam());
    const Availability here = transport.probe({.name = std::string(transport.links.front())});
    if (!here.usable()) GTEST_SKIP() << here.cause;
  }

  std::string a_file() const {
    for (const auto& directory : std::filesystem::directory_iterator(folder_.path()))
      return directory.path().string() + "/00003";
    return {};
  }

  void expect_failure(const test::SidesResult& result, const std::string& said) {
    EXPECT_FALSE(result.ok());
    EXPECT_NE(result.sender_error.message().find(said), std::string::npos) << result.message();
    EXPECT_NE(result.sender_error.message().find("00003"), std::string::npos) << result.message();
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path())) << "files are left behind";
  }

  Folder folder_;
};

TEST_P(ServingFiles, CountsAnswersAndNothingElse) {
  for (const unsigned connections : {1u, 2u}) {
    Point point = serving(folder_);
    point.connections = connections;
    const auto result = run_sides(short_sample(GetParam(), point));
    ASSERT_TRUE(result.ok()) << result.message();
    const SideReport &sender = result.sample.sender, &receiver = result.sample.receiver;
    EXPECT_GT(receiver.messages, 0u);
    EXPECT_EQ(sender.messages, receiver.messages);
    EXPECT_EQ(sender.bytes, receiver.bytes);
    EXPECT_EQ(sender.ledger.completed_bytes, sender.bytes) << "requests are no part of the server's ledger";
    EXPECT_TRUE(sender.ledger.balanced());
    EXPECT_TRUE(receiver.ledger.balanced());
    EXPECT_EQ(receiver.latency.count(), receiver.messages);
    EXPECT_EQ(sender.facts.at("files"), std::to_string(file_count(point)));
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  }
}

TEST_P(ServingFiles, EveryWayOfLookingAtThemWorks) {
  for (const Touch touch : {Touch::none, Touch::read}) {
    for (const Wait wait : {Wait::block, Wait::spin}) {
      Point point = serving(folder_);
      point.touch = touch;
      point.wait = wait;
      point.depth = 1;
      const auto result = run_sides(short_sample(GetParam(), point, 20 * test::millisecond_ns));
      ASSERT_TRUE(result.ok()) << result.message();
      EXPECT_GT(result.sample.receiver.messages, 0u);
    }
  }
}

TEST_P(ServingFiles, ColdFilesAreDroppedBeforeEachAnswer) {
  Point point = serving(folder_);
  point.cache = PageCache::cold;
  const auto result = run_sides(short_sample(GetParam(), point));
  if (result.sender_error.code == ErrorCode::unsupported) GTEST_SKIP() << result.message();
  ASSERT_TRUE(result.ok()) << result.message();
  const SideReport& sender = result.sample.sender;
  EXPECT_EQ(test::counter(sender, "cache_drops"), sender.messages);
  EXPECT_LE(test::counter(sender, "first_page_still_cached"), sender.messages);
}

TEST_P(ServingFiles, AClientThatIsLateIsWaitedFor) {
  Point point = serving(folder_);
  point.late_ns = 2 * test::millisecond_ns;
  point.depth = 1;
  const auto result = run_sides(short_sample(GetParam(), point));
  ASSERT_TRUE(result.ok()) << result.message();
  EXPECT_LE(result.sample.receiver.messages, 26u);
}

TEST_P(ServingFiles, ATruncatedFileFailsTheSample) {
  const auto result = run_sides(short_sample(GetParam(), serving(folder_), 200 * test::millisecond_ns),
                                [&] { std::filesystem::resize_file(a_file(), 1); });
  expect_failure(result, "to 1 bytes while it was served");
}

TEST_P(ServingFiles, AnOverwrittenFileFailsTheSample) {
  for (const Touch touch : {Touch::verify, Touch::none}) {
    Point point = serving(folder_);
    point.touch = touch;
    const auto result = run_sides(short_sample(GetParam(), point, 200 * test::millisecond_ns), [&] {
      std::fstream file(a_file(), std::ios::in | std::ios::out | std::ios::binary);
      file << "something else";
    });
    expect_failure(result, "was written to while it was served");
  }
}

TEST_P(ServingFiles, ARemovedFileFailsTheSample) {
  const auto result = run_sides(short_sample(GetParam(), serving(folder_), 400 * test::millisecond_ns),
                                [&] { std::filesystem::remove(a_file()); });
  expect_failure(result, "was removed while it was served");
}

TEST_P(ServingFiles, AReplacedFileFailsTheSample) {
  const auto result = run_sides(short_sample(GetParam(), serving(folder_), 400 * test::millisecond_ns), [&] {
    const std::string path = a_file();
    std::filesystem::copy_file(path, folder_.path() + "/copy");
    std::filesystem::rename(folder_.path() + "/copy", path);
  });
  expect_failure(result, "was replaced by another file while it was served");
}

INSTANTIATE_TEST_SUITE_P(Transports, ServingFiles, testing::ValuesIn(file_serving_ids()), [](const auto& one) {
  std::string name = one.param;
  for (char& c : name)
    if (c == '.') c = '_';
  return name;
});
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ServingFiles);

}  // namespace
}  // namespace xover
