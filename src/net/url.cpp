#include "net/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <memory>

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

}  // namespace

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
