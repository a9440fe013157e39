// Processes for the tests of made links: making a link moves the calling process for good, and wants a single thread.
// Such a test runs again in a process of its own, spawned for it, where all its checks are made.
#pragma once

#include <memory>
#include <string>

#include "harness/links/make_link.h"
#include "tests/support/child_process.h"

namespace xover::test {

// False in the test program itself: there the calling test has been run again in its own process, and has failed or
// been skipped as that was. True in that process.
bool in_own_process();

// Makes a link, or skips the calling test where this system does not permit or have it, or fails it.
void make_or_skip(const Link& link, MadeLink& into);

// From here on this process is an ordinary user's, as a program that he started.
bool become_ordinary_user();

// Skips the calling test, which is an ordinary user with one thread by now, where he cannot have a user namespace.
void skip_without_user_namespaces();

// A process that makes a link in the calling test, which for it begins with `if (is_maker()) return make_and_wait();`.
enum class MakerIs { like_the_test, ordinary_user };
bool is_maker();
void make_and_wait();

class Maker {
 public:
  explicit Maker(const std::string& link, MakerIs user = MakerIs::like_the_test);

  const std::string& problem() const { return problem_; }  // empty: the link is there
  MadeLink take() const;                                   // by descriptors of the calling process
  void kill();                                             // and wait

 private:
  TemporaryFolder folder_;
  std::unique_ptr<ChildProcess> process_;
  std::string problem_;
  int user_ = -1, sender_ = -1, receiver_ = -1;  // descriptors of the maker
};

}  // namespace xover::test
