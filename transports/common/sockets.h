// Sockets for the control plane: made, configured, and waited for up to a deadline.
#pragma once

#include <string>
#include <vector>

#include "core/transport.h"
#include "transports/common/file_descriptor.h"
#include "transports/common/socket_address.h"

namespace xover {

IpVersion ip_version(const Options& options);  // of the option `ip`

// type: SOCK_STREAM or SOCK_DGRAM, with SOCK_NONBLOCK where wanted.
Result<FileDescriptor> make_socket(IpVersion version, int type);

// bind(2); says that the address is not of this network namespace where it is not, or that the port is taken.
Result<void> bind_to(int fd, const SocketAddress& own);

// setsockopt of one int; `what` names the option in the error.
Result<void> set_option(int fd, int level, int name, int value, const char* what, std::string remedy = {});
int get_option(int fd, int level, int name);  // -1: unknown

// How long a data plane call may block in the kernel: short, so that every wait is bounded by it.
Result<void> set_call_timeouts(int fd);
Result<void> set_blocking(int fd);

// connect(2) with AF_UNSPEC dissolves the association: TCP resets and drops what is queued, which releases its pages,
// leaves notifications readable, which close would lose, and wakes every request that waits for the socket. Data plane.
void dissolve_connection(int fd) noexcept;

// How long a dying channel waits for what the kernel still owes it: leaves the caller time to reap within the bound.
inline constexpr MonotonicNs death_bound_ns = abort_bound_ns * 3 / 4;

// An error when all channels that a session was opened for have been made.
Result<void> room_for_channel(std::size_t channels, std::size_t max_channels, const char* operation);

// Waits for events of one socket (control plane). timed_out when the deadline passes first.
Result<void> await(int fd, short events, MonotonicNs deadline, const char* operation, const std::string& context);

// The answer of Availability to a socket option that the kernel refused or took.
Availability availability_of_option(int fd, int level, int name, const char* what, const char* needs);

}  // namespace xover
