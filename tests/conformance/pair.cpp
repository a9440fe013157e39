// Threads, rendezvous, and laying out messages in memory.
#include "tests/conformance/pair.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/payload.h"
#include "tests/conformance/link_end.h"
#include "tests/conformance/two_processes.h"

namespace xover::conformance {

namespace {

using Problems = std::vector<std::string>;

// Runs the body of one side from opening to checking.
Problems run_side(const Subject& subject, LinkRole role, const SideSetup& setup, Meeting& meeting,
                  const std::function<void(Side&)>& connect, const Body& body) {
  const bool sender = role == LinkRole::sender;
  const AtLinkEnd here(subject.link, sender ? LinkEnd::sender : LinkEnd::receiver);
  Problems problems;
  try {
    Side side(subject, sender ? "sender" : "receiver", role, setup, meeting);
    try {
      connect(side);
      body(side);
      side.finish();
    } catch (const SideFailed& failed) {
      problems.push_back(failed.what);
    }
    problems.insert(problems.end(), side.accountant().problems().begin(), side.accountant().problems().end());
  } catch (const SideFailed& failed) {
    problems.push_back(failed.what);
  }
  if (!problems.empty()) meeting.failed = true;
  return problems;
}

std::string address_of(const Meeting& meeting) {
  while (!meeting.address.known()) {
    if (meeting.failed.load()) throw SideFailed{"sender: the receiver did not get as far as listening"};
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return meeting.address.get();
}

Problems run_sender(const Subject& subject, const SideSetup& setup, Meeting& meeting, const Body& body) {
  const auto connect = [&](Side& side) { side.connect_all(meeting.expected == 2 ? address_of(meeting) : "nowhere"); };
  return run_side(subject, LinkRole::sender, setup, meeting, connect, body);
}

Problems run_receiver(const Subject& subject, const SideSetup& setup, Meeting& meeting, const Body& body) {
  const auto accept = [&](Side& side) {
    if (!meeting.address.set(side.listen())) side.fail("the address is longer than this suite takes");
    side.accept_all();
  };
  return run_side(subject, LinkRole::receiver, setup, meeting, accept, body);
}

void report(const Problems& problems) {
  for (const std::string& problem : problems) ADD_FAILURE() << problem;
}

void run_in_two_threads(const Subject& subject, const PairSetup& setup, Meeting& meeting, const Body& sender,
                        const Body& receiver) {
  Problems of_sender, of_receiver;
  std::thread receiving([&] {
    if (meeting.expected == 2) of_receiver = run_receiver(subject, setup.receiver, meeting, receiver);
  });
  std::thread sending([&] { of_sender = run_sender(subject, setup.sender, meeting, sender); });
  sending.join();
  receiving.join();
  report(of_sender);
  report(of_receiver);
}

// In the suite's process, which notices when the other one dies.
void run_here_as_receiver(const Subject& subject, const SideSetup& setup, Meeting& meeting, const Body& receiver) {
  if (!begin_pair(subject)) return;  // it has been said why
  Problems problems;
  std::atomic<bool> done{false};
  std::thread receiving([&] {
    problems = run_receiver(subject, setup, meeting, receiver);
    done = true;
  });
  while (!done.load() || !other_process_is_done()) {
    if (other_process_failed()) meeting.failed = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  receiving.join();
  report(problems);
}

std::vector<Segment> slice(const std::vector<Segment>& memory, std::uint64_t offset, std::uint64_t size_bytes) {
  std::vector<Segment> parts;
  for (const Segment& segment : memory) {
    if (offset >= segment.size_bytes && !(offset == 0 && size_bytes == 0)) {
      offset -= segment.size_bytes;
      continue;
    }
    const std::uint64_t size = std::min<std::uint64_t>(size_bytes, segment.size_bytes - offset);
    Segment part = segment;
    part.data += offset;
    part.size_bytes = size;
    part.file_offset += offset;
    parts.push_back(part);
    size_bytes -= size;
    offset = 0;
    if (size_bytes == 0) break;
  }
  return parts;
}

// Of eight fields the second, fifth and eighth are empty.
bool empty_field(std::size_t field) { return field % 3 == 1; }

std::vector<std::uint64_t> sizes_of_fields(std::uint64_t size_bytes, std::size_t fields, std::size_t alignment_bytes) {
  std::vector<std::uint64_t> sizes;
  std::uint64_t left = size_bytes;
  for (std::size_t field = 0; field < fields; ++field) {
    const bool last = field + 2 >= fields;
    std::uint64_t size = last ? left : (left / 2 + alignment_bytes - 1) / alignment_bytes * alignment_bytes;
    if (fields > 1 && empty_field(field)) size = 0;
    if (field + 1 == fields) size = left;
    sizes.push_back(size);
    left -= size;
  }
  return sizes;
}

Message in_fields(const std::vector<Segment>& memory, std::uint64_t offset, const std::vector<std::uint64_t>& sizes) {
  Message message;
  for (const std::uint64_t size : sizes) {
    for (const Segment& part : slice(memory, offset, size)) message.push_back(part);
    offset += size;
  }
  return message;
}

// Without memory yet: each field in buffers of its own.
Message cut_into_buffers(const std::vector<std::uint64_t>& sizes, std::uint64_t buffer_bytes) {
  Message message;
  for (std::uint64_t left : sizes) {
    do {
      const std::uint64_t size = std::min(left, buffer_bytes);
      message.push_back({nullptr, size});
      left -= size;
    } while (left > 0);
  }
  return message;
}

void fill(const Message& message, std::uint64_t seed, std::uint64_t offset) {
  for (const Segment& segment : message) {
    fill_payload({segment.data, segment.size_bytes}, seed, offset);
    offset += segment.size_bytes;
  }
}

// In one field where the segments of several would be too many.
std::vector<Message> messages_in_buffers(Side& side, const Script& script, std::size_t fields) {
  const std::uint64_t buffer_bytes = side.limits().buffer_bytes;
  std::vector<Message> messages;
  std::size_t buffers = 0;
  for (std::size_t i = 0; i < script.count(); ++i) {
    messages.push_back(cut_into_buffers(sizes_of_fields(script.size_bytes(i), fields, 1), buffer_bytes));
    if (messages.back().size() > side.limits().max_segments)
      messages.back() = cut_into_buffers({script.size_bytes(i)}, buffer_bytes);
    buffers += static_cast<std::size_t>(
        std::ranges::count_if(messages.back(), [](const Segment& segment) { return segment.size_bytes > 0; }));
  }
  auto memory = side.session().arena(std::max<std::size_t>(1, buffers) * buffer_bytes);
  if (!memory) side.fail("arena: " + memory.error().message());
  if (memory->size() < buffers) side.fail("the arena has too few buffers");
  auto buffer = memory->begin();
  for (std::size_t i = 0; i < script.count(); ++i) {
    for (Segment& segment : messages[i])
      segment.data = segment.size_bytes > 0 ? (buffer++)->data : memory->front().data;
    fill(messages[i], script.seed(), script.offset(i));
  }
  return messages;
}

}  // namespace

void run_pair(const Subject& subject, const PairSetup& setup, const Body& sender, const Body& receiver) {
  const bool has_receiver = limits_of(subject).value().receive != Receive::none;
  const Shared<Meeting> meeting(has_receiver ? 2 : 1);
  switch (ends_here()) {
    case Ends::both: return run_in_two_threads(subject, setup, *meeting, sender, receiver);
    case Ends::receiver: return run_here_as_receiver(subject, setup.receiver, *meeting, receiver);
    case Ends::sender: break;
  }
  if (!begin_pair(subject)) return;
  report(run_sender(subject, setup.sender, *meeting, sender));
  end_pair();
}

void run_alone(const Subject& subject, const SideSetup& setup, const Body& body) {
  if (ends_here() == Ends::sender) return;
  Meeting meeting(1);
  std::thread alone([&] {
    const AtLinkEnd here(subject.link, LinkEnd::receiver);
    try {
      Side side(subject, "alone", LinkRole::receiver, setup, meeting);
      body(side);
    } catch (const SideFailed& failed) {
      ADD_FAILURE() << failed.what;
    }
  });
  alone.join();
}

Result<SubjectFacts> facts_of(const Subject& subject) {
  if (ends_here() == Ends::sender) return facts_from_suite();
  static std::map<std::string, Result<SubjectFacts>> known;
  const auto found = known.find(subject.text());
  if (found != known.end()) return found->second;
  const AtLinkEnd here(subject.link, LinkEnd::receiver);
  auto session = open_session(subject, 1, 1);
  Result<SubjectFacts> facts = session ? Result<SubjectFacts>({(*session)->limits(), (*session)->fanout() != nullptr})
                                       : tl::make_unexpected(session.error());
  if (facts && facts->limits.receive != Receive::none) {
    if (const auto address = (*session)->listen(); !address) facts = tl::make_unexpected(address.error());
  }
  return known.emplace(subject.text(), facts).first->second;
}

Result<Limits> limits_of(const Subject& subject) {
  return facts_of(subject).map([](const SubjectFacts& facts) { return facts.limits; });
}

std::vector<Message> messages_in_arena(Side& side, const Script& script, std::size_t fields, Placement placement) {
  if (side.limits().buffer_bytes != 0) return messages_in_buffers(side, script, fields);
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t alignment = std::max<std::uint64_t>(1, side.limits().alignment_bytes);
  std::vector<std::uint64_t> places;
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < script.count(); ++i) {
    if (placement == Placement::before_page_end) end = end / page * page + page - 1;
    places.push_back(end);
    end += (script.size_bytes(i) + alignment - 1) / alignment * alignment;
  }
  auto memory = side.session().arena(end + page);
  if (!memory) side.fail("arena: " + memory.error().message());
  std::vector<Message> messages;
  for (std::size_t i = 0; i < script.count(); ++i) {
    messages.push_back(in_fields(*memory, places[i], sizes_of_fields(script.size_bytes(i), fields, alignment)));
    fill(messages.back(), script.seed(), script.offset(i));
  }
  return messages;
}

std::vector<Message> messages_in(std::span<std::byte> memory, const Script& script) {
  std::vector<Message> messages;
  for (std::size_t i = 0; i < script.count(); ++i) {
    messages.push_back({{memory.data() + script.offset(i), script.size_bytes(i)}});
    fill(messages.back(), script.seed(), script.offset(i));
  }
  return messages;
}

}  // namespace xover::conformance
