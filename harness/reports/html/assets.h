// Texts that are built into the program for the report (embed_assets.py): its style, its script, the library that
// draws. They are the same in every report, so the hashes that its Content-Security-Policy names are made at build
// time.
#pragma once

#include <span>
#include <string_view>

namespace xover {

struct Asset {
  std::span<const std::string_view> pieces;  // in pieces, because compilers need not take longer literals
  std::string_view sha256_base64;            // of all pieces together
};

Asset report_style();
Asset report_script();
Asset chart_library();  // with its licence in front; no pieces where it was not found at configuration

}  // namespace xover
