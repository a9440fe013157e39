// JSON for what coordinator and agent tell each other. Enumerations travel as numbers and are checked against their
// range; the library's exceptions end here.
#include "harness/agents/protocol.h"

#include <array>
#include <concepts>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace xover {

using nlohmann::json;

namespace {

// Reads one value or a container of them. The JSON library would convert any number into any other, also where C++
// leaves open what comes out (1e36 into an unsigned), so integers are read here: only integers, only in their range.
template <typename T>
void read(const json& from, T& to);

template <std::integral Integer>
void read_integer(const json& from, Integer& to) {
  const auto take = [&to](auto number) {
    if (!std::in_range<Integer>(number)) throw std::out_of_range("an integer outside its range");
    to = static_cast<Integer>(number);
  };
  if (!from.is_number_integer()) throw std::out_of_range("not an integer");
  from.is_number_unsigned() ? take(from.get<std::uint64_t>()) : take(from.get<std::int64_t>());
}

template <typename Item>
void read_items(const json& from, std::vector<Item>& to) {
  if (!from.is_array()) throw std::out_of_range("not a list");
  to.assign(from.size(), Item{});
  for (std::size_t i = 0; i < to.size(); ++i) read(from[i], to[i]);
}

template <typename Item, std::size_t size>
void read_items(const json& from, std::array<Item, size>& to) {
  if (!from.is_array() || from.size() != size) throw std::out_of_range("not a list of the right length");
  for (std::size_t i = 0; i < size; ++i) read(from[i], to[i]);
}

template <typename First, typename Second>
void read_items(const json& from, std::pair<First, Second>& to) {
  if (!from.is_array() || from.size() != 2) throw std::out_of_range("not a pair");
  read(from[0], to.first);
  read(from[1], to.second);
}

template <typename Item>
void read_items(const json& from, std::map<std::string, Item>& to) {
  if (!from.is_object()) throw std::out_of_range("not an object");
  for (const auto& [name, item] : from.items()) read(item, to[name]);
}

template <typename T>
void read(const json& from, T& to) {
  if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, double> || std::is_same_v<T, std::string>)
    from.get_to(to);
  else if constexpr (std::integral<T>)
    read_integer(from, to);
  else
    read_items(from, to);
}

template <typename Enum>
Enum enum_from(const json& value, Enum last) {
  std::uint64_t number = 0;
  read(value, number);
  if (number > static_cast<std::uint64_t>(last)) throw std::out_of_range("a number outside its enumeration");
  return static_cast<Enum>(number);
}

template <typename Enum>
unsigned number_of(Enum value) {
  return static_cast<unsigned>(value);
}

// Runs a conversion; what the JSON library throws becomes an Error.
template <typename Convert>
auto guarded(const char* what, Convert convert) -> Result<decltype(convert())> {
  try {
    return convert();
  } catch (const std::exception& problem) {
    return make_error(ErrorCode::bad_input, std::string("read ") + what, problem.what());
  }
}

json options_json(const OptionText& options) {
  json object = json::object();
  for (const auto& [name, value] : options) object[name] = value;
  return object;
}

OptionText options_from(const json& value) {
  if (!value.is_object()) throw std::out_of_range("options are not an object");
  OptionText options;
  for (const auto& [name, text] : value.items()) options[name] = text.get<std::string>();
  return options;
}

Link link_from(const json& value) {
  Link link;
  link.name = value.at("name").get<std::string>();
  link.argument = value.at("argument").get<std::string>();
  link.options = options_from(value.at("options"));
  return link;
}

json variant_json(const Variant& variant) {
  return {{"id", variant.id},
          {"options", options_json(variant.options)},
          {"link", to_json(variant.link)},
          {"label", variant.label}};
}

Variant variant_from(const json& value) {
  Variant variant;
  variant.id = value.at("id").get<std::string>();
  variant.options = options_from(value.at("options"));
  variant.link = link_from(value.at("link"));
  variant.label = value.at("label").get<std::string>();
  return variant;
}

