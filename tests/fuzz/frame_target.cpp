// Frames between coordinator and agent: the first byte says how the rest is cut; however it is cut, the frames are the
// same, and an error stays an error.
#include <algorithm>
#include <string>
#include <vector>

#include "harness/agents/frame.h"
#include "tests/fuzz/fuzz_target.h"

using namespace xover;

namespace {

struct Outcome {
  std::vector<std::string> frames;
  bool failed = false;
  bool operator==(const Outcome&) const = default;
};

void take_frames(FrameParser& parser, Outcome& outcome) {
  while (!outcome.failed) {
    auto frame = parser.next();
    if (!frame) {
      outcome.failed = true;
      fuzz::require(!parser.next(), "after an error the parser stays in error");
    } else if (*frame) {
      outcome.frames.push_back(std::move(**frame));
    } else {
      return;
    }
  }
}

Outcome parse(std::string_view bytes, std::size_t piece_bytes) {
  FrameParser parser;
  Outcome outcome;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_bytes);
    parser.feed({piece.data(), piece.size()});
    take_frames(parser, outcome);
    bytes.remove_prefix(piece.size());
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  if (size_bytes == 0) return 0;
  const std::string_view bytes = fuzz::text_of(data + 1, size_bytes - 1);
  const Outcome whole = parse(bytes, std::max<std::size_t>(bytes.size(), 1));
  fuzz::require(parse(bytes, 1 + data[0] % 16) == whole, "frames do not depend on how their bytes were cut");
  std::string joined;
  for (const std::string& frame : whole.frames) joined += frame_of(frame);
  fuzz::require(bytes.starts_with(joined), "frames hold the bytes that came, in order");
  return 0;
}
