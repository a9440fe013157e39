// Threads, rendezvous, and laying out messages in memory.
#include "tests/conformance/pair.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/payload.h"
#include "tests/conformance/link_end.h"

namespace xover::conformance {

namespace {

// Runs the body of one side from opening to checking; what goes wrong ends in `problems`.
void run_side(const Subject& subject, LinkEnd end, const SideSetup& setup, Meeting& meeting,
              const std::function<void(Side&)>& connect, const Body& body, std::vector<std::string>& problems) {
  const AtLinkEnd here(subject.link, end);
  const char* const name = end == LinkEnd::sender ? "sender" : "receiver";
  try {
    Side side(subject, name, setup, meeting);
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
}

std::string address_of(Meeting& meeting, std::shared_future<std::string>& address) {
  while (address.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
    if (meeting.failed.load()) throw SideFailed{"sender: the receiver did not get as far as listening"};
  }
  return address.get();
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

Message in_fields(const std::vector<Segment>& memory, std::uint64_t offset, std::uint64_t size_bytes,
                  std::size_t fields, std::size_t alignment_bytes) {
  Message message;
  std::uint64_t left = size_bytes;
  for (std::size_t field = 0; field < fields; ++field) {
    const bool last = field + 2 >= fields;
    std::uint64_t size = last ? left : (left / 2 + alignment_bytes - 1) / alignment_bytes * alignment_bytes;
    if (fields > 1 && empty_field(field)) size = 0;
    if (field + 1 == fields) size = left;
    for (const Segment& part : slice(memory, offset, size)) message.push_back(part);
    offset += size;
    left -= size;
  }
  return message;
}

void fill(const Message& message, std::uint64_t seed, std::uint64_t offset) {
  for (const Segment& segment : message) {
    fill_payload({segment.data, segment.size_bytes}, seed, offset);
    offset += segment.size_bytes;
  }
}

}  // namespace

void run_pair(const Subject& subject, const PairSetup& setup, const Body& sender, const Body& receiver) {
  const bool has_receiver = limits_of(subject).value().receive != Receive::none;
  Meeting meeting(has_receiver ? 2 : 1);
  std::shared_future<std::string> address = meeting.address.get_future().share();
  std::vector<std::string> sender_problems, receiver_problems;
  std::thread receiving([&] {
    if (!has_receiver) return;
    const auto accept = [&](Side& side) {
      meeting.address.set_value(side.listen());
      side.accept_all();
    };
    run_side(subject, LinkEnd::receiver, setup.receiver, meeting, accept, receiver, receiver_problems);
  });
  std::thread sending([&] {
    const auto connect = [&](Side& side) { side.connect_all(has_receiver ? address_of(meeting, address) : "nowhere"); };
    run_side(subject, LinkEnd::sender, setup.sender, meeting, connect, sender, sender_problems);
  });
  sending.join();
  receiving.join();
  for (const auto& problem : sender_problems) ADD_FAILURE() << problem;
  for (const auto& problem : receiver_problems) ADD_FAILURE() << problem;
}

void run_alone(const Subject& subject, const SideSetup& setup, const Body& body) {
  Meeting meeting(1);
  std::thread alone([&] {
    const AtLinkEnd here(subject.link, LinkEnd::receiver);
    try {
      Side side(subject, "alone", setup, meeting);
      body(side);
    } catch (const SideFailed& failed) {
      ADD_FAILURE() << failed.what;
    }
  });
  alone.join();
}

Result<Limits> limits_of(const Subject& subject) {
  static std::map<std::string, Result<Limits>> known;
  const auto found = known.find(subject.text());
  if (found != known.end()) return found->second;
  const AtLinkEnd here(subject.link, LinkEnd::receiver);
  auto session = open_session(subject, 1, 1);
  Result<Limits> limits = session ? Result<Limits>((*session)->limits()) : tl::make_unexpected(session.error());
  if (limits && limits->receive != Receive::none) {
    if (const auto address = (*session)->listen(); !address) limits = tl::make_unexpected(address.error());
  }
  return known.emplace(subject.text(), limits).first->second;
}

std::vector<Message> messages_in_arena(Side& side, const Script& script, std::size_t fields, Placement placement) {
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
    messages.push_back(in_fields(*memory, places[i], script.size_bytes(i), fields, alignment));
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