json addresses_json(const HostAddresses& host) { return {{"ipv4", host.ipv4}, {"ipv6", host.ipv6}}; }

HostAddresses addresses_from(const json& value) {
  return {value.at("ipv4").get<std::string>(), value.at("ipv6").get<std::string>()};
}

json point_json(const Point& point) {
  return {{"workload", number_of(point.workload)},
          {"size", point.size_bytes},
          {"fields", point.fields},
          {"connections", point.connections},
          {"depth", point.depth},
          {"wait", number_of(point.wait)},
          {"touch", number_of(point.touch)},
          {"pool", point.pool_bytes},
          {"alignment", point.alignment_bytes},
          {"memory", number_of(point.memory)},
          {"pages", number_of(point.pages)},
          {"late", point.late_ns},
          {"congestion_control", point.congestion_control},
          {"placement", number_of(point.placement)},
          {"rate", point.rate_per_second},
          {"mix", number_of(point.mix)},
          {"cache", number_of(point.cache)},
          {"directory", point.directory},
          {"direction", number_of(point.direction)},
          {"rx_queues", number_of(point.rx_queues)},
          {"link", to_json(point.link)}};
}

Point point_from(const json& value) {
  Point point;
  point.workload = enum_from(value.at("workload"), Workload::fanout);
  read(value.at("size"), point.size_bytes);
  read(value.at("fields"), point.fields);
  read(value.at("connections"), point.connections);
  read(value.at("depth"), point.depth);
  point.wait = enum_from(value.at("wait"), Wait::spin);
  point.touch = enum_from(value.at("touch"), Touch::verify);
  read(value.at("pool"), point.pool_bytes);
  read(value.at("alignment"), point.alignment_bytes);
  point.memory = enum_from(value.at("memory"), Memory::foreign);
  point.pages = enum_from(value.at("pages"), PageKind::huge);
  read(value.at("late"), point.late_ns);
  read(value.at("congestion_control"), point.congestion_control);
  point.placement = enum_from(value.at("placement"), last_placement);
  read(value.at("rate"), point.rate_per_second);
  point.mix = enum_from(value.at("mix"), Mix::web);
  point.cache = enum_from(value.at("cache"), PageCache::cold);
  read(value.at("directory"), point.directory);
  point.direction = enum_from(value.at("direction"), Direction::from_peer);
  point.rx_queues = enum_from(value.at("rx_queues"), RxQueues::one);
  point.link = link_from(value.at("link"));
  return point;
}

json histogram_json(const Histogram& histogram) {
  const Histogram::Sparse sparse = histogram.to_sparse();
  return {{"buckets", sparse.buckets}, {"min_ns", sparse.min_ns}, {"max_ns", sparse.max_ns}, {"sum_ns", sparse.sum_ns}};
}

Histogram histogram_from(const json& value) {
  Histogram::Sparse sparse;
  read(value.at("buckets"), sparse.buckets);
  read(value.at("min_ns"), sparse.min_ns);
  read(value.at("max_ns"), sparse.max_ns);
  read(value.at("sum_ns"), sparse.sum_ns);
  Histogram histogram;
  if (!histogram.from_sparse(sparse)) throw std::out_of_range("impossible histogram");
  return histogram;
}

json ledger_json(const Ledger& ledger) {
  return {{"user_copied", ledger.user_copied_bytes},
          {"completed", ledger.completed_bytes},
          {"handover", ledger.handover_bytes}};
}

Ledger ledger_from(const json& value) {
  Ledger ledger;
  read(value.at("user_copied"), ledger.user_copied_bytes);
  read(value.at("completed"), ledger.completed_bytes);
  read(value.at("handover"), ledger.handover_bytes);
  return ledger;
}

template <typename Number>
json optional_json(const std::optional<Number>& value) {
  return value ? json(*value) : json();
}

template <typename Number>
void optional_from(const json& value, std::optional<Number>& to) {
  if (!value.is_null()) read(value, to.emplace());
}

