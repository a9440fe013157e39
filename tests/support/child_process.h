// A program run by a test: spawned with its own output pipes, waited for within a bound, ended by its process id.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace xover::test {

struct ChildResult {
  int exit_code = -1;    // -1: it did not exit by itself
  int signal = 0;        // that ended it
  bool overdue = false;  // it had to be killed at the bound
  std::string out, err;
};

class ChildProcess {
 public:
  using Milliseconds = std::chrono::milliseconds;

  // The first argument is the program, found along PATH when it has no slash.
  explicit ChildProcess(const std::vector<std::string>& arguments);
  ~ChildProcess();  // kills what still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  // True when the child has ended within the bound; it can still be collected by wait().
  bool ends_within(Milliseconds bound) const;
  // True when it has been stopped within the bound, and still is.
  bool stops_within(Milliseconds bound) const;
  ChildResult wait(Milliseconds bound);

 private:
  bool changes_within(Milliseconds bound, int to) const;

  pid_t pid_ = -1;
  bool collected_ = false;
  std::string out_, err_;
  std::thread out_reader_, err_reader_;
};

ChildResult run_program(const std::vector<std::string>& arguments,
                        ChildProcess::Milliseconds bound = std::chrono::seconds(20));

// The xover under test: by the environment variable XOVER, else the one of the build folder that holds this program.
std::string xover_program();
// The path of the program that runs this test, to start it again.
std::string this_program();

// Direct children of a process, by /proc.
std::vector<pid_t> children_of(pid_t parent);
bool process_runs(pid_t pid);  // false for zombies, too

// A new empty folder, taken away with what is in it at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string path(const std::string& name = {}) const { return name.empty() ? path_ : path_ + "/" + name; }
  std::vector<std::string> names() const;  // of all that is in it, hidden files included

 private:
  std::string path_;
};

}  // namespace xover::test
