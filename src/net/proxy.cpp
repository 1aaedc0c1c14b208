#include "net/proxy.h"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

namespace askedit::net {
namespace {

std::string address_of(std::string_view value) {
  const auto scheme = value.find("://");
  if (scheme != std::string_view::npos) value.remove_prefix(scheme + 3);
  value = value.substr(0, value.find_first_of("/?#"));
  const auto user = value.rfind('@');
  return std::string(user == std::string_view::npos ? value : value.substr(user + 1));
}

std::optional<Proxy> first_set(std::initializer_list<const char*> variables) {
  for (const char* name : variables)
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0')
      return Proxy{name, address_of(value)};
  return std::nullopt;
}

/// Whether `entry` of a list such as "localhost,.example.org" stands for `host`.
bool exempts(std::string_view entry, std::string_view host) {
  if (entry == "*") return true;
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.empty() || !host.ends_with(entry)) return false;
  return host.size() == entry.size() || host[host.size() - entry.size() - 1] == '.';
}

bool is_exempt(std::string_view host) {
  const char* list = std::getenv("no_proxy");
  if (list == nullptr) list = std::getenv("NO_PROXY");
  for (std::string_view rest = list == nullptr ? "" : list; !rest.empty();) {
    const std::size_t end = std::min(rest.find_first_of(", "), rest.size());
    if (exempts(rest.substr(0, end), host)) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace

std::optional<Proxy> proxy_of(const Url& url) {
  if (is_exempt(url.host)) return std::nullopt;
  if (url.scheme == "http") return first_set({"http_proxy", "all_proxy", "ALL_PROXY"});
  return first_set({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
}

}  // namespace askedit::net
