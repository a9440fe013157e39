// RX queues, their interrupts and the CPUs that serve them: on made-up machines, and on this one as far as it has any.
#include "harness/interfaces/receive_queues.h"

#include <gtest/gtest.h>

#include <optional>

#include "harness/interfaces/cpu_list.h"
#include "harness/interfaces/interrupts.h"
#include "tests/unit/interfaces_tree.h"

namespace xover {
namespace {

using Cpus = std::vector<unsigned>;
using test::MadeUpTree;

std::vector<ReceiveQueue> queues_of(const MadeUpTree& tree, const std::string& interface = "eth0") {
  const auto queues = receive_queues(interface, tree.tree());
  EXPECT_TRUE(queues) << (queues ? "" : queues.error().message());
  return queues.value_or(std::vector<ReceiveQueue>{});
}

std::string why_no_cpu(const std::vector<ReceiveQueue>& queues, std::uint32_t queue = 0) {
  const auto cpus = serving_cpus("eth0", queues, {queue});
  EXPECT_FALSE(cpus);
  return cpus ? "" : cpus.error().message();
}

TEST(CpuList, is_read_as_the_kernel_writes_it) {
  EXPECT_EQ(parse_cpu_list("0-3,8"), (Cpus{0, 1, 2, 3, 8}));
  EXPECT_EQ(parse_cpu_list("7"), Cpus{7});
  for (const char* none : {"", "x", "3-1", "-1", "1-", "0-99999999"}) EXPECT_TRUE(parse_cpu_list(none).empty()) << none;
}

TEST(CpuList, is_read_from_masks_too) {
  EXPECT_EQ(parse_cpu_mask("f"), (Cpus{0, 1, 2, 3}));
  EXPECT_EQ(parse_cpu_mask("00000001,80000002"), (Cpus{1, 31, 32}));
  EXPECT_TRUE(parse_cpu_mask("00000000,00000000").empty());
  EXPECT_TRUE(parse_cpu_mask("12g").empty());
}

TEST(CpuList, is_told_in_words) {
  EXPECT_EQ(words_of_cpus({3}), "CPU 3");
  EXPECT_EQ(words_of_cpus({0, 1, 2, 3, 8}), "CPUs 0 to 3, 8");
}

TEST(Interrupts, tell_their_receive_queue_by_the_names_that_drivers_use) {
  const auto queue = [](const char* name) { return rx_queue_named(name, "eth0"); };
  EXPECT_EQ(queue("eth0-TxRx-3"), 3U);                  // ixgbe, igb, bnxt
  EXPECT_EQ(queue("i40e-eth0-TxRx-12"), 12U);           // i40e
  EXPECT_EQ(queue("eth0-Tx-Rx-0"), 0U);                 // ena
  EXPECT_EQ(queue("eth0-rx-1"), 1U);                    // e1000e
  EXPECT_EQ(queue("virtio2-input.0"), 0U);              // virtio_net
  EXPECT_EQ(queue("mlx5_comp7@pci:0000:01:00.0"), 7U);  // mlx5
  EXPECT_EQ(queue("eth0-fp-2"), 2U);                    // bnx2x, qede
  EXPECT_EQ(queue("eth0-5"), 5U);                       // sfc, atlantic
  for (const char* none :
       {"eth0", "eth0-tx-0", "virtio2-output.0", "virtio2-config", "mlx5_async0@pci:0000:01:00.0", "", "0", "eth1-5"})
    EXPECT_EQ(queue(none), std::nullopt) << none;
}

TEST(ReceiveQueues, go_with_their_interrupt_and_the_cpu_that_it_really_goes_to) {
  MadeUpTree tree;
  add_card(tree, 2);
  EXPECT_EQ(queues_of(tree), (std::vector<ReceiveQueue>{{0, 40, {2}, {}}, {1, 41, {4}, {}}}));
}

TEST(ReceiveQueues, of_a_kernel_that_tells_allowed_cpus_only_have_those) {
  MadeUpTree tree;
  add_card(tree, 1);
  tree.write("proc/irq/40/effective_affinity_list", "");
  EXPECT_EQ(queues_of(tree).at(0).cpus, (Cpus{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(ReceiveQueues, of_virtio_have_the_interrupts_of_the_pci_device_above) {
  MadeUpTree tree;
  tree.write("sys/devices/pci/0000:00:03.0/msi_irqs/38", "msix");
  tree.write("sys/devices/pci/0000:00:03.0/virtio2/vendor", "0x1af4");
  tree.link("sys/class/net/eth0/device", "../../../devices/pci/0000:00:03.0/virtio2");
  tree.write("sys/class/net/eth0/queues/rx-0/rps_cpus", "0");
  tree.add_interrupt(38, "virtio2-input.0", "1");
  EXPECT_EQ(queues_of(tree), (std::vector<ReceiveQueue>{{0, 38, {1}, {}}}));
}

TEST(ReceiveQueues, that_a_driver_counts_from_one_are_told_apart_all_the_same) {
  MadeUpTree tree;
  for (const std::string queue : {"0", "1"}) tree.write("sys/class/net/eth0/queues/rx-" + queue + "/rps_cpus", "0");
  for (const unsigned irq : {50U, 51U, 52U}) {
    tree.write("sys/class/net/eth0/device/msi_irqs/" + std::to_string(irq), "msix");
    tree.add_interrupt(irq, irq == 50 ? "eth0-tx-0" : "eth0-rx-" + std::to_string(irq - 50), "0");
  }
  const auto queues = queues_of(tree);
  EXPECT_EQ(queues.at(0).irq, 51U);
  EXPECT_EQ(queues.at(1).irq, 52U);
}

TEST(ReceiveQueues, of_one_interrupt_for_everything_have_that) {
  MadeUpTree tree;
  tree.write("sys/class/net/eth0/queues/rx-0/rps_cpus", "0");
  tree.write("sys/class/net/eth0/device/irq", "16");
  tree.add_interrupt(16, "eth0", "3");
  EXPECT_EQ(queues_of(tree), (std::vector<ReceiveQueue>{{0, 16, {3}, {}}}));
}

TEST(ReceiveQueues, whose_interrupts_have_strange_names_have_none) {
  MadeUpTree tree;
  add_card(tree, 2);
  tree.add_interrupt(40, "queue_zero", "0");
  tree.add_interrupt(41, "queue_one", "0");
  for (const ReceiveQueue& queue : queues_of(tree)) EXPECT_EQ(queue.irq, std::nullopt);
  EXPECT_NE(why_no_cpu(queues_of(tree)).find("does not tell which interrupt is of queue 0"), std::string::npos);
}

TEST(ReceiveQueues, of_no_interface_are_refused) {
  const MadeUpTree tree;
  for (const char* name : {"eth0", "", "..", "../net/lo"}) {
    const auto queues = receive_queues(name, tree.tree());
    ASSERT_FALSE(queues) << name;
    EXPECT_EQ(queues.error().code, ErrorCode::no_device);
  }
}

TEST(ServingCpus, are_one_for_each_connection) {
  MadeUpTree tree;
  add_card(tree, 2);
  const auto cpus = serving_cpus("eth0", queues_of(tree), {1, 0, 1});
  ASSERT_TRUE(cpus) << cpus.error().message();
  EXPECT_EQ(*cpus, (Cpus{4, 2, 4}));
}

TEST(ServingCpus, are_refused_with_what_to_do_where_they_are_not_certain) {
  MadeUpTree tree;
  add_card(tree, 1);
  EXPECT_NE(why_no_cpu(queues_of(tree), 5).find("it has no queue 5"), std::string::npos);
  tree.write("proc/irq/40/effective_affinity_list", "0-1");
  EXPECT_NE(why_no_cpu(queues_of(tree)).find("echo CPU > /proc/irq/40/smp_affinity_list"), std::string::npos);
  tree.write("sys/class/net/eth0/queues/rx-0/rps_cpus", "0c");
  const std::string handed_on = why_no_cpu(queues_of(tree));
  EXPECT_NE(handed_on.find("hands packets of queue 0 on to CPUs 2 to 3"), std::string::npos) << handed_on;
  EXPECT_NE(handed_on.find("echo 0 > /sys/class/net/eth0/queues/rx-0/rps_cpus"), std::string::npos) << handed_on;
}

TEST(ReceiveQueues, of_lo_on_this_machine_are_there_and_raise_no_interrupt) {
  const auto queues = receive_queues("lo");
  if (!queues) GTEST_SKIP() << queues.error().message();  // a /sys of another network namespace
  ASSERT_FALSE(queues->empty());
  for (const ReceiveQueue& queue : *queues) EXPECT_EQ(queue.irq, std::nullopt);
}

}  // namespace
}  // namespace xover
