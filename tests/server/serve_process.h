// A real `xover serve`, started by a test, on a port of 127.0.0.1 that the kernel chose.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "harness/remote/key_file.h"
#include "tests/support/child_process.h"

namespace xover::test {

// Whether `holds` becomes true within the bound.
template <typename Condition>
bool comes_true(Condition holds, std::chrono::milliseconds bound = std::chrono::seconds(30)) {
  for (const auto deadline = std::chrono::steady_clock::now() + bound;;) {
    if (holds()) return true;
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

class ServeProcess {
 public:
  // With `with_key` it has a new one. Returns when it listens; throws when it does not.
  explicit ServeProcess(const std::vector<std::string>& options = {}, bool with_key = true);

  std::uint16_t port() const { return port_; }
  const Key& key() const { return key_; }
  const std::string& key_digits() const { return key_digits_; }
  pid_t pid() const { return process_->pid(); }
  ChildProcess& process() { return *process_; }

  std::string log() const;  // what it has printed so far
  bool logs_within(const std::string& text, std::chrono::milliseconds bound = std::chrono::seconds(30)) const;
  // Of clients whose turn it is: at most one.
  std::vector<pid_t> hosts() const { return children_of(pid()); }
  // The agents of the client whose turn it is.
  std::vector<pid_t> agents() const;
  std::size_t open_descriptors() const;
  std::size_t resident_bytes() const;

 private:
  TemporaryFolder folder_;
  Key key_;
  std::string key_digits_;
  std::unique_ptr<ChildProcess> process_;
  std::uint16_t port_ = 0;
};

}  // namespace xover::test
