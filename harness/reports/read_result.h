// Reads a result file back, for the commands that look at runs of the past: `xover report`, `xover diff`.
//
// What result_json.cpp writes comes back, so that writing it again gives the same text. Not in the file, and so not in
// the document:
//   - histograms: of a round there are p50 and p99 (Sample::latency_read), of a cell its summary
//   - the moments within a sample, of which its window is left: a cell with a receiver has no handed_over_gbps
//   - cycles where nothing counted them, CopyShare::lost_samples, SideReport::not_soaked_ns,
//     GateAccount::rounds_forced_by_variant
// What a cell sums up of its rounds is not read but made again from them. Keys that are unknown here are passed over;
// an axis or setting that the file lacks, as an older xover's may, has its default.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/error.h"
#include "harness/experiment/result.h"

namespace xover {

inline constexpr std::size_t largest_result_bytes = 64 << 20;

// Blocks while it reads. Error: bad_input, which names the file and the place in it; a file of a newer schema is
// refused with what to do.
Result<ResultDocument> read_result(const std::string& path);

// The same of a text in memory; `name` stands for the file in errors. Takes any bytes.
Result<ResultDocument> parse_result(std::string_view text, const std::string& name);

}  // namespace xover
