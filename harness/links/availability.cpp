// Errors of the makers of links in the words of `xover list`.
#include "harness/links/make_link.h"

#include <utility>

namespace xover {

namespace {

Status status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::not_permitted:
    case ErrorCode::no_memory: return Status::not_permitted;
    case ErrorCode::unsupported: return Status::kernel_too_old;
    default: return Status::no_device;
  }
}

}  // namespace

Availability availability_of(const Error& error) {
  Error cause = error;
  std::string remedy = std::exchange(cause.remedy, "");
  return {status_of(error.code), cause.message(), std::move(remedy)};
}

}  // namespace xover
