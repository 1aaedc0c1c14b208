#include "host/keys.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "unit/catch.h"

using namespace askedit;
using namespace askedit::host;
using namespace std::string_literals;

namespace {

/// A folder that is gone with the test.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / "askedit-keys-XXXXXX") {
    REQUIRE(mkdtemp(path_.data()) != nullptr);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << bytes;
    return path_ + "/" + name;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The key read from an environment variable and from a file with these bytes.
std::vector<Result<Secret>> read_both(std::string_view bytes) {
  const Folder folder;
  setenv("ASKEDIT_TEST_KEY", std::string(bytes).c_str(), 1);
  std::vector<Result<Secret>> results;
  results.push_back(load_key("env:ASKEDIT_TEST_KEY"));
  results.push_back(load_key("file:" + folder.write("key", bytes)));
  unsetenv("ASKEDIT_TEST_KEY");
  return results;
}

}  // namespace

TEST_CASE("Line ends and blanks after a key are cut off", "[keys]") {
  for (const auto* bytes : {"sk-test", "sk-test\n", "sk-test\r\n", "sk-test \t\n\n"})
    for (const auto& key : read_both(bytes)) {
      REQUIRE(key);
      CHECK(key->reveal() == "sk-test");
    }
}

TEST_CASE("An unusable key is refused; the sentence names the source, never the value", "[keys]") {
  struct Row {
    const char* bytes;
    const char* why;
  };
  const Row row = GENERATE(values<Row>({{"", "is empty"},
                                        {"\r\n", "is empty"},
                                        {"sk te\nst", "holds a blank or control character"},
                                        {"sk-test\nurl: x\n", "holds a blank or control character"},
                                        {" sk-test", "holds a blank or control character"},
                                        {"sk-\x1btest", "holds a blank or control character"},
                                        {"sk-te\x7fst", "holds a blank or control character"},
                                        {"\"sk-test\"", "stands in quotes: remove them"},
                                        {"'sk-test'\n", "stands in quotes: remove them"}}));
  std::vector<std::string> sources{"env:ASKEDIT_TEST_KEY", "file:/"};
  for (const auto& key : read_both(row.bytes)) {
    REQUIRE(!key);
    CHECK(key.error().kind == ErrorKind::key);
    INFO(key.error().message);
    CHECK(key.error().message.find(row.why) != std::string::npos);
    CHECK(key.error().message.find(sources.front()) != std::string::npos);
    CHECK(key.error().message.find("test") == std::string::npos);
    sources.erase(sources.begin());
  }
}

TEST_CASE("No key: the sentence says how to give one", "[keys]") {
  unsetenv("ASKEDIT_TEST_KEY");
  const auto key = load_key("env:ASKEDIT_TEST_KEY");
  REQUIRE(!key);
  CHECK(key.error().kind == ErrorKind::key);
  CHECK(key.error().message == "no key: set the environment variable ASKEDIT_TEST_KEY, or key = 'file:PATH'");
}

TEST_CASE("A file that cannot be a key file is said to be none", "[keys]") {
  const Folder folder;
  const auto message = [](const std::string& path) {
    const auto key = load_key("file:" + path);
    REQUIRE(!key);
    CHECK(key.error().kind == ErrorKind::key);
    return key.error().message;
  };
  CHECK(message("/nowhere/at/all").find("file:/nowhere/at/all: No such file") != std::string::npos);
  CHECK(message("/").find("is no file") != std::string::npos);
  CHECK(message(folder.write("large", std::string(20'000, 'k'))).find("too large") != std::string::npos);
  CHECK(load_key("file:" + folder.write("nul", "sk-\0test"s)).error().kind == ErrorKind::key);
}

TEST_CASE("~/ is the home folder", "[keys]") {
  const Folder folder;
  folder.write("key", "sk-home\n");
  const std::string home = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
  setenv("HOME", folder.path().c_str(), 1);
  const auto key = load_key("file:~/key");
  setenv("HOME", home.c_str(), 1);
  REQUIRE(key);
  CHECK(key->reveal() == "sk-home");
}

TEST_CASE("A key given in place of a source is not repeated", "[keys]") {
  for (const auto* source : {"sk-secret-value", "", "env:", "file:", "ENV:X"}) {
    const auto key = load_key(source);
    REQUIRE(!key);
    CHECK(key.error().kind == ErrorKind::config);
    CHECK(key.error().message == "provider.key must be 'env:NAME' or 'file:PATH', never the key itself");
  }
}
