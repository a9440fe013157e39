// How often something is shown, and how a bar is drawn and wiped.
#include "harness/reports/progress.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace xover {

namespace {

constexpr std::int64_t bar_interval_ns = 100'000'000;  // more often than the eye follows is wasted CPU
constexpr std::int64_t line_interval_ns = 5'000'000'000;
constexpr std::size_t bar_cells = 20;

// Whole seconds: the time left is a guess.
std::string rough_duration(std::int64_t duration_ns) {
  const std::int64_t seconds = std::max<std::int64_t>((duration_ns + 999'999'999) / 1'000'000'000, 0);
  if (seconds < 100) return fmt::format("{} s", seconds);
  if (seconds < 6000) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

double share_done(const RunProgress& progress) {
  if (progress.rounds_planned == 0) return 0;
  return std::min(1.0, static_cast<double>(progress.rounds_done) / progress.rounds_planned);
}

std::string bar(double share, const Terminal& terminal) {
  const auto filled = static_cast<std::size_t>(share * bar_cells);
  std::string text = "[";
  for (std::size_t i = 0; i < bar_cells; ++i) {
    text += i < filled ? (terminal.utf8 ? "━" : "=") : (terminal.utf8 ? " " : " ");
  }
  return text + "] ";
}

}  // namespace

std::string progress_line(const RunProgress& progress, const Terminal& terminal) {
  const double share = share_done(progress);
  std::string text = terminal.is_terminal ? bar(share, terminal) : std::string{};
  text +=
      fmt::format("{:.0f} %, {} of {} rounds", std::floor(share * 100), progress.rounds_done, progress.rounds_planned);
  if (progress.rounds_rejected > 0) text += fmt::format(" ({} rejected)", progress.rounds_rejected);
  text += progress.remaining_ns > 0 ? ", " + rough_duration(progress.remaining_ns) + " left" : std::string{};
  if (!progress.doing.empty()) text += ": " + progress.doing;
  // A line as wide as the terminal would wrap, and a wrapped bar cannot be wiped.
  return terminal.is_terminal ? shortened(text, terminal.columns - 1) : text;
}

Progress::Progress(std::FILE* stream, std::function<bool()> stop)
    : Progress(stream, terminal_of(stream), std::move(stop)) {}

Progress::Progress(std::FILE* stream, const Terminal& terminal, std::function<bool()> stop)
    : stream_(stream), terminal_(terminal), stop_(std::move(stop)) {}

Progress::~Progress() { wipe(); }

void Progress::progress(const RunProgress& progress) {
  const std::int64_t interval_ns = terminal_.is_terminal ? bar_interval_ns : line_interval_ns;
  if (shown_at_ns_ >= 0 && progress.elapsed_ns - shown_at_ns_ < interval_ns) return;
  shown_at_ns_ = progress.elapsed_ns;
  const std::string line = progress_line(progress, terminal_);
  if (!terminal_.is_terminal) {
    std::fprintf(stream_, "%s\n", line.c_str());
  } else if (line != bar_) {
    wipe();
    std::fputs(line.c_str(), stream_);
    bar_ = line;
  }
  std::fflush(stream_);
}

void Progress::note(const std::string& line) {
  const std::string bar = bar_;
  wipe();
  std::fprintf(stream_, "%s\n", line.c_str());
  std::fputs(bar.c_str(), stream_);
  bar_ = bar;
  std::fflush(stream_);
}

void Progress::wipe() {
  if (bar_.empty()) return;
  std::fprintf(stream_, "\r%*s\r", static_cast<int>(display_width(bar_)), "");
  std::fflush(stream_);
  bar_.clear();
}

}  // namespace xover
