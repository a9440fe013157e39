// Frames survive any cut of the byte stream and refuse what cannot be one.
#include <gtest/gtest.h>

#include "harness/agents/frame.h"

namespace xover {
namespace {

void feed(FrameParser& parser, std::string_view bytes) { parser.feed({bytes.data(), bytes.size()}); }

TEST(Frame, ComesBackWholeWhateverTheCut) {
  const std::string stream = frame_of("first") + frame_of("") + frame_of(std::string(70000, 'x'));
  for (const std::size_t piece : {1u, 2u, 7u, 8u, 9u, 4096u}) {
    FrameParser parser;
    std::vector<std::string> frames;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      feed(parser, std::string_view(stream).substr(at, piece));
      for (;;) {
        auto frame = parser.next();
        ASSERT_TRUE(frame.has_value());
        if (!frame->has_value()) break;
        frames.push_back(**frame);
      }
    }
    ASSERT_EQ(frames.size(), 3u) << "in pieces of " << piece;
    EXPECT_EQ(frames[0], "first");
    EXPECT_EQ(frames[1], "");
    EXPECT_EQ(frames[2], std::string(70000, 'x'));
  }
}

TEST(Frame, IsNotGivenOutBeforeItIsComplete) {
  const std::string frame = frame_of("message");
  FrameParser parser;
  feed(parser, std::string_view(frame).substr(0, frame.size() - 1));
  auto none = parser.next();
  ASSERT_TRUE(none.has_value());
  EXPECT_FALSE(none->has_value());
}

TEST(Frame, RefusesOtherBytes) {
  FrameParser parser;
  feed(parser, "GET / HTTP/1.1\r\n");
  EXPECT_FALSE(parser.next().has_value());
  EXPECT_FALSE(parser.next().has_value()) << "an error must stay one";
}

TEST(Frame, RefusesAnOversizedOneBeforeItsBytesCome) {
  std::string frame = frame_of("x");
  frame[7] = '\x7f';  // the length's highest byte
  FrameParser parser;
  feed(parser, std::string_view(frame).substr(0, 8));
  auto refused = parser.next();
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().context.find("16777216"), std::string::npos) << refused.error().message();
}

}  // namespace
}  // namespace xover
