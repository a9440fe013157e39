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

Probed all_usable() {
  Probed result;
  for (const LinkDescriptor& link : links()) result.links.push_back({&link, {}});
  for (const Descriptor& transport : transports()) {
    for (const std::string_view link : transport.links) {
      result.rows.push_back({&transport, Link{.name = std::string(link)}, {}});
    }
  }
  return result;
}

TEST(List, JsonNamesEveryTransportAndLinkOnce) {
  const auto list = nlohmann::json::parse(list_json(all_usable()));
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
  const auto status = [](const std::vector<ProbedRow>& rows) {
    return nlohmann::json::parse(list_json({rows, {}})).at("transports").at(0).at("status").get<std::string>();
  };
  EXPECT_EQ(status({{&transport, Link{.name = "lo"}, missing}, {&transport, Link{.name = "veth"}, {}}}), "usable");
  EXPECT_EQ(status({{&transport, Link{.name = "lo"}, missing}}), "no_device");
}

TEST(List, TextGivesCauseAndRemedyAndFits) {
  Probed probed = all_usable();
  const Availability refused{Status::not_permitted, "needs CAP_NET_ADMIN", "run as root"};
  probed.rows.push_back({&transports().front(), Link{.name = "lo"}, refused});
  const std::string text = list_text(probed, Terminal{});
  EXPECT_NE(text.find("needs CAP_NET_ADMIN. What to do: run as root."), std::string::npos);
  for (const Descriptor& transport : transports())
    EXPECT_NE(text.find(transport.id), std::string::npos) << transport.id;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    EXPECT_LE(display_width(text.substr(begin, end - begin)), 100U);
  }
}

TEST(List, WhatIsMissingForSeveralLinksIsSaidOnce) {
  Probed probed = all_usable();
  const Availability missing{Status::not_built, "built without a library", "install it"};
  for (ProbedLink& link : probed.links)
    if (link.link->name == "sink" || link.link->name == "local") link.availability = missing;
  const std::string text = list_text(probed, Terminal{});
  EXPECT_NE(text.find("link sink, link local: built without a library. What to do: install it."), std::string::npos)
      << text;
}

TEST(List, AMissingLinkIsSaidOnce) {
  Probed probed = all_usable();
  const Availability refused{Status::not_permitted, "no network namespace", "run as root"};
  for (ProbedLink& link : probed.links)
    if (link.link->name == "veth") link.availability = refused;
  for (ProbedRow& row : probed.rows)
    if (row.link.name == "veth") row.availability = refused;
  const std::string text = list_text(probed, Terminal{});
  const std::size_t first = text.find("no network namespace");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("no network namespace", first + 1), std::string::npos) << text;
  EXPECT_NE(text.find("link veth: no network namespace. What to do: run as root."), std::string::npos) << text;
}

}  // namespace
}  // namespace xover
