// A stream into a short string, under a lock because DPDK's interrupt thread prints, too.
#include "transports/dpdk/eal_log.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <sstream>
#include <utility>

#include <rte_log.h>

#include "transports/dpdk/eal.h"

namespace xover {

namespace {

constexpr std::size_t kept_characters = 1000;

std::mutex mutex;
std::string kept;  // what was printed, the newest last

std::recursive_mutex standard_error;

ssize_t write_message(void*, const char* text, std::size_t size) {
  add_eal_messages({text, size});
  return static_cast<ssize_t>(size);
}

}  // namespace

void keep_eal_messages() {
  // Never closed: DPDK prints until the process ends.
  static FILE* const stream = fopencookie(nullptr, "w", {nullptr, write_message, nullptr, nullptr});
  if (stream == nullptr) return;
  setvbuf(stream, nullptr, _IOLBF, 0);
  rte_openlog_stream(stream);
  rte_log_set_global_level(RTE_LOG_WARNING);
}

void add_eal_messages(const std::string& text) {
  const std::scoped_lock lock(mutex);
  kept += text;
  if (kept.size() <= kept_characters) return;
  const auto line = kept.find('\n', kept.size() - kept_characters);
  kept.erase(0, line == std::string::npos ? kept.size() - kept_characters : line + 1);
}

// One line, because it becomes a part of one. What DPDK says of the folder that it was kept from making is no news.
std::string take_eal_messages() {
  const std::scoped_lock lock(mutex);
  std::string text;
  std::istringstream lines(std::exchange(kept, {}));
  for (std::string line; std::getline(lines, line);) {
    const bool folder =
        line.find("/dev/null/dpdk") != std::string::npos || line.find("No DPDK runtime directory") != std::string::npos;
    if (line.empty() || folder) continue;
    std::ranges::replace_if(line, [](unsigned char character) { return character < ' '; }, ' ');
    if (!text.empty()) text += "; ";
    text += line;
  }
  return text;
}

StandardErrorCatch::StandardErrorCatch()
    : lock_(standard_error),
      original_(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)),
      caught_(memfd_create("xover_eal_messages", MFD_CLOEXEC)) {
  if (!original_ || !caught_) return;
  std::fflush(stderr);
  dup2(caught_.get(), STDERR_FILENO);
}

StandardErrorCatch::~StandardErrorCatch() {
  if (!original_ || !caught_) return;
  std::fflush(stderr);
  dup2(original_.get(), STDERR_FILENO);
  std::string text(kept_characters, '\0');
  const off_t size = lseek(caught_.get(), 0, SEEK_END);
  const off_t start = size > static_cast<off_t>(text.size()) ? size - static_cast<off_t>(text.size()) : 0;
  const ssize_t got = pread(caught_.get(), text.data(), text.size(), start);
  if (got > 0) add_eal_messages(text.substr(0, static_cast<std::size_t>(got)));
}

}  // namespace xover
