// How complaints about input are worded.
#include "harness/experiment/bad_input.h"

#include <utility>

#include <fmt/format.h>

#include "core/nearest.h"

namespace xover {

tl::unexpected<Error> bad_input(std::string where, std::string what, std::string remedy) {
  return make_error(ErrorCode::bad_input, std::move(where), std::move(what), std::move(remedy));
}

tl::unexpected<Error> at(std::string_view where, Error error) {
  error.operation = error.operation.empty() ? std::string(where) : fmt::format("{}: {}", where, error.operation);
  return tl::make_unexpected(std::move(error));
}

std::string suggestion(std::string_view wrong, std::span<const std::string_view> known) {
  const std::string_view near = nearest_name(wrong, known);
  if (!near.empty()) return fmt::format("did you mean '{}'?", near);
  return fmt::format("known are {}", fmt::join(known, ", "));
}

}  // namespace xover
