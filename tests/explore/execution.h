// One step of the model, carried out: the event for a machine, and then whatever the machines ask for, on the world.
// Stops at the first thing that is wrong.
//
// Addresses are made up, and the same in every state: from an address follows what lies there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/explore/sdp_model.h"

namespace xover::explore {

enum class Area : std::uint8_t { op, receive, slot, read_stage };

struct Place {
  Area area = Area::op;
  std::size_t index = 0;
  std::uint32_t offset = 0;
};

// Areas are far apart, and so are the places in them.
inline constexpr std::uint64_t area_bytes = 0x100000, place_bytes = 0x1000, second_segment = 0x800;
inline std::uint64_t address_of(Area area, std::size_t index) {
  return (static_cast<std::uint64_t>(area) + 1) * area_bytes + index * place_bytes;
}
Place place_of(std::uint64_t address);

inline std::byte payload_byte(std::size_t op, std::uint32_t offset) {
  return static_cast<std::byte>((op << 5 | offset) & 0xff);
}

class Execution final : private WorldMemory {
 public:
  // `story` may be null: a line for each thing that happens.
  Execution(const SdpModel& model, ModelState& state, std::vector<std::string>* story)
      : scenario_(model.scenario_), segments_(model.segments_), state_(state), story_(story) {}

  std::string take(Step step);

 private:
  void application(Step step);
  void answer_registration(std::size_t end, std::size_t which, bool grant);
  void grant(std::size_t end, sdp::Ticket ticket);
  void world(Step step);
  void poll_all();
  void finish_sends(std::size_t end);
  void note_read(std::size_t end, std::uint32_t key);
  void deliver(std::size_t end, const WorkResult& result);
  void receive(std::size_t end, std::uint16_t slot, std::uint32_t size_bytes);
  void pump(std::size_t end);
  void check_ends();
  void check_counts(std::size_t end);
  void check_registrations(std::size_t end);

  void execute(std::size_t end, const sdp::Carry& carry);
  void append_payload(std::size_t end, const sdp::Gather& payload);
  void execute(std::size_t end, const sdp::PostMessage& post);
  void execute(std::size_t end, const sdp::PostRead& post);
  void execute(std::size_t end, const sdp::PostWrite& post);
  void execute(std::size_t end, const sdp::Register& what);
  void execute(std::size_t end, const sdp::Release& release);
  void execute(std::size_t end, const sdp::Copy& copy);
  void execute(std::size_t end, const sdp::PostReceive& post);
  void execute(std::size_t end, const sdp::CompleteSend& complete);
  void execute(std::size_t end, const sdp::CompleteReceive& complete);
  void execute(std::size_t end, const sdp::Closed& closed);
  void execute(std::size_t end, const sdp::Abort& abort);

  void check_line(std::size_t end, const sdp::PostMessage& post);
  void check_unused(std::size_t end, const Registration& registration);
  void follow_stream(std::size_t end, std::byte value);
  std::uint32_t key_of(std::size_t end, sdp::Ticket ticket);
  bool lent(std::size_t end, std::uint64_t address, std::uint64_t size_bytes) const;
  void post(std::size_t end, WorldRequest request);

  void read(std::size_t adapter, std::uint64_t address, std::span<std::byte> to) noexcept override;
  void write(std::size_t adapter, std::uint64_t address, std::span<const std::byte> from) noexcept override;

  void wrong(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
  }
  bool ok() const { return problem_.empty(); }
  template <typename... Parts>
  void tell(const Parts&... parts) {
    if (story_ == nullptr) return;
    std::string line;
    ((line += parts), ...);
    story_->push_back(line);
  }

  const Scenario& scenario_;
  const std::array<std::vector<std::vector<Segment>>, 2>& segments_;
  ModelState& state_;
  std::vector<std::string>* story_;
  std::string problem_;
  std::vector<std::byte> payload_;  // of the message that is posted next
  std::uint32_t adverts_before_ = 0;
};

}  // namespace xover::explore
