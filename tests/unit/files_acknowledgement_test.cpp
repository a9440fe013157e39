// The second connection: words in both directions, receivers that stop reading, peers that come in a tangle; and the
// receivers that splice what comes into /dev/null.
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <thread>

#include "tests/unit/files_pair.h"
#include "transports/common/socket_address.h"
#include "transports/files/acknowledgements.h"

namespace xover::test {
namespace {

constexpr std::size_t mebibyte = 1 << 20;

Segment arena_of(Session& session, std::size_t size_bytes) {
  Segment memory = session.arena(size_bytes).value().front();
  memory.size_bytes = size_bytes;
  std::ranges::copy(pattern(size_bytes), memory.data);
  return memory;
}

TEST(FilesAcknowledgement, ManyWordsAreOneCount) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  Acknowledgements a{FileDescriptor(ends[0])}, b{FileDescriptor(ends[1])};
  for (const std::size_t bytes : {1u, 255u, 65536u}) {
    a.took(bytes);
    EXPECT_TRUE(a.unsaid());
    EXPECT_EQ(a.say(), 1u);
    EXPECT_EQ(a.say(), 0u);
  }
  EXPECT_EQ(b.listen(false), 3u);
  EXPECT_EQ(b.heard(), 65792u);
  EXPECT_FALSE(b.ended());
  a.end();
  EXPECT_EQ(b.listen(true), 0u);
  EXPECT_TRUE(b.ended());
}

TEST(FilesAcknowledgement, AFullSocketLosesNothingAndTheLatestCountWins) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  Acknowledgements a{FileDescriptor(ends[0])}, b{FileDescriptor(ends[1])};
  std::uint64_t taken = 0;
  while (!a.blocked()) {
    a.took(10);
    taken += 10;
    a.say();
    ASSERT_LT(taken, 100'000'000u);
  }
  a.took(1000);
  EXPECT_EQ(a.say(), 0u);
  EXPECT_TRUE(a.unsaid());
  b.listen(true);
  EXPECT_LT(b.heard(), taken + 1000);
  EXPECT_EQ(a.say(), 1u);
  EXPECT_FALSE(a.blocked());
  EXPECT_EQ(b.listen(true), 1u);
  EXPECT_EQ(b.heard(), taken + 1000);
}

TEST(FilesAcknowledgement, AWordInPiecesIsPutTogether) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  const FileDescriptor writer(ends[0]);
  Acknowledgements b{FileDescriptor(ends[1])};
  const unsigned char word[8] = {0x10, 0x20, 0, 0, 0, 0, 0, 0};
  ASSERT_EQ(write(writer.get(), word, 3), 3);
  EXPECT_EQ(b.listen(false), 0u);
  EXPECT_EQ(b.heard(), 0u);
  ASSERT_EQ(write(writer.get(), word + 3, 5), 5);
  EXPECT_EQ(b.listen(false), 1u);
  EXPECT_EQ(b.heard(), 0x2010u);
}

TEST(FilesAcknowledgement, NoCountComesBeforeTheOneThatTheSenderAskedFor) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  Acknowledgements taker{FileDescriptor(ends[0])}, sender{FileDescriptor(ends[1])};
  sender.spare_until(1000);
  EXPECT_EQ(sender.say(), 0u) << "that is no count";
  EXPECT_EQ(taker.listen(false), 0u);
  taker.took(400);
  EXPECT_FALSE(taker.due());
  EXPECT_EQ(taker.say(), 0u);
  EXPECT_TRUE(taker.unsaid());
  taker.took(600);
  EXPECT_TRUE(taker.due()) << "now it is waited for";
  EXPECT_EQ(taker.say(), 1u);
  EXPECT_EQ(sender.listen(false), 1u);
  EXPECT_EQ(sender.heard(), 1000u);
  taker.took(1);
  EXPECT_EQ(taker.say(), 1u) << "spared once, not for ever";
}

