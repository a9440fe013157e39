// Experiments in TOML. The form, all of it optional but the transports:
//
//   transports = ["tcp.send", "tcp.sendmsg"]
//   [run]          settings, as in settings.h
//   [axes]         axes, as in axes.h; a value or a list of values
//   [[experiment]] any number, each with its own `transports` and [experiment.axes]; what an experiment does not
//                  say, the top of the file says for it. Without any, the top is the one experiment.
//   [[threshold]]  what `xover threshold` found, for other programs to read: not looked at here
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "harness/experiment/experiment_text.h"

namespace xover {

// `file` is what messages call it: errors have its place as file:line:column. Total: any bytes give a text or an error.
Result<PlanText> parse_toml(std::string_view text, const std::string& file, const std::string& plan_name);

}  // namespace xover
