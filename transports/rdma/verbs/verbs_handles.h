// What libibverbs and librdmacm give out, each with one owner that gives it back.
#pragma once

#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>

#include <memory>

namespace xover {

struct VerbsRelease {
  void operator()(rdma_event_channel* channel) const noexcept { rdma_destroy_event_channel(channel); }
  void operator()(rdma_cm_id* id) const noexcept {
    if (id->qp != nullptr) rdma_destroy_qp(id);
    rdma_destroy_id(id);
  }
  void operator()(ibv_pd* domain) const noexcept { ibv_dealloc_pd(domain); }
  void operator()(ibv_cq* queue) const noexcept { ibv_destroy_cq(queue); }
  void operator()(ibv_comp_channel* channel) const noexcept { ibv_destroy_comp_channel(channel); }
  void operator()(ibv_mr* region) const noexcept { ibv_dereg_mr(region); }
};

template <typename T>
using VerbsHandle = std::unique_ptr<T, VerbsRelease>;

}  // namespace xover