json cpu_json(const CpuUsage& cpu) {
  return {{"source", number_of(cpu.source)},
          {"worker_ns", cpu.worker_ns},
          {"other_ns", optional_json(cpu.other_ns)},
          {"cycles", cpu.cycles},
          {"instructions", optional_json(cpu.instructions)},
          {"llc_misses", optional_json(cpu.llc_misses)},
          {"l1d_misses", optional_json(cpu.l1d_misses)},
          {"context_switches", cpu.context_switches},
          {"page_faults", cpu.page_faults}};
}

CpuUsage cpu_from(const json& value) {
  CpuUsage cpu;
  cpu.source = enum_from(value.at("source"), CpuSource::cpu_time);
  read(value.at("worker_ns"), cpu.worker_ns);
  optional_from(value.at("other_ns"), cpu.other_ns);
  read(value.at("cycles"), cpu.cycles);
  optional_from(value.at("instructions"), cpu.instructions);
  optional_from(value.at("llc_misses"), cpu.llc_misses);
  optional_from(value.at("l1d_misses"), cpu.l1d_misses);
  read(value.at("context_switches"), cpu.context_switches);
  read(value.at("page_faults"), cpu.page_faults);
  return cpu;
}

json copy_share_json(const CopyShare& share) {
  return {{"available", share.available},     {"reason", share.reason},
          {"samples", share.samples},         {"copy_samples", share.copy_samples},
          {"pin_samples", share.pin_samples}, {"lost_samples", share.lost_samples}};
}

CopyShare copy_share_from(const json& value) {
  CopyShare share;
  read(value.at("available"), share.available);
  read(value.at("reason"), share.reason);
  read(value.at("samples"), share.samples);
  read(value.at("copy_samples"), share.copy_samples);
  read(value.at("pin_samples"), share.pin_samples);
  read(value.at("lost_samples"), share.lost_samples);
  return share;
}

}  // namespace

json to_json(const Error& error) {
  return {{"code", number_of(error.code)},
          {"errno", error.errno_value},
          {"operation", error.operation},
          {"context", error.context},
          {"remedy", error.remedy}};
}

Error error_from_json(const json& value) {
  auto error = guarded("error", [&] {
    Error read_error;
    read_error.code = enum_from(value.at("code"), ErrorCode::internal);
    read(value.at("errno"), read_error.errno_value);
    read(value.at("operation"), read_error.operation);
    read(value.at("context"), read_error.context);
    read(value.at("remedy"), read_error.remedy);
    return read_error;
  });
  return error ? *error : error.error();
}

json to_json(const Link& link) {
  return {{"name", link.name}, {"argument", link.argument}, {"options", options_json(link.options)}};
}

Result<Link> link_from_json(const json& value) {
  return guarded("link", [&] { return link_from(value); });
}

json to_json(const Availability& availability) {
  return {{"status", number_of(availability.status)}, {"cause", availability.cause}, {"remedy", availability.remedy}};
}

Result<Availability> availability_from_json(const json& value) {
  return guarded("availability", [&] {
    return Availability{enum_from(value.at("status"), Status::kernel_too_old), value.at("cause").get<std::string>(),
                        value.at("remedy").get<std::string>()};
  });
}

json to_json(const MadeLink& link) {
  return {{"user_fd", link.user.get()},
          {"sender_fd", link.sender_net.get()},
          {"receiver_fd", link.receiver_net.get()},
          {"sender", addresses_json(link.sender)},
          {"receiver", addresses_json(link.receiver)},
          {"substrate", number_of(link.substrate)},
          {"gathers", link.gathers},
          {"facts", link.facts}};
}

