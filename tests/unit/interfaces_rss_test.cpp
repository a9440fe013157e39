// The hash of receive side scaling against its published vectors, and ports that lead flows to the queues wanted.
#include "harness/interfaces/rss.h"

#include <gtest/gtest.h>

#include <set>

#include "harness/interfaces/source_ports.h"
#include "harness/interfaces/toeplitz.h"

namespace xover {
namespace {

// Key and vectors: "Verifying the RSS hash calculation", Microsoft's documentation for network drivers.
const std::vector<std::uint8_t> published_key{0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
                                              0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
                                              0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
                                              0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

struct Vector {
  std::string destination, source;
  std::uint16_t destination_port, source_port;
  std::uint32_t by_addresses, by_ports;
};
const std::vector<Vector> published{
    {"161.142.100.80", "66.9.149.187", 1766, 2794, 0x323e8fc2, 0x51ccc178},
    {"65.69.140.83", "199.92.111.2", 4739, 14230, 0xd718262a, 0xc626b0ea},
    {"12.22.207.184", "24.19.198.95", 38024, 12898, 0xd2d0a5de, 0x5c2b394a},
    {"209.142.163.6", "38.27.205.30", 2217, 48228, 0x82989176, 0xafc7327f},
    {"202.188.127.2", "153.39.163.191", 1303, 44251, 0x5d1809c5, 0x10e828a2},
    {"3ffe:2501:200:3::1", "3ffe:2501:200:1fff::7", 1766, 2794, 0x2cc18cd5, 0x40207d3d},
    {"ff02::1", "3ffe:501:8::260:97ff:fe40:efab", 4739, 14230, 0x0f0c461c, 0xdde51bbf},
    {"fe80::200:f8ff:fe21:67cf", "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 38024, 44251, 0x4b61e985, 0x02d1feef}};

// A table so large that the queue is the low bits of the hash themselves.
constexpr std::uint32_t table_size = 1 << 16;

Rss card(std::uint32_t queues, std::uint32_t entries = 128) {
  Rss rss;
  rss.function = "toeplitz";
  rss.key = published_key;
  for (std::uint32_t entry = 0; entry < entries; ++entry) rss.indirection.push_back(entry % queues);
  rss.fields.fill(HashFields{.addresses = true, .ports = true});
  rss.queues = queues;
  return rss;
}

WantedPorts wanted(std::size_t connections, QueueChoice choice, std::uint64_t seed = 1) {
  WantedPorts ports;
  ports.source = "192.0.2.1";
  ports.destination = "192.0.2.2";
  for (std::size_t at = 0; at < connections; ++at)
    ports.destination_ports.push_back(static_cast<std::uint16_t>(40000 + at));
  ports.choice = choice;
  ports.seed = seed;
  return ports;
}

std::string refusal(const Rss& rss, const WantedPorts& ports) {
  const auto chosen = source_ports_for(rss, ports);
  EXPECT_FALSE(chosen);
  if (chosen) return "";
  EXPECT_EQ(chosen.error().code, ErrorCode::unsupported);
  return chosen.error().message();
}

TEST(Toeplitz, agrees_with_the_published_vectors) {
  Rss with_ports = card(table_size, table_size), without = with_ports;
  without.fields.fill(HashFields{.addresses = true, .ports = false});
  for (const Vector& vector : published) {
    for (const bool udp : {false, true}) {
      const Flow flow{vector.source, vector.destination, vector.source_port, vector.destination_port, udp};
      EXPECT_EQ(queue_of(with_ports, flow), vector.by_ports % table_size) << vector.source;
      EXPECT_EQ(queue_of(without, flow), vector.by_addresses % table_size) << vector.source;
    }
  }
}

TEST(Toeplitz, has_all_32_bits_of_the_first_vector) {
  const std::vector<std::uint8_t> input{66,  9,  149,       187,         161,       142,
                                        100, 80, 2794 >> 8, 2794 & 0xff, 1766 >> 8, 1766 & 0xff};
  EXPECT_EQ(toeplitz_hash(published_key, input), 0x51ccc178U);
  EXPECT_EQ(toeplitz_hash(published_key, std::span(input).first(8)), 0x323e8fc2U);
  EXPECT_EQ(toeplitz_hash({}, input), 0U) << "a key of nothing";
  EXPECT_EQ(toeplitz_hash(published_key, {}), 0U);
}

TEST(QueueOf, is_the_only_one_where_there_is_one) {
  Rss rss;
  rss.queues = 1;
  EXPECT_EQ(queue_of(rss, {"192.0.2.1", "192.0.2.2", 1, 2}), 0U);
}

TEST(QueueOf, needs_two_addresses_of_one_version) {
  for (const char* other : {"fe80::1", "nonsense", ""}) {
    const auto queue = queue_of(card(4), {"192.0.2.1", other, 1, 2});
    ASSERT_FALSE(queue) << other;
    EXPECT_EQ(queue.error().code, ErrorCode::bad_input);
  }
}

TEST(QueueOf, says_what_the_driver_does_not_tell) {
  const auto why = [](void (*change)(Rss&)) {
    Rss rss = card(4);
    change(rss);
    return refusal(rss, wanted(1, QueueChoice::spread));
  };
  const auto has = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
  EXPECT_TRUE(has(why([](Rss& rss) { rss.key.clear(); }), "does not tell its hash key"));
  EXPECT_TRUE(has(why([](Rss& rss) { rss.indirection.clear(); }), "does not tell its indirection table"));
  EXPECT_TRUE(has(why([](Rss& rss) { rss.function = "xor"; }), "hashes by xor"));
  EXPECT_TRUE(has(why([](Rss& rss) { rss.function.clear(); }), "does not tell its hash function"));
  EXPECT_TRUE(has(why([](Rss& rss) { rss.symmetric = true; }), "symmetric"));
  EXPECT_TRUE(has(why([](Rss& rss) { rss.fields.fill(std::nullopt); }), "does not tell which fields"));
  EXPECT_TRUE(has(why([](Rss& rss) { rss.fields.fill(HashFields{.addresses = true, .ports = true, .others = true}); }),
                  "hashes addresses and ports and other fields"));
}

TEST(SourcePorts, spread_connections_over_the_queues_in_turn) {
  const auto chosen = source_ports_for(card(4), wanted(8, QueueChoice::spread));
  ASSERT_TRUE(chosen) << chosen.error().message();
  EXPECT_EQ(chosen->queues, (std::vector<std::uint32_t>{0, 1, 2, 3, 0, 1, 2, 3}));
  EXPECT_EQ(std::set<std::uint16_t>(chosen->ports.begin(), chosen->ports.end()).size(), 8U);
  for (std::size_t at = 0; at < 8; ++at) {
    EXPECT_GE(chosen->ports[at], 20000);
    EXPECT_LE(chosen->ports[at], 32767);
    const auto port = static_cast<std::uint16_t>(40000 + at);
    EXPECT_EQ(queue_of(card(4), {"192.0.2.1", "192.0.2.2", chosen->ports[at], port}), at % 4);
  }
}

TEST(SourcePorts, take_all_connections_to_one_queue) {
  const auto chosen = source_ports_for(card(8), wanted(16, QueueChoice::one));
  ASSERT_TRUE(chosen) << chosen.error().message();
  EXPECT_EQ(chosen->queues, std::vector<std::uint32_t>(16, 0));
  EXPECT_EQ(std::set<std::uint16_t>(chosen->ports.begin(), chosen->ports.end()).size(), 16U);
}

TEST(SourcePorts, use_the_queues_that_the_table_leads_to) {
  Rss rss = card(8);
  for (std::uint32_t& queue : rss.indirection) queue = queue % 2 == 0 ? 3 : 6;
  EXPECT_EQ(source_ports_for(rss, wanted(4, QueueChoice::spread))->queues, (std::vector<std::uint32_t>{3, 6, 3, 6}));
  EXPECT_EQ(source_ports_for(rss, wanted(2, QueueChoice::one))->queues, (std::vector<std::uint32_t>{3, 3}));
}

TEST(SourcePorts, are_the_same_for_the_same_seed_and_others_for_another) {
  const auto ports = [](std::uint64_t seed) {
    return source_ports_for(card(4), wanted(8, QueueChoice::spread, seed))->ports;
  };
  EXPECT_EQ(ports(7), ports(7));
  EXPECT_NE(ports(7), ports(8));
}

TEST(SourcePorts, of_a_single_queue_lead_there_and_cannot_be_spread) {
  Rss rss;
  rss.queues = 1;
  EXPECT_NE(refusal(rss, wanted(2, QueueChoice::spread)).find("one queue only"), std::string::npos);
  const auto one = source_ports_for(rss, wanted(2, QueueChoice::one));
  ASSERT_TRUE(one) << one.error().message();
  EXPECT_EQ(one->queues, (std::vector<std::uint32_t>{0, 0}));
}

TEST(SourcePorts, cannot_spread_where_ports_are_not_hashed) {
  Rss rss = card(4);
  rss.fields.fill(HashFields{.addresses = true});
  EXPECT_NE(refusal(rss, wanted(2, QueueChoice::spread)).find("addresses without ports"), std::string::npos);
  const auto one = source_ports_for(rss, wanted(2, QueueChoice::one));
  ASSERT_TRUE(one) << one.error().message();
  EXPECT_EQ(one->queues, std::vector<std::uint32_t>(2, *queue_of(rss, {"192.0.2.1", "192.0.2.2"})));
}

TEST(SourcePorts, of_a_range_that_is_too_small_are_refused) {
  WantedPorts few = wanted(3, QueueChoice::one);
  few.range = {20000, 20001};
  EXPECT_NE(refusal(card(4), few).find("use a wider range of ports"), std::string::npos);
  for (const PortRange range : {PortRange{0, 10}, PortRange{20, 10}}) {
    few.range = range;
    ASSERT_FALSE(source_ports_for(card(4), few));
    EXPECT_EQ(source_ports_for(card(4), few).error().code, ErrorCode::bad_input);
  }
  EXPECT_FALSE(source_ports_for(card(4), wanted(0, QueueChoice::one)));
}

TEST(ReadRss, asks_the_driver_of_an_interface_that_exists) {
  const auto rss = read_rss("lo");
  ASSERT_TRUE(rss) << rss.error().message();
  EXPECT_TRUE(rss->key.empty()) << "lo spreads nothing";
  const auto none = read_rss("no_such_card");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::no_device);
}

}  // namespace
}  // namespace xover
