// Rules about how the files of the tree hang together.
#pragma once

#include "tests/tidy/source_tree.h"

namespace xover::tidy {

// core <- transports <- harness <- tests: includes go leftwards only, and are written from the root. A transport family
// knows core/, transports/common/ and itself; only the files right in transports/ know the families.
Complaints wrong_arrows(const SourceTree& tree);

// x.cpp includes x.h before anything else, which proves that x.h compiles alone.
Complaints own_header_not_first(const SourceTree& tree);

// Large libraries stay out of headers, because every file that includes one pays for it.
Complaints heavy_includes_in_headers(const SourceTree& tree);

// A .cpp that no meson.build names, and a header that nobody includes, are dead.
Complaints unlisted_sources(const SourceTree& tree);
Complaints unused_headers(const SourceTree& tree);

// Relative links of Markdown files lead to something; `root` is where the tree was read.
Complaints broken_links(const SourceTree& tree, const std::filesystem::path& root);

}  // namespace xover::tidy
