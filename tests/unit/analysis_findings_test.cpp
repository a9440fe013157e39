// The tables of findings: each answer from a run made so that it must come out that way.
#include "harness/analysis/findings.h"

#include <gtest/gtest.h>

#include "harness/analysis/compare.h"
#include "harness/analysis/summarise.h"
#include "tests/unit/analysis_document.h"

namespace xover {
namespace {

using synthetic::cell_of;

// Goodput of a transport at a place; 0: it does not run there.
using Speeds = double (*)(const std::string& transport, const Point& point);

class SyntheticRun {
 public:
  explicit SyntheticRun(std::string table) { document_.plan.findings = std::move(table); }

  void point(Workload workload, std::uint64_t size_bytes, std::uint32_t connections, std::uint64_t alignment_bytes,
             std::initializer_list<const char*> transports, Speeds speeds, std::size_t rounds) {
    document_.plan.points.push_back(synthetic::point_of(workload, size_bytes, connections, alignment_bytes));
    std::size_t turn = 0;
    for (const char* transport : transports) {
      const double gbps = speeds(transport, document_.plan.points.back().point);
      if (gbps == 0) continue;
      document_.cells.push_back(
          cell_of(document_.plan.points.size() - 1, transport, synthetic::steady(gbps, rounds, turn++, size_bytes)));
    }
  }

  template <typename Change>
  void for_each_sample(const std::string& transport, Change change) {
    document_.findings.clear();
    for (CellResult& cell : document_.cells) {
      if (cell.variant.id != transport) continue;
      for (RoundRecord& round : cell.rounds) change(document_.plan.points[cell.point_index].point, round.sample);
    }
  }

  std::string holds(const std::string& claim) {
    const Finding* finding = find(claim);
    return finding == nullptr ? "no such claim" : finding->holds;
  }
  std::string figure(const std::string& claim) {
    const Finding* finding = find(claim);
    return finding == nullptr ? "" : finding->figure;
  }
  ResultDocument& document() { return document_; }

 private:
  const Finding* find(const std::string& claim) {
    if (document_.findings.empty()) {
      summarise(document_);
      compare(document_);
      document_.findings = findings_for(document_);
    }
    for (const Finding& finding : document_.findings) {
      if (finding.claim.find(claim) != std::string::npos) return &finding;
    }
    return nullptr;
  }

