// Network namespaces without a name: made, entered, and explained where the kernel refuses them.
//
// What makes or switches a namespace moves the calling process, which has one thread. Nothing is mounted, so that a
// namespace ends with its last process and its last descriptor (namespaces(7)).
#pragma once

#include <sys/types.h>

#include <string>

#include "core/error.h"
#include "transports/common/file_descriptor.h"

namespace xover {

struct LinkNamespaces {
  FileDescriptor user;          // none where network namespaces were permitted without one
  FileDescriptor sender_net;    // the calling process is in this one
  FileDescriptor receiver_net;  // none without receiver
};

struct NamespaceRequest {
  bool has_receiver = true;
  bool user_namespace_helps = true;  // false: the link needs privileges of the host itself
};

// Makes new namespaces, all owned by one user namespace: the caller's, or where that is not permitted, a new one.
Result<LinkNamespaces> make_namespaces(const NamespaceRequest& request);

// Between the ends of a link, while it is being made.
Result<void> switch_network_namespace(int net_fd);

// An own descriptor of a namespace that `holder`, a process of the same user, has open as `number` (proc_pid_fd(5)). It
// stays when that process ends. A negative number is none, and gives none.
Result<FileDescriptor> take_descriptor(pid_t holder, int number);

// What lets an ordinary user make network namespaces here, as the settings of this kernel say.
std::string user_namespace_remedy();

}  // namespace xover
