// Opening events, and what to say when that fails.
#include "harness/measurement/perf_event.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "harness/measurement/system_file.h"

namespace xover {

namespace {

tl::unexpected<Error> cannot_open() {
  const int reason = errno;
  const std::string paranoid = read_first_line("/proc/sys/kernel/perf_event_paranoid").value_or("absent");
  const std::string context = fmt::format("kernel.perf_event_paranoid is {}", paranoid);
  errno = reason;
  switch (reason) {
    case EACCES:
    case EPERM:
      return system_error("perf_event_open", context,
                          "as root: sysctl kernel.perf_event_paranoid=1 (a container also needs CAP_PERFMON)");
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
      return system_error("perf_event_open", "this machine has no such counter",
                          "virtual machines often have none: give it a virtual PMU or run on bare metal");
    default: return system_error("perf_event_open", context);
  }
}

}  // namespace

Result<PerfEvent> PerfEvent::open(perf_event_attr attributes, const PerfEvent* group) {
  attributes.size = sizeof attributes;
  attributes.exclude_hv = 1;
  const int leader = group == nullptr ? -1 : group->fd();
  const auto fd =
      syscall(SYS_perf_event_open, &attributes, /*pid: this thread*/ 0, /*any cpu*/ -1, leader, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) return cannot_open();
  return PerfEvent(static_cast<int>(fd));
}

PerfEvent::PerfEvent(PerfEvent&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

PerfEvent& PerfEvent::operator=(PerfEvent&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

PerfEvent::~PerfEvent() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace xover
