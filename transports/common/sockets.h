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

// setsockopt of one int; `what` names the option in the error.
Result<void> set_option(int fd, int level, int name, int value, const char* what, std::string remedy = {});
int get_option(int fd, int level, int name);  // -1: unknown

// How long a data plane call may block in the kernel: short, so that every wait is bounded by it.
Result<void> set_call_timeouts(int fd);
Result<void> set_blocking(int fd);

// Waits for events of one socket (control plane). timed_out when the deadline passes first.
Result<void> await(int fd, short events, MonotonicNs deadline, const char* operation, const std::string& context);

// The answer of Availability to a socket option that the kernel refused or took, and to a link that is not written yet.
Availability availability_of_option(int fd, int level, int name, const char* what, const char* needs);
Availability socket_link_availability(const Link& link);
Result<void> require_socket_link(const Link& link, std::string_view id);

}  // namespace xover
