// How often the kernel refused a datagram, by errno.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/transport.h"

namespace xover {

class UdpSendErrors {
 public:
  void count(int errno_value) noexcept {
    for (Row& row : rows_) {
      if (row.errno_value == errno_value || row.errno_value == any) {
        ++row.count;
        return;
      }
    }
  }

  void append_to(std::vector<Counter>& counters) const {
    for (const Row& row : rows_) counters.push_back({row.name, row.count});
  }

 private:
  static constexpr int any = -1;
  struct Row {
    int errno_value;
    std::string_view name;
    std::uint64_t count = 0;
  };
  std::array<Row, 10> rows_{{{ENOBUFS, "send_errors_ENOBUFS"},
                             {ECONNREFUSED, "send_errors_ECONNREFUSED"},
                             {EMSGSIZE, "send_errors_EMSGSIZE"},
                             {EPERM, "send_errors_EPERM"},
                             {EHOSTUNREACH, "send_errors_EHOSTUNREACH"},
                             {ENETUNREACH, "send_errors_ENETUNREACH"},
                             {ENOMEM, "send_errors_ENOMEM"},
                             {EINVAL, "send_errors_EINVAL"},
                             {EIO, "send_errors_EIO"},
                             {any, "send_errors_other"}}};
};

}  // namespace xover
