// The rows of the axis table, and the three axes that are not numbers.
#include "harness/experiment/axes.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/variant.h"
#include "harness/experiment/bad_input.h"

namespace xover {

namespace {

constexpr std::int64_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib;
constexpr std::int64_t second_ns = 1'000'000'000;

constexpr std::size_t longest_directory = 3072;  // leaves room for a file's name below PATH_MAX
constexpr std::string_view system_default = "system";
constexpr std::size_t longest_congestion_control = 15;  // TCP_CA_NAME_MAX in linux/include/net/tcp.h, less the zero

template <auto member>
constexpr Axis number(FieldFacts facts) {
  return number_field<Point, member>(facts);
}

Result<void> set_congestion_control(Point& point, std::string_view text) {
  const bool well_formed =
      !text.empty() && text.size() <= longest_congestion_control && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      });
  if (!well_formed) return bad_input({}, in_quotes(text) + " is no name", "expected one like cubic, or system");
  point.congestion_control = text == system_default ? std::string_view{} : text;
  return {};
}

constexpr Axis congestion_control() {
  Axis axis{FieldFacts{.name = "congestion_control",
                       .kind = FieldKind::text,
                       .help = "of transports that have one, as cubic; system: as the machine has it"}};
  axis.read_text = [](const Point& point) {
    return point.congestion_control.empty() ? std::string(system_default) : point.congestion_control;
  };
  axis.write_text = set_congestion_control;
  return axis;
}

// Whether the link exists is for the resolution of variants to say: only there is its list of links at hand.
Result<void> set_link(Point& point, std::string_view text) {
  const auto variant = parse_variant("any@" + std::string(text));  // the one place that knows the form of a link
  if (!variant || !variant->label.empty()) {
    return bad_input({}, in_quotes(text) + " is no link", "expected one like lo or af_packet:eth0+eth1");
  }
  point.link = variant->link;
  return {};
}

constexpr Axis link() {
  Axis axis{FieldFacts{.name = "link",
                       .plural = "links",
                       .kind = FieldKind::text,
                       .help = "where the bytes go, for transports that name no link; `xover list` has them"}};
  axis.read_text = [](const Point& point) { return point.link.text(); };
  axis.write_text = set_link;
  return axis;
}

// Well-formed UTF-8, RFC 3629: a result's JSON holds nothing else.
bool is_utf8(std::string_view text) {
  const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
  const auto within = [](unsigned value, unsigned low, unsigned high) { return value >= low && value <= high; };
  for (std::size_t at = 0; at < text.size();) {
    const unsigned lead = byte(at);
    if (lead < 0x80) {
      ++at;
      continue;
    }
    const std::size_t size = within(lead, 0xc2, 0xdf)   ? 2
                             : within(lead, 0xe0, 0xef) ? 3
                             : within(lead, 0xf0, 0xf4) ? 4
                                                        : 0;
    // Overlong forms, surrogates, and what is beyond U+10FFFF show in the second byte.
    const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (size == 0 || !within(byte(at + 1), low, high)) return false;
    for (std::size_t next = 2; next < size; ++next)
      if (!within(byte(at + next), 0x80, 0xbf)) return false;
    at += size;
  }
  return true;
}

Result<void> set_directory(Point& point, std::string_view text) {
  const bool printable = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= ' ' && c != 0x7f; });
  if (!printable || !is_utf8(text) || text.size() > longest_directory || !text.starts_with('/')) {
    return bad_input({}, in_quotes(text) + " is no directory",
                     "expected a path from the root, in UTF-8, like /var/tmp");
  }
  while (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
  point.directory = text;
  return {};
}

constexpr Axis directory() {
  Axis axis{FieldFacts{.name = "directory",
                       .plural = "directories",
                       .kind = FieldKind::text,
                       .help = "file: where the files are made, and removed again"}};
  axis.read_text = [](const Point& point) { return point.directory; };
  axis.write_text = set_directory;
  return axis;
}

