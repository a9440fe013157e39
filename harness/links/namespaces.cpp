// unshare, setns, and the maps of user ids; user_namespaces(7) has the rules.
#include "harness/links/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <utility>

#include "harness/links/make_link.h"

namespace xover {

namespace {

constexpr const char* own_network_namespace = "/proc/thread-self/ns/net";
constexpr const char* own_user_namespace = "/proc/thread-self/ns/user";

// -1: this kernel has no such setting.
int kernel_setting(const char* path) {
  std::ifstream file(path);
  int value = -1;
  file >> value;
  return file ? value : -1;
}

Result<FileDescriptor> open_namespace(const char* path) {
  FileDescriptor opened(open(path, O_RDONLY | O_CLOEXEC));
  if (!opened) return system_error("open", path, "mount /proc");
  return opened;
}

// A limit that is reached is a matter of permission here, not of memory or space.
Error refused(int errno_value, const char* operation, std::string context, std::string remedy) {
  const ErrorCode code = errno_value == ENOSPC ? ErrorCode::not_permitted : code_of_errno(errno_value);
  return {code, errno_value, operation, std::move(context), std::move(remedy)};
}

Result<void> write_map(const char* path, const std::string& text) {
  const FileDescriptor file(open(path, O_WRONLY | O_CLOEXEC));
  if (file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return {};
  const int errno_value = errno;  // finding the remedy reads files
  return tl::make_unexpected(
      refused(errno_value, "write", std::string(path) + " of a new user namespace", user_namespace_remedy()));
}

// Credentials have changed. The kernel may then have taken the parent death signal away, and /proc/PID/fd from other
// processes of the same user (prctl(2)); the coordinator relies on both.
Result<void> restore_process_attributes() {
  if (prctl(PR_SET_DUMPABLE, 1) != 0) return system_error("prctl(PR_SET_DUMPABLE)");
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return system_error("prctl(PR_SET_PDEATHSIG)");
  return {};
}

// The user is himself inside too: files and sockets keep their owner, and nobody else's ids are needed.
Result<void> enter_new_user_namespace() {
  const std::string user = std::to_string(geteuid()), group = std::to_string(getegid());
  if (unshare(CLONE_NEWUSER) != 0) {
    const int errno_value = errno;  // finding the remedy reads files
    const char* context = errno_value == ENOSPC ? "user.max_user_namespaces is reached" : "";
    return tl::make_unexpected(refused(errno_value, "unshare(CLONE_NEWUSER)", context, user_namespace_remedy()));
  }
  if (auto kept = restore_process_attributes(); !kept) return kept;
  if (auto denied = write_map("/proc/thread-self/setgroups", "deny"); !denied) return denied;
  if (auto mapped = write_map("/proc/thread-self/uid_map", user + " " + user + " 1\n"); !mapped) return mapped;
  return write_map("/proc/thread-self/gid_map", group + " " + group + " 1\n");
}

Result<FileDescriptor> enter_new_network_namespace() {
  if (unshare(CLONE_NEWNET) == 0) return open_namespace(own_network_namespace);
  if (errno == EINVAL) {
    return make_error(ErrorCode::unsupported, "unshare(CLONE_NEWNET)", "this kernel has no network namespaces",
                      "boot a kernel with CONFIG_NET_NS");
  }
  if (errno == ENOSPC) {
    return tl::make_unexpected(refused(ENOSPC, "unshare(CLONE_NEWNET)", "user.max_net_namespaces is reached",
                                       "sysctl user.max_net_namespaces=65536"));
  }
  return system_error("unshare(CLONE_NEWNET)", "", errno == EPERM ? "run as root" : "");
}

Result<void> make_network_namespaces(const NamespaceRequest& request, LinkNamespaces& made) {
  if (request.has_receiver) {
    auto receiver = enter_new_network_namespace();
    if (!receiver) return tl::make_unexpected(receiver.error());
    made.receiver_net = std::move(*receiver);
  }
  auto sender = enter_new_network_namespace();
  if (!sender) return tl::make_unexpected(sender.error());
  made.sender_net = std::move(*sender);
  return {};
}

}  // namespace

Result<LinkNamespaces> make_namespaces(const NamespaceRequest& request) {
  LinkNamespaces made;
  const auto done = make_network_namespaces(request, made);
  if (done) return made;
  if (done.error().errno_value != EPERM || !request.user_namespace_helps) return tl::make_unexpected(done.error());
  if (auto user = enter_new_user_namespace(); !user) return tl::make_unexpected(user.error());
  auto user_fd = open_namespace(own_user_namespace);
  if (!user_fd) return tl::make_unexpected(user_fd.error());
  made.user = std::move(*user_fd);
  if (auto again = make_network_namespaces(request, made); !again) {
    Error refused = again.error();
    if (refused.errno_value == EPERM) refused.remedy = user_namespace_remedy();
    return tl::make_unexpected(std::move(refused));
  }
  return made;
}

Result<void> switch_network_namespace(int net_fd) {
  if (setns(net_fd, CLONE_NEWNET) != 0) return system_error("setns(CLONE_NEWNET)");
  return {};
}

Result<FileDescriptor> take_descriptor(pid_t holder, int number) {
  if (number < 0) return FileDescriptor();
  const std::string path = "/proc/" + std::to_string(holder) + "/fd/" + std::to_string(number);
  FileDescriptor own(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!own) return system_error("take over a namespace", path);
  return own;
}

Result<void> enter_namespaces(int user_fd, int net_fd) {
  if (user_fd >= 0) {
    if (setns(user_fd, CLONE_NEWUSER) != 0) return system_error("setns(CLONE_NEWUSER)");
    if (auto kept = restore_process_attributes(); !kept) return kept;
  }
  return switch_network_namespace(net_fd);
}

std::string user_namespace_remedy() {
  std::string remedy = "run as root";
  if (kernel_setting("/proc/sys/user/max_user_namespaces") == 0)
    remedy += ", or: sysctl user.max_user_namespaces=15000";
  if (kernel_setting("/proc/sys/kernel/unprivileged_userns_clone") == 0)
    remedy += ", or: sysctl kernel.unprivileged_userns_clone=1";
  if (kernel_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
    remedy += ", or: sysctl kernel.apparmor_restrict_unprivileged_userns=0";
  if (remedy == "run as root") remedy += ", or outside of the container or sandbox that forbids user namespaces";
  return remedy;
}

}  // namespace xover
