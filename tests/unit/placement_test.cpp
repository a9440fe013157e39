// Placement on made-up machines, whose cores are known, and pinning on this one.
#include "harness/placement/placement.h"

#include <gtest/gtest.h>
#include <hwloc.h>
#include <sched.h>

#include <cstdlib>
#include <set>
#include <thread>

namespace xover {
namespace {

using Cpus = std::vector<unsigned>;

Topology machine(const char* description) {
  auto topology = Topology::synthetic(description);
  EXPECT_TRUE(topology) << description;
  return std::move(*topology);
}

// 2 packages of 2 L3 caches of 2 cores of 2 threads: the OS numbers CPUs 0 to 15, threads of a core next to each other.
Topology large_machine() { return machine("package:2 l3:2 core:2 pu:2"); }

Topology two_cores() { return machine("package:1 l3:1 core:2 pu:1"); }

CoreMap placed(const Topology& topology, Placement scenario, unsigned connections, std::size_t roles = 2) {
  auto map = place(topology, scenario, connections, Wait::block, roles);
  EXPECT_TRUE(map) << (map ? "" : map.error().message());
  return map.value_or(CoreMap{});
}

std::string refusal(const Topology& topology, Placement scenario, Wait wait = Wait::block) {
  const auto map = place(topology, scenario, 1, wait);
  EXPECT_FALSE(map);
  return map ? "" : map.error().message();
}

TEST(Placement, automatic_puts_sender_and_receiver_side_by_side) {
  const CoreMap map = placed(two_cores(), Placement::automatic, 1);
  EXPECT_EQ(map.sender_cores, Cpus{0});
  EXPECT_EQ(map.receiver_cores, Cpus{1});
  EXPECT_FALSE(map.oversubscribed);
  EXPECT_EQ(map.summary, "auto: senders on CPUs 0; receivers on CPUs 1");
}

TEST(Placement, automatic_takes_second_hardware_threads_only_when_cores_run_out) {
  const CoreMap four = placed(large_machine(), Placement::automatic, 4);
  EXPECT_EQ(four.sender_cores, (Cpus{0, 4, 8, 12}));
  EXPECT_EQ(four.receiver_cores, (Cpus{2, 6, 10, 14}));
  const CoreMap five = placed(large_machine(), Placement::automatic, 5);
  EXPECT_EQ(five.sender_cores.back(), 1U);
  EXPECT_EQ(five.receiver_cores.back(), 3U);
  EXPECT_FALSE(five.oversubscribed);
}

TEST(Placement, one_sender_of_many_takes_one_seat) {
  const auto map = place(machine("package:1 core:3 pu:1"), Placement::automatic, 2, Wait::block, 2, 1);
  ASSERT_TRUE(map);
  EXPECT_EQ(map->sender_cores, Cpus{0});
  EXPECT_EQ(map->receiver_cores, (Cpus{1, 2}));
  EXPECT_FALSE(map->oversubscribed);
}

TEST(Placement, more_workers_than_cpus_wrap_round_and_say_so) {
  const CoreMap map = placed(two_cores(), Placement::automatic, 2);
  EXPECT_EQ(map.sender_cores, (Cpus{0, 0}));
  EXPECT_EQ(map.receiver_cores, (Cpus{1, 1}));
  EXPECT_TRUE(map.oversubscribed);
  EXPECT_NE(map.summary.find("more workers than CPUs"), std::string::npos);
}

TEST(Placement, an_odd_number_of_cores_is_shared_evenly) {
  const CoreMap map = placed(machine("package:1 core:3 pu:1"), Placement::automatic, 3);
  EXPECT_EQ(map.sender_cores, (Cpus{0, 2, 1}));
  EXPECT_EQ(map.receiver_cores, (Cpus{1, 0, 2}));
  EXPECT_TRUE(map.oversubscribed);
}

TEST(Placement, one_role_has_senders_only) {
  const CoreMap map = placed(two_cores(), Placement::automatic, 2, 1);
  EXPECT_EQ(map.sender_cores, (Cpus{0, 1}));
  EXPECT_TRUE(map.receiver_cores.empty());
  EXPECT_FALSE(map.oversubscribed);
}

TEST(Placement, same_core_puts_all_on_one_cpu_and_is_not_oversubscribed) {
  const CoreMap map = placed(two_cores(), Placement::same_core, 2);
  EXPECT_EQ(map.sender_cores, map.receiver_cores);
  EXPECT_EQ(std::set<unsigned>(map.sender_cores.begin(), map.sender_cores.end()).size(), 1U);
  EXPECT_FALSE(map.oversubscribed);
}

TEST(Placement, same_core_refuses_to_spin) {
  EXPECT_NE(refusal(two_cores(), Placement::same_core, Wait::spin).find("wait block"), std::string::npos);
}

TEST(Placement, smt_sibling_pairs_the_threads_of_a_core) {
  const CoreMap map = placed(large_machine(), Placement::smt_sibling, 2);
  EXPECT_EQ(map.sender_cores, (Cpus{0, 2}));
  EXPECT_EQ(map.receiver_cores, (Cpus{1, 3}));
}

TEST(Placement, same_l3_stays_within_one_cache) {
  const CoreMap map = placed(large_machine(), Placement::same_l3, 2);
  EXPECT_EQ(map.sender_cores, (Cpus{0, 1}));
  EXPECT_EQ(map.receiver_cores, (Cpus{2, 3}));
  EXPECT_FALSE(map.oversubscribed);
}

TEST(Placement, same_package_uses_different_caches_where_there_are_several) {
  const CoreMap several = placed(large_machine(), Placement::same_package, 1);
  EXPECT_EQ(several.sender_cores, Cpus{0});
  EXPECT_EQ(several.receiver_cores, Cpus{4});
  const CoreMap one = placed(two_cores(), Placement::same_package, 1);
  EXPECT_EQ(one.receiver_cores, Cpus{1});
}

TEST(Placement, cross_package_puts_the_roles_in_different_packages) {
  const CoreMap map = placed(large_machine(), Placement::cross_package, 2);
  EXPECT_EQ(map.sender_cores, (Cpus{0, 2}));
  EXPECT_EQ(map.receiver_cores, (Cpus{8, 10}));
}

TEST(Placement, what_the_machine_lacks_is_refused_by_naming_what_it_has) {
  const std::string has = "1 package, 1 L3 cache, 2 cores, 2 hardware threads";
  for (const Placement scenario : {Placement::smt_sibling, Placement::cross_package}) {
    EXPECT_NE(refusal(two_cores(), scenario).find(has), std::string::npos) << refusal(two_cores(), scenario);
  }
  EXPECT_NE(refusal(machine("package:1 core:2 pu:1"), Placement::same_l3).find("no known L3 cache"), std::string::npos);
  EXPECT_NE(refusal(machine("package:1 core:1 pu:2"), Placement::same_package).find("two cores"), std::string::npos);
}

TEST(Placement, machines_that_tell_of_hardware_threads_only_are_placed_on) {
  const CoreMap map = placed(machine("pu:4"), Placement::automatic, 2);
  EXPECT_EQ(map.sender_cores, (Cpus{0, 2}));
  EXPECT_EQ(map.receiver_cores, (Cpus{1, 3}));
}

TEST(Placement, speaks_of_os_cpus_where_they_differ_from_logical_ones) {
  const CoreMap map = placed(machine("package:1 core:2 pu:2(indexes=0,2,1,3)"), Placement::automatic, 1);
  EXPECT_EQ(map.sender_cores, Cpus{0});
  EXPECT_EQ(map.receiver_cores, Cpus{1});
  const CoreMap siblings = placed(machine("package:1 core:2 pu:2(indexes=0,2,1,3)"), Placement::smt_sibling, 1);
  EXPECT_EQ(siblings.receiver_cores, Cpus{2});
}

TEST(Placement, of_several_kinds_of_core_only_the_fastest_is_used) {
  hwloc_topology_t loaded = nullptr;
  ASSERT_EQ(hwloc_topology_init(&loaded), 0);
  ASSERT_EQ(hwloc_topology_set_synthetic(loaded, "package:1 core:6 pu:1"), 0);
  ASSERT_EQ(hwloc_topology_load(loaded), 0);
  hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
  hwloc_bitmap_set_range(cpus, 0, 3);
  ASSERT_EQ(hwloc_cpukinds_register(loaded, cpus, 1, 0, nullptr, 0), 0);
  hwloc_bitmap_zero(cpus);
  hwloc_bitmap_set_range(cpus, 4, 5);
  ASSERT_EQ(hwloc_cpukinds_register(loaded, cpus, 2, 0, nullptr, 0), 0);
  hwloc_bitmap_free(cpus);
  const CoreMap map = placed(Topology(loaded), Placement::automatic, 1);
  EXPECT_EQ(map.sender_cores, Cpus{4});
  EXPECT_EQ(map.receiver_cores, Cpus{5});
}

TEST(Placement, on_this_machine_only_allowed_cpus_are_used_and_can_be_pinned_to) {
  const auto map = place(Placement::automatic, 2, Wait::block);
  ASSERT_TRUE(map) << map.error().message();
  for (const unsigned cpu : map->sender_cores) {
    unsigned ran_on = ~0U;
    std::thread([&] {
      ASSERT_TRUE(pin_this_thread(cpu));
      ran_on = static_cast<unsigned>(sched_getcpu());
    }).join();
    EXPECT_EQ(ran_on, cpu);
  }
}

// In a process of its own, because what counts is the affinity of all threads together.
TEST(Placement, a_process_restricted_to_one_cpu_sees_one) {
  const auto cores_seen_when_restricted = [] {
    const auto cpu = static_cast<unsigned>(sched_getcpu());
    if (!pin_this_thread(cpu)) return 100;
    const auto topology = Topology::of_this_machine();
    if (!topology || topology->cores().front().cpus != Cpus{cpu}) return 101;
    return static_cast<int>(topology->cores().size());
  };
  EXPECT_EXIT(std::exit(cores_seen_when_restricted()), testing::ExitedWithCode(1), "");
}

TEST(Placement, pinning_to_a_cpu_that_does_not_exist_says_which) {
  std::thread([] {
    const auto pinned = pin_this_thread(100'000);
    ASSERT_FALSE(pinned);
    EXPECT_NE(pinned.error().message().find("CPU 100000"), std::string::npos);
  }).join();
}

}  // namespace
}  // namespace xover
