// Settings of a few bytes, and who sends what to whom.
#include "tests/explore/scenarios.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace xover::explore {

namespace {

using sdp::Mode;
using sdp::Way;

constexpr std::uint32_t combined_bytes = 1;

// Of one end; both keep as many adverts in mind, and post as many receives.
sdp::Settings tiny(Way way, std::uint16_t receives, std::uint16_t adverts, Mode first_mode) {
  sdp::Settings settings;
  settings.way = way;
  settings.copy_bytes = 3;
  settings.own = {.max_adverts = adverts,
                  .receives = receives,
                  .receive_bytes = static_cast<std::uint32_t>(sdp::most_head_bytes) + combined_bytes};
  settings.peer = settings.own;
  settings.depth = 3;
  settings.max_offered = 2;
  settings.stages = 64;  // so that nobody waits for one: the end of a send is then no event
  settings.max_reads = settings.max_writes = adverts;
  settings.source_threshold_bytes = 4;
  settings.sink_threshold_bytes = 4;
  settings.chunk_bytes = 4;
  settings.read_stage_bytes = 3;
  settings.combined_bytes = combined_bytes;
  settings.answer_ns = INT64_MAX / 2;  // an answer that never comes is an error, and is found as one
  settings.first_mode = first_mode;
  return settings;
}

// A sink advert holds at least a copied message of the peer, and that may fill a private buffer.
sdp::Settings tiny_write(std::uint16_t receives, std::uint16_t adverts, Mode first_mode) {
  sdp::Settings settings = tiny(Way::write_zcopy, receives, adverts, first_mode);
  settings.copy_bytes = settings.own.receive_bytes - static_cast<std::uint32_t>(sdp::header_bytes);
  settings.sink_threshold_bytes = settings.copy_bytes;
  settings.chunk_bytes = 16;
  return settings;
}

Scenario between(std::string name, const sdp::Settings& settings, Application a, Application b) {
  Scenario scenario;
  scenario.name = std::move(name);
  scenario.settings = {settings, settings};
  scenario.settings[0].depth = static_cast<std::uint16_t>(std::max<std::size_t>(1, a.op_bytes.size()));
  scenario.settings[1].depth = static_cast<std::uint16_t>(std::max<std::size_t>(1, b.op_bytes.size()));
  scenario.applications = {std::move(a), std::move(b)};
  return scenario;
}

std::string named(const char* what, std::uint16_t receives, Mode mode) {
  return std::string(what) + "_" + std::string(to_string(mode)) + "_receives_" + std::to_string(receives);
}

}  // namespace

namespace {

Application with(Application application, std::vector<std::uint32_t> op_bytes) {
  application.op_bytes = std::move(op_bytes);
  return application;
}

// What may happen besides, at either end: once.
enum class Extra : std::uint8_t { nothing, cancel, peer_cancel, mode_change, peer_mode_change, cancel_and_mode_change };

const char* name_of(Extra extra) {
  switch (extra) {
    case Extra::nothing: return "";
    case Extra::cancel: return "_cancel";
    case Extra::peer_cancel: return "_peer_cancel";
    case Extra::mode_change: return "_mode_change";
    case Extra::peer_mode_change: return "_peer_mode_change";
    case Extra::cancel_and_mode_change: break;
  }
  return "_cancel_and_mode_change";
}

void allow(Extra extra, std::array<Application, 2>& applications) {
  auto& [a, b] = applications;
  for (Application* const one : {&a, &b}) {
    one->mode_changes = {{true, Mode::buffered}, {true, Mode::combined}, {true, Mode::pipelined}};
  }
  a.most_cancels = extra == Extra::cancel || extra == Extra::cancel_and_mode_change ? 1 : 0;
  b.most_cancels = extra == Extra::peer_cancel ? 1 : 0;
  a.most_mode_changes = extra == Extra::mode_change || extra == Extra::cancel_and_mode_change ? 1 : 0;
  b.most_mode_changes = extra == Extra::peer_mode_change ? 1 : 0;
}

// All that is done with one number of receives, in one mode at first.
class Family {
 public:
  Family(std::vector<Scenario>& all, std::uint16_t receives, Mode mode) : all_(all), receives_(receives), mode_(mode) {}

