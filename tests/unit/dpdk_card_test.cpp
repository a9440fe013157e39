// The link pci, where two cards on one wire are given to vfio-pci and named by XOVER_PCI_A and XOVER_PCI_B: each end in
// a process of its own, because DPDK starts with one card.
#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "tests/support/child_process.h"
#include "tests/unit/dpdk_ends.h"
#include "transports/dpdk/eal.h"

namespace xover {
namespace {

using namespace test;

constexpr const char* role_variable = "XOVER_TEST_CARD_ROLE";
constexpr const char* address_variable = "XOVER_TEST_CARD_ADDRESS";

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Link cards() { return {.name = "pci", .argument = variable("XOVER_PCI_A") + "+" + variable("XOVER_PCI_B")}; }

std::vector<std::string> end_with(const std::string& role, const std::string& address) {
  return {"env",          std::string(role_variable) + "=" + role,   std::string(address_variable) + "=" + address,
          this_program(), "--gtest_filter=DpdkCard.DISABLED_OneEnd", "--gtest_also_run_disabled_tests"};
}

TEST(DpdkCard, PassesFramesBetweenTwoProcesses) {
  if (variable("XOVER_PCI_A").empty()) GTEST_SKIP() << "XOVER_PCI_A and XOVER_PCI_B name no cards";
  ChildProcess receiver(end_with("receiver", ""));
  // Of its first listen().
  const std::string address = "dpdk:xover-dpdk-" + std::to_string(receiver.pid()) + "-1";
  ChildProcess sender(end_with("sender", address));
  for (ChildProcess* end : {&receiver, &sender}) {
    const ChildResult result = end->wait(std::chrono::seconds(60));
    EXPECT_EQ(result.exit_code, 0) << "signal " << result.signal << ": " << result.out << result.err;
    RecordProperty("end", result.out);
  }
}

Result<Meeting> meet_other_process(LinkSide& side) {
  const MonotonicNs deadline = in(30 * second);
  const std::string address = variable(address_variable);
  if (address.empty()) {
    if (auto listening = side.listen(); !listening) return tl::make_unexpected(listening.error());
    return side.accept(deadline);
  }
  auto met = side.connect(address, deadline);
  while (!met && met.error().code == ErrorCode::refused && monotonic_now_ns() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    met = side.connect(address, deadline);
  }
  return met;
}

// Within a millisecond, while the other end sends.
bool wakes(Port& port) {
  if (!port.arm_receive_event()) return false;
  pollfd event{port.receive_event_fd(), POLLIN, 0};
  const bool woken = poll(&event, 1, 1) > 0;
  port.disarm_receive_event();
  return woken;
}

// Everything that was sent comes back by this alone.
void reclaim_all(Port& port, const MbufPool& sent_from) {
  for (int tries = 0; tries < 100 && sent_from.in_use() != 0; ++tries) {
    port.reclaim();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// Started by the one above.
TEST(DpdkCard, DISABLED_OneEnd) {
  const std::string role = variable(role_variable);
  if (role.empty()) GTEST_SKIP() << "started by another test";
  auto side = LinkSide::open(cards(), role == "sender" ? LinkRole::sender : LinkRole::receiver, {1, 256});
  ASSERT_TRUE(side) << side.error().message();
  register_with_eal();
  const PortTraits traits = (*side)->traits();
  EXPECT_TRUE(traits.needs_dma_mapping);
  EXPECT_EQ(traits.received, Handover::zero_copied);
  EXPECT_GE((*side)->dma_port(), 0);
  std::cout << traits.driver << ": " << traits.most_segments << " segments, checksums " << traits.checksums
            << ", frees late " << traits.frees_late << ", receive events " << traits.receive_events << ", mtu "
            << traits.mtu_bytes << '\n';
  auto made = MbufPool::make({.mbufs = 2048, .data_bytes = 2048}, (*side)->dma_port());
  ASSERT_TRUE(made) << made.error().message();
  {
    auto met = meet_other_process(**side);
    ASSERT_TRUE(met) << met.error().message();
    met->port->keep(*made);  // the card's queue holds frames that were sent
    std::size_t received = 0, others = 0, woken = 0;
    const MonotonicNs deadline = in(10 * second);
    while (received < 200 && monotonic_now_ns() < deadline) {
      send_addressed(*met->port, met->peer.mac, **made);
      rte_mbuf* frame = nullptr;
      if (met->port->receive(&frame, 1) != 0) {
        is_addressed(*frame) ? ++received : ++others;
        rte_pktmbuf_free(frame);
      }
      if (received % 50 == 0) met->port->reclaim();
      woken += traits.receive_events && wakes(*met->port) ? 1 : 0;
    }
    EXPECT_EQ(received, 200u);
    EXPECT_EQ(woken != 0, traits.receive_events);
    EXPECT_EQ(others, 0u) << "what reclaim() sends is not for the peer";
    reclaim_all(*met->port, **made);
    EXPECT_EQ((*made)->in_use(), 0u);
    EXPECT_TRUE(met->port->link_up());
    EXPECT_EQ(met->port->missing_mbufs(), 0u);
  }
  side->reset();
  EXPECT_EQ((*made)->in_use(), 0u);
}

}  // namespace
}  // namespace xover
