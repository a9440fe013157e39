// How errors are classified and worded.
#include "core/error.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace xover {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::none: return "none";
    case ErrorCode::bad_input: return "bad_input";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::not_permitted: return "not_permitted";
    case ErrorCode::no_device: return "no_device";
    case ErrorCode::no_memory: return "no_memory";
    case ErrorCode::refused: return "refused";
    case ErrorCode::peer_died: return "peer_died";
    case ErrorCode::timed_out: return "timed_out";
    case ErrorCode::cancelled: return "cancelled";
    case ErrorCode::aborted: return "aborted";
    case ErrorCode::internal: return "internal";
  }
  return "internal";
}

ErrorCode code_of_errno(int errno_value) {
  switch (errno_value) {
    case 0: return ErrorCode::none;
    case EPERM:
    case EACCES: return ErrorCode::not_permitted;
    case ENODEV:
    case ENXIO:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL: return ErrorCode::no_device;
    case ENOMEM:
    case ENOBUFS:
    case EMFILE:
    case ENFILE: return ErrorCode::no_memory;
    case ECONNREFUSED: return ErrorCode::refused;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case ENOTCONN: return ErrorCode::peer_died;
    case ETIMEDOUT: return ErrorCode::timed_out;
    case ECANCELED: return ErrorCode::cancelled;
    case EOPNOTSUPP:
    case ENOPROTOOPT:
    case ENOSYS:
    case EAFNOSUPPORT: return ErrorCode::unsupported;
    default: return ErrorCode::internal;
  }
}

std::string Error::message() const {
  std::string text = operation;
  if (!context.empty()) text += (text.empty() ? "" : ": ") + context;
  if (errno_value != 0) text += (text.empty() ? "" : ": ") + std::string(std::strerror(errno_value));
  if (text.empty()) text = to_string(code);
  if (!remedy.empty()) text += "; " + remedy;
  return text;
}

tl::unexpected<Error> system_error(std::string operation, std::string context, std::string remedy) {
  const int errno_value = errno;
  if (errno_value == EMFILE && remedy.empty()) remedy = "allow more descriptors: `ulimit -n`";
  return tl::make_unexpected(
      Error{code_of_errno(errno_value), errno_value, std::move(operation), std::move(context), std::move(remedy)});
}

tl::unexpected<Error> make_error(ErrorCode code, std::string operation, std::string context, std::string remedy) {
  return tl::make_unexpected(Error{code, 0, std::move(operation), std::move(context), std::move(remedy)});
}

Error to_error(const Failure& failure, std::string context, std::string remedy) {
  return Error{failure.code, failure.errno_value, failure.operation, std::move(context), std::move(remedy)};
}

}  // namespace xover
