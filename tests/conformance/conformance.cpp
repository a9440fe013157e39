// The list of subjects, and what each case finds out first.
#include "tests/conformance/conformance.h"

#include <map>

namespace xover::conformance {

namespace {

// Found out once for each process.
const Availability& availability_of(const Subject& subject) {
  static std::map<std::string, Availability> known;
  const auto found = known.find(subject.text());
  if (found != known.end()) return found->second;
  const AtLinkEnd here(subject.link, LinkEnd::receiver);
  return known.emplace(subject.text(), subject.row->probe(subject.link)).first->second;
}

}  // namespace

void Conformance::SetUp() {
  if (ends_here() == Ends::sender) {
    facts_ = facts_from_suite();
    return;
  }
  if (subject().link.name == "pci" && subject().link.argument.empty()) {
    GTEST_SKIP() << "XOVER_PCI_A and XOVER_PCI_B name no two cards that this test may have, as in the lab guest";
  }
  if (subject().link.name == "verbs" && subject().link.argument.empty()) {
    GTEST_SKIP() << "XOVER_VERBS_DEVICE names no RDMA device that this test may have, as in the lab guest";
  }
  if (const std::string reason = why_no_link(subject().link); !reason.empty()) {
    GTEST_SKIP() << "link " << subject().link.text() << ": " << reason;
  }
  // A process has one of two cards, and a probe would take the other one.
  const bool may_probe = subject().link.name != "pci";
  const Availability& availability = may_probe ? availability_of(subject()) : Availability();
  if (!availability.usable()) {
    GTEST_SKIP() << to_string(availability.status) << ": " << availability.cause << "; " << availability.remedy;
  }
  const auto found = facts_of(subject());
  if (found) {
    facts_ = *found;
    return begin_two_processes(subject(), facts_);
  }
  const ErrorCode code = found.error().code;
  if (code == ErrorCode::unsupported || code == ErrorCode::no_device || code == ErrorCode::not_permitted) {
    GTEST_SKIP() << found.error().message();
  }
  FAIL() << found.error().message();
}

Result<std::unique_ptr<Session>> Conformance::open_alone(std::size_t max_channels, std::size_t depth) const {
  const AtLinkEnd here(subject().link, LinkEnd::receiver);
  return open_session(subject(), max_channels, depth);
}

std::vector<std::size_t> Conformance::within_limits(std::vector<std::size_t> sizes) const {
  std::erase_if(sizes, [&](std::size_t size) { return size > limits().max_op_bytes; });
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
