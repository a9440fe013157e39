// What the ledger says of lent pages, on links of which it is known what the kernel does with them.
#include <algorithm>
#include <string_view>

#include "tests/conformance/conformance.h"

namespace xover::conformance {

namespace {

constexpr std::size_t message_bytes = 64 * 1024;
constexpr std::size_t datagram_bytes = 1400;  // a longer one than the device's mtu is copied in any case
constexpr std::size_t messages = 64;

bool asks_for_zero_copy(const Descriptor& row) {
  return row.id.find("zerocopy") != std::string_view::npos || row.id.find("send_zc") != std::string_view::npos;
}

}  // namespace

// lo copies for a receiver that could keep the pages; a driver that takes them as a network card does not, nor one that
// drops them (Documentation/networking/msg_zerocopy.rst).
TEST_P(Conformance, LentPagesAreBookedAsTheLinkTreatsThem) {
  if (!asks_for_zero_copy(*subject().row)) GTEST_SKIP() << subject().text() << " does not ask for zero-copy";
  const bool looped = subject().link.name == "lo";
  const bool believed = device_gathers(subject().link);
  const std::size_t size = limits().whole_messages ? datagram_bytes : at_most_op(message_bytes);
  Flow flow(Script::repeated(90, size, messages), limits());
  run_pair(
      subject(), {},
      [&](Side& side) {
        const auto all = messages_in_arena(side, flow.script());
        flow.send(side, all);
        side.pump_until("all ops to be released", [&] { return side.accountant().all_released(); });
        const Ledger& ledger = side.channel().ledger();
        if (!believed && ledger[Handover::zero_copied] != 0) side.fail("a device that does not gather is believed");
        if (!believed) return;
        const std::uint64_t expected = ledger[looped ? Handover::kernel_after_request : Handover::zero_copied];
        const std::uint64_t least = looped ? flow.script().total_bytes() : flow.script().total_bytes() / 100 * 99;
        if (expected < least) {
          side.fail(std::to_string(expected) + " of " + std::to_string(flow.script().total_bytes()) + " bytes are " +
                    (looped ? "kernel_after_request" : "zero_copied"));
        }
      },
      [&](Side& side) {
        flow.offer(side);
        flow.receive_all(side);
      });
}

// Frames past the kernel: the sender's program copies on the one path that says so, and behind the burst it is the
// driver that does or nobody.
TEST_P(Conformance, FramesAreCopiedByWhomThePathAndTheLinkSay) {
  if (subject().row->family != "dpdk") GTEST_SKIP() << subject().text() << " sends no frames of its own";
  const std::string& link = subject().link.name;
  const Handover handover = link == "ring" || link == "pci" ? Handover::zero_copied : Handover::driver;
  const bool copies = subject().row->id == "dpdk.copy";
  Flow flow(Script::repeated(92, at_most_op(message_bytes), messages), limits());
  run_pair(
      subject(), {},
      [&](Side& side) {
        flow.send(side, messages_in_arena(side, flow.script()));
        side.pump_until("all ops to be released", [&] { return side.accountant().all_released(); });
        const Ledger& ledger = side.channel().ledger();
        const std::uint64_t total = flow.script().total_bytes();
        if (ledger[handover] != total) side.fail(std::to_string(ledger[handover]) + " bytes in the link's class");
        if (ledger.user_copied_bytes != (copies ? total : 0))
          side.fail(std::to_string(ledger.user_copied_bytes) + " bytes copied by the sender's program");
      },
      [&](Side& side) {
        flow.offer(side);
        flow.receive_all(side);
        const Ledger& ledger = side.channel().ledger();
        if (ledger[handover] != flow.script().total_bytes()) side.fail("the receiver's ledger has another class");
        if (ledger.user_copied_bytes != 0) side.fail("the receiver's program copied");
      });
}

// The trial at open runs on lo, whose pages pass by reference. A device without scatter-gather has TCP copy them.
TEST_P(Conformance, PagesOfAPipeAreZeroCopiedOnlyWhereTheDeviceGathers) {
  if (subject().row->id != "tcp.vmsplice") GTEST_SKIP() << subject().text() << " passes no pages of a pipe";
  const bool gathers = device_gathers(subject().link);
  Flow flow(Script::repeated(91, message_bytes, messages), limits());
  run_pair(
      subject(), {},
      [&](Side& side) {
        flow.send(side, messages_in_arena(side, flow.script()));
        side.pump_until("all ops to be released", [&] { return side.accountant().all_released(); });
        const Handover expected = gathers ? Handover::zero_copied : Handover::unverified;
        if (side.channel().ledger()[expected] != flow.script().total_bytes()) {
          side.fail(gathers ? "not all bytes are zero_copied" : "bytes that TCP copied are not unverified");
        }
      },
      [&](Side& side) {
        flow.offer(side);
        flow.receive_all(side);
      });
}

}  // namespace xover::conformance
