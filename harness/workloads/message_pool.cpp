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

// How a message is cut into fields. The last fields are shorter where its size does not divide.
struct Fields {
  std::uint64_t message_bytes, count, field_bytes;

  explicit Fields(const Point& point)
      : message_bytes(point.size_bytes),
        count(std::max<std::uint64_t>(1, point.fields)),
        field_bytes((point.size_bytes + count - 1) / count) {}

  std::uint64_t begin_of(std::uint64_t field) const { return std::min(message_bytes, field * field_bytes); }
  std::uint64_t size_of(std::uint64_t field) const { return begin_of(field + 1) - begin_of(field); }
};

// The segments of one message in buffers of this size, without their memory. An empty field has an empty segment.
std::vector<Segment> cut_into_buffers(const Fields& fields, std::uint64_t buffer_bytes) {
  std::vector<Segment> segments;
  for (std::uint64_t field = 0; field < fields.count; ++field) {
    std::uint64_t left = fields.size_of(field);
    do {
      const std::uint64_t size = std::min(left, buffer_bytes);
      segments.push_back({nullptr, size});
      left -= size;
    } while (left > 0);
  }
  return segments;
}

std::uint64_t buffers_in(const std::vector<Segment>& segments) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(segments, [](const Segment& segment) { return segment.size_bytes > 0; }));
}

// Of the pool, that each message takes: buffers are counted whole, as they are what a sender cycles through.
std::uint64_t bytes_of_message(const Point& point, const Limits& limits) {
  if (limits.buffer_bytes == 0) return point.size_bytes;
  return buffers_in(cut_into_buffers(Fields(point), limits.buffer_bytes)) * limits.buffer_bytes;
}

// In memory without buffers.
struct Layout {
  Fields fields;
  std::uint64_t places, stride_bytes, region_bytes, offset_bytes;

  Layout(const Point& point, const Limits& limits) : fields(point) {
    places = MessagePool::places_for(point, limits);
    const std::uint64_t field_bytes = fields.field_bytes;
    const std::uint64_t natural =
        std::clamp(std::bit_ceil(std::max<std::uint64_t>(field_bytes, 1)), cache_line_bytes, page_bytes);
    const std::uint64_t alignment = point.alignment_bytes == 0 ? natural : point.alignment_bytes;
    stride_bytes = round_up(std::max<std::uint64_t>(field_bytes, 1), alignment);
    // Regions begin on pages; a smaller alignment is kept from being a page's by starting that much behind one.
    const bool natural_or_page = point.alignment_bytes == 0 || alignment >= page_bytes;
    offset_bytes = natural_or_page ? 0 : alignment;
    region_bytes = round_up(places * stride_bytes + offset_bytes, std::max(alignment, page_bytes));
  }

  std::uint64_t total_bytes() const { return fields.count * region_bytes; }
};

}  // namespace

bool carry_sequence(const Limits& limits) {
  return limits.framing == Framing::message && limits.whole_messages && !limits.reliable;
}

// A message that has its number written into it cannot be in flight twice, nor one in buffers that are lent to one op.
std::size_t MessagePool::places_for(const Point& point, const Limits& limits) {
  const std::uint64_t wanted = point.pool_bytes / std::max<std::uint64_t>(1, bytes_of_message(point, limits));
  const bool apart = carry_sequence(limits) || limits.buffer_bytes != 0;
  return std::max<std::uint64_t>({wanted, apart ? point.depth : 1, 1});
}

std::size_t MessagePool::segments_for(const Point& point, const Limits& limits) {
  const Fields fields(point);
  return limits.buffer_bytes == 0 ? fields.count : cut_into_buffers(fields, limits.buffer_bytes).size();
}

Result<MessagePool> MessagePool::make_in_buffers(Session& session, const Point& point, std::uint64_t seed) {
  const std::uint64_t buffer_bytes = session.limits().buffer_bytes;
  const std::vector<Segment> cut = cut_into_buffers(Fields(point), buffer_bytes);
  MessagePool pool;
  pool.places_ = places_for(point, session.limits());
  pool.slots_ = pool.places_;
  pool.segments_each_ = cut.size();
  const std::uint64_t buffers = pool.places_ * buffers_in(cut);
  auto arena = session.arena(buffers * buffer_bytes);
  if (!arena) return tl::make_unexpected(arena.error());
  if (arena->size() < buffers)
    return make_error(ErrorCode::internal, "lay out messages",
                      fmt::format("the arena has {} buffers, {} were asked for", arena->size(), buffers));

  auto buffer = arena->begin();
  std::uint64_t offset = 0;
  for (std::uint64_t place = 0; place < pool.places_; ++place) {
    for (Segment segment : cut) {
      segment.data = segment.size_bytes > 0 ? (buffer++)->data : arena->front().data;
      fill_payload({segment.data, segment.size_bytes}, seed, offset);
      offset += segment.size_bytes;
      pool.segments_.push_back(segment);
    }
  }
  return pool;
}

Result<MessagePool> MessagePool::make(Session& session, const Point& point, std::uint64_t seed) {
  if (session.limits().buffer_bytes != 0) return make_in_buffers(session, point, seed);
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
  pool.segments_each_ = layout.fields.count;
  pool.segments_.reserve(layout.places * layout.fields.count);
  for (std::uint64_t place = 0; place < layout.places; ++place) {
    for (std::uint64_t field = 0; field < layout.fields.count; ++field) {
      const std::uint64_t at = field * layout.region_bytes + layout.offset_bytes + place * layout.stride_bytes;
      Segment segment{base.data + at, 0, base.file, base.file_offset + at};  // an arena may be a file's mapping
      segment.size_bytes = layout.fields.size_of(field);
      fill_payload({segment.data, segment.size_bytes}, seed, place * point.size_bytes + layout.fields.begin_of(field));
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

bool PayloadChecker::datagram_matches(std::span<const std::byte> bytes, std::uint64_t number,
                                      std::uint64_t offset) const {
  if (offset + bytes.size() > message_bytes_) return false;
  const std::uint64_t unchecked = offset < sequence_bytes ? std::min(sequence_bytes - offset, bytes.size()) : 0;
  const std::uint64_t position = number * message_bytes_ % cycle_bytes_ + offset + unchecked;
  return !verify_payload(bytes.subspan(unchecked), seed_, position);
}

}  // namespace xover
