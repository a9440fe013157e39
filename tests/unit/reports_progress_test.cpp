// Progress: a bar that is wiped on a terminal, sparse lines elsewhere.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "harness/reports/progress.h"

namespace xover {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

RunProgress at(std::int64_t elapsed_ns) {
  RunProgress progress;
  progress.points = 4;
  progress.rounds_done = 130;
  progress.rounds_planned = 480;
  progress.rounds_rejected = 3;
  progress.elapsed_ns = elapsed_ns;
  progress.remaining_ns = 154 * second_ns;
  progress.doing = "tcp.send, 64K";
  return progress;
}

// What the reports put into the stream.
template <typename Use>
std::string written(const Terminal& terminal, Use use) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* stream = ::open_memstream(&text, &size);
  {
    Progress progress(stream, terminal);
    use(progress);
  }
  std::fclose(stream);
  const std::unique_ptr<char, decltype(&std::free)> owner(text, &std::free);
  return {text, size};
}

Terminal terminal_of_columns(std::size_t columns) {
  Terminal terminal;
  terminal.is_terminal = true;
  terminal.columns = columns;
  return terminal;
}

TEST(Progress, PlainLinesComeAtMostEveryFiveSeconds) {
  const std::string text = written(Terminal{}, [](Progress& progress) {
    for (int tenths = 0; tenths <= 120; ++tenths) progress.progress(at(tenths * second_ns / 10));
  });
  const std::string line = "27 %, 130 of 480 rounds (3 rejected), 2 min 34 s left: tcp.send, 64K\n";
  EXPECT_EQ(text, line + line + line);
}

TEST(Progress, ABarNeverReachesTheLastColumn) {
  for (const std::size_t columns : {40, 60, 200}) {
    EXPECT_LT(display_width(progress_line(at(0), terminal_of_columns(columns))), columns);
  }
}

TEST(Progress, LeavesNoBarBehind) {
  const std::string text = written(terminal_of_columns(100), [](Progress& progress) { progress.progress(at(0)); });
  EXPECT_EQ(text.front(), '[');
  const std::size_t width = text.find('\r');
  EXPECT_EQ(text.substr(width), '\r' + std::string(width, ' ') + '\r');
}

TEST(Progress, NotesStandOnTheirOwnLineAboveTheBar) {
  const std::string text = written(terminal_of_columns(100), [](Progress& progress) {
    progress.progress(at(0));
    progress.note("a cell failed");
  });
  EXPECT_NE(text.find("\ra cell failed\n["), std::string::npos);
}

TEST(Progress, AsksItsFlagWhetherToStop) {
  bool stop = false;
  Progress progress(stderr, [&] { return stop; });
  EXPECT_FALSE(progress.stop_requested());
  stop = true;
  EXPECT_TRUE(progress.stop_requested());
  EXPECT_FALSE(Progress(stderr).stop_requested());
}

}  // namespace
}  // namespace xover
