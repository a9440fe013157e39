// The folder by the XDG base directory specification, the name by the clock.
#include "harness/command_line/report_place.h"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <system_error>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "harness/measurement/lab_guest.h"

namespace xover {

namespace {

namespace fs = std::filesystem;

constexpr auto operation = "write the report";

// Relative ones are to be ignored, says the specification.
fs::path absolute_path_in(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && fs::path(value).is_absolute() ? fs::path(value) : fs::path();
}

std::string as_file_name(std::string_view text) {
  std::string name(text.substr(0, 60));
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!plain) c = '-';
  }
  return name;
}

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  return fmt::format("{:%Y-%m-%d-%H%M%S}", parts);
}

}  // namespace

Result<std::string> new_report_path(std::string_view experiment) {
  constexpr auto remedy = "name a file with --report, or a folder with -o, or leave it out with --no-report";
  if (lab_guest())
    return make_error(ErrorCode::not_permitted, operation, "what a lab guest writes here is lost with it", remedy);
  fs::path state = absolute_path_in("XDG_STATE_HOME");
  if (state.empty()) {
    const fs::path home = absolute_path_in("HOME");
    if (home.empty())
      return make_error(ErrorCode::no_device, operation, "neither XDG_STATE_HOME nor HOME is set", remedy);
    state = home / ".local" / "state";
  }
  const fs::path folder = state / "xover" / "reports";
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure)
    return make_error(ErrorCode::not_permitted, operation,
                      fmt::format("cannot make folder {}: {}", folder.string(), failure.message()), remedy);
  const std::string name = local_time() + '-' + as_file_name(fs::path(experiment).stem().string());
  fs::path path = folder / (name + ".html");
  for (int number = 2; fs::exists(path, failure); ++number) path = folder / fmt::format("{}-{}.html", name, number);
  return path.string();
}

}  // namespace xover
