// What may happen in a world, and what it does to it.
#include "transports/rdma/simulated/world.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace xover {

namespace {

bool takes_receive(Work work) { return work == Work::send || work == Work::write_with_immediate; }

WorldEnding as_the_peer_sees(WorldEnding ending) {
  switch (ending) {
    case WorldEnding::disconnected: return WorldEnding::peer_disconnected;
    case WorldEnding::killed: return WorldEnding::peer_died;
    case WorldEnding::dropped: return WorldEnding::dropped;
    default: return WorldEnding::peer_failed;
  }
}

bool has_failed(const WorldQueuePair& pair) {
  return std::any_of(pair.requests.begin(), pair.requests.end(),
                     [](const WorldRequest& request) { return request.status != WorkStatus::success; });
}

}  // namespace

std::uint64_t WorldRequest::size_bytes() const noexcept {
  if (inline_data) return bytes.size();
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < piece_count; ++i) sum += pieces[i].size_bytes;
  return sum;
}

std::size_t World::add_adapter(const AdapterShape& shape) {
  auto slot = std::find_if(adapters_.begin(), adapters_.end(), [](const auto& adapter) { return !adapter.used; });
  if (slot == adapters_.end()) slot = adapters_.emplace(slot);
  *slot = WorldAdapter{.used = true, .shape = shape};
  return static_cast<std::size_t>(slot - adapters_.begin());
}

void World::remove_adapter(std::size_t adapter) {
  assert(std::none_of(queue_pairs_.begin(), queue_pairs_.end(),
                      [&](const auto& pair) { return pair.used && pair.adapter == adapter; }));
  adapters_[adapter] = {};
}

std::size_t World::add_queue_pair(std::size_t adapter) {
  auto slot = std::find_if(queue_pairs_.begin(), queue_pairs_.end(), [](const auto& pair) { return !pair.used; });
  if (slot == queue_pairs_.end()) slot = queue_pairs_.emplace(slot);
  *slot = WorldQueuePair{.used = true, .adapter = static_cast<std::uint16_t>(adapter)};
  return static_cast<std::size_t>(slot - queue_pairs_.begin());
}

void World::remove_queue_pair(std::size_t queue_pair) {
  end(queue_pair, WorldEnding::disconnected);
  WorldQueuePair& pair = queue_pairs_[queue_pair];
  std::erase_if(adapters_[pair.adapter].results, [&](const auto& result) { return result.queue_pair == queue_pair; });
  if (pair.peer) queue_pairs_[*pair.peer].peer.reset();
  pair = {};
}

void World::connect(std::size_t one, std::size_t other) {
  assert(!queue_pairs_[one].peer && !queue_pairs_[other].peer && one != other);
  queue_pairs_[one].peer = static_cast<std::uint16_t>(other);
  queue_pairs_[other].peer = static_cast<std::uint16_t>(one);
  // Who gave up before they met is news to the other.
  if (queue_pairs_[one].ending != WorldEnding::none) tell_peer(queue_pairs_[one]);
  if (queue_pairs_[other].ending != WorldEnding::none) tell_peer(queue_pairs_[other]);
}

void World::start(std::size_t queue_pair) { queue_pairs_[queue_pair].started = true; }

Posted World::post(std::size_t queue_pair, WorldRequest request) {
  WorldQueuePair& pair = queue_pairs_[queue_pair];
  assert(request.piece_count <= world_max_pieces && request.work != Work::receive);
  assert(!request.inline_data || (request.piece_count == 0 && request.work != Work::read));
  if (pair.ending != WorldEnding::none) return Posted::failed;
  if (pair.requests.size() + pair.retired + pair.unpolled_requests >= adapters_[pair.adapter].shape.max_requests)
    return Posted::full;
  request.executed = false;
  request.status = WorkStatus::success;
  pair.requests.push_back(std::move(request));
  return Posted::ok;
}

Posted World::post_receive(std::size_t queue_pair, const WorldReceive& receive) {
  WorldQueuePair& pair = queue_pairs_[queue_pair];
  if (pair.ending != WorldEnding::none) return Posted::failed;
  if (pair.receives.size() + pair.unpolled_receives >= adapters_[pair.adapter].shape.max_receives) return Posted::full;
  pair.receives.push_back(receive);
  return Posted::ok;
}

void World::disconnect(std::size_t queue_pair) { end(queue_pair, WorldEnding::disconnected); }
void World::fail(std::size_t queue_pair) { end(queue_pair, WorldEnding::failed); }