  void both_ways() {
    const sdp::Settings copy = tiny(Way::bcopy, receives_, 2, mode_);
    const sdp::Settings read = tiny(Way::read_zcopy, receives_, 2, mode_);
    const sdp::Settings write = tiny_write(receives_, 2, mode_);
    sdp::Settings automatic = write;
    automatic.way = Way::automatic;
    automatic.source_threshold_bytes = 4;
    const Application reader{.receive_bytes = {3, 8}}, other{.receive_bytes = {5, 2}};
    const Application wide{.receive_bytes = {24, 22}}, mixed{.receive_bytes = {22, 3}};  // 3: below the threshold
    for (const Extra extra : {Extra::nothing, Extra::cancel, Extra::peer_cancel, Extra::mode_change,
                              Extra::peer_mode_change, Extra::cancel_and_mode_change}) {
      add("copy", extra, copy, with(reader, {4, 2, 3}), with(other, {4, 1, 3}));
      add("read", extra, read, with(reader, {4, 1, 2}), with(other, {1, 4, 1}));
      add("read_two", extra, read, with(reader, {5, 1}), with(other, {5, 2}));
      add("read_more", extra, read, with(reader, {4, 1, 5}), with(other, {5, 1, 4}));
      add("write", extra, write, with(wide, {24, 5, 22}), with(mixed, {22, 3, 23}));
      add("automatic_two", extra, automatic, with(wide, {24, 3}), with(mixed, {5}));
      add("automatic", extra, automatic, with(wide, {24, 5, 22}), with(mixed, {22, 3, 23}));
    }
  }

  // What one direction is enough for: registrations that fail, results that lie there, time that goes on.
  void one_way() {
    const sdp::Settings read = tiny(Way::read_zcopy, receives_, 2, mode_);
    const sdp::Settings write = tiny_write(receives_, 2, mode_);
    const Application reader{.receive_bytes = {3, 8}}, wide{.receive_bytes = {24, 3, 22}};
    Scenario& refused = alone("read_refused", read, {.op_bytes = {5, 2, 4}}, reader);
    refused.registers_later = true;
    for (Application& application : refused.applications) application.most_refusals = 1;
    alone("read_scattered", read, {.op_bytes = {9, 2, 5}, .scattered = true}, reader).polls_later = true;
    Scenario& late_reader = alone("read_late_cancel", read, {.op_bytes = {6, 2, 5}}, reader);
    late_reader.applications[0].most_hurries = late_reader.applications[0].most_cancels = 1;
    Scenario& late_writer = alone("write_late_cancel", write, {.op_bytes = {24, 5, 22}}, wide);
    late_writer.applications[0].most_hurries = late_writer.applications[0].most_cancels = 1;
  }

 private:
  Scenario& alone(const char* what, const sdp::Settings& settings, Application a, Application b) {
    Scenario& one = all_.emplace_back(between(named(what, receives_, mode_), settings, std::move(a), std::move(b)));
    for (Application& application : one.applications) application.sends_promptly = true;
    return one;
  }

  // Applications that send at any time make several times as many states.
  void add(std::string_view what, Extra extra, const sdp::Settings& settings, const Application& a,
           const Application& b) {
    for (const bool prompt : {true, false}) {
      const std::string name = std::string(what) + name_of(extra) + (prompt ? "" : "_at_leisure");
      Scenario& one = all_.emplace_back(between(named(name.c_str(), receives_, mode_), settings, a, b));
      allow(extra, one.applications);
      for (Application& application : one.applications) application.sends_promptly = prompt;
      const bool large = what == "read_more" || what == "automatic" || what == "read_two";
      const bool two_extras = extra == Extra::cancel_and_mode_change && what == "write";
      one.in_short_run = prompt ? !large && !two_extras
                                : what == "copy" && extra == Extra::nothing && receives_ == sdp::least_receives;
    }
  }

  std::vector<Scenario>& all_;
  const std::uint16_t receives_;
  const Mode mode_;
};

}  // namespace

std::vector<Scenario> exhaustive_scenarios() {
  std::vector<Scenario> all;
  // The least that there must be, and one more.
  for (const std::uint16_t receives : {std::uint16_t{5}, std::uint16_t{6}}) {
    for (const Mode mode : {Mode::combined, Mode::pipelined}) {
      Family family(all, receives, mode);
      family.both_ways();
      family.one_way();
    }
  }
  return all;
}

