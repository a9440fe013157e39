// A lab sheet as the test reads it: its blocks of commands, each with the lines that it promises.
//
//     ```sh           commands that are run; `sh root`: needs root, and may use other programs; `sh elsewhere`: for a
//     ```             guest or for cards, only checked for being understood
//     ```output       directly after it, promised lines: "..." stands for anything
//     ```
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace xover::test {

enum class Place : unsigned char { here, as_root, elsewhere };

struct LabBlock {
  std::string sheet;  // its name, as "pa02"
  std::size_t line = 0;
  Place place = Place::here;
  std::vector<std::string> lines;     // continued ones joined
  std::vector<std::string> promised;  // in this order
  std::string error;                  // not empty: the block breaks the form
};

inline void PrintTo(const LabBlock& block, std::ostream* out) { *out << block.sheet << ".md:" << block.line; }

// Also in `here`, without promises: commands in the running text, as `build/xover list --json`, that no block has.
std::vector<LabBlock> blocks_of(std::string_view sheet_name, std::string_view markdown);

// Calls of the program within a line for another place, as people would type them there.
std::vector<std::string> calls_within(std::string_view line);

}  // namespace xover::test