std::size_t World::poll(std::size_t adapter, std::span<WorkResult> out) {
  auto& results = adapters_[adapter].results;
  const auto count = static_cast<std::ptrdiff_t>(std::min(out.size(), results.size()));
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    out[i] = results[i];
    WorldQueuePair& pair = queue_pairs_[out[i].queue_pair];
    --(out[i].work == Work::receive ? pair.unpolled_receives : pair.unpolled_requests);
  }
  results.erase(results.begin(), results.begin() + count);
  return static_cast<std::size_t>(count);
}

// What comes next.

bool World::peer_listens(const WorldQueuePair& pair) const {
  return pair.started && pair.ending == WorldEnding::none && pair.news != WorldEnding::dropped && pair.peer &&
         queue_pairs_[*pair.peer].ending == WorldEnding::none;
}

// A request begins when those before it have begun. A read that would be one too many, a fenced request behind a read,
// and everything behind a failure wait.
std::optional<std::size_t> World::next_message(const WorldQueuePair& pair) const {
  std::size_t reads = 0;
  for (std::size_t i = 0; i < pair.requests.size(); ++i) {
    const WorldRequest& request = pair.requests[i];
    if (request.status != WorkStatus::success || (request.fenced && reads > 0)) break;
    if (request.work == Work::read) {
      if (++reads > adapters_[pair.adapter].shape.max_reads) break;
    } else if (!request.executed) {
      return i;
    }
  }
  return std::nullopt;
}

std::optional<std::size_t> World::next_read(const WorldQueuePair& pair) const {
  std::size_t reads = 0;
  for (std::size_t i = 0; i < pair.requests.size(); ++i) {
    const WorldRequest& request = pair.requests[i];
    if (request.status != WorkStatus::success || (request.fenced && reads > 0)) break;
    if (request.work == Work::read) {
      if (++reads > adapters_[pair.adapter].shape.max_reads) break;
      if (!request.executed) return i;
    } else if (!request.executed) {
      break;
    }
  }
  return std::nullopt;
}

bool World::receiver_ready(const WorldQueuePair& pair, const WorldRequest& request) const {
  return !takes_receive(request.work) || (pair.deaf == 0 && !queue_pairs_[*pair.peer].receives.empty());
}

std::optional<std::size_t> World::subject(Choice choice) const {
  const WorldQueuePair& pair = queue_pairs_[choice.queue_pair];
  if (!pair.used || pair.ending != WorldEnding::none) return std::nullopt;
  switch (choice.kind) {
    case Choice::Kind::arrive:
    case Choice::Kind::retry: {
      if (!peer_listens(pair)) return std::nullopt;
      const auto next = next_message(pair);
      if (!next) return std::nullopt;
      const bool arrives = receiver_ready(pair, pair.requests[*next]);
      return arrives == (choice.kind == Choice::Kind::arrive) ? next : std::nullopt;
    }
    case Choice::Kind::sample: return peer_listens(pair) ? next_read(pair) : std::nullopt;
    case Choice::Kind::complete:
      if (pair.requests.empty() || !pair.requests.front().executed || pair.news == WorldEnding::dropped)
        return std::nullopt;
      return 0;
    case Choice::Kind::notice: break;
  }
  return std::nullopt;
}

bool World::possible(Choice choice) const {
  if (choice.kind != Choice::Kind::notice) return subject(choice).has_value();
  const WorldQueuePair& pair = queue_pairs_[choice.queue_pair];
  return pair.used && pair.ending == WorldEnding::none && pair.news != WorldEnding::none;
}

void World::append_choices(std::vector<Choice>& out) const {
  for (std::size_t i = 0; i < queue_pairs_.size(); ++i) {
    for (std::size_t kind = 0; kind < choice_kinds; ++kind) {
      const Choice choice{static_cast<Choice::Kind>(kind), static_cast<std::uint16_t>(i)};
      if (possible(choice)) out.push_back(choice);
    }
  }
}

std::vector<Choice> World::choices() const {
  std::vector<Choice> all;
  append_choices(all);
  return all;
}

// What happens.

void World::take(Choice choice, WorldMemory& memory) {
  assert(possible(choice));
  switch (choice.kind) {
    case Choice::Kind::arrive: return arrive(choice.queue_pair, memory);
    case Choice::Kind::retry: return retry(choice.queue_pair);
    case Choice::Kind::sample: return sample(choice.queue_pair, memory);
    case Choice::Kind::complete: return complete(choice.queue_pair, memory);
    case Choice::Kind::notice: return notice(choice.queue_pair);
  }
}

