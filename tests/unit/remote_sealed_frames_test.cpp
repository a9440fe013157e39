// What a parser gives out is a prefix of what the writer sealed, in order, whatever happens to the bytes on the way.
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "harness/remote/hmac.h"
#include "harness/remote/little_endian.h"
#include "harness/remote/sealed_frames.h"

namespace xover {
namespace {

Key key_of(unsigned char byte) {
  Key key;
  key.bytes.fill(byte);
  return key;
}
const Key key = key_of(0x5a);

struct Received {
  std::vector<std::string> texts;
  std::string error;  // empty: none
};

Received take_all(SealedParser& parser) {
  Received received;
  for (;;) {
    auto text = parser.next();
    if (!text) {
      received.error = text.error().message();
      const auto again = parser.next();
      EXPECT_FALSE(again) << "an error stays one";
      return received;
    }
    if (!*text) return received;
    received.texts.push_back(std::move(**text));
  }
}

Received receive(std::string_view bytes, const Key& with = key) {
  SealedParser parser(with);
  parser.feed(bytes);
  return take_all(parser);
}

bool says(const Received& received, std::string_view what) { return received.error.find(what) != std::string::npos; }

TEST(RemoteSealedFrames, ComeBackWholeWhateverTheCut) {
  SealedWriter writer(key);
  const std::vector<std::string> texts{"first", "", std::string(70000, 'x'), std::string("\0\xff", 2)};
  std::string stream;
  for (const std::string& text : texts) stream += writer.seal(text);
  for (const std::size_t piece : {1u, 2u, 7u, 8u, 9u, 40u, 4096u, 1u << 20}) {
    SealedParser parser(key);
    std::vector<std::string> got;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      parser.feed(std::string_view(stream).substr(at, piece));
      const Received received = take_all(parser);
      ASSERT_EQ(received.error, "");
      got.insert(got.end(), received.texts.begin(), received.texts.end());
    }
    EXPECT_EQ(got, texts) << "in pieces of " << piece;
    EXPECT_TRUE(parser.end_of_stream());
  }
}

TEST(RemoteSealedFrames, HaveTheFormThatIsWrittenDown) {
  SealedWriter writer(key);
  writer.seal("");
  const std::string frame = writer.seal("text");
  const std::string sequence("\1\0\0\0\0\0\0\0", 8), length("\4\0\0\0", 4);
  EXPECT_EQ(frame, "XOSF" + length + "text" + std::string(view_of(hmac_sha256(key, {sequence, length, "text"}))));
}

TEST(RemoteSealedFrames, AreNotGivenOutBeforeTheirLastByte) {
  const std::string frame = SealedWriter(key).seal("text");
  for (std::size_t cut = 0; cut < frame.size(); ++cut) {
    SealedParser parser(key);
    parser.feed(std::string_view(frame).substr(0, cut));
    const Received received = take_all(parser);
    EXPECT_TRUE(received.texts.empty());
    EXPECT_EQ(received.error, "");
    EXPECT_EQ(parser.end_of_stream().has_value(), cut == 0) << "cut behind byte " << cut;
  }
}

TEST(RemoteSealedFrames, ThatAreCutAreSaid) {
  SealedWriter writer(key);
  const std::string first = writer.seal("first"), second = writer.seal("second");
  SealedParser parser(key);
  parser.feed(first + second.substr(0, second.size() - 1));
  EXPECT_EQ(take_all(parser).texts, std::vector<std::string>{"first"});
  const auto end = parser.end_of_stream();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::peer_died);
  EXPECT_NE(end.error().context.find("inside frame 1: 45 bytes"), std::string::npos) << end.error().message();
}

TEST(RemoteSealedFrames, WithAnyBitFlippedGiveNothing) {
  const std::string frame = SealedWriter(key).seal("{}");
  ASSERT_EQ(receive(frame).texts.size(), 1u);
  for (std::size_t bit = 0; bit < 8 * frame.size(); ++bit) {
    std::string altered = frame;
    altered[bit / 8] ^= static_cast<char>(1 << bit % 8);
    SealedParser parser(key);
    parser.feed(altered);
    Received received = take_all(parser);
    EXPECT_TRUE(received.texts.empty()) << "bit " << bit;
    // A longer length waits for more; whatever comes does not help it.
    if (received.error.empty()) parser.feed(std::string(70000, 'x'));
    if (received.error.empty()) received = take_all(parser);
    EXPECT_TRUE(received.texts.empty()) << "bit " << bit;
    EXPECT_NE(received.error.empty() && parser.end_of_stream(), true) << "bit " << bit;
  }
}

TEST(RemoteSealedFrames, ThatAreAlteredEndWithWhatWasBefore) {
  SealedWriter writer(key);
  std::string stream = writer.seal("first");
  std::string second = writer.seal("second");
  second[9] ^= 1;
  const Received received = receive(stream + second + writer.seal("third"));
  EXPECT_EQ(received.texts, std::vector<std::string>{"first"});
  EXPECT_TRUE(says(received, "frame 1 is not what the far side sealed")) << received.error;
}

