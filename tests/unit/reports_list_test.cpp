// The list of transports and links: every row is there, and what is missing comes with cause and remedy.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "harness/links/links.h"
#include "harness/reports/print_list.h"

namespace xover {
namespace {

std::vector<ProbedRow> rows() {
  std::vector<ProbedRow> result;
  for (const Descriptor& transport : transports()) {
    if (transport.planned()) {
      result.push_back({&transport, Link{"", ""}, {Status::planned, "", ""}});
      continue;
    }
    for (const std::string_view link : transport.links) {
      result.push_back({&transport, Link{std::string(link), ""}, {}});
    }
  }
  return result;
}

TEST(List, JsonNamesEveryTransportAndLinkOnce) {
  const auto list = nlohmann::json::parse(list_json(rows()));
  std::multiset<std::string> ids;
  for (const auto& transport : list.at("transports")) {
    ids.insert(transport.at("id").get<std::string>());
    for (const char* key : {"status", "cause", "remedy", "family", "path", "summary", "links", "options"}) {
      EXPECT_TRUE(transport.contains(key)) << key;
    }
  }
  EXPECT_EQ(ids.size(), transports().size());
  for (const Descriptor& transport : transports()) EXPECT_EQ(ids.count(std::string(transport.id)), 1U);
  EXPECT_EQ(list.at("links").size(), links().size());
}

TEST(List, ATransportIsAsUsableAsItsBestLink) {
  const Descriptor& transport = transports().front();
  const Availability missing{Status::no_device, "no such interface", "ip link add x type veth"};
  const auto status = [](const std::vector<ProbedRow>& probed) {
    return nlohmann::json::parse(list_json(probed)).at("transports").at(0).at("status").get<std::string>();
  };
  EXPECT_EQ(status({{&transport, Link{"lo", ""}, missing}, {&transport, Link{"veth", ""}, {}}}), "usable");
  EXPECT_EQ(status({{&transport, Link{"lo", ""}, missing}}), "no_device");
}

TEST(List, TextGivesCauseAndRemedyAndFits) {
  std::vector<ProbedRow> probed = rows();
  probed.push_back(
      {&transports().front(), Link{"lo", ""}, {Status::not_permitted, "needs CAP_NET_ADMIN", "run as root"}});
  const std::string text = list_text(probed, Terminal{});
  EXPECT_NE(text.find("needs CAP_NET_ADMIN. What to do: run as root."), std::string::npos);
  for (const Descriptor& transport : transports())
    EXPECT_NE(text.find(transport.id), std::string::npos) << transport.id;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    EXPECT_LE(display_width(text.substr(begin, end - begin)), 100U);
  }
}

}  // namespace
}  // namespace xover
