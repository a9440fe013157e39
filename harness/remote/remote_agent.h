// An agent on the other host.
#pragma once

#include "harness/remote/remote_host.h"

namespace xover {

class RemoteAgent final : public Agent {
 public:
  // `host` outlives it. `number` is what the far side knows it by.
  RemoteAgent(RemoteHost& host, std::uint64_t number, std::string name)
      : host_(host), number_(number), name_(std::move(name)) {}
  ~RemoteAgent() override;

  Result<nlohmann::json> call(const nlohmann::json& request, std::int64_t bound_ns, Agent* other = nullptr) override;
  std::optional<std::string> ending() override;
  const std::string& name() const override { return name_; }
  Result<HostClock> clock() override { return host_.clock(); }

 private:
  RemoteHost& host_;
  std::uint64_t number_;
  std::string name_;
};

}  // namespace xover