// Its result comes in order, behind those of earlier requests; nothing behind it begins any more.
void World::fail_request(WorldRequest& request, WorkStatus status) {
  request.executed = true;
  request.status = status;
  request.bytes = {};
}

bool World::gather(const WorldQueuePair& pair, WorldRequest& request, WorldMemory& memory) const {
  if (request.inline_data) return true;
  request.bytes.resize(request.size_bytes());
  std::span<std::byte> rest(request.bytes);
  for (std::size_t i = 0; i < request.piece_count; ++i) {
    const MemoryPiece& piece = request.pieces[i];
    if (!holds(pair.adapter, piece)) return false;
    if (piece.size_bytes > 0) memory.read(pair.adapter, piece.address, rest.first(piece.size_bytes));
    rest = rest.subspan(piece.size_bytes);
  }
  return true;
}

// The peer's card checks what it is asked for in order, and may bring it out of order: a read that has to be refused is
// not overtaken.
void World::arrive(std::size_t queue_pair, WorldMemory& memory) {
  WorldQueuePair& pair = queue_pairs_[queue_pair];
  const std::size_t next = *next_message(pair);
  pair.attempts = 0;
  for (std::size_t i = 0; i < next; ++i)
    if (!pair.requests[i].executed && !peer_allows(pair, pair.requests[i])) return refuse(pair, pair.requests[i]);
  WorldRequest& request = pair.requests[next];
  if (!gather(pair, request, memory)) return fail_request(request, WorkStatus::local_error);
  if (request.work != Work::send && !peer_allows(pair, request)) return refuse(pair, request);
  const std::size_t peer = *pair.peer;
  if (request.work != Work::send && !request.bytes.empty())
    memory.write(queue_pairs_[peer].adapter, request.remote.address, request.bytes);
  if (takes_receive(request.work) && !receive(peer, request, memory)) return refuse(pair, request);
  request.executed = true;
  request.bytes = {};
  forget_unsignalled(pair);
}

// Both ends learn of it: who asked by the result, the other at once.
void World::refuse(const WorldQueuePair& pair, WorldRequest& request) {
  fail_request(request, WorkStatus::remote_access_error);
  end(*pair.peer, WorldEnding::receive_error);
}

// False: the receive cannot take it.
bool World::receive(std::size_t queue_pair, const WorldRequest& request, WorldMemory& memory) {
  WorldQueuePair& pair = queue_pairs_[queue_pair];
  const WorldReceive receive = pair.receives.front();
  pair.receives.erase(pair.receives.begin());
  WorkResult result{.id = receive.id,
                    .queue_pair = static_cast<std::uint32_t>(queue_pair),
                    .work = Work::receive,
                    .has_immediate = request.work == Work::write_with_immediate,
                    .bytes = static_cast<std::uint32_t>(request.bytes.size())};
  if (result.has_immediate) {
    result.immediate = request.immediate;
  } else if (request.bytes.size() > receive.piece.size_bytes || !holds(pair.adapter, receive.piece)) {
    result.status = WorkStatus::local_error;
    result.bytes = 0;
  } else if (!request.bytes.empty()) {
    memory.write(pair.adapter, receive.piece.address, request.bytes);
  }
  push(queue_pair, result);
  return result.status == WorkStatus::success;
}

void World::retry(std::size_t queue_pair) {
  WorldQueuePair& pair = queue_pairs_[queue_pair];
  if (pair.deaf > 0) --pair.deaf;
  if (++pair.attempts <= adapters_[pair.adapter].shape.rnr_retries) return;
  fail_request(pair.requests[*next_message(pair)], WorkStatus::receiver_not_ready);
}

void World::sample(std::size_t queue_pair, WorldMemory& memory) {
  WorldQueuePair& pair = queue_pairs_[queue_pair];
  WorldRequest& request = pair.requests[*next_read(pair)];
  if (!peer_allows(pair, request)) return refuse(pair, request);
  request.bytes.resize(request.size_bytes());
  if (!request.bytes.empty()) memory.read(queue_pairs_[*pair.peer].adapter, request.remote.address, request.bytes);
  request.executed = true;
}

