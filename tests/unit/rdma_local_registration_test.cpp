// Registration on the fabric `local`: that pages are really pinned and given free again, each way; limits of locked
// memory; keys of the past.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include "tests/fabric/rig.h"
#include "tests/support/sanitizer.h"
#include "tests/unit/given_back.h"
#include "tests/unit/limited_locked_memory.h"
#include "transports/rdma/local/page_pinning.h"
#include "transports/rdma/local/region_table.h"

namespace xover {
namespace {

using test::status_kilobytes;

constexpr std::size_t page_bytes = 4096;

Result<std::unique_ptr<Fabric>> open_local(const std::string& pin) {
  OpenParameters parameters;
  parameters.link = {"local", "", {{"pin", pin}}};
  return open_fabric(parameters, {});
}

bool returns_to(std::string_view name, std::size_t kilobytes) {
  return test::soon_true([&] { return status_kilobytes(name) == kilobytes; });
}

std::string fact(const Fabric& fabric, std::string_view name) {
  for (const Fact& fact : fabric.facts()) {
    if (fact.name == name) return fact.value;
  }
  return "no such fact";
}

struct Way {
  const char* pin;
  const char* counted_as;
  const char* said;
};

class RdmaLocalPinning : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (test::under_sanitizer && std::string_view(GetParam().pin) == "mlock") {
      GTEST_SKIP() << "sanitizers replace mlock by nothing";
    }
    if (const auto tried = open_page_pinning(GetParam().pin, 4); !tried) GTEST_SKIP() << tried.error().message();
  }
};

TEST_P(RdmaLocalPinning, PagesArePinnedUntilTheyAreDeregistered) {
  const auto& [pin, counted_as, said] = GetParam();
  const std::size_t before = status_kilobytes(counted_as);
  {
    auto fabric = open_local(pin);
    ASSERT_TRUE(fabric) << fabric.error().message();
    EXPECT_EQ(fact(**fabric, "registration"), said);
    const auto region = fabric_test::register_pages(**fabric, 64 * page_bytes, RemoteAccess::read);
    EXPECT_EQ(status_kilobytes(counted_as), before + 256);
    EXPECT_FALSE((*fabric)->deregister(region.region.handle));
    EXPECT_TRUE(returns_to(counted_as, before));
    const auto memory = (*fabric)->allocate(32 * page_bytes, PageKind::system, RemoteAccess::none);
    ASSERT_TRUE(memory) << memory.error().message();
    EXPECT_EQ(status_kilobytes(counted_as), before + 128);
  }
  EXPECT_TRUE(returns_to(counted_as, before));
}

TEST_P(RdmaLocalPinning, ARegionKeepsThePagesThatItSharesWithOneThatGoes) {
  const std::string_view counted_as = GetParam().counted_as;
  const bool counts_twice = counted_as == "VmPin";  // each registration by itself; locks know no number
  const std::size_t before = status_kilobytes(counted_as);
  auto fabric = open_local(GetParam().pin);
  ASSERT_TRUE(fabric);
  auto pages = Pages::allocate(8 * page_bytes, Pages::Fault::now);
  ASSERT_TRUE(pages);
  const auto add = [&](std::size_t first, std::size_t count) {
    return (*fabric)
        ->register_memory({pages->data() + first * page_bytes, count * page_bytes}, RemoteAccess::none)
        .value()
        .handle;
  };
  const auto left = add(0, 4), right = add(2, 6), inner = add(3, 2), same = add(0, 4);
  EXPECT_EQ(status_kilobytes(counted_as), before + (counts_twice ? 16 : 8) * 4);
  EXPECT_FALSE((*fabric)->deregister(right));
  EXPECT_TRUE(returns_to(counted_as, before + (counts_twice ? 10 : 5) * 4));
  EXPECT_FALSE((*fabric)->deregister(left));
  EXPECT_TRUE(returns_to(counted_as, before + (counts_twice ? 6 : 5) * 4));
  EXPECT_FALSE((*fabric)->deregister(same));
  EXPECT_TRUE(returns_to(counted_as, before + 2 * 4));
  EXPECT_FALSE((*fabric)->deregister(inner));
  EXPECT_TRUE(returns_to(counted_as, before));
}

