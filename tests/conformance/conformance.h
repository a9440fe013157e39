// The parameterised body that every subject runs. Each *_cases.cpp file adds cases to it; conformance.cpp lists the
// subjects. A case that a subject cannot run is skipped and says why.
#pragma once

#include <gtest/gtest.h>

#include "tests/conformance/flow.h"
#include "tests/conformance/link_end.h"
#include "tests/conformance/pair.h"
#include "tests/conformance/subject.h"
#include "tests/conformance/two_processes.h"

namespace xover::conformance {

class Conformance : public testing::TestWithParam<Subject> {
 protected:
  void SetUp() override;
  void TearDown() override { end_two_processes(); }

  const Subject& subject() const { return GetParam(); }
  const Limits& limits() const { return facts_.limits; }
  bool has_receiver() const { return limits().receive != Receive::none; }
  bool has_fanout() const { return facts_.has_fanout; }

  // A session at the receiver's end, which nobody is connected to.
  Result<std::unique_ptr<Session>> open_alone(std::size_t max_channels, std::size_t depth) const;
  // As many of these sizes as an op may have.
  std::vector<std::size_t> within_limits(std::vector<std::size_t> sizes) const;
  std::size_t at_most_op(std::size_t size_bytes) const { return std::min(size_bytes, limits().max_op_bytes); }
  // Both sides with buffers as small as the transport lets them be, so that sends are partial and channels get busy.
  PairSetup small_buffers() const;

 private:
  SubjectFacts facts_;
};

// To be used at the head of a case.
#define REQUIRE_RECEIVER() \
  if (!has_receiver()) GTEST_SKIP() << "nobody receives on the link " << subject().link.text()
#define REQUIRE_RELIABLE() \
  if (!limits().reliable) GTEST_SKIP() << subject().text() << " may lose messages and cannot tell that a peer is gone"

}  // namespace xover::conformance
