// How an rsocket ends: rshutdown(3) and rclose(3) wait for the peer's acknowledgements, without a bound, and retry for
// ever. So each socket has a thread that sleeps until it is told to make one of these calls.
//
// Nothing but rsend, rrecv and an rpoll that does not sleep may be called while this is `busy`: the calls make the
// socket blocking for as long as they take.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "core/error.h"
#include "transports/rsocket/rsocket_calls.h"

namespace xover {

class RsocketEnding {
 public:
  // Control plane. The socket belongs to the thread's end.
  static Result<std::unique_ptr<RsocketEnding>> start(RsocketHandle socket);
  // Closes, and waits for that up to the bound; a socket that then still hangs is left to the end of the process.
  ~RsocketEnding();
  RsocketEnding(const RsocketEnding&) = delete;
  RsocketEnding& operator=(const RsocketEnding&) = delete;

  int socket() const noexcept { return shared_->socket; }
  // Data plane. Ends the sending direction.
  void shut_down() noexcept { tell(shut); }
  // Data plane. The socket may not be used any more.
  void close() noexcept { tell(closing); }
  bool busy() const noexcept;

 private:
  // Orders, each at most once; done when `done` has it, too.
  static constexpr std::uint32_t shut = 1, closing = 2;

  struct Shared {
    int socket = -1;
    std::atomic<std::uint32_t> ordered{0}, done{0};
  };

  RsocketEnding() = default;
  void tell(std::uint32_t order) noexcept;
  static void serve(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  std::thread thread_;
};

}  // namespace xover
