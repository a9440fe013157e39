// pipe2 and F_SETPIPE_SZ.
#include "transports/files/pipe.h"

#include <fcntl.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "core/units.h"

namespace xover {

namespace {

std::string setting(const char* name) {
  std::ifstream file("/proc/sys/fs/" + std::string(name));
  std::string value;
  std::getline(file, value);
  return "fs." + std::string(name) + " (" + (value.empty() ? "unknown" : value) + ")";
}

}  // namespace

Result<Pipe> Pipe::make(std::size_t size_bytes) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return system_error("pipe2");
  Pipe pipe;
  pipe.read_end = FileDescriptor(ends[0]);
  pipe.write_end = FileDescriptor(ends[1]);
  const int granted = fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(size_bytes));
  if (granted < 0) {
    const std::string context = "F_SETPIPE_SZ, pipe_size=" + format_size(size_bytes);
    const char* const or_privilege = ", or give CAP_SYS_RESOURCE";
    if (errno != EPERM) return system_error("fcntl", context);
    return system_error("fcntl", context,
                        "stay within " + setting("pipe-max-size") + " bytes and, over all pipes of the user, " +
                            setting("pipe-user-pages-soft") + " pages; raise them by sysctl" + or_privilege);
  }
  pipe.size_bytes = static_cast<std::size_t>(granted);
  return pipe;
}

}  // namespace xover
