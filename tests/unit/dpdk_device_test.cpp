// The links af_packet and af_xdp over a veth pair in a network namespace of the test's own, which goes with its thread;
// and what is said of devices that are not there.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <thread>

#include "tests/support/child_process.h"
#include "tests/unit/dpdk_ends.h"
#include "transports/common/file_descriptor.h"
#include "transports/dpdk/device_facts.h"
#include "transports/dpdk/eal.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
// DPDK's driver forgets the little that libxdp knows of each socket.
extern "C" const char* __lsan_default_suppressions() { return "leak:xsk_umem__create"; }
#endif
#endif

namespace xover {
namespace {

using namespace test;

bool ip(const std::vector<std::string>& words) {
  std::vector<std::string> arguments{"ip"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  return run_program(arguments).exit_code == 0;
}

class DpdkDevice : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto started = start_eal({.name = "ring"}, LinkRole::sender);
    if (!started) GTEST_SKIP() << started.error().message();
    if (geteuid() != 0) GTEST_SKIP() << "only root may make network namespaces and packet sockets";
    auto made = MbufPool::make({.mbufs = 4096, .data_bytes = 2048});
    ASSERT_TRUE(made) << made.error().message();
    pool_ = *made;
  }
  void TearDown() override {
    if (pool_) {
      EXPECT_EQ(pool_->in_use(), 0u);
    }
  }

  // In a namespace with a veth pair, left and right, both up.
  static void with_veth(const char* mtu, const std::function<void()>& body) {
    std::string missing;
    std::thread([&] {
      if (unshare(CLONE_NEWNET) != 0) {
        missing = "no network namespaces here";
      } else if (!ip({"link", "add", "left", "mtu", mtu, "type", "veth", "peer", "name", "right", "mtu", mtu}) ||
                 !ip({"link", "set", "left", "up"}) || !ip({"link", "set", "right", "up"})) {
        missing = "no veth here";
      } else {
        register_with_eal();
        body();
      }
    }).join();
    if (!missing.empty()) GTEST_SKIP() << missing;
  }