TEST(RemoteSealedFrames, ThatAreRepeatedLeftOutOrReorderedAreRefused) {
  SealedWriter writer(key);
  const std::string a = writer.seal("a"), b = writer.seal("b"), c = writer.seal("c");
  EXPECT_EQ(receive(a + b + c).texts.size(), 3u);
  const std::vector<std::pair<std::string, std::size_t>> streams{{a + a, 1}, {a + b + a, 2}, {a + b + b, 2},
                                                                 {b + a, 0}, {a + c, 1},     {c, 0}};
  for (const auto& [stream, wanted] : streams) {
    const Received received = receive(stream);
    EXPECT_EQ(received.texts.size(), wanted);
    EXPECT_TRUE(says(received, "altered, repeated, left out or out of order")) << received.error;
  }
}

TEST(RemoteSealedFrames, OfAnotherKeyOrDirectionAreRefused) {
  const std::string frame = SealedWriter(key).seal("text");
  for (const Key& other : {key_of(0x5b), no_key()}) {
    const Received received = receive(frame, other);
    EXPECT_TRUE(received.texts.empty());
    EXPECT_TRUE(says(received, "is not what the far side sealed")) << received.error;
  }
}

TEST(RemoteSealedFrames, ThatAreNoneAreRefusedWithTheirHeader) {
  EXPECT_TRUE(says(receive("GET / HTTP/1.1\r\n"), "begin no frame"));
  const std::string frame = SealedWriter(key).seal("text");
  EXPECT_TRUE(says(receive(frame + "GET / HT"), "begin no frame"));
}

TEST(RemoteSealedFrames, ThatAreTooLongAreRefusedWithTheirHeader) {
  std::string header = "XOSF";
  append_little_endian(header, static_cast<std::uint32_t>(max_sealed_text_bytes + 1));
  EXPECT_TRUE(says(receive(header), "a frame of 16777217 bytes; at most 16777216 are allowed"));
  header.resize(4);
  append_little_endian(header, std::numeric_limits<std::uint32_t>::max());
  EXPECT_TRUE(says(receive(header), "4294967295"));

  SealedParser small(key, 4);
  SealedWriter writer(key);
  small.feed(writer.seal("four"));
  small.feed(writer.seal("fives").substr(0, sealed_header_bytes));
  const Received received = take_all(small);
  EXPECT_EQ(received.texts, std::vector<std::string>{"four"});
  EXPECT_TRUE(says(received, "a frame of 5 bytes; at most 4 are allowed")) << received.error;
}

TEST(RemoteSealedFrames, OfTheGreatestLengthAreTaken) {
  const std::string text(max_sealed_text_bytes, 'x');
  const Received received = receive(SealedWriter(key).seal(text));
  ASSERT_EQ(received.texts.size(), 1u) << received.error;
  EXPECT_TRUE(received.texts[0] == text);
}

TEST(RemoteSealedFrames, GiveNothingMoreAfterAnError) {
  SealedWriter writer(key);
  const std::string good = writer.seal("good");
  SealedParser parser(key);
  parser.feed("not a frame at all");
  const std::string error = take_all(parser).error;
  parser.feed(good);
  const Received received = take_all(parser);
  EXPECT_TRUE(received.texts.empty());
  EXPECT_EQ(received.error, error);
  EXPECT_EQ(parser.take_unparsed(), "") << "bytes are not even kept";
  EXPECT_FALSE(parser.end_of_stream());
}

TEST(RemoteSealedFrames, GoOnInAnotherWriterAndParser) {
  SealedWriter writer(key);
  SealedParser parser(key);
  const std::string first = writer.seal("first");
  SealedWriter later_writer(key, writer.sequence());
  const std::string second = later_writer.seal("second");
  parser.feed(first + second.substr(0, 10));
  ASSERT_EQ(take_all(parser).texts.size(), 1u);
  SealedParser later(key, 100, parser.sequence());
  later.feed(parser.take_unparsed());
  later.feed(second.substr(10));
  EXPECT_EQ(take_all(later).texts, std::vector<std::string>{"second"});
  EXPECT_TRUE(parser.end_of_stream()) << "it has no bytes left";
}

TEST(RemoteSealedFrames, DoNotTellTheirKeyInErrors) {
  const Key letters = key_of('K');
  std::string altered = SealedWriter(letters).seal("text");
  altered.back() ^= 1;
  const std::string error = receive(altered, letters).error;
  EXPECT_EQ(error.find("KK"), std::string::npos);
  EXPECT_EQ(error.find("4b4b"), std::string::npos);
}

}  // namespace
}  // namespace xover
