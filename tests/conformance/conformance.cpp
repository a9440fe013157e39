// The list of subjects, and what each case finds out first.
#include "tests/conformance/conformance.h"

namespace xover::conformance {

void Conformance::SetUp() {
  if (const std::string reason = why_no_link(subject().link); !reason.empty()) {
    GTEST_SKIP() << "link " << subject().link.text() << ": " << reason;
  }
  const Availability availability = subject().row->probe(subject().link);
  if (!availability.usable()) {
    GTEST_SKIP() << to_string(availability.status) << ": " << availability.cause << "; " << availability.remedy;
  }
  const auto found = limits_of(subject());
  if (found) {
    limits_ = *found;
    return;
  }
  const ErrorCode code = found.error().code;
  if (code == ErrorCode::unsupported || code == ErrorCode::no_device || code == ErrorCode::not_permitted) {
    GTEST_SKIP() << found.error().message();
  }
  FAIL() << found.error().message();
}

std::vector<std::size_t> Conformance::within_limits(std::vector<std::size_t> sizes) const {
  std::erase_if(sizes, [&](std::size_t size) { return size > limits_.max_op_bytes; });
  return sizes;
}

PairSetup Conformance::small_buffers() const {
  PairSetup setup;
  for (const char* option : {"send_buffer", "receive_buffer"}) {
    if (!subject().has_option(option)) continue;
    setup.sender.options[option] = setup.receiver.options[option] = "64K";
  }
  return setup;
}

INSTANTIATE_TEST_SUITE_P(Every, Conformance, testing::ValuesIn(all_subjects()),
                         [](const auto& test) { return test.param.test_name(); });

}  // namespace xover::conformance
