#include "net/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>

#include "base/secret.h"

namespace askedit::net {
namespace {

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part(const Handle& url, CURLUPart what) {
  char* value = nullptr;
  if (curl_url_get(url.get(), what, &value, 0) != CURLUE_OK) return {};
  std::string copy = value;
  curl_free(value);
  return copy;
}

bool is_loopback(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool names_a_credential(std::string_view name) {
  static constexpr std::array parts{"key", "token", "secret", "pass", "auth", "sig", "code", "credential"};
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::any_of(parts.begin(), parts.end(),
                     [&](const char* part) { return lower.find(part) != std::string::npos; });
}

}  // namespace

std::string shown_url(std::string_view url) {
  std::size_t at = std::min(url.find('?'), url.size());
  std::string shown(url.substr(0, at));
  while (at < url.size()) {
    const std::size_t end = std::min(url.find('&', at + 1), url.size());
    const std::string_view parameter = url.substr(at, end - at);
    const std::size_t equals = parameter.find('=');
    const bool hide = equals != std::string_view::npos && names_a_credential(parameter.substr(0, equals));
    shown += hide ? std::string(parameter.substr(0, equals + 1)).append(kMask) : std::string(parameter);
    at = end;
  }
  return shown;
}

Result<Url> parse_url(std::string_view text) {
  const std::string trimmed(trim(text));
  const Handle url(curl_url(), curl_url_cleanup);
  const bool valid =
      curl_url_set(url.get(), CURLUPART_URL, trimmed.c_str(), CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
  Url parsed{trimmed, part(url, CURLUPART_SCHEME), part(url, CURLUPART_HOST), false};
  const bool web = parsed.scheme == "http" || parsed.scheme == "https";
  if (!valid || !web || parsed.host.empty())
    return fail(ErrorKind::config, "url must be like https://host/path or http://127.0.0.1:port/path");
  if (!part(url, CURLUPART_USER).empty() || !part(url, CURLUPART_PASSWORD).empty())
    return fail(ErrorKind::config,
                "url must not hold a user name or password; give the key as key = 'env:NAME'");
  if (parsed.host.front() == '[') parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  parsed.loopback = is_loopback(parsed.host);
  return parsed;
}

}  // namespace askedit::net
