// Both sides of it.
#include "tests/unit/sdp_peer_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>

#include <cstdlib>
#include <string>

#include "core/payload.h"

namespace xover::test {

namespace {

constexpr const char* address_variable = "XOVER_TEST_SDP_ADDRESS";
constexpr const char* part_variable = "XOVER_TEST_SDP_PART";
constexpr MonotonicNs life_ns = 60 * second;  // of a peer that nobody kills

std::string told(const char* variable) {
  const char* const text = std::getenv(variable);
  return text != nullptr ? text : "";
}

// --- in the process at the other end

class Peer {
 public:
  void run(SdpPart part) {
    auto connected = end_.session->connect(told(address_variable), soon());
    ASSERT_TRUE(connected) << connected.error().message();
    end_.channel = *connected;
    part == SdpPart::source ? send() : offer(part);
    for (const MonotonicNs deadline = monotonic_now_ns() + life_ns; monotonic_now_ns() < deadline; end_.reap()) {
      if (part == SdpPart::halting_sink && end_.counter("rdma_reads") == 1) halt();
    }
    FAIL() << "nobody killed it";
  }

 private:
  void send() {
    fill_payload(bytes_, sdp_op_seed, 0);
    const SendOp op{.token = 1, .segments = {&segment_, 1}};
    ASSERT_EQ(end_.channel->submit({&op, 1}).accepted, 1u);
  }
  void offer(SdpPart part) {
    const RxBuffer buffer{.token = 1, .data = bytes_.data(), .size_bytes = bytes_.size()};
    if (part != SdpPart::idle_sink) {
      ASSERT_EQ(end_.channel->offer({&buffer, 1}), 1u);
    }
  }
  // A read goes on only when its reader polls.
  void halt() {
    ASSERT_TRUE(read_is_under_way(end_));
    raise(SIGSTOP);
  }

  std::vector<std::byte> bytes_ = std::vector<std::byte>(sdp_op_bytes);
  const Segment segment_{bytes_.data(), bytes_.size()};
  SessionEnd end_{.session = open_sdp_end()};
};

}  // namespace

bool is_sdp_peer() { return !told(address_variable).empty(); }

void be_sdp_peer() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  Peer().run(static_cast<SdpPart>(std::stoi(told(part_variable))));
}

// --- at both ends

std::unique_ptr<Session> open_sdp_end() {
  return open_session("sdp.read_zcopy", {{"registration", "none"}, {"chunk", "4M"}}, 2, 1, {.name = "local"}).value();
}

bool read_is_under_way(const SessionEnd& end) {
  const std::uint64_t read_bytes = end.counter("process_vm_bytes");
  return end.counter("rdma_reads") == 1 && read_bytes > 0 && read_bytes < sdp_op_bytes / 2 &&
         end.count(Moment::received) == 0;
}

// --- in the test

void SdpPeerProcess::start(SdpPart part) {
  end.session = open_sdp_end();
  const std::string address = end.session->listen().value();
  const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
  setenv(address_variable, address.c_str(), 1);
  setenv(part_variable, std::to_string(static_cast<int>(part)).c_str(), 1);
  process = std::make_unique<ChildProcess>(std::vector<std::string>{
      this_program(), std::string("--gtest_filter=") + test.test_suite_name() + "." + test.name()});
  unsetenv(address_variable);
  const MonotonicNs deadline = monotonic_now_ns() + 20 * second;
  while (end.channel == nullptr) {
    ASSERT_FALSE(process->ends_within(std::chrono::milliseconds(0)) || monotonic_now_ns() > deadline)
        << process->wait(std::chrono::seconds(1)).out;
    if (const auto accepted = end.session->accept(monotonic_now_ns() + second)) end.channel = *accepted;
  }
}

void SdpPeerProcess::kill() {
  process->signal(SIGKILL);
  ASSERT_TRUE(process->ends_within(std::chrono::seconds(20)));
}

}  // namespace xover::test
