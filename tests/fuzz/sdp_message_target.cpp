// SDP messages: any bytes are a message or are not, and a message means the same when it is written again. Then the
// bytes, cut into messages, are fed to a machine with ops and receives under way: whatever a peer says, it is answered
// or ends the connection.
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "tests/fuzz/fuzz_target.h"
#include "transports/sdp/machine.h"

using namespace xover;
using namespace xover::sdp;

namespace {

// Executes just enough that the machine goes on: whatever it posts has ended at once.
struct Executor {
  explicit Executor(Settings settings) : slots(settings.own.receives), machine(settings) {
    for (std::uint16_t slot = 0; slot < settings.own.receives; ++slot) slots[slot] = slot;
  }

  void operator()(const Carry&) {}
  void operator()(const PostMessage& post) {
    std::array<std::byte, most_head_bytes> bytes;
    const std::size_t head = encode(post.message, bytes.data());
    fuzz::require(head + post.message.payload_bytes <= machine.settings().peer.receive_bytes,
                  "messages fit at the peer");
    machine.sends_finished();
    last_sent = post.message.sequence;
  }
  void operator()(const PostRead&) { ++reads; }
  void operator()(const PostWrite&) { ++writes; }
  void operator()(const Register& request) { machine.registered(request.ticket, 7); }
  void operator()(const Release&) {}
  void operator()(const Copy& copy) {
    fuzz::require(copy.offset + copy.size_bytes <= 256 || copy.from_read_stage, "copies stay inside their buffer");
    std::memset(copy.to, 1, copy.size_bytes);
  }
  void operator()(const PostReceive& post) { slots.push_back(post.slot); }
  void operator()(const CompleteSend& complete) { released += complete.moments.has(Moment::released); }
  void operator()(const CompleteReceive&) { ++completed; }
  void operator()(const Closed&) { ++closed; }
  void operator()(const Abort&) { ++aborted; }

  void pump() {
    for (bool more = true; more;) {
      Actions actions;
      more = machine.pump(actions) || !actions.empty();
      for (const Action& action : actions) std::visit([this](const auto& one) { (*this)(one); }, action);
    }
  }
  void end_work() {
    for (; reads > 0; --reads) machine.read_finished();
    for (; writes > 0; --writes) machine.write_finished();
  }

  std::vector<std::uint16_t> slots;
  Machine machine;
  std::uint32_t last_sent = 0;
  int reads = 0, writes = 0, released = 0, completed = 0, closed = 0, aborted = 0;
};

Settings settings_of(std::uint8_t choice) {
  Settings settings;
  settings.way = static_cast<Way>(choice % 4);
  settings.first_mode = static_cast<Mode>(choice / 4 % 3);
  settings.own = settings.peer = {.max_adverts = 2, .receives = 6, .receive_bytes = 256};
  settings.depth = 4;
  settings.source_threshold_bytes = settings.sink_threshold_bytes = 300;
  settings.chunk_bytes = 400;
  settings.copy_bytes = 200;
  settings.read_stage_bytes = 200;
  settings.combined_bytes = 8;
  return settings;
}

// The sequence number is what a fuzzer would have to guess first; most messages are given the right one.
Malformed one_message(Executor& executor, std::vector<std::byte>& bytes, std::uint32_t sequence, bool mended) {
  Message message;
  const Malformed malformed = parse(bytes, message);
  if (malformed == Malformed::none) {
    std::array<std::byte, most_head_bytes> again;
    const std::size_t head = encode(message, again.data());
    fuzz::require(
        head + message.payload_bytes == bytes.size() && std::equal(again.begin(), again.begin() + head, bytes.begin()),
        "a message that is written again has the same bytes");
  }
  if (executor.slots.empty() || executor.machine.failed()) return malformed;
  const std::uint16_t slot = executor.slots.back();
  executor.slots.pop_back();
  if (mended && malformed == Malformed::none) {
    message.sequence = sequence;
    message.acknowledged = executor.last_sent;
    message.buffers = 5;
    executor.machine.received(slot, message);
  } else {
    executor.machine.received(slot, bytes);
  }
  return malformed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  if (size_bytes < 2) return 0;
  static std::array<std::byte, 4096> memory;
  Executor executor(settings_of(data[0]));
  const std::uint8_t habits = data[1];
  data += 2, size_bytes -= 2;
  const std::array<Segment, 2> segments{Segment{memory.data(), 1000}, Segment{memory.data() + 1000, 500}};
  int submitted = 0, offered = 0;
  for (std::uint32_t sequence = 1; size_bytes > 2; ++sequence) {
    submitted += executor.machine.submit(sequence, std::span(segments).first(1 + sequence % 2));
    if ((habits & 1) == 0 || sequence % 3 == 0) {
      offered += executor.machine.offer(sequence, memory.data() + 2000, habits & 2 ? 400 : 100);
    }
    if ((habits & 4) != 0) executor.machine.tick(sequence * 300'000'000);
    if ((habits & 8) != 0 && sequence % 4 == 0) executor.machine.cancel(sequence - 1);
    if ((habits & 16) != 0 && sequence % 5 == 0) executor.machine.withdraw_receives();
    executor.pump();
    const std::size_t cut = std::min<std::size_t>(size_bytes - 2, (data[0] & 0x3f) + 16u);
    std::vector<std::byte> bytes(cut);
    std::memcpy(bytes.data(), data + 2, cut);
    one_message(executor, bytes, sequence, data[1] % 8 != 0);
    if ((habits & 32) == 0 || sequence % 2 == 0) executor.end_work();
    executor.pump();
    data += 2 + cut, size_bytes -= 2 + cut;
  }
  executor.machine.abort();
  executor.end_work();
  executor.pump();
  fuzz::require(executor.released == submitted && executor.completed == offered, "every token comes back once");
  fuzz::require(executor.closed == 1, "the end is told once");
  return 0;
}
