// Causes and remedies in words.
#include "transports/uring/uring_availability.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "core/units.h"

namespace xover {

namespace {

constexpr std::size_t sides = 2;  // of a connection, each with a worker and a poller
constexpr std::size_t largest_datagram_bytes = 65536;

}  // namespace

Availability uring_refused_by(int errno_value, int disabled_setting) {
  const std::string reason = std::string("io_uring_setup: ") + std::strerror(errno_value);
  if (errno_value == ENOSYS) return {Status::kernel_too_old, reason, "boot Linux 6.1 or newer, built with io_uring"};
  if (errno_value == ENOMEM) {
    return {Status::not_permitted, reason + ": a ring needs locked memory", "raise RLIMIT_MEMLOCK (ulimit -l)"};
  }
  if (errno_value != EPERM && errno_value != EACCES) {
    return {Status::kernel_too_old, reason, "boot Linux 6.1 or newer"};
  }
  if (disabled_setting == 2) {
    return {Status::not_permitted, reason + ": kernel.io_uring_disabled is 2, for all users",
            "sysctl kernel.io_uring_disabled=0"};
  }
  if (disabled_setting == 1) {
    return {Status::not_permitted, reason + ": kernel.io_uring_disabled is 1, for users outside of its group",
            "sysctl kernel.io_uring_disabled=0, or join the group of sysctl kernel.io_uring_group"};
  }
  return {Status::not_permitted, reason + ": forbidden by seccomp or another security policy",
          "run outside of that sandbox, or with a container profile that allows io_uring"};
}

Availability uring_not_built() {
  return {Status::not_built, "this xover was built without liburing", "apt-get install liburing-dev, then ./dev build"};
}

Availability uring_opcode_missing(const char* opcode, const char* needs) {
  return {Status::kernel_too_old, std::string("this kernel has no ") + opcode, std::string("boot ") + needs};
}

Error error_of(const Availability& availability, const char* operation) {
  const bool permission = availability.status == Status::not_permitted;
  return {permission ? ErrorCode::not_permitted : ErrorCode::unsupported, 0, operation, availability.cause,
          availability.remedy};
}

Error locked_memory_error(const char* operation, std::size_t wanted_bytes, std::size_t limit_bytes) {
  std::string context = "RLIMIT_MEMLOCK is " + format_size(limit_bytes);
  if (wanted_bytes != 0) context = format_size(wanted_bytes) + " to lock, " + context;
  return {ErrorCode::no_memory, ENOMEM, operation, std::move(context),
          "raise it (ulimit -l), grant CAP_IPC_LOCK, or ask for a smaller pool"};
}

Result<void> allow_sqpoll(std::size_t allowed_cpus) {
  if (allowed_cpus >= 2 * sides) return {};
  return make_error(ErrorCode::unsupported, "sqpoll=on",
                    "a poller and a worker on each side need " + std::to_string(2 * sides) +
                        " cores, and this process may use " + std::to_string(allowed_cpus),
                    "use sqpoll=off, or more cores");
}

Result<void> check_uring_options(const Options& options) {
  const auto refuse = [](std::string what, const char* why, const char* remedy) -> Result<void> {
    return make_error(ErrorCode::bad_input, "options", std::move(what) + ": " + why, remedy);
  };
  const bool udp = options.choice("protocol") == "udp";
  if (!udp && options.size_bytes("gso") != 0) {
    return refuse("gso with protocol=tcp", "segmentation into datagrams", "use protocol=udp");
  }
  if (!udp && options.boolean("gro")) return refuse("gro with protocol=tcp", "joins datagrams", "use protocol=udp");
  if (udp && options.boolean("nodelay")) {
    return refuse("nodelay with protocol=udp", "an option of TCP", "use protocol=tcp");
  }
  if (udp && options.choice("congestion_control") != "system") {
    return refuse("congestion_control with protocol=udp", "UDP has none", "use protocol=tcp");
  }
  if (udp && options.choice("receive") == "multishot" &&
      options.size_bytes("provided_buffer_bytes") < largest_datagram_bytes) {
    return refuse("provided_buffer_bytes with protocol=udp", "a datagram must fit, or its end would be lost unseen",
                  "use provided_buffer_bytes=64K or more");
  }
  return {};
}

}  // namespace xover
