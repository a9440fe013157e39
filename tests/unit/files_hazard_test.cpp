// Why pages that are passed by reference are not free again with the call, nor with TCP's acknowledgement: the hazard
// shown with bare system calls, and its absence when `released` is waited for.
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "tests/unit/files_pair.h"

namespace xover::test {
namespace {

constexpr std::size_t size_bytes = 65536;

// A loopback connection, a mapped file of one pattern, and a pipe that holds it.
struct Bare {
  FileDescriptor listener{socket(AF_INET, SOCK_STREAM, 0)}, sending{socket(AF_INET, SOCK_STREAM, 0)}, receiving;
  FileDescriptor file{memfd_create("hazard", 0)};
  std::byte* memory = nullptr;
  FileDescriptor pipe_read, pipe_write;

  Bare() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    check(bind(listener.get(), any, length));
    check(listen(listener.get(), 1));
    check(getsockname(listener.get(), any, &length));
    check(connect(sending.get(), any, length));
    receiving = FileDescriptor(accept(listener.get(), nullptr, nullptr));
    check(ftruncate(file.get(), size_bytes));
    memory = static_cast<std::byte*>(mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0));
    int ends[2];
    check(pipe(ends));
    pipe_read = FileDescriptor(ends[0]);
    pipe_write = FileDescriptor(ends[1]);
    std::fill_n(memory, size_bytes, std::byte{1});
  }
  ~Bare() { munmap(memory, size_bytes); }

  static void check(int result) {
    if (result < 0) throw std::runtime_error("a system call of the set-up failed");
  }
  void pass(std::string_view way) {
    const iovec vector{memory, size_bytes};
    off_t offset = 0;
    ssize_t passed = 0;
    if (way == "sendfile") passed = sendfile(sending.get(), file.get(), &offset, size_bytes);
    if (way == "send") passed = send(sending.get(), memory, size_bytes, 0);
    if (way == "vmsplice") {
      ASSERT_EQ(vmsplice(pipe_write.get(), &vector, 1, 0), static_cast<ssize_t>(size_bytes));
      passed = splice(pipe_read.get(), nullptr, sending.get(), nullptr, size_bytes, 0);
    }
    ASSERT_EQ(passed, static_cast<ssize_t>(size_bytes)) << way;
  }
  // Until TCP has nothing unacknowledged.
  void await_tcp_acknowledgement() {
    int unacknowledged = -1;
    for (const MonotonicNs deadline = soon(); unacknowledged != 0 && monotonic_now_ns() < deadline;) {
      check(ioctl(sending.get(), SIOCOUTQ, &unacknowledged));
    }
    ASSERT_EQ(unacknowledged, 0);
  }
  std::size_t arrive_changed() {
    std::vector<std::byte> into(size_bytes);
    if (recv(receiving.get(), into.data(), into.size(), MSG_WAITALL) != static_cast<ssize_t>(size_bytes)) return 0;
    return static_cast<std::size_t>(std::ranges::count(into, std::byte{2}));
  }
};

TEST(FilesHazard, BytesChangedRightAfterTheCallArriveChanged) {
  for (const char* way : {"sendfile", "vmsplice"}) {
    Bare bare;
    bare.pass(way);
    std::fill_n(bare.memory, size_bytes, std::byte{2});
    EXPECT_EQ(bare.arrive_changed(), size_bytes) << way;
  }
}

TEST(FilesHazard, BytesChangedAfterTheAcknowledgementOfTcpStillArriveChanged) {
  for (const char* way : {"sendfile", "vmsplice"}) {
    Bare bare;
    bare.pass(way);
    bare.await_tcp_acknowledgement();
    std::fill_n(bare.memory, size_bytes, std::byte{2});
    EXPECT_EQ(bare.arrive_changed(), size_bytes) << way;
  }
}

TEST(FilesHazard, ASendThatCopiesIsNotAffected) {
  Bare bare;
  bare.pass("send");
  std::fill_n(bare.memory, size_bytes, std::byte{2});
  EXPECT_EQ(bare.arrive_changed(), 0u);
}

class FilesRelease : public testing::TestWithParam<const char*> {};

