// Two documents held against each other: which cells match, what else is pointed out, and what is real.
#include <gtest/gtest.h>

#include "harness/analysis/diff.h"
#include "tests/unit/analysis_document.h"

namespace xover {
namespace {

// Two rounds in each of six restarts, a little apart.
std::vector<Sample> samples(double gbps, std::size_t turn = 0) { return synthetic::steady(gbps, 12, turn); }

CellResult cell(std::size_t point, const std::string& variant, double gbps, std::size_t turn = 0) {
  CellResult result = synthetic::cell_of(point, variant, samples(gbps, turn));
  for (RoundRecord& round : result.rounds) round.restart = round.round / 2;
  return result;
}

ResultDocument document_of(double send_gbps, double sendmsg_gbps, std::size_t turn = 0) {
  ResultDocument document;
  document.environment.facts = {{"kernel", "Linux 6.18"}, {"tick_rate_ghz", "2.600"}};
  for (const std::uint64_t size : {4096, 65536}) {
    const std::size_t point = document.plan.points.size();
    document.plan.points.push_back(synthetic::point_of(Workload::stream, size));
    document.cells.push_back(cell(point, "tcp.send@lo", send_gbps, turn));
    document.cells.push_back(cell(point, "tcp.sendmsg@lo", sendmsg_gbps, turn));
    document.plan.points.back().variants = {document.cells[2 * point].variant, document.cells[2 * point + 1].variant};
  }
  return document;
}

const CellDifference& goodput_of(const Diff& diff, const std::string& variant, std::size_t point) {
  for (const CellDifference& difference : diff.differences) {
    if (difference.a->variant.name() == variant && difference.a->point_index == point &&
        difference.metric == Metric::goodput)
      return difference;
  }
  throw std::runtime_error("no such difference");
}

TEST(Diff, FindsTheTransportThatChangedAndNoOther) {
  const ResultDocument a = document_of(20, 30), b = document_of(20, 27, 1);
  const Diff found = diff(a, b);
  ASSERT_EQ(found.differences.size(), 4U);
  for (const std::size_t point : {0, 1}) {
    const CellDifference& changed = goodput_of(found, "tcp.sendmsg", point);
    EXPECT_EQ(changed.verdict, DiffVerdict::real);
    EXPECT_FALSE(changed.b_is_better());
    EXPECT_NEAR(changed.ratio.median, 0.9, 0.01);
    EXPECT_LT(changed.ratio.high, 0.93);
    EXPECT_EQ(changed.of_a.restarts, 6U);
    EXPECT_EQ(changed.of_a.rounds, 12U);
    EXPECT_EQ(goodput_of(found, "tcp.send", point).verdict, DiffVerdict::noise);
  }
}

TEST(Diff, AChangeBelowTheLeastDifferenceIsNotReal) {
  const ResultDocument a = document_of(20, 30), b = document_of(20, 30 * 0.985);
  EXPECT_EQ(goodput_of(diff(a, b), "tcp.sendmsg", 0).verdict, DiffVerdict::noise);
  EXPECT_EQ(goodput_of(diff(a, b, 0.1), "tcp.sendmsg", 0).verdict, DiffVerdict::real);
}

TEST(Diff, TooFewRestartsOrRoundsGiveNoVerdict) {
  ResultDocument a = document_of(20, 30);
  const ResultDocument b = document_of(20, 10);
  for (RoundRecord& round : a.cells[1].rounds) round.restart = 0;
  a.cells[3].rounds.resize(5);
  const Diff found = diff(a, b);
  for (const std::size_t point : {0, 1}) {
    const CellDifference& difference = goodput_of(found, "tcp.sendmsg", point);
    EXPECT_EQ(difference.verdict, DiffVerdict::too_few);
    EXPECT_NEAR(difference.ratio.median, 1.0 / 3, 0.01);
    EXPECT_FALSE(std::isfinite(difference.ratio.low));
  }
}

TEST(Diff, RejectedRoundsCountNowhere) {
  ResultDocument a = document_of(20, 30);
  const ResultDocument b = document_of(20, 30);
  for (RoundRecord& round : a.cells[0].rounds)
    if (round.round % 2 == 1) {
      round.accepted = false;
      round.sample = synthetic::sample_of(1);
    }
  const CellDifference difference = goodput_of(diff(a, b), "tcp.send", 0);
  EXPECT_NEAR(difference.ratio.median, 1, 0.01);
  EXPECT_EQ(difference.of_a.rounds, 6U);
}

TEST(Diff, NamesCellsThatAreInOneFileOnly) {
  ResultDocument a = document_of(20, 30), b = document_of(20, 30);
  a.plan.points[0].point.connections = 4;
  b.cells[3].status = CellStatus::failed;
  const Diff found = diff(a, b);
  EXPECT_EQ(found.differences.size(), 1U);
  EXPECT_EQ(found.only_in_a, (std::vector<const CellResult*>{&a.cells[0], &a.cells[1], &a.cells[3]}));
  EXPECT_EQ(found.only_in_b, (std::vector<const CellResult*>{&b.cells[0], &b.cells[1]}));
}

TEST(Diff, LabelsMatchWhateverTheyStandFor) {
  ResultDocument a = document_of(20, 30), b = document_of(20, 30);
  a.cells[0].variant = *parse_variant("tcp.send@lo=it");
  b.cells[0].variant = *parse_variant("tcp.send[slowdown_percent=10]@lo=it");
  const Diff found = diff(a, b);
  EXPECT_NO_THROW(goodput_of(found, "it", 0));
  ASSERT_EQ(found.cells.size(), 1U);
  EXPECT_EQ(found.cells[0], (ChangedFact{"it: variant", "tcp.send@lo=it", "tcp.send[slowdown_percent=10]@lo=it"}));
}

TEST(Diff, PointsOutOtherMachinesAndOtherWaysOfMeasuring) {
  ResultDocument a = document_of(20, 30), b = document_of(20, 30);
  b.environment.facts = {{"kernel", "Linux 6.19"}, {"tick_rate_ghz", "2.601"}, {"governor", "powersave"}};
  b.plan.duration_ns *= 2;
  b.plan.rounds = 40;  // changes how well something is known, not what
  b.cells[2].link_facts = {{"mtu_bytes", "9000"}};
  const Diff found = diff(a, b);
  EXPECT_EQ(found.environment,
            (std::vector<ChangedFact>{{"governor", "", "powersave"}, {"kernel", "Linux 6.18", "Linux 6.19"}}));
  EXPECT_EQ(found.settings, (std::vector<ChangedFact>{{"duration", "200ms", "400ms"}}));
  EXPECT_EQ(found.cells, (std::vector<ChangedFact>{{"tcp.send: mtu_bytes", "", "9000"}}));
}

TEST(Diff, CyclesOfTwoSourcesAreNotCompared) {
  ResultDocument a = document_of(20, 30), b = document_of(20, 30);
  for (auto& [document, source] : {std::pair{&a, CpuSource::pmu}, std::pair{&b, CpuSource::tsc}})
    for (CellResult& cell : document->cells)
      for (RoundRecord& round : cell.rounds)
        for (SideReport* side : {&round.sample.sender, &round.sample.receiver}) {
          side->cpu.source = &cell == &document->cells[0] ? CpuSource::pmu : source;
          side->cpu.cycles = 1e9;
        }
  const Diff found = diff(a, b);
  EXPECT_EQ(found.two_sources, (std::vector<std::string>{"tcp.sendmsg", "tcp.send"}));
  EXPECT_EQ(found.differences.size(), 5U);
}

TEST(Diff, VirtualTimeIsExact) {
  ResultDocument a = document_of(20, 30), b = document_of(20, 30.3);
  for (ResultDocument* document : {&a, &b})
    for (CellResult& cell : document->cells) {
      cell.substrate = Substrate::simulated;
      cell.rounds.resize(1);
    }
  EXPECT_EQ(goodput_of(diff(a, b), "tcp.sendmsg", 0).verdict, DiffVerdict::real);
  EXPECT_EQ(goodput_of(diff(a, b), "tcp.send", 0).verdict, DiffVerdict::noise);
}

}  // namespace
}  // namespace xover
