// `xover explain`: the way of a byte, and a measured proof that books every byte where the transport says.
#include <map>
#include <regex>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/child_process.h"

namespace xover::test {
namespace {

using nlohmann::json;

// What a sender's bytes are on the transport's own link.
const std::map<std::string, std::string> class_of{{"null", "zero_copied"},
                                                  {"inproc", "zero_copied"},
                                                  {"tcp.send", "kernel_by_design"},
                                                  {"tcp.sendmsg", "kernel_by_design"},
                                                  {"tcp.zerocopy", "kernel_after_request"},
                                                  {"tcp.sendfile", "zero_copied"},
                                                  {"tcp.splice", "zero_copied"},
                                                  {"tcp.mmap", "kernel_by_design"},
                                                  {"tcp.read_send", "kernel_by_design"},
                                                  {"tcp.vmsplice", "zero_copied"},
                                                  {"tcp.tee", "zero_copied"},
                                                  {"udp.send", "kernel_by_design"},
                                                  {"udp.zerocopy", "kernel_after_request"},
                                                  {"uring.send", "kernel_by_design"},
                                                  {"uring.write_fixed", "kernel_by_design"},
                                                  {"uring.send_zc", "kernel_after_request"},
                                                  {"uring.send_zc_fixed", "kernel_after_request"},
                                                  {"dpdk.copy", "zero_copied"},
                                                  {"dpdk.mbuf", "zero_copied"},
                                                  {"dpdk.extbuf", "zero_copied"},
                                                  {"rdma.send", "driver"},
                                                  {"rdma.write", "driver"},
                                                  {"rdma.read", "driver"},
                                                  {"sdp.bcopy", "driver"},
                                                  {"sdp.read_zcopy", "driver"},
                                                  {"sdp.write_zcopy", "driver"},
                                                  {"sdp.auto", "driver"},
                                                  {"rsocket", "driver"}};

TEST(Explain, ProvesWhoCopiedTheBytesOfEveryWrittenTransport) {
  const json list = json::parse(run_program({xover_program(), "list", "--json"}).out);
  ASSERT_FALSE(list["transports"].empty());
  for (const json& row : list["transports"]) {
    if (row["status"] != "usable") continue;
    const std::string id = row["id"];
    SCOPED_TRACE(id);
    const ChildResult ended = run_program({xover_program(), "explain", id}, std::chrono::seconds(60));
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    const auto expected = class_of.find(id);
    ASSERT_NE(expected, class_of.end()) << "this test does not know the transport";
    EXPECT_TRUE(std::regex_search(ended.out, std::regex("\n *" + expected->second + " +100\\.0 %"))) << ended.out;
  }
}

TEST(Explain, SaysOfATransportWithoutItsDeviceWhatIsMissing) {
  const ChildResult ended = run_program({xover_program(), "explain", "rsocket@verbs:nosuch0"});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_NE(ended.out.find("the way of a byte"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("cannot run here"), std::string::npos) << ended.out;
}

TEST(Explain, TakesAVariant) {
  const ChildResult ended = run_program({xover_program(), "explain", "tcp.sendmsg[ip=6]"}, std::chrono::seconds(60));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("kernel_by_design"), std::string::npos);
}

TEST(Explain, ProvesAVariantWhoseReceiverSeesNoByte) {
  const json list = json::parse(run_program({xover_program(), "list", "--json"}).out);
  for (const json& row : list["transports"])
    if (row["id"] == "tcp.sendfile" && row["status"] != "usable") GTEST_SKIP() << row.value("cause", "");
  const ChildResult ended =
      run_program({xover_program(), "explain", "tcp.sendfile[receive=splice]"}, std::chrono::seconds(60));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_TRUE(std::regex_search(ended.out, std::regex("\n *zero_copied +100\\.0 % +100\\.0 %"))) << ended.out;
}

}  // namespace
}  // namespace xover::test
