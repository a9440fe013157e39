// `xover list`: every transport that the program ever means to have is there, and says where it stands.
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/child_process.h"

namespace xover::test {
namespace {

using nlohmann::json;

const std::set<std::string> known_ids{"null",
                                      "inproc",
                                      "tcp.send",
                                      "tcp.sendmsg",
                                      "tcp.zerocopy",
                                      "tcp.sendfile",
                                      "tcp.splice",
                                      "tcp.mmap",
                                      "tcp.read_send",
                                      "tcp.vmsplice",
                                      "tcp.tee",
                                      "udp.send",
                                      "udp.zerocopy",
                                      "uring.send",
                                      "uring.write_fixed",
                                      "uring.send_zc",
                                      "uring.send_zc_fixed",
                                      "dpdk.copy",
                                      "dpdk.mbuf",
                                      "dpdk.extbuf",
                                      "rdma.send",
                                      "rdma.write",
                                      "rdma.read",
                                      "sdp.bcopy",
                                      "sdp.read_zcopy",
                                      "sdp.write_zcopy",
                                      "sdp.auto",
                                      "rsocket"};

const std::set<std::string> statuses{"usable", "not_built", "no_device", "not_permitted", "kernel_too_old"};

json listed_transports() {
  const ChildResult ended = run_program({xover_program(), "list", "--json"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  return json::parse(ended.out)["transports"];
}

TEST(List, NamesEveryTransportOnce) {
  const json transports = listed_transports();
  std::set<std::string> ids;
  for (const json& row : transports) EXPECT_TRUE(ids.insert(row["id"]).second) << row["id"] << " is there twice";
  EXPECT_EQ(ids, known_ids);
}

TEST(List, GivesACauseAndARemedyForWhatCannotRun) {
  const json transports = listed_transports();
  ASSERT_FALSE(transports.empty());
  for (const json& row : transports) {
    const std::string status = row["status"];
    EXPECT_TRUE(statuses.contains(status)) << row.dump();
    if (status == "usable") continue;
    EXPECT_NE(row["cause"], "") << row.dump();
    EXPECT_NE(row["remedy"], "") << row.dump();
  }
}

// Devices that nobody has named are asked for in general, one process for each link: DPDK starts once in a process.
TEST(List, SaysOfEachLinkOfDpdkWhetherItCanBeUsed) {
  const std::set<std::string> wanted{"ring", "memif", "af_packet", "af_xdp", "pci"};
  std::size_t rows = 0;
  for (const json& row : listed_transports()) {
    if (row["family"] != "dpdk") continue;
    ++rows;
    std::set<std::string> links;
    for (const json& link : row["links"]) {
      links.insert(link["link"]);
      EXPECT_EQ(link["status"] == "usable", link["cause"] == "") << row["id"] << ": " << link.dump();
    }
    EXPECT_EQ(links, wanted) << row["id"];
  }
  EXPECT_EQ(rows, 3u);
}

TEST(List, FindsWhatEveryLinuxCanRun) {
  const json transports = listed_transports();
  std::set<std::string> usable;
  for (const json& row : transports)
    if (row["status"] == "usable") usable.insert(row["id"]);
  for (const char* id : {"null", "inproc", "tcp.send", "tcp.sendmsg", "udp.send"})
    EXPECT_TRUE(usable.contains(id)) << id;
}

TEST(List, ForPeopleNamesEveryTransport) {
  const ChildResult ended = run_program({xover_program(), "list"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  for (const std::string& id : known_ids) EXPECT_NE(ended.out.find(id), std::string::npos) << id;
}

}  // namespace
}  // namespace xover::test
