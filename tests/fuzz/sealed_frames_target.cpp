// Sealed frames on a wire that the fuzzer holds. Bytes of its own never give a text. Of frames that were sealed with
// the key, and that it alters, cuts, repeats, reorders and mixes with its own bytes, exactly those come out that are an
// unaltered beginning of what the writer sealed; however the bytes are cut, and when another parser takes over.
#include <optional>
#include <vector>

#include "harness/remote/hmac.h"
#include "harness/remote/sealed_frames.h"
#include "tests/fuzz/bytes.h"
#include "tests/fuzz/fuzz_target.h"

using namespace xover;

namespace {

// What comes out, fed in pieces. An error ends it; then nothing more may come, not even of a frame that is right.
std::vector<std::string> receive(const Key& key, std::string_view bytes, std::size_t piece_bytes,
                                 std::size_t max_text_bytes, std::size_t handover_at) {
  std::optional<SealedParser> parser(std::in_place, key, max_text_bytes);
  std::vector<std::string> texts;
  bool failed = false;
  const std::size_t all_bytes = bytes.size();
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_bytes);
    parser->feed(piece);
    bytes.remove_prefix(piece.size());
    for (;;) {
      auto text = parser->next();
      fuzz::require(!failed || !text, "after an error the parser stays in error");
      failed = !text;
      if (failed || !*text) break;
      fuzz::require((*text)->size() <= max_text_bytes, "no text is longer than allowed");
      texts.push_back(std::move(**text));
    }
    if (failed) fuzz::require(!parser->end_of_stream(), "after an error the end is an error");
    if (!failed && all_bytes - bytes.size() >= handover_at) {
      const std::uint64_t sequence = parser->sequence();
      const std::string unparsed = parser->take_unparsed();
      parser.emplace(key, max_text_bytes, sequence);
      parser->feed(unparsed);
      handover_at = all_bytes + 1;
    }
  }
  return texts;
}

struct Sealed {
  std::vector<std::string> texts, frames;
};

Sealed seal_some(const Key& key, fuzz::Bytes& bytes) {
  Sealed sealed;
  SealedWriter writer(key);
  const std::size_t count = 1 + bytes.one() % 6;
  for (std::size_t i = 0; i < count; ++i) {
    sealed.texts.push_back(bytes.up_to(bytes.one() % 48));
    sealed.frames.push_back(writer.seal(sealed.texts.back()));
  }
  return sealed;
}

// Frames in their order, until the fuzzer thinks of something else. Its numbers are small so that they mean something.
std::string on_the_wire(const Sealed& sealed, fuzz::Bytes& bytes) {
  std::string wire;
  std::size_t in_turn = 0;
  SealedWriter other_direction(no_key());
  const std::size_t steps = 1 + bytes.one() % 12;
  for (std::size_t step = 0; step < steps; ++step) {
    const std::uint8_t what = bytes.one();
    const bool other = (what & 0x10) != 0;
    std::string frame = sealed.frames[(other ? bytes.one() : in_turn) % sealed.frames.size()];
    const std::size_t at = bytes.one() % frame.size();
    if (!other) ++in_turn;
    switch (what & 0x0f) {
      case 1: frame[at] ^= static_cast<char>(bytes.one()); break;
      case 2: frame.resize(at); break;
      case 3: frame.erase(0, at); break;
      case 4: frame.insert(at, bytes.up_to(bytes.one() % 16)); break;
      case 5:
        frame.replace(frame.size() - 32, 32, sealed.frames.front().substr(sealed.frames.front().size() - 32));
        break;
      case 6: frame = bytes.up_to(bytes.one()); break;
      case 7: frame = other_direction.seal(sealed.texts[at % sealed.texts.size()]); break;
      case 8: frame += frame; break;
      case 9: frame.erase(at, 1 + bytes.one() % 8); break;
      case 10: std::swap(frame[at], frame[bytes.one() % frame.size()]); break;
      default: break;
    }
    wire += frame;
  }
  return wire;
}

// How many frames may come out: those whose every byte is where the writer put it, up to the first one too long.
std::size_t unaltered(const Sealed& sealed, std::string_view wire, std::size_t max_text_bytes) {
  std::size_t count = 0;
  for (const std::string& frame : sealed.frames) {
    if (!wire.starts_with(frame) || sealed.texts[count].size() > max_text_bytes) break;
    wire.remove_prefix(frame.size());
    ++count;
  }
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  fuzz::Bytes bytes(data, size_bytes);
  // Each input has a key of its own: fuzzers look at what is compared, and so learn frames that another input sealed.
  const Key key = derived_key(no_key(), {fuzz::text_of(data, size_bytes)});
  const std::uint8_t way = bytes.one();
  const std::size_t piece_bytes = (way & 1) != 0 ? 1u + bytes.one() % 64 : 1u << 20;
  const std::size_t max_text_bytes = (way & 2) != 0 ? bytes.one() : max_sealed_text_bytes;
  const std::size_t handover_at = (way & 4) != 0 ? bytes.one() : 1u << 30;
  if ((way & 8) != 0) {
    const std::string own = bytes.up_to(size_bytes);
    fuzz::require(receive(key, own, piece_bytes, max_text_bytes, handover_at).empty(),
                  "nothing comes out that was not sealed with the key");
    return 0;
  }
  const Sealed sealed = seal_some(key, bytes);
  const std::string wire = on_the_wire(sealed, bytes);
  const std::vector<std::string> texts = receive(key, wire, piece_bytes, max_text_bytes, handover_at);
  fuzz::require(texts.size() == unaltered(sealed, wire, max_text_bytes),
                "as many texts come out as frames were left as they are");
  for (std::size_t i = 0; i < texts.size(); ++i)
    fuzz::require(texts[i] == sealed.texts[i], "texts are those that were sealed, in order");
  return 0;
}
