// JSON for what coordinator and agent tell each other. Enumerations travel as numbers and are checked against their
// range; the library's exceptions end here.
#include "harness/agents/protocol.h"

#include <nlohmann/json.hpp>

namespace xover {

using nlohmann::json;

namespace {

template <typename Enum>
Enum enum_from(const json& value, Enum last) {
  const auto number = value.get<std::uint64_t>();
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

json link_json(const Link& link) { return {{"name", link.name}, {"argument", link.argument}}; }

Link link_from(const json& value) {
  return {value.at("name").get<std::string>(), value.at("argument").get<std::string>()};
}

json variant_json(const Variant& variant) {
  json options = json::object();
  for (const auto& [name, value] : variant.options) options[name] = value;
  return {{"id", variant.id}, {"options", options}, {"link", link_json(variant.link)}, {"label", variant.label}};
}

Variant variant_from(const json& value) {
  Variant variant;
  variant.id = value.at("id").get<std::string>();
  for (const auto& [name, text] : value.at("options").items()) variant.options[name] = text.get<std::string>();
  variant.link = link_from(value.at("link"));
  variant.label = value.at("label").get<std::string>();
  return variant;
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
          {"late", point.late_ns},
          {"congestion_control", point.congestion_control},
          {"placement", number_of(point.placement)},
          {"rate", point.rate_per_second},
          {"link", link_json(point.link)}};
}

Point point_from(const json& value) {
  Point point;
  point.workload = enum_from(value.at("workload"), Workload::paced);
  value.at("size").get_to(point.size_bytes);
  value.at("fields").get_to(point.fields);
  value.at("connections").get_to(point.connections);
  value.at("depth").get_to(point.depth);
  point.wait = enum_from(value.at("wait"), Wait::spin);
  point.touch = enum_from(value.at("touch"), Touch::verify);
  value.at("pool").get_to(point.pool_bytes);
  value.at("alignment").get_to(point.alignment_bytes);
  point.memory = enum_from(value.at("memory"), Memory::foreign);
  value.at("late").get_to(point.late_ns);
  value.at("congestion_control").get_to(point.congestion_control);
  point.placement = enum_from(value.at("placement"), Placement::cross_package);
  value.at("rate").get_to(point.rate_per_second);
  point.link = link_from(value.at("link"));
  return point;
}

json histogram_json(const Histogram& histogram) {
  const Histogram::Sparse sparse = histogram.to_sparse();
  return {{"buckets", sparse.buckets}, {"min_ns", sparse.min_ns}, {"max_ns", sparse.max_ns}, {"sum_ns", sparse.sum_ns}};
}

Histogram histogram_from(const json& value) {
  Histogram::Sparse sparse;
  value.at("buckets").get_to(sparse.buckets);
  value.at("min_ns").get_to(sparse.min_ns);
  value.at("max_ns").get_to(sparse.max_ns);
  value.at("sum_ns").get_to(sparse.sum_ns);
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
  value.at("user_copied").get_to(ledger.user_copied_bytes);
  value.at("completed").get_to(ledger.completed_bytes);
  value.at("handover").get_to(ledger.handover_bytes);
  return ledger;
}

template <typename Number>
json optional_json(const std::optional<Number>& value) {
  return value ? json(*value) : json();
}

template <typename Number>
void optional_from(const json& value, std::optional<Number>& to) {
  if (!value.is_null()) to = value.get<Number>();
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
  value.at("worker_ns").get_to(cpu.worker_ns);
  optional_from(value.at("other_ns"), cpu.other_ns);
  value.at("cycles").get_to(cpu.cycles);
  optional_from(value.at("instructions"), cpu.instructions);
  optional_from(value.at("llc_misses"), cpu.llc_misses);
  optional_from(value.at("l1d_misses"), cpu.l1d_misses);
  value.at("context_switches").get_to(cpu.context_switches);
  value.at("page_faults").get_to(cpu.page_faults);
  return cpu;
}

json copy_share_json(const CopyShare& share) {
  return {{"available", share.available},     {"reason", share.reason},
          {"samples", share.samples},         {"copy_samples", share.copy_samples},
          {"pin_samples", share.pin_samples}, {"lost_samples", share.lost_samples}};
}

CopyShare copy_share_from(const json& value) {
  CopyShare share;
  value.at("available").get_to(share.available);
  value.at("reason").get_to(share.reason);
  value.at("samples").get_to(share.samples);
  value.at("copy_samples").get_to(share.copy_samples);
  value.at("pin_samples").get_to(share.pin_samples);
  value.at("lost_samples").get_to(share.lost_samples);
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
    return Error{enum_from(value.at("code"), ErrorCode::internal), value.at("errno").get<int>(),
                 value.at("operation").get<std::string>(), value.at("context").get<std::string>(),
                 value.at("remedy").get<std::string>()};
  });
  return error ? *error : error.error();
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

json to_json(const SampleSpec& spec) {
  return {{"variant", variant_json(spec.variant)},
          {"point", point_json(spec.point)},
          {"warmup_ns", spec.warmup_ns},
          {"duration_ns", spec.duration_ns},
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
    value.at("warmup_ns").get_to(spec.warmup_ns);
    value.at("duration_ns").get_to(spec.duration_ns);
    value.at("sender_cores").get_to(spec.sender_cores);
    value.at("receiver_cores").get_to(spec.receiver_cores);
    value.at("soakers").get_to(spec.soakers);
    value.at("kernel_symbols").get_to(spec.kernel_symbols);
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
    value.at("messages").get_to(report.messages);
    value.at("bytes").get_to(report.bytes);
    value.at("lost_messages").get_to(report.lost_messages);
    value.at("first_ns").get_to(report.first_ns);
    value.at("last_ns").get_to(report.last_ns);
    value.at("busy").get_to(report.busy);
    report.latency = histogram_from(value.at("latency"));
    report.ledger = ledger_from(value.at("ledger"));
    report.cpu = cpu_from(value.at("cpu"));
    optional_from(value.at("not_soaked_ns"), report.not_soaked_ns);
    report.copy_share = copy_share_from(value.at("copy_share"));
    value.at("counters").get_to(report.counters);
    value.at("facts").get_to(report.facts);
    return report;
  });
}

json failed_reply(const Error& error) { return {{"ok", false}, {"error", to_json(error)}}; }

}  // namespace xover
