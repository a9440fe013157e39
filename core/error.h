// Errors, in the two shapes that the two planes need.
//
// Error is for the control plane: it owns strings and says what failed, where, why and what to do.
// Failure is for the data plane: trivially copyable, made without allocation; whoever reports it makes an Error of it.
// A broken contract (a caller's bug) is an assert, never one of these.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace xover {

enum class ErrorCode : std::uint8_t {
  none,
  bad_input,      // the user's text or file is wrong; exit code 2
  unsupported,    // this transport, link or kernel cannot do that at all
  not_permitted,  // a privilege or limit is missing
  no_device,      // the hardware or interface is missing
  no_memory,      // memory, locked memory, option memory, descriptors
  refused,        // nobody listens, or the peer said no
  peer_died,      // reset, broken pipe, end of stream in the middle
  timed_out,      // a bound that this program set has passed
  cancelled,      // taken back by abort or by Cancel
  aborted,        // this side aborted the channel
  internal,       // everything else the operating system can say
};

std::string_view to_string(ErrorCode code);

// The class of an errno value as the socket calls use it.
ErrorCode code_of_errno(int errno_value);

struct Failure {
  ErrorCode code = ErrorCode::none;
  int errno_value = 0;         // 0 where no system call failed
  const char* operation = "";  // a string literal: the call or step that failed

  explicit operator bool() const { return code != ErrorCode::none; }
};

inline Failure failure_of_errno(int errno_value, const char* operation) {
  return {code_of_errno(errno_value), errno_value, operation};
}

struct Error {
  ErrorCode code = ErrorCode::internal;
  int errno_value = 0;
  std::string operation;  // what was being done: "bind", "read preset"
  std::string context;    // where and with which value: "127.0.0.1:80", "configs/x.toml:3:7"
  std::string remedy;     // what the user can do; empty when there is nothing

  // One line: operation, context, the system's reason, the remedy.
  std::string message() const;
};

template <typename T>
using Result = tl::expected<T, Error>;

// To be called directly after the failing call: reads errno.
tl::unexpected<Error> system_error(std::string operation, std::string context = {}, std::string remedy = {});
tl::unexpected<Error> make_error(ErrorCode code, std::string operation, std::string context = {},
                                 std::string remedy = {});
Error to_error(const Failure& failure, std::string context = {}, std::string remedy = {});

}  // namespace xover
