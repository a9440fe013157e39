// A run of the xover under test. Each of its processes carries a mark of this run in its environment, so that what a
// run leaves behind can be told from everything else on the machine.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "tests/support/child_process.h"

namespace xover::test {

class XoverRun {
 public:
  using Milliseconds = ChildProcess::Milliseconds;

  // `arguments` are xover's; `launcher` stands before the program and must become it by exec, as prlimit does.
  explicit XoverRun(const std::vector<std::string>& arguments, const std::vector<std::string>& launcher = {});

  pid_t pid() const { return coordinator_.pid(); }
  void signal(int number) const { coordinator_.signal(number); }
  bool ends_within(Milliseconds bound) const { return coordinator_.ends_within(bound); }
  ChildResult wait(Milliseconds bound) { return coordinator_.wait(bound); }

  // Waits until it has both agents; false when it ended first or the bound passed.
  bool has_agents_within(Milliseconds bound) const;
  std::vector<pid_t> processes() const;  // that live, coordinator included
  // True when all have gone within the bound. After that or after its end nothing of a run may be there.
  bool nothing_left_within(Milliseconds bound) const;

 private:
  explicit XoverRun(const std::string& mark, const std::vector<std::string>& arguments,
                    const std::vector<std::string>& launcher);

  std::string mark_;
  ChildProcess coordinator_;
};

// Inodes of the sockets that a process has open; empty when it has gone.
std::set<std::uint64_t> sockets_of(pid_t pid);
// Those of them that the kernel's tables of TCP and UDP sockets still list.
std::set<std::uint64_t> still_open(const std::set<std::uint64_t>& socket_inodes);

// The network namespace that a process is in, by its inode (namespaces(7)); 0 when the process has gone.
std::uint64_t network_namespace_of(pid_t pid);
// Those of them that some process of this machine is in or holds a descriptor of.
std::set<std::uint64_t> still_held(const std::set<std::uint64_t>& namespaces);

// Whether `xover list` says that this link works here.
bool link_is_usable(const std::string& name);

// A whole file; throws when there is none.
std::string file_text(const std::string& path);
// Where the text departs from docs/result.schema.json; "not JSON" when it is none. Empty: it is a valid result.
std::vector<std::string> result_problems(const std::string& text);

}  // namespace xover::test
