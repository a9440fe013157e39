// The kernel's copy share: classification on made-up symbols, and real sampling of a thread that does nothing but have
// the kernel copy.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sstream>
#include <vector>

#include "core/clock.h"
#include "harness/measurement/copy_sampler.h"
#include "harness/measurement/kernel_symbols.h"
#include "tests/support/sanitizer.h"

namespace xover {
namespace {

TEST(KernelSymbols, tell_copying_from_pinning_from_the_rest) {
  for (const char* name : {"_copy_from_iter", "_copy_to_iter", "rep_movs_alternative", "copy_user_generic_string",
                           "__arch_copy_from_user", "__memcpy", "skb_copy_ubufs", "csum_and_copy_to_iter.part.0"}) {
    EXPECT_EQ(routine_of_symbol(name), KernelRoutine::copying) << name;
  }
  for (const char* name :
       {"gup_fast_fallback", "iov_iter_get_pages2", "__zerocopy_sg_from_iter", "msg_zerocopy_realloc",
        "__msg_zerocopy_callback", "unpin_user_page", "pin_user_pages_fast"}) {
    EXPECT_EQ(routine_of_symbol(name), KernelRoutine::pinning) << name;
  }
  for (const char* name : {"tcp_sendmsg_locked", "memcpy_count_show", "skb_copy_header", "copy_from_user_policy",
                           "__pfx__copy_to_iter", "_", ""}) {
    EXPECT_EQ(routine_of_symbol(name), KernelRoutine::other) << name;
  }
}

TEST(KernelSymbols, find_the_routine_around_an_address) {
  std::istringstream kallsyms(
      "0000000000000000 A fixed_percpu_data\n"
      "ffffffff81003000 T tcp_sendmsg_locked\n"
      "ffffffff81001000 T _copy_from_iter\n"
      "ffffffff81001000 T _another_name_of_it\n"
      "ffffffff81002000 T gup_fast_fallback\n"
      "ffffffff81000000 T _stext\n"
      "ffffffff81001800 d not_code\n"
      "ffffffffc0000000 t in_a_module\t[module]\n");
  const auto symbols = KernelSymbols::parse(kallsyms);
  ASSERT_TRUE(symbols);
  EXPECT_EQ(symbols->routine_at(0x400000), KernelRoutine::other);
  EXPECT_EQ(symbols->routine_at(0xffffffff81000fff), KernelRoutine::other);
  EXPECT_EQ(symbols->routine_at(0xffffffff81001000), KernelRoutine::copying);
  EXPECT_EQ(symbols->routine_at(0xffffffff81001fff), KernelRoutine::copying);
  EXPECT_EQ(symbols->routine_at(0xffffffff81002010), KernelRoutine::pinning);
  EXPECT_EQ(symbols->routine_at(0xffffffff81003000), KernelRoutine::other);
  EXPECT_EQ(symbols->routine_at(0xffffffffc0000010), KernelRoutine::other);
}

TEST(KernelSymbols, say_so_when_the_kernel_hides_its_addresses) {
  std::istringstream hidden("0000000000000000 T _copy_from_iter\n0000000000000000 T tcp_sendmsg\n");
  const auto symbols = KernelSymbols::parse(hidden);
  ASSERT_FALSE(symbols);
  EXPECT_NE(symbols.error().message().find("kptr_restrict"), std::string::npos);
  EXPECT_FALSE(symbols.error().remedy.empty());
}

TEST(CopyShare, of_threads_adds_up_and_keeps_the_first_reason) {
  CopyShare total;
  total += CopyShare{true, "", 100, 40, 5, 1};
  total += CopyShare{true, "", 100, 20, 5, 0};
  EXPECT_TRUE(total.available);
  EXPECT_DOUBLE_EQ(total.share(), 0.3);
  EXPECT_EQ(total.lost_samples, 1U);
  total += CopyShare{false, "not permitted"};
  EXPECT_FALSE(total.available);
  EXPECT_EQ(total.reason, "not permitted");
}

// What is sampled in each turn of 200 ms: `work` again and again.
template <typename Work>
CopyShare sampled(const Work& work) {
  CopySampler sampler;
  sampler.begin();
  for (const MonotonicNs end = monotonic_now_ns() + 200'000'000; monotonic_now_ns() < end;) work();
  return sampler.end();
}

class CopySampling : public testing::Test {
 protected:
  void SetUp() override {
    CopySampler sampler;
    sampler.begin();
    const CopyShare share = sampler.end();
    if (share.available) return;
    EXPECT_FALSE(share.reason.empty());
    GTEST_SKIP() << "kernel sampling is not to be had here: " << share.reason;
  }
};

TEST_F(CopySampling, finds_the_kernel_copying_through_a_socket) {
  if (test::under_sanitizer) GTEST_SKIP() << "a sanitizer's checks of the buffers take most of the time";
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  std::vector<char> out(64 << 10), in(64 << 10);
  const CopyShare share = sampled([&] {
    const ssize_t sent = send(ends[0], out.data(), out.size(), MSG_DONTWAIT);
    for (ssize_t got = 0; got < sent;) got += recv(ends[1], in.data(), in.size(), 0);
  });
  close(ends[0]);
  close(ends[1]);
  EXPECT_GT(share.samples, 100U);
  EXPECT_GT(share.share(), 0.1);
  EXPECT_LT(share.share(), 1.0);
  EXPECT_EQ(share.lost_samples, 0U);
}

TEST_F(CopySampling, finds_none_where_the_kernel_does_not_copy) {
  const CopyShare share = sampled([] {});
  EXPECT_GT(share.samples, 100U);
  EXPECT_LT(share.share(), 0.02);
  EXPECT_EQ(share.pin_samples, 0U);
}

TEST_F(CopySampling, counts_only_between_begin_and_end) {
  CopySampler sampler;
  for (const MonotonicNs end = monotonic_now_ns() + 50'000'000; monotonic_now_ns() < end;) {
  }
  sampler.begin();
  EXPECT_LE(sampler.end().samples, 2U);
}

}  // namespace
}  // namespace xover
