// Layout and contents of the messages.
#include "harness/workloads/message_pool.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "core/payload.h"

namespace xover {

namespace {

constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t cache_line_bytes = 64;

std::uint64_t round_up(std::uint64_t value, std::uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

struct Layout {
  std::uint64_t places, fields, field_bytes, stride_bytes, region_bytes, offset_bytes;

  Layout(const Point& point, const Limits& limits) {
    places = MessagePool::places_for(point, limits);
    fields = std::max<std::uint64_t>(1, point.fields);
    field_bytes = (point.size_bytes + fields - 1) / fields;
    const std::uint64_t natural =
        std::clamp(std::bit_ceil(std::max<std::uint64_t>(field_bytes, 1)), cache_line_bytes, page_bytes);
    const std::uint64_t alignment = point.alignment_bytes == 0 ? natural : point.alignment_bytes;
    stride_bytes = round_up(std::max<std::uint64_t>(field_bytes, 1), alignment);
    // Regions begin on pages; a smaller alignment is kept from being a page's by starting that much behind one.
    const bool natural_or_page = point.alignment_bytes == 0 || alignment >= page_bytes;
    offset_bytes = natural_or_page ? 0 : alignment;
    region_bytes = round_up(places * stride_bytes + offset_bytes, std::max(alignment, page_bytes));
  }

  std::uint64_t total_bytes() const { return fields * region_bytes; }
  // The last fields are shorter where the size does not divide.
  std::uint64_t size_of_field(std::uint64_t field, std::uint64_t message_bytes) const {
    const std::uint64_t begin = std::min(message_bytes, field * field_bytes);
    return std::min(message_bytes, begin + field_bytes) - begin;
  }
};

}  // namespace

bool carry_sequence(const Limits& limits) { return limits.framing == Framing::message && limits.whole_messages; }

std::size_t MessagePool::places_for(const Point& point, const Limits& limits) {
  const std::uint64_t wanted = point.pool_bytes / std::max<std::uint64_t>(1, point.size_bytes);
  return std::max<std::uint64_t>({wanted, carry_sequence(limits) ? point.depth : 1, 1});
}

Result<MessagePool> MessagePool::make(Session& session, const Point& point, std::uint64_t seed) {
  const Layout layout(point, session.limits());
  MessagePool pool;
  Segment base;
  if (point.memory == Memory::foreign) {
    auto pages = Pages::allocate(layout.total_bytes(), point.pages);
    if (!pages) return tl::make_unexpected(pages.error());
    pool.own_pages_ = std::move(*pages);
    base.data = pool.own_pages_.data();
  } else {
    auto arena = session.arena(layout.total_bytes());
    if (!arena) return tl::make_unexpected(arena.error());
    if (arena->front().size_bytes < layout.total_bytes())
      return make_error(ErrorCode::unsupported, "lay out messages",
                        fmt::format("the arena's first segment has {} bytes, {} are needed in one piece",
                                    arena->front().size_bytes, layout.total_bytes()));
    base = arena->front();
  }

  pool.places_ = layout.places;
  pool.slots_ = round_up(std::max<std::uint64_t>(layout.places, point.depth), layout.places);
  pool.fields_ = layout.fields;
  pool.segments_.reserve(layout.places * layout.fields);
  for (std::uint64_t place = 0; place < layout.places; ++place) {
    for (std::uint64_t field = 0; field < layout.fields; ++field) {
      const std::uint64_t at = field * layout.region_bytes + layout.offset_bytes + place * layout.stride_bytes;
      Segment segment{base.data + at, 0, base.file, base.file_offset + at};  // an arena may be a file's mapping
      segment.size_bytes = layout.size_of_field(field, point.size_bytes);
      const std::uint64_t begin = std::min(point.size_bytes, field * layout.field_bytes);
      fill_payload({segment.data, segment.size_bytes}, seed, place * point.size_bytes + begin);
      pool.segments_.push_back(segment);
    }
  }
  return pool;
}

void MessagePool::stamp(std::uint64_t number, std::uint64_t sequence) {
  std::size_t written = 0;
  const auto* from = reinterpret_cast<const std::byte*>(&sequence);
  for (const Segment& segment : message(number)) {
    const std::size_t part = std::min(segment.size_bytes, sequence_bytes - written);
    std::memcpy(segment.data, from + written, part);
    if ((written += part) == sequence_bytes) return;
  }
}

PayloadChecker::PayloadChecker(const Point& point, const Limits& limits, std::uint64_t seed)
    : seed_(seed),
      message_bytes_(point.size_bytes),
      cycle_bytes_(std::max<std::uint64_t>(1, MessagePool::places_for(point, limits) * point.size_bytes)) {}

bool PayloadChecker::stream_matches(std::span<const std::byte> bytes, std::uint64_t position) const {
  while (!bytes.empty()) {
    const std::uint64_t offset = position % cycle_bytes_;
    const std::size_t part = std::min<std::uint64_t>(bytes.size(), cycle_bytes_ - offset);
    if (verify_payload(bytes.first(part), seed_, offset)) return false;
    bytes = bytes.subspan(part);
    position += part;
  }
  return true;
}

bool PayloadChecker::datagram_matches(std::span<const std::byte> bytes, std::uint64_t number) const {
  if (bytes.size() != message_bytes_) return false;
  const std::uint64_t offset = number * message_bytes_ % cycle_bytes_ + sequence_bytes;
  return bytes.size() <= sequence_bytes || !verify_payload(bytes.subspan(sequence_bytes), seed_, offset);
}

}  // namespace xover
