// Both ends of connections of tcp.sendfile and its relatives in one thread, files to send, and what came of it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/transport.h"
#include "tests/support/child_process.h"
#include "tests/unit/session_pair.h"
#include "transports/common/file_descriptor.h"

namespace xover::test {

// Of a test's parameter "tcp.X": X.
inline std::string path_name(const testing::TestParamInfo<const char*>& test) {
  return std::string(test.param).substr(4);
}

// A file on the disk, full of the pattern.
struct PatternFile {
  TemporaryFolder folder;
  std::string path = folder.path("file");
  std::size_t size_bytes;
  FileDescriptor file;

  explicit PatternFile(std::size_t size) : size_bytes(size), file(open(path.c_str(), O_RDWR | O_CREAT, 0600)) {
    const auto bytes = pattern(size);
    if (write(file.get(), bytes.data(), size) != static_cast<ssize_t>(size)) throw std::runtime_error("write");
  }
  Segment range() const { return {nullptr, size_bytes, file.get(), 0}; }
};

inline std::string fact(const Session& session, std::string_view name) {
  for (const Fact& fact : session.facts()) {
    if (fact.name == name) return fact.value;
  }
  return {};
}

struct FileEnd {
  std::unique_ptr<Session> session;
  std::vector<Channel*> channels;
  std::vector<Completion> seen;
  std::deque<std::vector<Segment>> lent;

  Submitted send(Token token, std::vector<Segment> segments, std::size_t channel = 0) {
    lent.push_back(std::move(segments));
    const SendOp op{token, lent.back()};
    return channels[channel]->submit({&op, 1});
  }
  void reap() {
    Completion batch[16];
    const std::size_t count = session->reap(batch);
    for (std::size_t i = 0; i < count; ++i) seen.push_back(std::move(batch[i]));
  }
  const Completion* find(Moment moment, Token token = 0) const {
    const auto found = std::ranges::find_if(
        seen, [&](const Completion& c) { return c.moments.has(moment) && (token == 0 || c.token == token); });
    return found == seen.end() ? nullptr : &*found;
  }
  std::size_t count(Moment moment) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(seen, [&](const Completion& c) { return c.moments.has(moment); }));
  }
  std::uint64_t received_bytes(std::uint32_t channel = 0) const {
    std::uint64_t bytes = 0;
    for (const Completion& c : seen) bytes += c.moments.has(Moment::received) && c.channel == channel ? c.bytes : 0;
    return bytes;
  }
};

// `channels` connections between one sending and one receiving session.
struct FilePair {
  FileEnd sender, receiver;

  explicit FilePair(std::string_view id, const OptionText& text = {}, std::size_t depth = 8, std::size_t channels = 1) {
    sender.session = open_session(id, text, depth, channels).value();
    receiver.session = open_session(id, text, depth, channels).value();
    const std::string address = receiver.session->listen().value();
    for (std::size_t i = 0; i < channels; ++i) {
      sender.channels.push_back(sender.session->connect(address, soon()).value());
      receiver.channels.push_back(receiver.session->accept(soon()).value());
    }
  }

  [[nodiscard]] bool reap_until(const std::function<bool()>& condition, MonotonicNs bound = 5 * second) {
    const MonotonicNs deadline = monotonic_now_ns() + bound;
    while (!condition()) {
      if (monotonic_now_ns() > deadline) return false;
      sender.reap();
      receiver.reap();
    }
    return true;
  }

  // Takes what has arrived until so many bytes have, or the channel has closed; in order.
  std::vector<std::byte> receive(std::size_t size_bytes, std::uint32_t channel = 0) {
    std::vector<std::byte> into(size_bytes);
    const std::uint64_t start = receiver.received_bytes(channel);
    std::size_t filled = 0;
    while (filled < size_bytes) {
      const RxBuffer buffer{1, into.data() + filled, size_bytes - filled};
      if (receiver.channels[channel]->offer({&buffer, 1}) == 0) break;
      const std::size_t before = receiver.seen.size();
      const auto came = [&] {
        return std::any_of(
            receiver.seen.begin() + static_cast<std::ptrdiff_t>(before), receiver.seen.end(),
            [&](const Completion& c) { return c.moments.has(Moment::received) && c.channel == channel; });
      };
      if (!reap_until(came)) break;
      filled = static_cast<std::size_t>(receiver.received_bytes(channel) - start);
    }
    into.resize(filled);
    return into;
  }
};

}  // namespace xover::test
