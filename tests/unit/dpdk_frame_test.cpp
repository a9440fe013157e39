// Headers of frames: what is written is read again, and by DPDK's own functions too; what is somebody else's is not.
#include "transports/dpdk/frame.h"

#include <array>
#include <cstring>

#include <gtest/gtest.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

namespace xover {
namespace {

const FrameAddress here{{2, 0, 0, 0, 0, 1}, 0xC6120001, 4789};
const FrameAddress there{{2, 0, 0, 0, 0xFE, 2}, 0xC612FF02, 65535};

struct Bytes {
  alignas(rte_ipv4_hdr) std::array<std::byte, all_header_bytes + 2048> all{};
  std::byte* data() { return all.data(); }
  rte_ether_hdr& ether() { return *reinterpret_cast<rte_ether_hdr*>(data()); }
  rte_ipv4_hdr& ip() { return *reinterpret_cast<rte_ipv4_hdr*>(data() + ethernet_header_bytes); }
  rte_udp_hdr& udp() { return *reinterpret_cast<rte_udp_hdr*>(data() + ethernet_header_bytes + sizeof(rte_ipv4_hdr)); }
};

TEST(DpdkFrame, IsReadAsItWasWritten) {
  const FrameHeader written{
      .connection = 0x12345678, .last = 1, .part = 65001, .number = 0xFFFFFFFE, .granted = 0x80000000};
  for (const std::size_t payload : {std::size_t{0}, std::size_t{1}, std::size_t{1456}, std::size_t{64956}}) {
    Bytes bytes;
    FrameTemplate(here, there, false).write(bytes.data(), written, payload);
    FrameHeader header;
    std::size_t payload_bytes = 1;
    ASSERT_TRUE(FrameMatch(here, there).read(bytes.all, header, payload_bytes));
    EXPECT_EQ(std::memcmp(&header, &written, sizeof header), 0);
    EXPECT_EQ(payload_bytes, payload);
    EXPECT_EQ(connection_of(bytes.all), 0x12345678u);
  }
}

TEST(DpdkFrame, HasTheHeadersThatDpdkReads) {
  Bytes bytes;
  FrameTemplate(here, there, false).write(bytes.data(), {}, 100);
  EXPECT_EQ(std::memcmp(bytes.ether().dst_addr.addr_bytes, there.mac.data(), 6), 0);
  EXPECT_EQ(std::memcmp(bytes.ether().src_addr.addr_bytes, here.mac.data(), 6), 0);
  EXPECT_EQ(rte_be_to_cpu_16(bytes.ether().ether_type), RTE_ETHER_TYPE_IPV4);
  EXPECT_EQ(rte_ipv4_hdr_len(&bytes.ip()), 20);
  EXPECT_EQ(rte_be_to_cpu_16(bytes.ip().total_length), 144u);
  EXPECT_EQ(bytes.ip().next_proto_id, IPPROTO_UDP);
  EXPECT_EQ(rte_be_to_cpu_32(bytes.ip().src_addr), here.ipv4);
  EXPECT_EQ(rte_be_to_cpu_32(bytes.ip().dst_addr), there.ipv4);
  EXPECT_EQ(rte_be_to_cpu_16(bytes.udp().src_port), here.udp_port);
  EXPECT_EQ(rte_be_to_cpu_16(bytes.udp().dst_port), there.udp_port);
  EXPECT_EQ(rte_be_to_cpu_16(bytes.udp().dgram_len), 124u);
}

TEST(DpdkFrame, ChecksumsAreThoseThatDpdkComputesForEveryLength) {
  for (std::size_t payload = 0; payload <= 64956; payload += 37) {
    Bytes software, offloaded;
    FrameTemplate(here, there, false).write(software.data(), {}, payload);
    const std::uint16_t written = software.ip().hdr_checksum;
    software.ip().hdr_checksum = 0;
    ASSERT_EQ(written, rte_ipv4_cksum(&software.ip())) << payload;
    ASSERT_EQ(software.udp().dgram_cksum, 0);
    FrameTemplate(here, there, true).write(offloaded.data(), {}, payload);
    ASSERT_EQ(offloaded.ip().hdr_checksum, 0);
    ASSERT_EQ(offloaded.udp().dgram_cksum, rte_ipv4_phdr_cksum(&offloaded.ip(), RTE_MBUF_F_TX_UDP_CKSUM)) << payload;
  }
}

TEST(DpdkFrame, IsReadAlsoWithThePortsChecksums) {
  Bytes bytes;
  FrameTemplate(here, there, true).write(bytes.data(), {.connection = 9}, 5);
  bytes.ip().hdr_checksum = 0x1234;
  bytes.udp().dgram_cksum = 0x4321;
  FrameHeader header;
  std::size_t payload_bytes = 0;
  EXPECT_TRUE(FrameMatch(here, there).read(bytes.all, header, payload_bytes));
}

TEST(DpdkFrame, IsSomebodyElsesWhereAnythingDiffers) {
  FrameHeader header;
  std::size_t payload_bytes = 0;
  const FrameMatch match(here, there);
  // Checksums, the IP identification and xover's own header may be anything; type of service stands among the rest.
  for (std::size_t at = 0; at < ethernet_header_bytes + ip_udp_header_bytes; ++at) {
    const bool free = (at >= 18 && at < 20) || (at >= 24 && at < 26) || at >= 40;
    Bytes bytes;
    FrameTemplate(here, there, false).write(bytes.data(), {}, 10);
    ASSERT_TRUE(match.read(bytes.all, header, payload_bytes));
    bytes.all[at] ^= std::byte{1};
    EXPECT_EQ(match.read(bytes.all, header, payload_bytes), free) << "byte " << at;
  }
  Bytes bytes;
  FrameTemplate(here, there, false).write(bytes.data(), {}, 10);
  EXPECT_FALSE(FrameMatch(there, here).read(bytes.all, header, payload_bytes));
  EXPECT_FALSE(FrameMatch(here, there).read(std::span(bytes.all).first(all_header_bytes - 1), header, payload_bytes));
  EXPECT_EQ(connection_of(std::span(bytes.all).first(10)), 0u);
}

TEST(DpdkFrame, OfAnUnknownKindIsNone) {
  Bytes bytes;
  FrameTemplate(here, there, false).write(bytes.data(), {.kind = static_cast<FrameKind>(3)}, 0);
  FrameHeader header;
  std::size_t payload_bytes = 0;
  EXPECT_FALSE(FrameMatch(here, there).read(bytes.all, header, payload_bytes));
}

}  // namespace
}  // namespace xover
