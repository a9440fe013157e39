// The table of links: what transports and reports rely on.
#include <gtest/gtest.h>

#include <set>

#include "core/transport.h"
#include "harness/links/links.h"

namespace xover {
namespace {

TEST(Links, names_are_unique_and_found) {
  std::set<std::string_view> names;
  for (const LinkDescriptor& link : links()) {
    EXPECT_TRUE(names.insert(link.name).second) << link.name;
    EXPECT_EQ(find_link(link.name), &link);
  }
  EXPECT_EQ(find_link("l0"), nullptr);
  EXPECT_EQ(find_link(""), nullptr);
}

TEST(Links, every_row_says_what_it_is_and_what_it_copies) {
  for (const LinkDescriptor& link : links()) {
    EXPECT_FALSE(link.summary.empty()) << link.name;
    EXPECT_FALSE(link.copies_after.empty()) << link.name;
  }
}

TEST(Links, are_exactly_those_that_transports_run_on) {
  std::set<std::string_view> known, carrying;
  for (const LinkDescriptor& link : links()) known.insert(link.name);
  for (const Descriptor& transport : transports()) carrying.insert(transport.links.begin(), transport.links.end());
  EXPECT_EQ(known, carrying);
}

TEST(Links, sinks_have_no_receiver_and_simulated_is_a_substrate_of_its_own) {
  EXPECT_FALSE(find_link("sink")->has_receiver);
  EXPECT_FALSE(find_link("ifb")->has_receiver);
  EXPECT_TRUE(find_link("lo")->has_receiver);
  for (const LinkDescriptor& link : links()) {
    EXPECT_EQ(link.substrate == Substrate::simulated, link.name == "simulated") << link.name;
  }
}

TEST(Links, only_links_to_a_device_take_an_argument) {
  for (const LinkDescriptor& link : links()) {
    const bool names_a_device = link.name == "wire" || link.name == "af_packet" || link.name == "af_xdp" ||
                                link.name == "pci" || link.name == "verbs" || link.name == "net";
    EXPECT_EQ(link.takes_argument(), names_a_device) << link.name;
  }
}

TEST(Links, made_ones_have_options_and_all_defaults_are_valid) {
  std::set<std::string_view> made, with_options;
  for (const LinkDescriptor& link : links()) {
    EXPECT_TRUE(Options::resolve(link.name, link.options, {})) << link.name;
    if (link.made) made.insert(link.name);
    if (!link.options.empty()) with_options.insert(link.name);
  }
  EXPECT_EQ(made, (std::set<std::string_view>{"veth", "veth_dma", "ifb", "wire"}));
  EXPECT_EQ(with_options, (std::set<std::string_view>{"veth", "veth_dma", "ifb", "wire", "ring", "memif", "pci",
                                                      "local", "simulated"}));
}

TEST(Links, only_links_to_two_devices_need_an_argument) {
  for (const LinkDescriptor& link : links())
    EXPECT_EQ(link.argument_optional, link.name == "verbs" || link.name == "net") << link.name;
}

TEST(Links, only_networks_and_cards_lead_to_another_host) {
  for (const LinkDescriptor& link : links()) {
    const Link named{.name = std::string(link.name)};
    const bool device = link.name == "af_packet" || link.name == "af_xdp" || link.name == "pci" || link.name == "verbs";
    EXPECT_EQ(leads_to_peer(named), device || link.name == "net") << link.name;
    EXPECT_EQ(needs_peer(named), link.name == "net") << link.name;
  }
  EXPECT_FALSE(leads_to_peer({.name = "no such link"}));
}

TEST(Links, only_rings_and_simulations_must_have_both_ends_in_one_process) {
  for (const LinkDescriptor& link : links())
    EXPECT_EQ(link.one_address_space, link.name == "ring" || link.name == "simulated") << link.name;
}

TEST(Links, local_has_both_ends_in_one_process_where_its_option_says_so) {
  EXPECT_FALSE(has_one_address_space({.name = "local"}));
  EXPECT_FALSE(has_one_address_space({.name = "local", .argument = {}, .options = {{"ends", "processes"}}}));
  EXPECT_TRUE(has_one_address_space({.name = "local", .argument = {}, .options = {{"ends", "threads"}}}));
  EXPECT_TRUE(has_one_address_space({.name = "simulated"}));
  EXPECT_FALSE(has_one_address_space({.name = "no such link"}));
}

TEST(Links, only_simulated_has_virtual_time) {
  for (const LinkDescriptor& link : links())
    EXPECT_EQ(has_virtual_time({.name = std::string(link.name)}), link.name == "simulated") << link.name;
  EXPECT_FALSE(has_virtual_time({.name = "no such link"}));
}

}  // namespace
}  // namespace xover
