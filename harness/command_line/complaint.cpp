// One message, one line, nothing in it that a terminal would act on.
#include "harness/command_line/complaint.h"

#include <cstddef>
#include <cstdio>
#include <string>

namespace xover {

namespace {

constexpr std::size_t longest_message = 2000;  // libraries quote what they were given, however long it is

}  // namespace

void complain(std::string_view message) {
  std::string line = "xover: ";
  for (const char c : message.substr(0, longest_message)) {
    const auto byte = static_cast<unsigned char>(c);
    line += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  if (message.size() > longest_message) line += "...";
  line += '\n';
  std::fputs(line.c_str(), stderr);
}

int complain(const Error& error) {
  complain(error.message());
  return error.code == ErrorCode::bad_input ? exit_bad_input : exit_failed;
}

}  // namespace xover