  // Of frames that may be lost: sends until one has come.
  void pass_one(Port& from, Port& to) {
    rte_mbuf* got = nullptr;
    for (const MonotonicNs deadline = in(5 * second); got == nullptr && monotonic_now_ns() < deadline;) {
      send_addressed(from, to.traits().mac, *pool_);
      for (int look = 0; look < 100 && got == nullptr; ++look) {
        if (to.receive(&got, 1) == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
        if (got != nullptr && !is_addressed(*got)) drop(got);
      }
    }
    ASSERT_TRUE(got) << "no frame came";
    drop(got);
  }

  static void drop(rte_mbuf*& frame) {
    rte_pktmbuf_free(frame);
    frame = nullptr;
  }

  std::shared_ptr<MbufPool> pool_;
};

Link veth(const char* name) { return {.name = name, .argument = "left+right"}; }

TEST_P(DpdkDevice, PassesFramesBothWays) {
  with_veth("1500", [&] {
    const auto left = LinkSide::open(veth(GetParam()), LinkRole::sender, {1, 256});
    const auto right = LinkSide::open(veth(GetParam()), LinkRole::receiver, {1, 256});
    ASSERT_TRUE(left) << left.error().message();
    ASSERT_TRUE(right) << right.error().message();
    auto pair = meet(**left, **right);
    ASSERT_TRUE(pair) << pair.error().message();
    EXPECT_EQ((*left)->payload_bytes(), 1500u - 44u);
    EXPECT_FALSE((*left)->traits().lossless);
    EXPECT_EQ(pair->acceptor.own.mac, pair->connector.peer.mac);
    EXPECT_NE(pair->acceptor.own.mac, pair->connector.own.mac);
    pass_one(*pair->acceptor.port, *pair->connector.port);
    pass_one(*pair->connector.port, *pair->acceptor.port);
    EXPECT_TRUE(pair->acceptor.port->link_up());
    EXPECT_TRUE(ip({"link", "set", "right", "down"}));
    for (const auto& port : {pair->acceptor.port, pair->connector.port}) {
      // The kernel tells of a lost carrier a moment later.
      for (const MonotonicNs deadline = in(5 * second); port->link_up() && monotonic_now_ns() < deadline;) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      EXPECT_FALSE(port->link_up());
    }
  });
}

TEST_P(DpdkDevice, HasOneSessionInAProcess) {
  with_veth("1500", [&] {
    const auto one = LinkSide::open(veth(GetParam()), LinkRole::sender, {1, 64});
    ASSERT_TRUE(one) << one.error().message();
    const auto two = LinkSide::open(veth(GetParam()), LinkRole::sender, {1, 64});
    ASSERT_FALSE(two);
    EXPECT_NE(two.error().message().find("another session of this process"), std::string::npos);
  });
}

TEST_P(DpdkDevice, CanBeOpenedAgainAndAgain) {
  with_veth("1500", [&] {
    for (int round = 0; round < 5; ++round) {
      const auto side = LinkSide::open(veth(GetParam()), LinkRole::sender, {1, 64});
      ASSERT_TRUE(side) << side.error().message();
    }
  });
}

TEST_P(DpdkDevice, SaysWhatIsWrongWithAnInterface) {
  with_veth("1500", [&] {
    const Link none{.name = GetParam(), .argument = "nobody+right"};
    const auto missing = LinkSide::open(none, LinkRole::sender, {1, 64});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::no_device);
    EXPECT_NE(missing.error().message().find("left"), std::string::npos) << missing.error().message();
    ASSERT_TRUE(ip({"link", "set", "left", "down"}));
    const auto down = LinkSide::open(veth(GetParam()), LinkRole::sender, {1, 64});
    ASSERT_FALSE(down);
    EXPECT_NE(down.error().message().find("ip link set left up"), std::string::npos) << down.error().message();
    // The kernel says it a moment later.
    for (const MonotonicNs deadline = in(2 * second); interface_runs("right") && monotonic_now_ns() < deadline;) {
      std::this_thread::yield();
    }
    const auto carrier = LinkSide::open(veth(GetParam()), LinkRole::receiver, {1, 64});
    ASSERT_FALSE(carrier);
    EXPECT_NE(carrier.error().message().find("no carrier"), std::string::npos) << carrier.error().message();
  });
}

INSTANTIATE_TEST_SUITE_P(Links, DpdkDevice, testing::Values("af_packet", "af_xdp"),
                         [](const auto& each) { return std::string(each.param); });

TEST_F(DpdkDevice, TakesJumboFramesOfAnInterface) {
  with_veth("9000", [&] {
    const auto left = LinkSide::open(veth("af_packet"), LinkRole::sender, {2, 512});
    ASSERT_TRUE(left) << left.error().message();
    EXPECT_EQ((*left)->payload_bytes(), 9000u - 44u);
    const auto xdp = LinkSide::open(veth("af_xdp"), LinkRole::receiver, {1, 64});
    ASSERT_FALSE(xdp);
    EXPECT_NE(xdp.error().message().find("mtu 9000 is more than"), std::string::npos) << xdp.error().message();
  });
}

// packet(7): sockets of one group are on one interface of the namespace.
FileDescriptor group_of_sockets(unsigned number, const char* interface) {
  FileDescriptor fd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(interface));
  const int group = static_cast<int>((number & 0xffff) | PACKET_FANOUT_HASH << 16);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      setsockopt(fd.get(), SOL_PACKET, PACKET_FANOUT, &group, sizeof group) != 0) {
    return {};
  }
  return fd;
}

TEST_F(DpdkDevice, SaysThatANumberOfTheDriverIsTaken) {
  with_veth("1500", [] {
    auto others = group_of_sockets(static_cast<unsigned>(getpid()) ^ if_nametoindex("left"), "right");
    ASSERT_TRUE(others) << errno;
    const auto taken = LinkSide::open(veth("af_packet"), LinkRole::sender, {1, 64});
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::refused);
    EXPECT_NE(taken.error().message().find("PACKET_FANOUT"), std::string::npos) << taken.error().message();
    EXPECT_NE(taken.error().remedy.find("indexes far apart"), std::string::npos);
    others = {};
    const auto free = LinkSide::open(veth("af_packet"), LinkRole::sender, {1, 64});
    EXPECT_TRUE(free) << free.error().message();
  });
}

TEST_F(DpdkDevice, SaysWhatIsWrongWithACard) {
  const auto none = check_device("pci", "0000:ff:1f.7");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::no_device);
  EXPECT_NE(none.error().message().find("0000:ff:1f.7"), std::string::npos);
  EXPECT_FALSE(has_msi("0000:ff:1f.7"));
}

}  // namespace
}  // namespace xover
