// How errors are classified and worded.
#include "core/error.h"

#include <cerrno>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

namespace xover {
namespace {

TEST(ErrorMessage, SaysWhatWhereWhyAndWhatToDo) {
  const Error error{ErrorCode::not_permitted, EACCES, "bind", "127.0.0.1:80", "use a port above 1023"};
  EXPECT_EQ(error.message(), "bind: 127.0.0.1:80: Permission denied; use a port above 1023");
}

TEST(ErrorMessage, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ((Error{ErrorCode::timed_out, 0, "connect", "", ""}).message(), "connect");
  EXPECT_EQ((Error{ErrorCode::timed_out, 0, "connect", "[::1]:7", ""}).message(), "connect: [::1]:7");
  EXPECT_EQ((Error{ErrorCode::refused, ECONNREFUSED, "connect", "", ""}).message(), "connect: Connection refused");
  EXPECT_EQ((Error{ErrorCode::timed_out, 0, "connect", "", "retry"}).message(), "connect; retry");
  EXPECT_EQ((Error{ErrorCode::bad_input, 0, "", "x.toml:3:7", ""}).message(), "x.toml:3:7");
}

TEST(ErrorMessage, IsNeverEmpty) {
  EXPECT_EQ((Error{ErrorCode::peer_died, 0, "", "", ""}).message(), "peer_died");
  EXPECT_EQ((Error{ErrorCode::internal, EIO, "", "", ""}).message(), "Input/output error");
}

TEST(SystemError, TakesErrnoAndItsClass) {
  errno = ECONNREFUSED;
  const Error error = system_error("connect", "[::1]:7", "start the peer").value();
  EXPECT_EQ(error.code, ErrorCode::refused);
  EXPECT_EQ(error.errno_value, ECONNREFUSED);
  EXPECT_EQ(error.message(), "connect: [::1]:7: Connection refused; start the peer");
}

TEST(MakeError, TravelsInAResult) {
  const Result<int> result = make_error(ErrorCode::unsupported, "open", "tcp.zerocopy", "use tcp.send");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::unsupported);
  EXPECT_EQ(result.error().errno_value, 0);
  EXPECT_EQ(result.error().message(), "open: tcp.zerocopy; use tcp.send");
}

TEST(Failure, IsFitForTheDataPlane) {
  static_assert(std::is_trivially_copyable_v<Failure>);
  static_assert(noexcept(Failure(std::declval<const Failure&>())));
  EXPECT_FALSE(Failure{});
  EXPECT_TRUE(failure_of_errno(EPIPE, "send"));
  EXPECT_FALSE(failure_of_errno(0, "send"));
}

TEST(Failure, BecomesAnErrorOfTheSameKind) {
  const Error error = to_error(failure_of_errno(EPIPE, "send"), "channel 3", "look at the peer");
  EXPECT_EQ(error.code, ErrorCode::peer_died);
  EXPECT_EQ(error.errno_value, EPIPE);
  EXPECT_EQ(error.message(), "send: channel 3: Broken pipe; look at the peer");
}

TEST(CodeOfErrno, ClassesAreWhatACallerCanActOn) {
  EXPECT_EQ(code_of_errno(0), ErrorCode::none);
  EXPECT_EQ(code_of_errno(EACCES), ErrorCode::not_permitted);
  EXPECT_EQ(code_of_errno(EADDRNOTAVAIL), ErrorCode::no_device);
  EXPECT_EQ(code_of_errno(ENOBUFS), ErrorCode::no_memory);
  EXPECT_EQ(code_of_errno(EMFILE), ErrorCode::no_memory);
  EXPECT_EQ(code_of_errno(ECONNREFUSED), ErrorCode::refused);
  EXPECT_EQ(code_of_errno(ECONNRESET), ErrorCode::peer_died);
  EXPECT_EQ(code_of_errno(ETIMEDOUT), ErrorCode::timed_out);
  EXPECT_EQ(code_of_errno(ECANCELED), ErrorCode::cancelled);
  EXPECT_EQ(code_of_errno(EOPNOTSUPP), ErrorCode::unsupported);
  EXPECT_EQ(code_of_errno(EBADF), ErrorCode::internal);
}

TEST(ErrorCode, NamesAreDistinct) {
  const auto last = static_cast<int>(ErrorCode::internal);
  for (int a = 0; a <= last; ++a) {
    for (int b = 0; b < a; ++b) {
      EXPECT_NE(to_string(static_cast<ErrorCode>(a)), to_string(static_cast<ErrorCode>(b)));
    }
  }
}

}  // namespace
}  // namespace xover