  ResultDocument document_;
};

SyntheticRun pa02(Speeds speeds, std::size_t rounds = 8) {
  SyntheticRun run("pa02");
  for (std::uint32_t connections : {1u, 4u, 8u}) {
    for (std::uint64_t size_bytes : {256u, 1024u, 4096u, 16384u}) {
      run.point(Workload::stream, size_bytes, connections, 0, {"tcp.send", "tcp.sendmsg", "tcp.zerocopy"}, speeds,
                rounds);
    }
  }
  return run;
}

// As the second report has it: one-copy ahead at 16 KB only, zero-copy always behind and collapsing at 4 threads.
double second_report(const std::string& transport, const Point& point) {
  const double two_copy = 2 * static_cast<double>(point.size_bytes) / 1024;
  if (transport == "tcp.sendmsg") return two_copy * (point.size_bytes >= 16384 ? 1.2 : 0.7);
  if (transport == "tcp.zerocopy")
    return two_copy * (point.size_bytes == 256 ? 0.3 : 0.8) * (point.connections == 4 ? 0.1 : 1);
  return two_copy;
}

// As the first: one-copy ahead from 1 KB, zero-copy from 4 KB.
double first_report(const std::string& transport, const Point& point) {
  const double two_copy = 2 * static_cast<double>(point.size_bytes) / 1024;
  if (transport == "tcp.sendmsg") return two_copy * (point.size_bytes >= 1024 ? 1.2 : 0.8);
  if (transport == "tcp.zerocopy") return two_copy * (point.size_bytes >= 4096 ? 1.4 : 0.5);
  return two_copy;
}

double all_equal(const std::string&, const Point& point) { return 2 * static_cast<double>(point.size_bytes) / 1024; }

TEST(FindingsPa02, TellTheSecondReportFromTheFirst) {
  SyntheticRun second = pa02(second_report), first = pa02(first_report);
  EXPECT_EQ(second.holds("one-copy beats two-copy from about 10 KB"), "yes");
  EXPECT_EQ(first.holds("one-copy beats two-copy from about 10 KB"), "no");
  EXPECT_EQ(second.holds("one-copy beats two-copy from 512 B"), "no");
  EXPECT_EQ(first.holds("one-copy beats two-copy from 512 B"), "yes");
  EXPECT_EQ(second.holds("zero-copy beats two-copy from about 4 KB"), "no");
  EXPECT_EQ(first.holds("zero-copy beats two-copy from about 4 KB"), "yes");
  EXPECT_EQ(second.holds("zero-copy never beats"), "yes");
  EXPECT_EQ(first.holds("zero-copy never beats"), "no");
  EXPECT_EQ(second.holds("zero-copy does not always"), "yes");
  EXPECT_EQ(second.holds("zero-copy loses most on small"), "yes");
  EXPECT_EQ(second.holds("zero-copy collapses with 4"), "yes");
  EXPECT_EQ(first.holds("zero-copy collapses with 4"), "no");
  EXPECT_EQ(second.holds("zero-copy loses more than half with 8"), "no");
  EXPECT_EQ(second.holds("throughput grows"), "yes");
  EXPECT_EQ(second.holds("at 16 KB with 4 connections"), "yes");
}

TEST(FindingsPa02, FiguresComeFromTheRun) {
  SyntheticRun run = pa02(second_report);
  const std::string figure = run.figure("one-copy beats two-copy from about 10 KB");
  EXPECT_NE(figure.find("16K: 1.2"), std::string::npos) << figure;
  EXPECT_NE(figure.find("256: 0.7"), std::string::npos) << figure;
  EXPECT_NE(run.figure("zero-copy never").find("slower at 12, faster at 0, undecided at 0 of 12"), std::string::npos)
      << run.figure("zero-copy never");
}

TEST(FindingsPa02, ClaimNothingAboutWhatCannotBeSeparated) {
  SyntheticRun run = pa02(all_equal);
  for (const char* claim :
       {"one-copy beats two-copy from about", "one-copy beats two-copy from 512", "at 16 KB with 4",
        "zero-copy beats two-copy from", "zero-copy never", "zero-copy does not always", "loses most on small"}) {
    EXPECT_EQ(run.holds(claim), "not here") << claim << ": " << run.figure(claim);
  }
}

TEST(FindingsPa02, ClaimNothingFromTooFewRounds) {
  SyntheticRun run = pa02(second_report, 5);
  for (const char* claim :
       {"one-copy beats two-copy from about", "at 16 KB with 4", "zero-copy never", "zero-copy does not always",
        "loses most on small", "throughput grows", "collapses with 4"}) {
    EXPECT_EQ(run.holds(claim), "not here") << claim;
  }
}

TEST(FindingsPa02, SayWhyAClaimIsNotHere) {
  SyntheticRun run =
      pa02([](const std::string& transport, const Point&) { return transport == "tcp.send" ? 1.0 : 0.0; });
  run.holds("");
  ASSERT_EQ(run.document().findings.size(), 18u);
  for (const Finding& finding : run.document().findings) {
    EXPECT_EQ(finding.holds, "not here") << finding.claim;
    EXPECT_FALSE(finding.figure.empty()) << finding.claim;
    EXPECT_TRUE(finding.source.starts_with("PA02, ")) << finding.claim;
  }
}

TEST(FindingsPa02, CopiedAfterAllIsReadFromTheLedger) {
  SyntheticRun run = pa02(second_report);
  EXPECT_EQ(run.holds("every zero-copy send is copied"), "no");
  run.for_each_sample("tcp.zerocopy", [](const Point&, Sample& sample) {
    sample.sender.ledger = {};
    sample.sender.ledger.complete(Handover::kernel_after_request, sample.sender.bytes);
  });
  EXPECT_EQ(run.holds("every zero-copy send is copied"), "yes");
  EXPECT_TRUE(run.figure("every zero-copy send is copied").starts_with("100 %"));
}

TEST(FindingsPa02, CyclesAndLatencyNeedTheirCounters) {
  SyntheticRun run = pa02(second_report);
  EXPECT_EQ(run.holds("CPU per byte falls"), "not here");
  EXPECT_EQ(run.holds("latency grows"), "not here");
  for (const char* transport : {"tcp.send", "tcp.sendmsg", "tcp.zerocopy"}) {
    run.for_each_sample(transport, [](const Point& point, Sample& sample) {
      sample.sender.cpu.source = sample.receiver.cpu.source = CpuSource::tsc;
      const double per_byte = 1000.0 / static_cast<double>(point.size_bytes);
      const double jitter = 1 + 1e-9 * static_cast<double>(sample.sender.bytes % 1000);
      sample.sender.cpu.cycles = per_byte * jitter * static_cast<double>(sample.receiver.bytes);
      for (int i = 0; i < 100; ++i) sample.sender.latency.record(1000 * point.connections + point.size_bytes);
    });
  }
  EXPECT_EQ(run.holds("CPU per byte falls"), "yes") << run.figure("CPU per byte falls");
  EXPECT_EQ(run.holds("latency grows"), "yes") << run.figure("latency grows");
  EXPECT_EQ(run.holds("latency hardly depends"), "yes") << run.figure("latency hardly depends");
  EXPECT_EQ(run.holds("one-copy saves misses most"), "not here");
}

TEST(FindingsPa02, CacheMissesNeedAPmu) {
  SyntheticRun run = pa02(second_report);
  auto misses = [&run](const std::string& transport, double last_level, double first_level) {
    run.for_each_sample(transport, [=](const Point&, Sample& sample) {
      const double jitter = 1 + 0.01 * static_cast<double>(sample.sender.bytes % 7);
      for (SideReport* side : {&sample.sender, &sample.receiver}) {
        side->cpu.llc_misses =
            static_cast<std::uint64_t>(last_level * jitter * static_cast<double>(sample.receiver.bytes));
        side->cpu.l1d_misses =
            static_cast<std::uint64_t>(first_level * jitter * static_cast<double>(sample.receiver.bytes));
      }
    });
  };
  misses("tcp.send", 0.02, 0.01);
  misses("tcp.sendmsg", 0.011, 0.05);
  EXPECT_EQ(run.holds("one-copy saves misses most"), "yes") << run.figure("one-copy saves misses most");
  EXPECT_EQ(run.holds("more first-level misses"), "yes");
  misses("tcp.sendmsg", 0.015, 0.005);
  EXPECT_EQ(run.holds("one-copy saves misses most"), "no");
  EXPECT_EQ(run.holds("more first-level misses"), "no");
}

SyntheticRun uvm(Speeds speeds) {
  SyntheticRun run("uvm");
  for (std::uint64_t alignment_bytes : {64u, 4096u}) {
    for (std::uint64_t size_bytes : {1024u, 2048u, 4096u, 8192u, 16384u, 32768u}) {
      run.point(Workload::stream, size_bytes, 1, alignment_bytes, {"udp.send", "udp.zerocopy"}, speeds, 10);
    }
  }
  return run;
}

// As the paper has it: lending wins from a page on, when aligned, and falls above 8 KB.
double paper(const std::string& transport, const Point& point) {
  const double size = static_cast<double>(point.size_bytes);
  const double by_copy = size > 8192 ? 3 : size / 2048;
  if (transport == "udp.send") return by_copy;
  return by_copy * (size >= 4096 && point.alignment_bytes >= 4096 ? 1.45 : 0.8);
}

double lending_never_pays(const std::string& transport, const Point& point) {
  return static_cast<double>(point.size_bytes) / 2048 * (transport == "udp.send" ? 1 : 0.8);
}

TEST(FindingsUvm, TellThePaperFromALoopback) {
  SyntheticRun as_paper = uvm(paper), loopback = uvm(lending_never_pays);
  EXPECT_EQ(as_paper.holds("lending is faster from a page"), "yes");
  EXPECT_EQ(loopback.holds("lending is faster from a page"), "no");
  EXPECT_EQ(as_paper.holds("higher by lending at 8 KB"), "yes");
  EXPECT_EQ(loopback.holds("higher by lending at 8 KB"), "no");
  EXPECT_EQ(as_paper.holds("falls above 8 KB"), "yes");
  EXPECT_EQ(loopback.holds("falls above 8 KB"), "no");
  EXPECT_EQ(as_paper.holds("page boundaries only"), "yes");
  EXPECT_EQ(loopback.holds("page boundaries only"), "not here");
}

TEST(FindingsUvm, SendErrorsAreCountedPerDatagram) {
  SyntheticRun run = uvm(paper);
  EXPECT_EQ(run.holds("more than two sends fail"), "no");
  run.for_each_sample("udp.zerocopy", [](const Point&, Sample& sample) {
    sample.sender.counters["send_errors_enobufs"] = 2 * sample.sender.messages;
    sample.sender.counters["send_errors_eagain"] = sample.sender.messages;
  });
  EXPECT_EQ(run.holds("more than two sends fail"), "yes");
  EXPECT_NE(run.figure("more than two sends fail").find("udp.zerocopy 3.00"), std::string::npos)
      << run.figure("more than two sends fail");
}

// t_tot = 1000 ns + 0.1 ns a byte for the copy: t2 is constant, so R_max is size / 1000 ns.
void give_times(SyntheticRun& run) {
  run.for_each_sample("udp.send", [](const Point& point, Sample& sample) {
    const double copy_ns = 0.1 * static_cast<double>(point.size_bytes), total_ns = 1000 + copy_ns;
    const double jitter = 1 + 0.001 * static_cast<double>(sample.sender.bytes % 10);
    sample.sender.cpu.worker_ns =
        static_cast<std::int64_t>(total_ns * jitter * static_cast<double>(sample.sender.messages));
    sample.sender.copy_share.available = true;
    sample.sender.copy_share.samples = 1000;
    sample.sender.copy_share.copy_samples = static_cast<std::uint64_t>(1000 * copy_ns / total_ns);
  });
}

TEST(FindingsUvm, TheCopysShareGivesTheGreatestRate) {
  SyntheticRun run = uvm(paper);
  give_times(run);
  EXPECT_EQ(run.holds("the larger the share of the copy"), "yes");
  EXPECT_EQ(run.holds("R_max grows steadily"), "yes");
  const std::string figure = run.figure("the larger the share of the copy");
  // 32768 bytes: t1 3277 of 4277 ns, R 61.3, R_max 262 Gbps, give or take the jitter.
  EXPECT_NE(figure.find("32K: t1 32"), std::string::npos) << figure;
  EXPECT_NE(figure.find("R 61."), std::string::npos) << figure;
  EXPECT_NE(figure.find("R_max 26"), std::string::npos) << figure;
}

TEST(FindingsUvm, WithoutKernelSamplesSayWhy) {
  SyntheticRun run = uvm(paper);
  give_times(run);
  run.for_each_sample("udp.send", [](const Point&, Sample& sample) {
    sample.sender.copy_share = {};
    sample.sender.copy_share.reason = "kernel symbols are hidden";
  });
  EXPECT_EQ(run.holds("the larger the share of the copy"), "not here");
  EXPECT_NE(run.figure("the larger the share of the copy").find("kernel symbols are hidden"), std::string::npos);
  EXPECT_NE(run.figure("the larger the share of the copy").find("R 61."), std::string::npos) << "R needs no samples";
}

// A rise, a fall and a rise; who copied comes from the ledgers alone.
SyntheticRun copy_ladder(std::size_t rounds) {
  SyntheticRun run("ladder");
  run.point(
      Workload::stream, 65536, 1, 0, {"tcp.send", "tcp.sendfile", "tcp.vmsplice", "tcp.sendfile[receive=splice]"},
      [](const std::string& transport, const Point&) {
        if (transport == "tcp.send") return 10.0;
        return transport == "tcp.sendfile" ? 13.0 : transport == "tcp.vmsplice" ? 9.0 : 17.0;
      },
      rounds);
  for (CellResult& cell : run.document().cells) {
    const bool copies_in = cell.variant.id == "tcp.send", copies_out = cell.variant.options.empty();
    for (RoundRecord& round : cell.rounds) {
      Sample& sample = round.sample;
      sample.sender.ledger = sample.receiver.ledger = {};
      sample.sender.ledger.complete(copies_in ? Handover::kernel_by_design : Handover::zero_copied, 1000);
      sample.receiver.ledger.complete(copies_out ? Handover::kernel_by_design : Handover::zero_copied, 1000);
    }
  }
  return run;
}

TEST(FindingsLadder, SaysWhichCopyWentAndWhatThatBrought) {
  SyntheticRun run = copy_ladder(8);
  EXPECT_EQ(run.holds("tcp.send: where the ladder begins"), "yes");
  EXPECT_EQ(run.holds("tcp.sendfile: the sender's copy goes"), "yes");
  EXPECT_EQ(run.holds("tcp.vmsplice: the sender's copy goes"), "no") << run.figure("tcp.vmsplice");
  EXPECT_EQ(run.holds("tcp.sendfile[receive=splice]: the receiver's copy goes"), "yes");
  const std::string figure = run.figure("tcp.sendfile: ");
  EXPECT_NE(figure.find("13.0 Gbit/s, 1.3"), std::string::npos) << figure;
  EXPECT_NE(figure.find("sender zero_copied 100 %, receiver kernel_by_design 100 %"), std::string::npos) << figure;
}

TEST(FindingsLadder, HasOneForEachLink) {
  SyntheticRun run("ladder");
  run.point(
      Workload::stream, 65536, 1, 0,
      {"tcp.send@lo", "tcp.sendfile@lo", "tcp.send@veth", "tcp.sendfile@veth", "tcp.sendfile[receive=splice]@veth"},
      [](const std::string& transport, const Point&) { return transport.ends_with("@lo") ? 20.0 : 10.0; }, 8);
  const auto source = [&](const std::string& claim) {
    run.holds(claim);
    for (const Finding& finding : run.document().findings) {
      if (finding.claim.starts_with(claim)) return finding.source;
    }
    return std::string("no such claim");
  };
  EXPECT_EQ(source("tcp.send: where the ladder begins"), "copy ladder");
  EXPECT_EQ(source("tcp.sendfile: "), "against tcp.send");
  EXPECT_EQ(source("tcp.send@veth: where the ladder begins"), "copy ladder");
  EXPECT_EQ(source("tcp.sendfile@veth: "), "against tcp.send@veth");
  EXPECT_EQ(source("tcp.sendfile[receive=splice]@veth: "), "against tcp.sendfile@veth");
}

TEST(FindingsLadder, JudgesNothingByTooFewRounds) {
  SyntheticRun run = copy_ladder(3);
  EXPECT_EQ(run.holds("tcp.sendfile: the sender's copy goes"), "not here");
  EXPECT_NE(run.figure("tcp.sendfile").find("too few rounds"), std::string::npos) << run.figure("tcp.sendfile");
}

TEST(Findings, ComeOnlyWhereAPlanNamesThem) {
  SyntheticRun run("");
  EXPECT_TRUE(findings_for(run.document()).empty());
  SyntheticRun empty("pa02");
  EXPECT_TRUE(findings_for(empty.document()).empty()) << "no points, no claims";
}

}  // namespace
}  // namespace xover