Result<LinkAccount> made_link_from_json(const json& value) {
  return guarded("made link", [&] {
    LinkAccount account;
    read(value.at("user_fd"), account.user_fd);
    read(value.at("sender_fd"), account.sender_fd);
    read(value.at("receiver_fd"), account.receiver_fd);
    account.link.sender = addresses_from(value.at("sender"));
    account.link.receiver = addresses_from(value.at("receiver"));
    account.link.substrate = enum_from(value.at("substrate"), Substrate::simulated);
    read(value.at("gathers"), account.link.gathers);
    read(value.at("facts"), account.link.facts);
    return account;
  });
}

json to_json(const SampleSpec& spec) {
  return {{"variant", variant_json(spec.variant)},
          {"point", point_json(spec.point)},
          {"warmup_ns", spec.warmup_ns},
          {"duration_ns", spec.duration_ns},
          {"sender_address", addresses_json(spec.sender_address)},
          {"receiver_address", addresses_json(spec.receiver_address)},
          {"has_receiver", spec.has_receiver},
          {"device_gathers", spec.device_gathers},
          {"two_hosts", spec.two_hosts},
          {"sender_interface", spec.sender_interface},
          {"receiver_interface", spec.receiver_interface},
          {"sender_ports", spec.sender_ports},
          {"sender_cores", spec.sender_cores},
          {"receiver_cores", spec.receiver_cores},
          {"soakers", spec.soakers},
          {"kernel_symbols", spec.kernel_symbols}};
}

Result<SampleSpec> sample_spec_from_json(const json& value) {
  return guarded("sample request", [&] {
    SampleSpec spec;
    spec.variant = variant_from(value.at("variant"));
    spec.point = point_from(value.at("point"));
    read(value.at("warmup_ns"), spec.warmup_ns);
    read(value.at("duration_ns"), spec.duration_ns);
    spec.sender_address = addresses_from(value.at("sender_address"));
    spec.receiver_address = addresses_from(value.at("receiver_address"));
    read(value.at("has_receiver"), spec.has_receiver);
    read(value.at("device_gathers"), spec.device_gathers);
    read(value.at("two_hosts"), spec.two_hosts);
    read(value.at("sender_interface"), spec.sender_interface);
    read(value.at("receiver_interface"), spec.receiver_interface);
    read(value.at("sender_ports"), spec.sender_ports);
    read(value.at("sender_cores"), spec.sender_cores);
    read(value.at("receiver_cores"), spec.receiver_cores);
    read(value.at("soakers"), spec.soakers);
    read(value.at("kernel_symbols"), spec.kernel_symbols);
    return spec;
  });
}

json to_json(const SideReport& report) {
  return {{"messages", report.messages},
          {"bytes", report.bytes},
          {"lost_messages", report.lost_messages},
          {"first_ns", report.first_ns},
          {"last_ns", report.last_ns},
          {"busy", report.busy},
          {"latency", histogram_json(report.latency)},
          {"ledger", ledger_json(report.ledger)},
          {"cpu", cpu_json(report.cpu)},
          {"not_soaked_ns", optional_json(report.not_soaked_ns)},
          {"copy_share", copy_share_json(report.copy_share)},
          {"counters", report.counters},
          {"facts", report.facts}};
}

Result<SideReport> side_report_from_json(const json& value) {
  return guarded("report", [&] {
    SideReport report;
    read(value.at("messages"), report.messages);
    read(value.at("bytes"), report.bytes);
    read(value.at("lost_messages"), report.lost_messages);
    read(value.at("first_ns"), report.first_ns);
    read(value.at("last_ns"), report.last_ns);
    read(value.at("busy"), report.busy);
    report.latency = histogram_from(value.at("latency"));
    report.ledger = ledger_from(value.at("ledger"));
    report.cpu = cpu_from(value.at("cpu"));
    optional_from(value.at("not_soaked_ns"), report.not_soaked_ns);
    report.copy_share = copy_share_from(value.at("copy_share"));
    read(value.at("counters"), report.counters);
    read(value.at("facts"), report.facts);
    return report;
  });
}

json failed_reply(const Error& error) { return {{"ok", false}, {"error", to_json(error)}}; }

}  // namespace xover