constexpr std::array table{
    number<&Point::workload>({.name = "workload",
                              .plural = "workloads",
                              .kind = FieldKind::choice,
                              .choices = "stream|pingpong|paced|file|fanout",
                              .help = "what the connections do"}),
    number<&Point::size_bytes>({.name = "size",
                                .plural = "sizes",
                                .kind = FieldKind::size,
                                .least = 1,
                                .greatest = gib,
                                .help = "bytes of a message, or of a file; 1K..1M: each doubling, 1K..1M/2: two steps "
                                        "for each, 1K..1M+-1: and a byte less and more"}),
    number<&Point::fields>({.name = "fields",
                            .kind = FieldKind::count,
                            .least = 1,
                            .greatest = 1024,
                            .help = "pieces of memory that make up a message"}),
    number<&Point::connections>({.name = "connections",
                                 .kind = FieldKind::count,
                                 .least = 1,
                                 .greatest = 64,
                                 .help = "each has its own thread on both sides; fanout: receivers of one sender"}),
    number<&Point::depth>(
        {.name = "depth",
         .plural = "depths",
         .kind = FieldKind::count,
         .least = 1,
         .greatest = 4096,
         .help = "messages in flight on each connection: accepted and not yet released; file: requests"}),
    number<&Point::wait>({.name = "wait",
                          .kind = FieldKind::choice,
                          .choices = "block|spin",
                          .help = "how a side waits: asleep in the kernel, or polling"}),
    number<&Point::touch>({.name = "touch",
                           .kind = FieldKind::choice,
                           .choices = "none|read|verify",
                           .help = "what the receiver does with each byte"}),
    number<&Point::pool_bytes>(
        {.name = "pool",
         .plural = "pools",
         .kind = FieldKind::size,
         .least = 4 * kib,
         .greatest = gib,
         .help = "bytes that each sender cycles through, or of all files; at least one of them is used"}),
    number<&Point::alignment_bytes>({.name = "alignment",
                                     .plural = "alignments",
                                     .kind = FieldKind::size,
                                     .least = 0,
                                     .greatest = mib,
                                     .power_of_two = true,
                                     .help = "fields start at multiples of this power of two; 0: natural"}),
    number<&Point::memory>({.name = "memory",
                            .kind = FieldKind::choice,
                            .choices = "arena|foreign",
                            .help = "sent from: the transport's own arena, or memory that it has never seen"}),
    number<&Point::pages>({.name = "pages",
                           .kind = FieldKind::choice,
                           .choices = "system|small|huge",
                           .help = "of that memory: as the kernel likes, 4 KiB each, or 2 MiB each"}),
    number<&Point::late_ns>({.name = "late",
                             .kind = FieldKind::duration,
                             .least = 0,
                             .greatest = 10 * second_ns,
                             .help = "how long the receiver keeps each message waiting"}),
    congestion_control(),
    number<&Point::placement>({.name = "placement",
                               .plural = "placements",
                               .kind = FieldKind::choice,
                               .choices =
                                   "auto|same_core|smt_sibling|same_l3|same_package|cross_package|near_nic|rx_cpu|"
                                   "rx_sibling|rx_same_l3",
                               .help = "which cores the two sides get; near_nic and rx_...: by the network card"}),
    number<&Point::rate_per_second>({.name = "rate",
                                     .plural = "rates",
                                     .kind = FieldKind::count,
                                     .least = 1,
                                     .greatest = 10'000'000,
                                     .help = "paced: messages a second of each connection"}),
    number<&Point::mix>({.name = "mix",
                         .kind = FieldKind::choice,
                         .choices = "fixed|web",
                         .help = "file: all files of one size, or sizes as on web servers with that median"}),
    number<&Point::cache>({.name = "cache",
                           .kind = FieldKind::choice,
                           .choices = "warm|cold",
                           .help = "file: in the page cache, or dropped from it before each answer"}),
    directory(),
    number<&Point::direction>({.name = "direction",
                               .plural = "directions",
                               .kind = FieldKind::choice,
                               .choices = "to_peer|from_peer",
                               .help = "between two hosts: who sends, this one or that of --peer"}),
    number<&Point::rx_queues>({.name = "rx_queues",
                               .kind = FieldKind::choice,
                               .choices = "any|spread|one",
                               .help = "between two hosts: at which queues of the receiver connections arrive"}),
    link(),
};

}  // namespace

std::span<const Axis> axes() { return table; }

const Axis* find_axis(std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const Axis& axis) {
    return axis.name == name || (!axis.plural.empty() && axis.plural == name);
  });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace xover
