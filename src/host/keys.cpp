#include "host/keys.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/text.h"

namespace askedit::host {
namespace {

constexpr std::size_t kMaxKey = 16 * 1024;

Result<Secret> checked(std::string value, const std::string& source) {
  value.erase(value.find_last_not_of(" \t\r\n") + 1);
  if (value.empty()) return fail(ErrorKind::key, "the key from " + source + " is empty");
  const bool unusable =
      std::any_of(value.begin(), value.end(), [](unsigned char c) { return c <= 0x20 || c == 0x7F; });
  if (unusable) return fail(ErrorKind::key, "the key from " + source + " holds a blank or control character");
  const bool quoted =
      value.size() > 1 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
  if (quoted) return fail(ErrorKind::key, "the key from " + source + " stands in quotes: remove them");
  return Secret(std::move(value));
}

/// People put the key itself where the name of its variable belongs; it must not be shown then.
bool looks_like_a_name(const std::string& name) {
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}

Result<Secret> from_environment(const std::string& name, const std::string& source) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr && !looks_like_a_name(name))
    return fail(ErrorKind::key, "no key: the environment variable that provider.key names is not set");
  if (value == nullptr)
    return fail(ErrorKind::key,
                "no key: set the environment variable " + one_line(name, 60) + ", or key = 'file:PATH'");
  return checked(value, source);
}

std::string expanded(const std::string& path) {
  const char* home = std::getenv("HOME");
  return path.starts_with("~/") && home != nullptr ? home + path.substr(1) : path;
}

Result<Secret> from_file(const std::string& path, const std::string& source) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(expanded(path), error))
    return fail(ErrorKind::key, "no key: " + source + (error ? ": " + error.message() : " is no file"));
  std::ifstream file(expanded(path), std::ios::binary);
  if (!file) return fail(ErrorKind::key, "no key: " + source + ": " + std::strerror(errno));
  std::string value(kMaxKey, '\0');
  file.read(value.data(), static_cast<std::streamsize>(value.size()));
  value.resize(static_cast<std::size_t>(file.gcount()));
  if (value.size() == kMaxKey)
    return fail(ErrorKind::key, "the file of " + source + " is too large for a key");
  return checked(std::move(value), source);
}

}  // namespace

Result<Secret> load_key(std::string_view source) {
  const std::string shown = one_line(source, 80);
  if (source.starts_with("env:") && source.size() > 4)
    return from_environment(std::string(source.substr(4)), shown);
  if (source.starts_with("file:") && source.size() > 5)
    return from_file(std::string(source.substr(5)), shown);
  return fail(ErrorKind::config, "provider.key must be 'env:NAME' or 'file:PATH', never the key itself");
}

}  // namespace askedit::host
