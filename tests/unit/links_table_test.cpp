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

TEST(Links, exactly_the_links_of_written_transports_are_not_planned) {
  std::set<std::string_view> written, carrying;
  for (const LinkDescriptor& link : links()) {
    if (!link.planned) written.insert(link.name);
  }
  for (const Descriptor& transport : transports()) {
    if (!transport.planned()) carrying.insert(transport.links.begin(), transport.links.end());
  }
  EXPECT_EQ(written, carrying);
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
                                link.name == "pci" || link.name == "verbs";
    EXPECT_EQ(link.takes_argument, names_a_device) << link.name;
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
  EXPECT_EQ(with_options, (std::set<std::string_view>{"veth", "veth_dma", "ifb", "wire", "ring", "memif", "pci"}));
}

TEST(Links, only_rings_must_have_both_ends_in_one_process) {
  for (const LinkDescriptor& link : links()) EXPECT_EQ(link.one_address_space, link.name == "ring") << link.name;
}

}  // namespace
}  // namespace xover
