// memcpy and process_vm_readv, timed.
#include "tests/bench/bare_copies.h"

#include <spawn.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "harness/placement/placement.h"
#include "transports/common/file_descriptor.h"
#include "transports/common/pages.h"

extern char** environ;

namespace xover::bench {

namespace {

constexpr const char* source_flag = "--bare-source";

struct Buffers {
  Pages source, destination;  // two buffers
};

Result<Buffers> make_buffers(const BareCopyRun& run) {
  auto source = Pages::allocate(run.source_bytes, Pages::Fault::now);
  if (!source) return tl::make_unexpected(source.error());
  auto destination = Pages::allocate(2 * run.buffer_bytes, Pages::Fault::now);
  if (!destination) return tl::make_unexpected(destination.error());
  std::memset(source->data(), 1, source->size_bytes());
  return Buffers{std::move(*source), std::move(*destination)};
}

// Calls copy(source offset, buffer number) for a buffer's bytes each, over and over. False ends it as a failure.
template <typename Copy>
Result<double> timed_gbps(const BareCopyRun& run, Copy copy) {
  (void)pin_this_thread(run.reader_core);
  const MonotonicNs start = monotonic_now_ns() + run.warmup_ns;
  const MonotonicNs end = start + run.duration_ns;
  std::uint64_t bytes = 0;
  std::size_t offset = 0, buffer = 0;
  MonotonicNs first = 0, now = 0;
  while ((now = monotonic_now_ns()) < end) {
    if (now >= start && first == 0) first = now, bytes = 0;
    if (!copy(offset, buffer)) return system_error("copy", "bare loop");
    bytes += run.buffer_bytes;
    buffer ^= 1;
    offset = offset + 2 * run.buffer_bytes <= run.source_bytes ? offset + run.buffer_bytes : 0;
  }
  return static_cast<double>(bytes) * 8 / static_cast<double>(now - first);
}

// The process that owns the source: its pid, and where the source stands in it.
class SourceProcess {
 public:
  ~SourceProcess() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  Result<void> start(std::size_t size_bytes, unsigned core) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), 0) != 0) return system_error("pipe2");
    FileDescriptor mine(ends[0]), its(ends[1]);
    std::array<std::string, 5> texts{"/proc/self/exe", source_flag, std::to_string(size_bytes), std::to_string(core),
                                     std::to_string(its.get())};
    std::array<char*, 6> arguments{};
    for (std::size_t i = 0; i < texts.size(); ++i) arguments[i] = texts[i].data();
    if (const int error = ::posix_spawn(&pid_, arguments[0], nullptr, nullptr, arguments.data(), environ); error != 0) {
      pid_ = -1;
      errno = error;
      return system_error("posix_spawn");
    }
    its = FileDescriptor();
    if (::read(mine.get(), &address_, sizeof address_) != sizeof address_) return system_error("read", "the source");
    return {};
  }

  pid_t pid() const { return pid_; }
  std::byte* address() const { return address_; }

 private:
  pid_t pid_ = -1;
  std::byte* address_ = nullptr;
};

}  // namespace

bool run_as_source(int argument_count, char** arguments) {
  if (argument_count != 5 || std::string_view(arguments[1]) != source_flag) return false;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_PTRACER, ::getppid());
  (void)pin_this_thread(static_cast<unsigned>(std::atoi(arguments[3])));
  auto pages = Pages::allocate(static_cast<std::size_t>(std::atoll(arguments[2])), Pages::Fault::now);
  if (!pages) std::exit(EXIT_FAILURE);
  std::memset(pages->data(), 1, pages->size_bytes());
  std::byte* const address = pages->data();
  if (::write(std::atoi(arguments[4]), &address, sizeof address) != sizeof address) std::exit(EXIT_FAILURE);
  while (true) ::pause();
}

Result<double> bare_process_read_gbps(const BareCopyRun& run) {
  SourceProcess source;
  if (auto started = source.start(run.source_bytes, run.source_core); !started)
    return tl::make_unexpected(started.error());
  auto buffers = make_buffers(run);
  if (!buffers) return tl::make_unexpected(buffers.error());
  return timed_gbps(run, [&](std::size_t offset, std::size_t buffer) {
    const iovec here{buffers->destination.data() + buffer * run.buffer_bytes, run.buffer_bytes};
    const iovec there{source.address() + offset, run.buffer_bytes};
    return ::process_vm_readv(source.pid(), &here, 1, &there, 1, 0) == static_cast<ssize_t>(run.buffer_bytes);
  });
}

Result<double> bare_memcpy_gbps(const BareCopyRun& run) {
  auto buffers = make_buffers(run);
  if (!buffers) return tl::make_unexpected(buffers.error());
  return timed_gbps(run, [&](std::size_t offset, std::size_t buffer) {
    std::memcpy(buffers->destination.data() + buffer * run.buffer_bytes, buffers->source.data() + offset,
                run.buffer_bytes);
    return true;
  });
}

Result<double> bare_double_memcpy_gbps(const BareCopyRun& run) {
  auto buffers = make_buffers(run);
  if (!buffers) return tl::make_unexpected(buffers.error());
  auto stages = Pages::allocate(run.stages * run.stage_bytes, Pages::Fault::now);
  if (!stages) return tl::make_unexpected(stages.error());
  std::size_t next = 0;
  return timed_gbps(run, [&](std::size_t offset, std::size_t buffer) {
    for (std::size_t at = 0; at < run.buffer_bytes; at += run.stage_bytes) {
      const std::size_t piece = std::min(run.stage_bytes, run.buffer_bytes - at);
      std::byte* const stage = stages->data() + next * run.stage_bytes;
      next = next + 1 < run.stages ? next + 1 : 0;
      std::memcpy(stage, buffers->source.data() + offset + at, piece);
      std::memcpy(buffers->destination.data() + buffer * run.buffer_bytes + at, stage, piece);
    }
    return true;
  });
}

Result<double> bare_piped_memcpy_gbps(const BareCopyRun& run) {
  auto buffers = make_buffers(run);
  if (!buffers) return tl::make_unexpected(buffers.error());
  auto stages = Pages::allocate(run.stages * run.stage_bytes, Pages::Fault::now);
  if (!stages) return tl::make_unexpected(stages.error());
  alignas(64) std::atomic<std::uint64_t> filled{0};
  alignas(64) std::atomic<std::uint64_t> emptied{0};
  std::atomic<bool> stop{false};
  std::thread source([&] {
    (void)pin_this_thread(run.source_core);
    std::size_t offset = 0;
    for (std::uint64_t number = 0; !stop.load(std::memory_order_relaxed);) {
      if (number - emptied.load(std::memory_order_acquire) == run.stages) continue;
      std::memcpy(stages->data() + number % run.stages * run.stage_bytes, buffers->source.data() + offset,
                  run.stage_bytes);
      filled.store(++number, std::memory_order_release);
      offset = offset + 2 * run.stage_bytes <= run.source_bytes ? offset + run.stage_bytes : 0;
    }
  });
  std::uint64_t number = 0;
  const auto result = timed_gbps(run, [&](std::size_t, std::size_t buffer) {
    for (std::size_t at = 0; at + run.stage_bytes <= run.buffer_bytes; at += run.stage_bytes) {
      while (filled.load(std::memory_order_acquire) == number) {
      }
      std::memcpy(buffers->destination.data() + buffer * run.buffer_bytes + at,
                  stages->data() + number % run.stages * run.stage_bytes, run.stage_bytes);
      emptied.store(++number, std::memory_order_release);
    }
    return true;
  });
  stop = true;
  source.join();
  return result;
}

}  // namespace xover::bench
