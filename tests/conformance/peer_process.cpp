// posix_spawn of /proc/self/exe with: --peer ROLE SUBJECT ADDRESS, and the addresses of the end where it is.
#include "tests/conformance/peer_process.h"

#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string_view>

#include "tests/conformance/link_end.h"
#include "tests/conformance/pair.h"

extern char** environ;

namespace xover::conformance {

namespace {

constexpr std::array<const char*, 3> role_names{"send", "receive", "idle"};

Script endless(const Limits& limits) {
  return Script::repeated(peer_seed, std::min<std::size_t>(limits.max_op_bytes, 100'000), 300);
}

void play(PeerRole role, Side& side) {
  if (role == PeerRole::receive) side.receive(8, 65536, {});
  if (role == PeerRole::send) {
    const Script script = endless(side.limits());
    side.send(messages_in_arena(side, script));
  }
  side.pump_until("the parent's SIGKILL", [] { return false; });
}

}  // namespace

PeerProcess::PeerProcess(const Subject& subject, PeerRole role, const std::string& address) {
  std::string program = "/proc/self/exe", flag = "--peer", name = role_names[static_cast<std::size_t>(role)];
  const AtLinkEnd other_end(subject.link, LinkEnd::sender);
  std::string text = subject.text(), where = address, ipv4 = own_addresses().ipv4, ipv6 = own_addresses().ipv6;
  const std::array<char*, 8> arguments{program.data(), flag.data(), name.data(), text.data(),
                                       where.data(),   ipv4.data(), ipv6.data(), nullptr};
  const int error = ::posix_spawn(&pid_, program.c_str(), nullptr, nullptr, arguments.data(), environ);
  if (error != 0) throw SideFailed{"the peer process could not be started, errno " + std::to_string(error)};
}

void PeerProcess::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::optional<int> run_as_peer(int argc, char** argv) {
  if (argc != 7 || std::string_view(argv[1]) != "--peer") return std::nullopt;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  set_own_addresses({argv[5], argv[6]});
  const Subject* subject = find_subject(argv[3]);
  if (subject == nullptr) return 2;
  for (std::size_t role = 0; role < role_names.size(); ++role) {
    if (std::string_view(argv[2]) != role_names[role]) continue;
    try {
      Meeting meeting(1);
      Side side(*subject, "peer process", LinkRole::sender, {}, meeting);
      side.connect_all(argv[4]);
      play(static_cast<PeerRole>(role), side);
    } catch (const SideFailed& failed) {
      std::fprintf(stderr, "%s\n", failed.what.c_str());
    }
    return 1;
  }
  return 2;
}

}  // namespace xover::conformance
