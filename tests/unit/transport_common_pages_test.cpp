// Memory of a kind: what is called huge is, what is called small is, and where there is none of a kind that is said.
#include "transports/common/pages.h"

#include <sys/mman.h>
#include <sys/prctl.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "harness/workloads/message_pool.h"

namespace xover {
namespace {

std::string smaps() {
  std::ifstream file("/proc/self/smaps");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// What smaps says of the mapping that holds an address, wherever that begins.
std::string mapping_of(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::istringstream lines(smaps());
  std::string found;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    std::uintptr_t begin = 0, end = 0;
    char dash = 0;
    if (line.find('-') < line.find(' ') && (std::istringstream(line) >> std::hex >> begin >> dash >> end)) {
      inside = wanted >= begin && wanted < end;
    }
    if (inside) found += line + '\n';
  }
  return found;
}

bool is_huge(const std::byte* data, std::size_t size_bytes) {
  return huge_bytes_in(smaps(), data) >= size_bytes ||
         mapping_of(data).find("KernelPageSize:     2048 kB") != std::string::npos;
}

// While it lives, this process gets no transparent huge pages.
class NoTransparentHugePages {
 public:
  NoTransparentHugePages() { prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); }
  ~NoTransparentHugePages() { prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0); }
};

bool some_are_set_aside() {
  std::ifstream file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
  int free = 0;
  return (file >> free) && free != 0;
}

#define REQUIRE_HUGE_PAGES()                                                    \
  if (const auto any = Pages::allocate(1, PageKind::huge); !any) {              \
    GTEST_SKIP() << "no huge pages on this machine: " << any.error().message(); \
  }

TEST(Smaps, TellsTheHugePagesOfOneMapping) {
  const std::string text =
      "7f0000000000-7f0000400000 rw-p 00000000 00:00 0\n"
      "Size:               4096 kB\n"
      "AnonHugePages:      4096 kB\n"
      "7f0000400000-7f0000800000 rw-p 00000000 00:00 0 [anon: - 12-34]\n"
      "AnonHugePages:      2048 kB\n"
      "7f0000800000-7f0000c00000 rw-p 00000000 00:00 0\n"
      "AnonHugePages:         0 kB\n";
  const auto at = [](std::uintptr_t address) { return reinterpret_cast<const void*>(address); };
  EXPECT_EQ(huge_bytes_in(text, at(0x7f0000000000)), 4096u << 10);
  EXPECT_EQ(huge_bytes_in(text, at(0x7f0000400000)), 2048u << 10);
  EXPECT_EQ(huge_bytes_in(text, at(0x7f0000800000)), 0u);
  EXPECT_EQ(huge_bytes_in(text, at(0x7f0000001000)), 0u) << "no mapping begins there";
  EXPECT_EQ(huge_bytes_in("", at(0)), 0u);
}

TEST(PagesOfAKind, HugeOnesAreHuge) {
  REQUIRE_HUGE_PAGES();
  const auto pages = Pages::allocate(3 * (std::size_t{1} << 20) + 1, PageKind::huge);
  ASSERT_TRUE(pages) << pages.error().message();
  EXPECT_EQ(pages->size_bytes(), 2 * huge_page_bytes);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pages->data()) % huge_page_bytes, 0u);
  EXPECT_TRUE(is_huge(pages->data(), pages->size_bytes())) << mapping_of(pages->data());
  for (std::size_t at = 0; at < pages->size_bytes(); at += 4096) EXPECT_EQ(pages->data()[at], std::byte{0});
}

TEST(PagesOfAKind, SmallOnesAreSmall) {
  const auto pages = Pages::allocate(8 << 20, PageKind::small);
  ASSERT_TRUE(pages) << pages.error().message();
  const std::string mapping = mapping_of(pages->data() + (4 << 20));
  EXPECT_NE(mapping.find("AnonHugePages:         0 kB"), std::string::npos) << mapping;
  const auto flags = mapping.find("VmFlags:");
  ASSERT_NE(flags, std::string::npos);
  EXPECT_NE(mapping.find(" nh", flags), std::string::npos) << "the kernel may join them later: " << mapping;
}

TEST(PagesOfAKind, NoneAreSaidToBeNone) {
  if (some_are_set_aside()) GTEST_SKIP() << "huge pages are set aside on this machine, so there always are some";
  const NoTransparentHugePages none;
  const auto pages = Pages::allocate(4 << 20, PageKind::huge);
  ASSERT_FALSE(pages);
  EXPECT_EQ(pages.error().code, ErrorCode::no_memory);
  const std::string message = pages.error().message();
  EXPECT_NE(message.find("4M in huge pages"), std::string::npos) << message;
  EXPECT_NE(message.find("transparent_hugepage/enabled"), std::string::npos) << message;
  EXPECT_NE(message.find("vm.nr_hugepages=2"), std::string::npos) << message;
}

TEST(PagesOfAKind, MoreThanThereIsIsAnError) {
  for (const PageKind kind : {PageKind::system, PageKind::small, PageKind::huge}) {
    for (const std::size_t size : {SIZE_MAX, SIZE_MAX / 2}) {
      const auto pages = Pages::allocate(size, kind);
      ASSERT_FALSE(pages);
      EXPECT_EQ(pages.error().code, ErrorCode::no_memory);
    }
  }
}

TEST(PagesOfAKind, AreWhatArenasAreMadeOf) {
  REQUIRE_HUGE_PAGES();
  for (const std::string_view id :
       {"null", "inproc", "tcp.sendmsg", "tcp.vmsplice", "udp.send", "uring.send", "uring.write_fixed"}) {
    const Descriptor& row = *find_transport(id);
    if (!row.probe({.name = std::string(row.links.front())}).usable()) continue;
    auto options = Options::resolve(id, row.options, {});
    const auto session = row.open(
        {.link = {.name = std::string(row.links.front())}, .options = std::move(*options), .pages = PageKind::huge});
    ASSERT_TRUE(session) << session.error().message();
    const auto arena = (*session)->arena(1'000'000);
    ASSERT_TRUE(arena) << id << ": " << arena.error().message();
    EXPECT_TRUE(is_huge(arena->front().data, huge_page_bytes)) << id;
  }
}

TEST(PagesOfAKind, AreWhatForeignMemoryIsMadeOf) {
  REQUIRE_HUGE_PAGES();
  Point point;
  point.memory = Memory::foreign;
  point.pages = PageKind::huge;
  const auto session = find_transport("null")->open({});
  ASSERT_TRUE(session);
  auto pool = MessagePool::make(**session, point, 1);
  ASSERT_TRUE(pool) << pool.error().message();
  EXPECT_TRUE(is_huge(pool->message(0).front().data, huge_page_bytes));
}

TEST(PagesOfAKind, AreNotWhatFilesAreMadeOf) {
  const Descriptor& row = *find_transport("tcp.sendfile");
  auto options = Options::resolve(row.id, row.options, {});
  const auto session = row.open({.options = std::move(*options), .pages = PageKind::huge});
  ASSERT_TRUE(session) << session.error().message();
  const auto arena = (*session)->arena(4096);
  ASSERT_FALSE(arena);
  EXPECT_EQ(arena.error().code, ErrorCode::no_memory);
  EXPECT_NE(arena.error().message().find("this memory is a file"), std::string::npos) << arena.error().message();
}

}  // namespace
}  // namespace xover