TEST_P(RdmaLocalPinning, TheLimitOfLockedMemoryIsOneClearMessage) {
  test::LimitedLockedMemory limited;
  auto fabric = open_local(GetParam().pin);
  ASSERT_TRUE(fabric) << fabric.error().message();
  limited.limit_to(1 << 20);
  auto pages = Pages::allocate(4 << 20, Pages::Fault::now);
  ASSERT_TRUE(pages);
  const auto refused = (*fabric)->register_memory({pages->data(), pages->size_bytes()}, RemoteAccess::none);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::no_memory);
  EXPECT_EQ(refused.error().errno_value, ENOMEM);
  const auto memory = (*fabric)->allocate(4 << 20, PageKind::system, RemoteAccess::none);
  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code, ErrorCode::no_memory);
  EXPECT_NE(memory.error().context.find("RLIMIT_MEMLOCK is 1M"), std::string::npos) << memory.error().message();
  EXPECT_NE(memory.error().remedy.find("ulimit -l"), std::string::npos);
  const auto small = (*fabric)->register_memory({pages->data(), 16 * page_bytes}, RemoteAccess::none);
  ASSERT_TRUE(small) << to_error(small.error()).message();
  EXPECT_FALSE((*fabric)->deregister(small->handle));
}

INSTANTIATE_TEST_SUITE_P(Ways, RdmaLocalPinning,
                         testing::Values(Way{"io_uring", "VmPin", "pinned by io_uring"},
                                         Way{"mlock", "VmLck", "pinned by mlock"}),
                         [](const auto& tried) { return std::string(tried.param.pin); });

TEST(RdmaLocalRegistration, WithoutARingAutoTakesMlockAndSaysWhy) {
  if (test::under_address_sanitizer) GTEST_SKIP() << test::descriptors_needed_by_sanitizer;
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const int lowest_free = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(lowest_free, 0);
  close(lowest_free);
  const rlimit none_left{static_cast<rlim_t>(lowest_free), before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none_left);
  const auto by_itself = open_page_pinning("auto", 4), asked_for = open_page_pinning("io_uring", 4);
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_TRUE(by_itself);
  EXPECT_EQ((*by_itself)->how().find("pinned by mlock, since there is no ring: io_uring_setup"), 0u)
      << (*by_itself)->how();
  ASSERT_FALSE(asked_for);
  EXPECT_EQ(asked_for.error().errno_value, EMFILE);
}

TEST(RdmaLocalRegistration, MoreThanARingPinsInOnePieceIsSaidSo) {
  const std::size_t size_bytes = (std::size_t{1} << 30) + 4096;
  void* const pages = mmap(nullptr, size_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  const auto pinning = open_page_pinning("io_uring", 4);
  if (pinning) {
    const Failure refused = (*pinning)->pin(0, {static_cast<std::byte*>(pages), size_bytes});
    EXPECT_TRUE(refused);
    const std::string message = pinning_error(refused, size_bytes).message();
    EXPECT_NE(message.find("at most 1G in one piece"), std::string::npos) << message;
    EXPECT_NE(message.find("pin=mlock"), std::string::npos) << message;
  }
  munmap(pages, size_bytes);
  if (!pinning) GTEST_SKIP() << pinning.error().message();
}

TEST(RdmaLocalRegistration, WithoutPinningItSaysSo) {
  auto fabric = open_local("none");
  ASSERT_TRUE(fabric);
  EXPECT_EQ(fact(**fabric, "registration"), "not pinned");
}

TEST(RdmaLocalRegistration, AnUnknownWayIsRefused) {
  const auto fabric = open_local("glue");
  ASSERT_FALSE(fabric);
  EXPECT_EQ(fabric.error().code, ErrorCode::bad_input);
}

TEST(RdmaLocalRegistration, AFullTableIsNoMemoryUntilARegionGoes) {
  auto fabric = open_local("none");
  ASSERT_TRUE(fabric);
  auto pages = Pages::allocate(page_bytes, Pages::Fault::now);
  ASSERT_TRUE(pages);
  const std::span page{pages->data(), page_bytes};
  std::set<std::uint64_t> handles;
  while (const auto region = (*fabric)->register_memory(page, RemoteAccess::none)) handles.insert(region->handle);
  EXPECT_EQ(handles.size(), region_slots);
  EXPECT_EQ((*fabric)->register_memory(page, RemoteAccess::none).error().code, ErrorCode::no_memory);
  EXPECT_FALSE((*fabric)->deregister(*handles.begin()));
  EXPECT_TRUE((*fabric)->register_memory(page, RemoteAccess::none));
}

TEST(RdmaLocalRegistration, ASlotsKeysDifferForAsLongAsTheirNumbersDo) {
  auto table = RegionTable::create();
  ASSERT_TRUE(table);
  std::byte byte{};
  const std::uint32_t generations = (UINT32_MAX >> region_slot_bits) + 1;
  std::set<std::uint32_t> keys;
  for (std::uint32_t i = 0; i < generations + 10; ++i) {
    const std::uint32_t key = table->next_key();
    ASSERT_NE(key, 0u);
    keys.insert(key);
    table->add({&byte, 1}, RemoteAccess::none, no_memory_index);
    ASSERT_NE(table->find(key), nullptr);
    table->invalidate(key);
    ASSERT_EQ(table->find(key), nullptr);
    table->free(key);
  }
  EXPECT_EQ(keys.size(), generations - 1);
}

}  // namespace
}  // namespace xover
