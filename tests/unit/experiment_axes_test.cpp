// The tables of axes and settings: what is written reads back, ranges hold, names are one vocabulary.
#include "harness/experiment/axes.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "harness/experiment/settings.h"
#include "harness/experiment/warning.h"

namespace xover {
namespace {

TEST(Axes, HaveUniqueNamesAndPlurals) {
  std::set<std::string_view> names;
  for (const Axis& axis : axes()) {
    EXPECT_TRUE(names.insert(axis.name).second) << axis.name;
    if (!axis.plural.empty()) {
      EXPECT_TRUE(names.insert(axis.plural).second) << axis.plural;
    }
    EXPECT_EQ(find_axis(axis.name), &axis);
    EXPECT_FALSE(axis.help.empty()) << axis.name;
  }
}

TEST(Axes, AreNamedAsTheDesignNamesThem) {
  std::set<std::string_view> names;
  for (const Axis& axis : axes()) names.insert(axis.name);
  EXPECT_EQ(
      names,
      (std::set<std::string_view>{
          "workload",  "size",      "fields", "connections",        "depth",     "wait", "touch", "pool",  "alignment",
          "memory",    "pages",     "late",   "congestion_control", "placement", "rate", "mix",   "cache", "directory",
          "direction", "rx_queues", "link"}));
}

TEST(Axes, ReadBackWhatTheyPrint) {
  Point point;
  point.workload = Workload::paced;
  point.size_bytes = 12345;
  point.wait = Wait::spin;
  point.late_ns = 1'500'000;
  point.congestion_control = "cubic";
  point.placement = Placement::cross_package;
  point.mix = Mix::web;
  point.cache = PageCache::cold;
  point.directory = "/srv/files and more";
  point.link = {"af_packet", "eth0"};
  Point copy;
  for (const Axis& axis : axes()) EXPECT_TRUE(axis.set(copy, axis.get(point))) << axis.name;
  EXPECT_EQ(copy, point);
}

TEST(Axes, ReadBackTheirDefaults) {
  for (const Axis& axis : axes()) {
    Point point;
    EXPECT_TRUE(axis.set(point, axis.get(Point{}))) << axis.name << " " << axis.get(Point{});
    EXPECT_EQ(point, Point{}) << axis.name;
  }
}

TEST(Axes, TakeTheirBoundsAndNothingBeyond) {
  for (const Axis& axis : axes()) {
    if (axis.kind == FieldKind::text || axis.kind == FieldKind::choice) continue;
    Point point;
    const std::string beyond =
        axis.kind == FieldKind::duration ? std::to_string(axis.greatest + 1) + "ns" : std::to_string(axis.greatest + 1);
    EXPECT_TRUE(axis.set(point, axis.print_number(axis.least))) << axis.name;
    EXPECT_TRUE(axis.set(point, axis.print_number(axis.greatest))) << axis.name;
    EXPECT_FALSE(axis.set(point, beyond)) << axis.name;
    EXPECT_FALSE(axis.set(point, "-1")) << axis.name;
    EXPECT_FALSE(axis.set(point, "")) << axis.name;
  }
}

TEST(Axes, LeaveThePointAloneWhenTheTextIsWrong) {
  Point point;
  for (const Axis& axis : axes()) EXPECT_FALSE(axis.set(point, "\x01?!")) << axis.name;
  EXPECT_EQ(point, Point{});
}

TEST(Axes, TakeADirectoryByItsWholePath) {
  Point point;
  const Axis& directory = *find_axis("directory");
  EXPECT_TRUE(directory.set(point, "/tmp/"));
  EXPECT_EQ(point.directory, "/tmp");
  EXPECT_TRUE(directory.set(point, "/"));
  EXPECT_EQ(point.directory, "/");
  for (const std::string& wrong :
       {std::string(), std::string("tmp"), std::string("./tmp"), std::string("/a\nb"), "/" + std::string(5000, 'x')})
    EXPECT_FALSE(directory.set(point, wrong)) << wrong;
}

TEST(Axes, TakeADirectoryInWellFormedUtf8Alone) {
  Point point;
  const Axis& directory = *find_axis("directory");
  for (const char* good : {"\xc3\xa9", "\xe2\x82\xac!", "\xed\x9f\xbf", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(directory.set(point, std::string("/") + good)) << good;
    EXPECT_EQ(point.directory, std::string("/") + good);
  }
  for (const char* bad : {"\xff", "\x80", "a\xc3", "\xc3(", "\xc0\xaf", "\xe0\x80\xaf", "\xe2\x82", "\xe2\x82z",
                          "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"})
    EXPECT_FALSE(directory.set(point, std::string("/") + bad)) << testing::PrintToString(std::string(bad));
}

TEST(Axes, CarryNumbersAsNumbersAndChoicesByName) {
  EXPECT_EQ(find_axis("size")->value(Point{}), FieldValue(std::int64_t{65536}));
  EXPECT_EQ(find_axis("late")->value(Point{}), FieldValue(std::int64_t{0}));
  EXPECT_EQ(find_axis("placement")->value(Point{}), FieldValue(std::string("auto")));
  EXPECT_EQ(find_axis("congestion_control")->value(Point{}), FieldValue(std::string("system")));
}

TEST(Axes, NameTheNearestChoice) {
  Point point;
  const auto wrong = find_axis("workload")->set(point, "pingpng");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message().find("'pingpong'"), std::string::npos) << wrong.error().message();
}

TEST(Axes, WantAlignmentsThatArePowersOfTwo) {
  Point point;
  EXPECT_TRUE(find_axis("alignment")->set(point, "64"));
  EXPECT_FALSE(find_axis("alignment")->set(point, "96"));
}

TEST(Settings, ReadBackTheirDefaults) {
  for (const Setting& setting : settings()) {
    if (setting.name == "summary" || setting.name == "findings" || setting.name == "peer") continue;
    Plan plan;
    EXPECT_TRUE(setting.set(plan, setting.get(Plan{}))) << setting.name;
    EXPECT_EQ(setting.get(plan), setting.get(Plan{})) << setting.name;
  }
}

TEST(Settings, RoundsAlsoEndTheSequentialStopping) {
  Plan plan;
  ASSERT_TRUE(find_setting("max_rounds")->set(plan, "40"));
  ASSERT_TRUE(find_setting("rounds")->set(plan, "6"));
  EXPECT_EQ(plan.rounds, 6u);
  EXPECT_EQ(plan.max_rounds, 6u);
}

TEST(Warnings, HaveNamesOfTheirOwnAndAdvice) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(last_warning); ++i) {
    const auto kind = static_cast<WarningKind>(i);
    EXPECT_TRUE(names.insert(to_string(kind)).second) << i;
    EXPECT_NE(to_string(kind), "unknown") << i;
    EXPECT_FALSE(advice(kind).empty()) << i;
  }
}

}  // namespace
}  // namespace xover