void World::complete(std::size_t queue_pair, WorldMemory& memory) {
  WorldQueuePair& pair = queue_pairs_[queue_pair];
  WorldRequest request = std::move(pair.requests.front());
  pair.requests.erase(pair.requests.begin());
  if (request.work == Work::read && request.status == WorkStatus::success) {
    std::span<const std::byte> rest(request.bytes);
    for (std::size_t i = 0; i < request.piece_count && request.status == WorkStatus::success; ++i) {
      const MemoryPiece& piece = request.pieces[i];
      if (!holds(pair.adapter, piece))
        request.status = WorkStatus::local_error;
      else if (piece.size_bytes > 0)
        memory.write(pair.adapter, piece.address, rest.first(piece.size_bytes));
      rest = rest.subspan(piece.size_bytes);
    }
  }
  if (!request.signalled && request.status == WorkStatus::success) {
    ++pair.retired;
    return forget_unsignalled(pair);
  }
  pair.retired = 0;
  forget_unsignalled(pair);
  push(queue_pair, {.id = request.id,
                    .queue_pair = static_cast<std::uint32_t>(queue_pair),
                    .work = request.work,
                    .status = request.status});
  if (request.status == WorkStatus::success) return;
  pair.cause = request.status;
  end(queue_pair, WorldEnding::request_error);
}

// Nobody hears of the end of a message that is not signalled, so that it is no event of its own.
void World::forget_unsignalled(WorldQueuePair& pair) {
  auto& requests = pair.requests;
  while (!requests.empty() && requests.front().executed && !requests.front().signalled &&
         requests.front().work != Work::read && requests.front().status == WorkStatus::success) {
    requests.erase(requests.begin());
    ++pair.retired;
  }
}

void World::notice(std::size_t queue_pair) {
  const WorldEnding news = queue_pairs_[queue_pair].news;
  const bool silent = news == WorldEnding::peer_died || news == WorldEnding::dropped;
  end(queue_pair, news, silent ? WorkStatus::retries_exhausted : WorkStatus::flushed);
}

void World::store(WorkResult result) {
  WorldQueuePair& pair = queue_pairs_[result.queue_pair];
  ++(result.work == Work::receive ? pair.unpolled_receives : pair.unpolled_requests);
  adapters_[pair.adapter].results.push_back(result);
}

// A result that finds no room is not lost: it comes back as flushed, with everything else of its connection.
void World::push(std::size_t queue_pair, WorkResult result) {
  const WorldAdapter& adapter = adapters_[queue_pairs_[queue_pair].adapter];
  const bool room = adapter.results.size() < adapter.shape.max_results;
  if (!room)
    result = {.id = result.id, .queue_pair = result.queue_pair, .work = result.work, .status = WorkStatus::flushed};
  store(result);
  if (!room) end(queue_pair, WorldEnding::too_many_results);
}

void World::end(std::size_t queue_pair, WorldEnding ending, WorkStatus oldest) {
  WorldQueuePair& pair = queue_pairs_[queue_pair];
  if (pair.ending != WorldEnding::none) return;
  pair.ending = ending;
  WorkResult result{.queue_pair = static_cast<std::uint32_t>(queue_pair), .status = oldest};
  for (const WorldRequest& request : pair.requests) {
    result.id = request.id;
    result.work = request.work;
    store(result);
    result.status = WorkStatus::flushed;
  }
  result.status = WorkStatus::flushed;
  result.work = Work::receive;
  for (const WorldReceive& receive : pair.receives) {
    result.id = receive.id;
    store(result);
  }
  pair.requests.clear();
  pair.receives.clear();
  pair.attempts = pair.deaf = pair.retired = 0;
  tell_peer(pair);
}

// Who is about to see a request of its own fail hears of the end by that.
void World::tell_peer(WorldQueuePair& pair) {
  if (!pair.peer) return;
  WorldQueuePair& peer = queue_pairs_[*pair.peer];
  if (peer.ending == WorldEnding::none && peer.news == WorldEnding::none && !has_failed(peer))
    peer.news = as_the_peer_sees(pair.ending);
}

void World::kill(std::size_t adapter) {
  for (std::size_t i = 0; i < queue_pairs_.size(); ++i)
    if (queue_pairs_[i].used && queue_pairs_[i].adapter == adapter) end(i, WorldEnding::killed);
}

void World::drop(std::size_t queue_pair) {
  WorldQueuePair& pair = queue_pairs_[queue_pair];
  if (pair.ending == WorldEnding::none) pair.news = WorldEnding::dropped;
  if (pair.peer && queue_pairs_[*pair.peer].ending == WorldEnding::none)
    queue_pairs_[*pair.peer].news = WorldEnding::dropped;
}

void World::make_deaf(std::size_t queue_pair, std::uint32_t attempts) { queue_pairs_[queue_pair].deaf = attempts; }

}  // namespace xover