// After one op the sender has asked for silence about several, and takes that back when none follows.
TEST(FilesAcknowledgement, ASenderThatRestsHearsOfWhatItHasSent) {
  FilePair pair("tcp.sendfile", {}, 8);
  const Segment memory = arena_of(*pair.sender.session, mebibyte / 4);
  ASSERT_EQ(pair.sender.send(1, {memory}).accepted, 1u);
  ASSERT_EQ(pair.receive(memory.size_bytes).size(), memory.size_bytes);
  int passes = 0;
  for (; passes < 20 && pair.sender.count(Moment::released) == 0; ++passes) {
    pair.sender.reap();
    pair.receiver.reap();
  }
  EXPECT_LT(passes, 20);
}

TEST(FilesAcknowledgement, AReceiverThatStopsReadingHoldsTheSenderUpAndNothingIsLost) {
  FilePair pair("tcp.sendfile", {}, 4);
  const Segment memory = arena_of(*pair.sender.session, mebibyte);
  Token token = 0;
  while (pair.sender.send(token + 1, {memory}).accepted == 1) ++token;
  ASSERT_GE(token, 1u);
  EXPECT_FALSE(pair.reap_until([&] { return pair.sender.find(Moment::released) != nullptr; }, second / 5));
  const auto all = static_cast<std::size_t>(token) * mebibyte;
  ASSERT_EQ(pair.receive(all).size(), all);
  ASSERT_TRUE(pair.reap_until([&] { return pair.sender.count(Moment::released) == token; }));
  for (const Completion& c : pair.sender.seen) EXPECT_FALSE(c.failure);
  EXPECT_GE(counter(*pair.receiver.session, "acknowledgements_sent"), 1u);
  EXPECT_LE(counter(*pair.receiver.session, "acknowledgements_sent"), 64u);
  EXPECT_EQ(counter(*pair.sender.session, "acknowledgements_received"),
            counter(*pair.receiver.session, "acknowledgements_sent"));
}

// A channel that has sent sleeps in poll and not in recv, so nothing tells it that there is no more to take.
TEST(FilesAcknowledgement, AReceiverThatOnlyWaitsHasSaidWhatItHasTaken) {
  FilePair pair("tcp.sendfile");
  ASSERT_EQ(pair.receiver.send(1, {arena_of(*pair.receiver.session, 10)}).accepted, 1u);
  const Segment memory = arena_of(*pair.sender.session, 1000);
  ASSERT_EQ(pair.sender.send(2, {memory}).accepted, 1u);
  std::vector<std::byte> into(2 * 4096);
  const RxBuffer buffers[]{{1, into.data(), 4096}, {2, into.data() + 4096, 4096}};
  ASSERT_EQ(pair.receiver.channels[0]->offer(buffers), 2u);
  for (const MonotonicNs end = soon(); pair.receiver.received_bytes() == 0 && monotonic_now_ns() < end;) {
    pair.receiver.reap();
  }
  ASSERT_EQ(pair.receiver.received_bytes(), 1000u);
  pair.receiver.session->waiter()->wait(monotonic_now_ns() + second / 20);
  for (const MonotonicNs end = soon(); !pair.sender.find(Moment::released, 2) && monotonic_now_ns() < end;) {
    pair.sender.reap();
  }
  ASSERT_NE(pair.sender.find(Moment::released, 2), nullptr);
  pair.receiver.session.reset();
}

