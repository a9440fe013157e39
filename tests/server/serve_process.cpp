// Starting, and looking at it in /proc.
#include "tests/server/serve_process.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace xover::test {

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

ServeProcess::ServeProcess(const std::vector<std::string>& options, bool with_key) {
  // The shell only sends standard error to a file that can be read meanwhile, and becomes the program.
  std::vector<std::string> words{"sh",
                                 "-c",
                                 "errors=$1; shift; exec \"$@\" 2>\"$errors\"",
                                 "sh",
                                 folder_.path("log"),
                                 xover_program(),
                                 "serve",
                                 "--listen",
                                 "127.0.0.1:0"};
  if (with_key) {
    if (!make_key_file(folder_.path("key"))) throw std::runtime_error("no key was made");
    key_ = read_key_file(folder_.path("key")).value();
    for (const unsigned char byte : key_.bytes) {
      key_digits_ += "0123456789abcdef"[byte >> 4];
      key_digits_ += "0123456789abcdef"[byte & 15];
    }
    words.insert(words.end(), {"--key-file", folder_.path("key")});
  }
  words.insert(words.end(), options.begin(), options.end());
  process_ = std::make_unique<ChildProcess>(words);
  const std::string listening = "listening on 127.0.0.1:";
  if (!logs_within(listening)) throw std::runtime_error("it does not listen: " + log());
  const std::string text = log();
  port_ = static_cast<std::uint16_t>(std::stoul(text.substr(text.find(listening) + listening.size())));
}

std::string ServeProcess::log() const { return text_of(folder_.path("log")); }

bool ServeProcess::logs_within(const std::string& text, std::chrono::milliseconds bound) const {
  return comes_true(
      [&] {
        const std::string all = log();
        const auto at = all.find(text);
        return at != std::string::npos && all.find('\n', at) != std::string::npos;
      },
      bound);
}

std::vector<pid_t> ServeProcess::agents() const {
  const std::vector<pid_t> here = hosts();
  return here.empty() ? std::vector<pid_t>{} : children_of(here.front());
}

std::size_t ServeProcess::open_descriptors() const {
  const std::filesystem::directory_iterator open("/proc/" + std::to_string(pid()) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

std::size_t ServeProcess::resident_bytes() const {
  std::istringstream fields(text_of("/proc/" + std::to_string(pid()) + "/statm"));
  std::size_t size_pages = 0, resident_pages = 0;
  fields >> size_pages >> resident_pages;
  return resident_pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace xover::test
