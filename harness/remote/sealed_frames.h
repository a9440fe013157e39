// Sealed frames: the texts that two hosts exchange after the handshake, each with a tag that only holders of the
// session key can make. They are authenticated, not encrypted. No I/O.
//
//   u32 magic, u32 length, text, tag[32] = HMAC-SHA256(session key, u64 sequence | u32 length | text)
//
// Little-endian. The sequence counts the frames of one direction from 0 and is not sent: a frame that is altered,
// repeated, left out or out of order has the wrong tag. What comes out of a parser is always a prefix of what went into
// the writer with the same key, whoever held the wire in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "harness/remote/key_file.h"

namespace xover {

inline constexpr std::uint32_t sealed_frame_magic = 0x46534f58;  // "XOSF"
inline constexpr std::size_t sealed_header_bytes = 8;
inline constexpr std::size_t max_sealed_text_bytes = 16u << 20;

// One direction's sending end. One thread.
class SealedWriter {
 public:
  // `first_sequence`: where another writer with the same key left off, its sequence(). Two writers must never share a
  // key and a sequence number.
  explicit SealedWriter(const Key& session_key, std::uint64_t first_sequence = 0)
      : key_(session_key), sequence_(first_sequence) {}
  SealedWriter(SealedWriter&&) = default;  // the one moved from is not to be used again
  SealedWriter& operator=(SealedWriter&&) = default;

  // The frame, to be sent whole and in this order. `text` has at most max_sealed_text_bytes.
  std::string seal(std::string_view text);

  std::uint64_t sequence() const { return sequence_; }  // of the next frame

 private:
  Key key_;
  std::uint64_t sequence_;
};

// One direction's receiving end: bytes in any cut go in, texts come out. One thread.
class SealedParser {
 public:
  // A length over `max_text_bytes` is refused as soon as the header is there, before any of the text is kept.
  explicit SealedParser(const Key& session_key, std::size_t max_text_bytes = max_sealed_text_bytes,
                        std::uint64_t first_sequence = 0)
      : key_(session_key), max_text_bytes_(max_text_bytes), sequence_(first_sequence) {}

  // Call next() until it gives nothing between two of these, so that no more than one frame is ever kept. After an
  // error the bytes are dropped.
  void feed(std::string_view bytes);

  // The next text; nothing when more bytes are needed; an error (ErrorCode::bad_input) when the bytes are no frame, too
  // long, or not what the writer sealed next. After an error it is always that error.
  Result<std::optional<std::string>> next();

  // The stream has ended: an error (ErrorCode::peer_died) if that was inside a frame. An end between two frames is fine
  // here; whether it was time to end is for the texts to say.
  Result<void> end_of_stream() const;

  std::uint64_t sequence() const { return sequence_; }  // of the next frame

  // Bytes that are not yet a frame, for another parser that goes on from sequence(); leaves this one without them.
  std::string take_unparsed();

 private:
  tl::unexpected<Error> fail(std::string context, std::string remedy = {});

  Key key_;
  std::size_t max_text_bytes_;
  std::uint64_t sequence_;
  std::string buffer_;
  std::optional<Error> error_;
};

}  // namespace xover