std::vector<Scenario> comparable_scenarios() {
  std::vector<Scenario> all;
  const Application reader{.op_bytes = {4, 1}, .receive_bytes = {5}}, other{.op_bytes = {4}, .receive_bytes = {3}};
  const Application wide{.op_bytes = {24}, .receive_bytes = {24}}, mixed{.op_bytes = {22}, .receive_bytes = {22, 3}};
  for (const Extra extra : {Extra::nothing, Extra::cancel}) {
    const auto add = [&](std::string what, const sdp::Settings& settings, const Application& a, const Application& b) {
      all.push_back(between(what + name_of(extra), settings, a, b));
      allow(extra, all.back().applications);
      for (Application& application : all.back().applications) application.sends_promptly = true;
    };
    add("copy", tiny(Way::bcopy, 5, 2, Mode::combined), reader, other);
    add("read", tiny(Way::read_zcopy, 5, 2, Mode::pipelined), reader, other);
    add("write", tiny_write(5, 2, Mode::pipelined), wide, mixed);
  }
  return all;
}

Scenario random_scenario(std::mt19937_64& random) {
  const auto up_to = [&](std::uint32_t least, std::uint32_t most) {
    return std::uniform_int_distribution<std::uint32_t>(least, most)(random);
  };
  const auto receives = static_cast<std::uint16_t>(up_to(5, 10)), adverts = static_cast<std::uint16_t>(up_to(1, 8));
  const auto mode = static_cast<Mode>(up_to(0, 2));
  const bool writes = up_to(0, 1) == 1;
  sdp::Settings settings =
      writes ? tiny_write(receives, adverts, mode) : tiny(Way::read_zcopy, receives, adverts, mode);
  if (writes && up_to(0, 1) == 1) settings.way = Way::automatic;
  settings.source_threshold_bytes = up_to(2, 8);
  settings.delayed_registration = up_to(0, 1) == 1;
  settings.read_stage_bytes = up_to(1, 6);
  settings.first_sequence = UINT32_MAX - up_to(0, 40);  // so that sequence numbers wrap on the way
  std::array<Application, 2> applications;
  for (Application& application : applications) {
    for (std::uint32_t op = up_to(0, 12); op > 0; --op) application.op_bytes.push_back(up_to(1, 32));
    for (std::uint32_t i = 0; i < 5; ++i) application.receive_bytes.push_back(up_to(1, 40));
    application.scattered = up_to(0, 3) == 0;
    application.mode_changes = {
        {true, Mode::buffered}, {true, Mode::combined}, {true, Mode::pipelined}, {false, Mode::combined}};
  }
  Scenario scenario = between("random", settings, applications[0], applications[1]);
  for (sdp::Settings& one : scenario.settings) {
    one.depth = static_cast<std::uint16_t>(up_to(1, 8));
    one.max_offered = static_cast<std::uint16_t>(up_to(1, 5));
  }
  for (Application& application : scenario.applications) {
    application.most_cancels = static_cast<std::uint8_t>(up_to(0, 3));
    application.most_mode_changes = static_cast<std::uint8_t>(up_to(0, 3));
    application.most_hurries = static_cast<std::uint8_t>(up_to(0, 3));
    application.most_refusals = static_cast<std::uint8_t>(up_to(0, 3));
  }
  scenario.registers_later = up_to(0, 1) == 1;
  scenario.polls_later = up_to(0, 1) == 1;
  return scenario;
}

Scenario scenario_for(sdp::Broken rule) {
  const Application reader{.op_bytes = {6, 5}, .receive_bytes = {3, 8, 4}};
  Scenario scenario = between("broken_rule", tiny(Way::read_zcopy, 5, 2, Mode::pipelined), reader, reader);
  auto& [a, b] = scenario.applications;
  if (rule == sdp::Broken::last_credit) {
    // Two messages that nobody receives, and then one change of mode after the other.
    const Application changer{
        .op_bytes = {3, 3}, .mode_changes = {{true, Mode::pipelined}, {true, Mode::combined}}, .most_mode_changes = 3};
    scenario = between("broken_rule", tiny(Way::bcopy, 5, 2, Mode::combined), changer, {.receive_bytes = {8}});
  }
  if (rule == sdp::Broken::staleness) {
    const Application writer{.op_bytes = {24, 5, 22}, .receive_bytes = {24, 23, 22}};
    scenario = between("broken_rule", tiny_write(5, 2, Mode::pipelined), writer, writer);
    b.most_hurries = 1;
  }
  if (rule == sdp::Broken::cancel_sequence || rule == sdp::Broken::cancel_before_reads) {
    b.op_bytes.clear();
    a.most_cancels = 1;
    a.sends_promptly = b.sends_promptly = true;
  }
  if (rule == sdp::Broken::cancel_sequence) {
    // A SendSm that is no answer comes from a sink that cannot register.
    b.receive_bytes = {8};
    b.most_refusals = 1;
    scenario.registers_later = true;
  }
  for (sdp::Settings& settings : scenario.settings) settings.broken = rule;
  return scenario;
}

}  // namespace xover::explore
