// The written form of variants, there and back, and the messages for what is not of that form.
#include "core/variant.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace xover {
namespace {

using namespace std::string_view_literals;

TEST(ParseVariant, IdAloneLeavesTheRestToDefaults) {
  const auto variant = parse_variant("tcp.send");
  ASSERT_TRUE(variant);
  EXPECT_EQ(variant->id, "tcp.send");
  EXPECT_TRUE(variant->options.empty());
  EXPECT_TRUE(variant->link.name.empty());
  EXPECT_TRUE(variant->link.argument.empty());
  EXPECT_TRUE(variant->label.empty());
}

TEST(ParseVariant, ReadsEveryPart) {
  const auto variant = parse_variant("dpdk.copy[burst=32,mempool=8K]@af_packet:eth0=mine");
  ASSERT_TRUE(variant);
  EXPECT_EQ(variant->id, "dpdk.copy");
  EXPECT_EQ(variant->options, (OptionText{{"burst", "32"}, {"mempool", "8K"}}));
  EXPECT_EQ(variant->link, (Link{"af_packet", "eth0"}));
  EXPECT_EQ(variant->label, "mine");
}

TEST(ParseVariant, LinkArgumentMayContainColons) {
  const auto variant = parse_variant("dpdk.copy@pci:0000:01:00.0=nic");
  ASSERT_TRUE(variant);
  EXPECT_EQ(variant->link, (Link{"pci", "0000:01:00.0"}));
  EXPECT_EQ(variant->label, "nic");
}

TEST(ParseVariant, LinksHaveOptionsToo) {
  const auto variant = parse_variant("tcp.send[ip=6]@wire:eth0+eth1[mtu=9000,queues=2]=jumbo");
  ASSERT_TRUE(variant);
  EXPECT_EQ(variant->options, (OptionText{{"ip", "6"}}));
  EXPECT_EQ(variant->link, (Link{"wire", "eth0+eth1", {{"mtu", "9000"}, {"queues", "2"}}}));
  EXPECT_EQ(variant->link.text(), "wire:eth0+eth1[mtu=9000,queues=2]");
  EXPECT_EQ(variant->label, "jumbo");
}

TEST(ParseVariant, PartsMayBeMissingInAnyCombination) {
  for (const std::string_view options : {"", "[a=1]", "[a=1,b=x.y]"}) {
    for (const std::string_view link : {"", "@lo", "@af_xdp:eth0.100", "@veth[mtu=1500]", "@wire:a+b[mtu=1500]"}) {
      for (const std::string_view label : {"", "=a"}) {
        const std::string text = std::string("tcp.send").append(options).append(link).append(label);
        const auto variant = parse_variant(text);
        ASSERT_TRUE(variant) << text;
        EXPECT_EQ(variant->text(), text);
      }
    }
  }
}

TEST(ParseVariant, OptionValueMayContainEqualsAndAt) {
  const auto variant = parse_variant("tcp.send[bind=::1,filter=a=b@c]");
  ASSERT_TRUE(variant);
  EXPECT_EQ(variant->options, (OptionText{{"bind", "::1"}, {"filter", "a=b@c"}}));
}

TEST(VariantName, IsTheLabelOrTheTextWithoutLo) {
  EXPECT_EQ(parse_variant("tcp.send[a=1]@lo=left")->name(), "left");
  EXPECT_EQ(parse_variant("tcp.send[a=1]@lo")->name(), "tcp.send[a=1]");
  EXPECT_EQ(parse_variant("tcp.send@veth")->name(), "tcp.send@veth");
  EXPECT_EQ(parse_variant("tcp.send@lo:x")->name(), "tcp.send@lo:x");
  EXPECT_EQ(parse_variant("tcp.send")->name(), "tcp.send");
}

TEST(VariantName, DefaultConstructedHasNoLink) {
  Variant variant;
  variant.id = "null";
  EXPECT_EQ(variant.text(), "null");
  EXPECT_EQ(parse_variant("null"), variant);
}

struct Wrong {
  std::string_view text;
  int column;
  std::string_view problem;
};

class WrongVariant : public testing::TestWithParam<Wrong> {};

TEST_P(WrongVariant, MessagePointsAtThePlace) {
  const auto [text, column, problem] = GetParam();
  const auto variant = parse_variant(text);
  ASSERT_FALSE(variant) << text;
  EXPECT_EQ(variant.error().code, ErrorCode::bad_input);
  EXPECT_EQ(variant.error().context, "column " + std::to_string(column) + ": " + std::string(problem));
}

INSTANTIATE_TEST_SUITE_P(
    Forms, WrongVariant,
    testing::Values(Wrong{"", 1, "expected a transport id"},                                         //
                    Wrong{" tcp.send", 1, "expected a transport id"},                                //
                    Wrong{"@lo", 1, "expected a transport id"},                                      //
                    Wrong{"tcp send", 4, "unexpected ' '"},                                          //
                    Wrong{"tcp.send]", 9, "unexpected ']'"},                                         //
                    Wrong{"tcp.send\0"sv, 9, "unexpected '\\x00'"},                                  //
                    Wrong{"tcp.send[", 10, "expected the name of an option"},                        //
                    Wrong{"tcp.send[]", 10, "expected the name of an option"},                       //
                    Wrong{"tcp.send[a=1,]", 14, "expected the name of an option"},                   //
                    Wrong{"tcp.send[=1]", 10, "expected the name of an option"},                     //
                    Wrong{"tcp.send[a]", 11, "expected '=' and a value for option 'a'"},             //
                    Wrong{"tcp.send[a=]", 12, "expected a value for option 'a'"},                    //
                    Wrong{"tcp.send[a=1", 13, "expected ',' or ']' behind an option"},               //
                    Wrong{"tcp.send[a=1 b=2]", 13, "expected ',' or ']' behind an option"},          //
                    Wrong{"tcp.send[a=1,b=2,a=3]", 18, "option 'a' is given twice"},                 //
                    Wrong{"tcp.send[a=1]x", 14, "unexpected 'x'"},                                   //
                    Wrong{"tcp.send@", 10, "expected a link behind '@'"},                            //
                    Wrong{"tcp.send@=a", 10, "expected a link behind '@'"},                          //
                    Wrong{"tcp.send@pci:", 14, "expected the argument of link 'pci' behind ':'"},    //
                    Wrong{"tcp.send@pci:=a", 14, "expected the argument of link 'pci' behind ':'"},  //
                    Wrong{"tcp.send=", 10, "expected a label behind '='"},                           //
                    Wrong{"tcp.send=a=b", 11, "unexpected '='"},                                     //
                    Wrong{"tcp.send=a@lo", 11, "unexpected '@'"},                                    //
                    Wrong{"tcp.send@lo[a=1", 16, "expected ',' or ']' behind an option"},            //
                    Wrong{"tcp.send@lo[a=1]:x", 17, "unexpected ':'"}));

TEST(ParseVariant, MessageShowsTheTextAndTheForm) {
  EXPECT_EQ(parse_variant("tcp.send[a").error().message(),
            "transport 'tcp.send[a': column 11: expected '=' and a value for option 'a'; the form is "
            "id[option=value,...]@link[option=value,...]=label, for example tcp.send@lo=a");
}

// Either refused with a column inside the text (or just behind it), or accepted and the same again from its own text.
void expect_total(const std::string& text) {
  const auto variant = parse_variant(text);
  if (variant) {
    ASSERT_EQ(parse_variant(variant->text()), *variant) << text;
    return;
  }
  const std::string& context = variant.error().context;
  ASSERT_TRUE(context.starts_with("column ")) << context;
  const std::size_t column = std::stoul(context.substr(7));
  ASSERT_GE(column, 1U);
  ASSERT_LE(column, text.size() + 1);
}

TEST(ParseVariant, TakesAnyBytes) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 24, '\0');
    for (char& c : text) c = static_cast<char>(random());
    expect_total(text);
  }
}

TEST(ParseVariant, TakesAnyMixOfItsOwnCharacters) {
  constexpr std::string_view alphabet = "abc1.[]=,@: ";
  std::mt19937 random(2);
  int accepted = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text(random() % 12, '\0');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    expect_total(text);
    if (parse_variant(text)) ++accepted;
  }
  EXPECT_GT(accepted, 1'000);  // else the mix tests refusals alone
}

}  // namespace
}  // namespace xover
