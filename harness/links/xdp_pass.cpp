// Two instructions, loaded and attached through libbpf.
#include "harness/links/xdp_pass.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "transports/common/file_descriptor.h"

namespace xover {

namespace {

#ifndef BPF_F_XDP_HAS_FRAGS
constexpr unsigned BPF_F_XDP_HAS_FRAGS = 1u << 5;  // headers before Linux 5.18
#endif

Error refusal(int errno_value, const char* operation, const std::string& interface) {
  Error error{code_of_errno(errno_value), errno_value, operation, interface, ""};
  if (error.code == ErrorCode::not_permitted) {
    if (geteuid() == 0) {
      error.context += ": forbidden even to root: kernel lockdown, or a container without CAP_BPF and CAP_NET_ADMIN";
      error.remedy = "see /sys/kernel/security/lockdown, or run outside of the container";
    } else {
      error.context =
          "an XDP program needs CAP_BPF and CAP_NET_ADMIN of the host, which a user namespace does not give";
      error.remedy = "run as root";
    }
  } else if (errno_value == EINVAL || errno_value == EOPNOTSUPP || errno_value == ERANGE) {
    error.code = ErrorCode::unsupported;
    error.context += ": XDP with fragments";
    error.remedy = "boot Linux 5.18 or newer, built with CONFIG_BPF_SYSCALL";
  }
  return error;
}

Result<FileDescriptor> load_xdp_pass() {
  const std::array<bpf_insn, 2> program{
      bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = XDP_PASS},
      bpf_insn{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = BPF_F_XDP_HAS_FRAGS);
  FileDescriptor loaded(
      bpf_prog_load(BPF_PROG_TYPE_XDP, "xover_pass", "Apache-2.0", program.data(), program.size(), &options));
  if (!loaded) return tl::make_unexpected(refusal(errno, "bpf(BPF_PROG_LOAD)", "XDP_PASS"));
  return loaded;
}

// libbpf writes to stderr otherwise; the error that is returned has it all.
void keep_quiet() {
  libbpf_set_print([](enum libbpf_print_level, const char*, va_list) { return 0; });
}

}  // namespace

Availability xdp_support() { return {}; }

Result<void> attach_xdp_pass(const std::string& interface) {
  keep_quiet();
  const auto program = load_xdp_pass();
  if (!program) return tl::make_unexpected(program.error());
  const int attached =
      bpf_xdp_attach(static_cast<int>(if_nametoindex(interface.c_str())), program->get(), XDP_FLAGS_DRV_MODE, nullptr);
  if (attached < 0) return tl::make_unexpected(refusal(-attached, "attach XDP_PASS in driver mode", interface));
  return {};
}

std::string xdp_mode_of(const std::string& interface) {
  LIBBPF_OPTS(bpf_xdp_query_opts, found);
  if (bpf_xdp_query(static_cast<int>(if_nametoindex(interface.c_str())), 0, &found) != 0) return "none";
  switch (found.attach_mode) {
    case XDP_ATTACHED_NONE: return "none";
    case XDP_ATTACHED_SKB: return "generic";
    default: return "driver";
  }
}

}  // namespace xover