TEST_P(FilesRelease, NothingIsReleasedBeforeTheReceivingApplicationHasTakenIt) {
  FilePair pair(GetParam());
  const Segment memory = pair.sender.session->arena(size_bytes).value().front();
  std::fill_n(memory.data, size_bytes, std::byte{1});
  Segment part = memory;
  part.size_bytes = size_bytes;
  ASSERT_EQ(pair.sender.send(7, {part}).accepted, 1u);
  ASSERT_TRUE(pair.reap_until([&] { return pair.sender.find(Moment::sent) != nullptr; }));
  EXPECT_FALSE(pair.reap_until([&] { return pair.sender.find(Moment::released) != nullptr; }, second / 5));
  const auto arrived = pair.receive(size_bytes);
  ASSERT_TRUE(pair.reap_until([&] { return pair.sender.find(Moment::released) != nullptr; }));
  EXPECT_EQ(std::ranges::count(arrived, std::byte{1}), static_cast<std::ptrdiff_t>(size_bytes));
  EXPECT_FALSE(pair.sender.find(Moment::released)->failure);
}

// The same memory again and again, changed each time the moment it is released.
TEST_P(FilesRelease, BytesChangedWhenReleasedNeverArriveChanged) {
  FilePair pair(GetParam(), {}, 1);
  Segment memory = pair.sender.session->arena(size_bytes).value().front();
  memory.size_bytes = size_bytes;
  for (Token round = 1; round <= 50; ++round) {
    std::fill_n(memory.data, size_bytes, static_cast<std::byte>(round));
    ASSERT_EQ(pair.sender.send(round, {memory}).accepted, 1u);
    const auto arrived = pair.receive(size_bytes);
    ASSERT_EQ(arrived.size(), size_bytes);
    ASSERT_TRUE(pair.reap_until([&] { return pair.sender.find(Moment::released, round) != nullptr; }));
    std::fill_n(memory.data, size_bytes, std::byte{0xEE});
    ASSERT_EQ(std::ranges::count(arrived, static_cast<std::byte>(round)), static_cast<std::ptrdiff_t>(size_bytes));
  }
}

TEST_P(FilesRelease, TheTrialShowsAReferenceAndTheLedgerBooksIt) {
  FilePair pair(GetParam());
  EXPECT_EQ(fact(*pair.sender.session, "pages_sent"), "by reference: a change after the call arrived");
  Segment memory = pair.sender.session->arena(size_bytes).value().front();
  memory.size_bytes = size_bytes;
  ASSERT_EQ(pair.sender.send(1, {memory}).accepted, 1u);
  EXPECT_EQ(pair.receive(size_bytes).size(), size_bytes);
  ASSERT_TRUE(pair.reap_until([&] { return pair.sender.find(Moment::released) != nullptr; }));
  const Ledger& ledger = pair.sender.channels[0]->ledger();
  EXPECT_TRUE(ledger.balanced());
  EXPECT_EQ(ledger[Handover::zero_copied], size_bytes);
  EXPECT_EQ(ledger.user_copied_bytes, 0u);
  EXPECT_EQ(pair.receiver.channels[0]->ledger()[Handover::kernel_by_design], size_bytes);
}

// What the sender lent is free when its session has ended, so what lies in the receiver's socket is worth nothing.
TEST_P(FilesRelease, WhatASenderThatAbortedLeftBehindIsNotHandedOut) {
  FilePair pair(GetParam());
  Segment memory = pair.sender.session->arena(size_bytes).value().front();
  memory.size_bytes = size_bytes;
  ASSERT_EQ(pair.sender.send(1, {memory}).accepted, 1u);
  pair.sender.channels[0]->abort();
  std::fill_n(memory.data, size_bytes, std::byte{2});
  EXPECT_TRUE(pair.receive(size_bytes).empty());
  ASSERT_TRUE(pair.reap_until([&] { return pair.receiver.find(Moment::closed) != nullptr; }));
  EXPECT_EQ(pair.receiver.find(Moment::closed)->failure.code, ErrorCode::peer_died);
  ASSERT_TRUE(pair.reap_until([&] { return pair.sender.find(Moment::closed) != nullptr; }));
  EXPECT_EQ(pair.sender.find(Moment::released)->failure.code, ErrorCode::aborted);
  EXPECT_EQ(pair.sender.find(Moment::released)->bytes, 0u);
}

INSTANTIATE_TEST_SUITE_P(Paths, FilesRelease, testing::Values("tcp.sendfile", "tcp.splice", "tcp.vmsplice", "tcp.tee"),
                         path_name);

}  // namespace
}  // namespace xover::test
