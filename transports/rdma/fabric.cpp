// What all fabrics share: the words of results, and pages where a fabric has none of its own.
#include "transports/rdma/fabric.h"

#include <utility>

#include "transports/common/pages.h"

namespace xover {

namespace {

class PlainPages final : public FabricPages {
 public:
  explicit PlainPages(Pages pages) : pages_(std::move(pages)) {}
  std::span<std::byte> bytes() const noexcept override { return {pages_.data(), pages_.size_bytes()}; }

 private:
  Pages pages_;
};

}  // namespace

std::string_view to_string(WorkStatus status) {
  switch (status) {
    case WorkStatus::success: return "success";
    case WorkStatus::local_error: return "local error";
    case WorkStatus::remote_access_error: return "remote access error";
    case WorkStatus::retries_exhausted: return "retries exhausted";
    case WorkStatus::receiver_not_ready: return "receiver not ready";
    case WorkStatus::flushed: break;
  }
  return "flushed";
}

Result<std::unique_ptr<FabricPages>> Fabric::allocate_pages(std::size_t size_bytes, PageKind kind) {
  auto pages = Pages::allocate(size_bytes, kind);
  if (!pages) return tl::make_unexpected(std::move(pages.error()));
  return std::make_unique<PlainPages>(std::move(*pages));
}

}  // namespace xover
