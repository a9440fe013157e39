// Counting by kind, and lines that are safe to print.
#include "harness/server/server_log.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace xover {

namespace {

constexpr MonotonicNs second_ns = 1'000'000'000;
constexpr std::size_t most_kinds = 64;

std::string kind_of(std::string why) {
  std::erase_if(why, [](unsigned char c) { return std::isdigit(c) != 0; });
  return why;
}

}  // namespace

void ServerLog::refuse(const std::string& who, const std::string& why, MonotonicNs now) {
  tell_counted(now);
  const std::string name = kind_of(why);
  if (const auto known = kinds_.find(name); known != kinds_.end()) {
    ++known->second.counted;
    known->second.last_who = who;
    known->second.last_why = why;
    return;
  }
  if (kinds_.size() < most_kinds) kinds_[name].told_at = now;
  say(fmt::format("refused {}: {}", who, why));
}

void ServerLog::tell_counted(MonotonicNs now) {
  for (auto entry = kinds_.begin(); entry != kinds_.end();) {
    Kind& kind = entry->second;
    if (now - kind.told_at < second_ns) {
      ++entry;
      continue;
    }
    if (kind.counted == 0) {
      entry = kinds_.erase(entry);
      continue;
    }
    say(fmt::format("refused {} more, the last of them {}: {}", kind.counted, kind.last_who, kind.last_why));
    kind.counted = 0;
    kind.told_at = now;
    ++entry;
  }
}

void print_server_line(std::string_view line) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::string text = fmt::format("{:%F %T} ", local);
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    text += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  text += '\n';
  std::fputs(text.c_str(), stderr);
}

}  // namespace xover