// Nobody reaps on the receiving side any more, but it ends its session: what was taken counts as taken.
TEST(FilesAcknowledgement, AReceiverThatLeavesSaysWhatItHasTaken) {
  FilePair pair("tcp.splice");
  const Segment memory = arena_of(*pair.sender.session, 10'000);
  ASSERT_EQ(pair.sender.send(1, {memory}).accepted, 1u);
  std::vector<std::byte> into(10'000);
  const RxBuffer buffer{1, into.data(), into.size()};
  ASSERT_EQ(pair.receiver.channels[0]->offer({&buffer, 1}), 1u);
  while (pair.receiver.received_bytes() == 0) pair.receiver.reap();
  pair.receiver.session.reset();
  for (const MonotonicNs end = soon(); !pair.sender.find(Moment::released) && monotonic_now_ns() < end;) {
    pair.sender.reap();
  }
  ASSERT_NE(pair.sender.find(Moment::released), nullptr);
  EXPECT_FALSE(pair.sender.find(Moment::released)->failure);
  EXPECT_EQ(pair.sender.find(Moment::released)->bytes, 10'000u);
}

TEST(FilesAcknowledgement, StrangersAndHalvesDoNotKeepPeersFromPairing) {
  auto listener = open_session("tcp.sendfile", {}, 1, 4).value();
  auto client = open_session("tcp.sendfile", {}, 1, 4).value();
  auto other_client = open_session("tcp.sendfile", {}, 1, 4).value();
  const std::string address = listener->listen().value();
  const SocketAddress to = SocketAddress::parse(address).value();
  std::vector<FileDescriptor> strangers;
  for (const char* hello : {"", "GET / HTTP/1.1\r\n\r\n and more than thirty-two bytes", "xover pair 1d"}) {
    strangers.emplace_back(socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(connect(strangers.back().get(), to.data(), to.size()), 0);
    ASSERT_EQ(send(strangers.back().get(), hello, std::strlen(hello), 0), static_cast<ssize_t>(std::strlen(hello)));
  }
  Channel* first = client->connect(address, soon()).value();
  ASSERT_TRUE(other_client->connect(address, soon()));
  ASSERT_TRUE(client->connect(address, soon()));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(listener->accept(soon())) << i;
  const auto none = listener->accept(monotonic_now_ns() + second / 20);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::timed_out);
  const Segment memory = arena_of(*client, 100);
  const SendOp op{1, {&memory, 1}};
  EXPECT_EQ(first->submit({&op, 1}).accepted, 1u);
  Completion completion;
  for (const MonotonicNs end = soon(); client->reap({&completion, 1}) == 0 && monotonic_now_ns() < end;) {
  }
  EXPECT_TRUE(completion.moments.has(Moment::sent));
  // The stranger that spoke first has been hung up on.
  char byte;
  EXPECT_LE(recv(strangers[1].get(), &byte, 1, 0), 0);
  listener.reset();  // else the client would wait for an answer about what it still lends
}

class FilesBrokenPipe : public testing::TestWithParam<const char*> {};

// An end in order and then a reset: the socket's error is EPIPE, which these calls tell by a signal, too.
TEST_P(FilesBrokenPipe, KillsNobodyAndTheSignalMaskIsPutBack) {
  sigset_t before, after, pending;
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  const auto handler_before = signal(SIGPIPE, SIG_DFL);
  {
    FilePair pair(GetParam());
    const Segment memory = arena_of(*pair.sender.session, 1000);
    pair.receiver.channels[0]->shutdown_send();
    pair.receiver.session.reset();
    pair.sender.send(1, {memory});  // refused, or accepted and failed where a pipe had taken it
    EXPECT_EQ(pair.sender.channels[0]->failure().errno_value, EPIPE);
    sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, SIGPIPE), 1);
  }
  signal(SIGPIPE, handler_before);
  pthread_sigmask(SIG_BLOCK, nullptr, &after);
  sigpending(&pending);
  EXPECT_EQ(sigismember(&after, SIGPIPE), sigismember(&before, SIGPIPE));
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

INSTANTIATE_TEST_SUITE_P(Paths, FilesBrokenPipe,
                         testing::Values("tcp.sendfile", "tcp.splice", "tcp.vmsplice", "tcp.tee"), path_name);

class FilesPipeSize : public testing::TestWithParam<const char*> {};

TEST_P(FilesPipeSize, IsGrantedToldAndUsed) {
  for (const char* size : {"4K", "64K", "1M"}) {
    FilePair pair(GetParam(), {{"pipe_size", size}, {"gift", "on"}});
    const std::string granted = fact(*pair.sender.session, "pipe_size_bytes");
    EXPECT_EQ(granted, std::string(size) == "4K" ? "4096" : std::string(size) == "64K" ? "65536" : "1048576");
    Segment memory = arena_of(*pair.sender.session, 300'001);
    memory.data += 1;
    memory.size_bytes -= 1;
    ASSERT_EQ(pair.sender.send(1, {memory}).accepted, 1u);
    const auto arrived = pair.receive(300'000);
    ASSERT_EQ(arrived.size(), 300'000u);
    for (std::size_t i = 0; i < arrived.size(); ++i) ASSERT_EQ(arrived[i], pattern_at(i + 1)) << i;
    ASSERT_TRUE(pair.reap_until([&] { return pair.sender.find(Moment::released) != nullptr; }));
    const std::uint64_t times_full = counter(*pair.sender.session, "pipe_full");
    EXPECT_GE(times_full, std::string(size) == "4K" ? 73u : 0u);
    EXPECT_LE(times_full, std::string(size) == "1M" ? 0u : 76u);
  }
}

TEST_P(FilesPipeSize, BeyondWhatIsAllowedIsAnErrorWithARemedy) {
  const auto session = open_session(GetParam(), {{"pipe_size", "1G"}});
  if (session) GTEST_SKIP() << "this user may have pipes of any size (CAP_SYS_RESOURCE)";
  EXPECT_NE(session.error().message().find("pipe_size=1G"), std::string::npos) << session.error().message();
  EXPECT_NE(session.error().remedy.find("pipe-max-size"), std::string::npos) << session.error().remedy;
}

INSTANTIATE_TEST_SUITE_P(Paths, FilesPipeSize, testing::Values("tcp.vmsplice", "tcp.tee"), path_name);

class FilesDiscard : public testing::TestWithParam<const char*> {};

TEST_P(FilesDiscard, CountsEveryByteAndEndsInOrder) {
  FilePair pair(GetParam(), {{"receive", "splice"}});
  EXPECT_EQ(pair.receiver.session->limits().receive, Receive::discarded);
  EXPECT_EQ(pair.receiver.session->limits().max_offered, 0u);
  const RxBuffer buffer{1, nullptr, 10};
  EXPECT_EQ(pair.receiver.channels[0]->offer({&buffer, 1}), 0u);
  const Segment memory = arena_of(*pair.sender.session, 3'000'001);
  ASSERT_EQ(pair.sender.send(1, {memory}).accepted, 1u);
  ASSERT_TRUE(pair.reap_until([&] { return pair.receiver.received_bytes() == memory.size_bytes; }));
  ASSERT_TRUE(pair.reap_until([&] { return pair.sender.find(Moment::released) != nullptr; }));
  EXPECT_FALSE(pair.sender.find(Moment::released)->failure);
  pair.sender.channels[0]->shutdown_send();
  ASSERT_TRUE(pair.reap_until([&] { return pair.receiver.find(Moment::closed) != nullptr; }));
  EXPECT_FALSE(pair.receiver.find(Moment::closed)->failure);
  for (const Completion& c : pair.receiver.seen) {
    if (!c.moments.has(Moment::received)) continue;
    EXPECT_FALSE(c.lease);
    EXPECT_EQ(c.evidence, Handover::zero_copied);
  }
  EXPECT_EQ(fact(*pair.receiver.session, "pages_received"), "by reference: a change after the call arrived");
  EXPECT_EQ(pair.receiver.channels[0]->ledger()[Handover::zero_copied], memory.size_bytes);
  EXPECT_TRUE(pair.receiver.channels[0]->ledger().balanced());
}

TEST_P(FilesDiscard, TheWaiterWakesForBytesAndKeepsItsDeadline) {
  FilePair pair(GetParam(), {{"receive", "splice"}});
  Waiter& waiter = *pair.receiver.session->waiter();
  waiter.wait(monotonic_now_ns() + second / 100);
  const Segment memory = arena_of(*pair.sender.session, 100);
  std::thread sending([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    pair.sender.send(1, {memory});
  });
  for (const MonotonicNs end = soon(); pair.receiver.received_bytes() == 0 && monotonic_now_ns() < end;) {
    waiter.wait(end);
    pair.receiver.reap();
  }
  sending.join();
  EXPECT_EQ(pair.receiver.received_bytes(), 100u);
}

INSTANTIATE_TEST_SUITE_P(Paths, FilesDiscard,
                         testing::Values("tcp.sendfile", "tcp.splice", "tcp.mmap", "tcp.read_send", "tcp.vmsplice",
                                         "tcp.tee"),
                         path_name);

}  // namespace
}  // namespace xover::test
