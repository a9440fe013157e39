// Whom a listener of the RDMA connection manager takes for its peer, by addresses alone: no device is needed.
#include "transports/common/rdma_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <gtest/gtest.h>

namespace xover {
namespace {

bool may_come_from(const RdmaPeer& peer, const char* ipv4) {
  sockaddr_in from{};
  from.sin_family = AF_INET;
  inet_pton(AF_INET, ipv4, &from.sin_addr);
  return peer.may_come_from(reinterpret_cast<const sockaddr&>(from));
}

OpenParameters two_hosts(const char* own, const char* peer) {
  return {.link = {.name = "verbs"}, .own = {own, ""}, .peer = {peer, ""}, .two_hosts = true};
}

const RdmaDevice device{.name = "rxe0", .ipv4 = "10.77.0.1", .prefix_bits = 24};

TEST(RdmaPeer, IsOnThisHostUnlessToldOtherwise) {
  const RdmaPeer peer(device, {.link = {.name = "verbs"}});
  EXPECT_TRUE(may_come_from(peer, "127.0.0.1"));
  EXPECT_FALSE(may_come_from(peer, "192.0.2.1"));  // RFC 5737: nobody's
}

TEST(RdmaPeer, IsTheOneAddressWhereItIsKnown) {
  const RdmaPeer peer(device, two_hosts("10.77.0.1", "10.77.0.2"));
  EXPECT_TRUE(may_come_from(peer, "10.77.0.2"));
  EXPECT_FALSE(may_come_from(peer, "10.77.0.3"));
  EXPECT_FALSE(may_come_from(peer, "127.0.0.1"));
}

TEST(RdmaPeer, IsOfTheDevicesNetworkWhereTheHostsTalkOverAnother) {
  const RdmaPeer peer(device, two_hosts("192.0.2.1", "192.0.2.2"));
  EXPECT_TRUE(may_come_from(peer, "10.77.0.2"));
  EXPECT_TRUE(may_come_from(peer, "10.77.0.200"));
  EXPECT_TRUE(may_come_from(peer, "192.0.2.2"));
  EXPECT_FALSE(may_come_from(peer, "192.0.2.3"));
  EXPECT_FALSE(may_come_from(peer, "10.77.1.2"));
}

TEST(RdmaPeer, HasAnAddressOfIpv4) {
  const RdmaPeer peer(device, two_hosts("10.77.0.1", "10.77.0.2"));
  sockaddr_in6 from{};
  from.sin6_family = AF_INET6;
  EXPECT_FALSE(peer.may_come_from(reinterpret_cast<const sockaddr&>(from)));
}

}  // namespace
}  // namespace xover
