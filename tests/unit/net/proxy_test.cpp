#include "net/proxy.h"

#include <cstdlib>
#include <map>

#include "unit/catch.h"

using namespace askedit::net;

namespace {

/// The proxy for `url` with only these variables set: "address of variable", or "none".
std::string proxy(const std::string& url, const std::map<std::string, std::string>& variables) {
  for (const auto* name : {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                           "no_proxy", "NO_PROXY"})
    unsetenv(name);
  for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
  const auto found = proxy_of(parse_url(url).value());
  return found ? found->address + " of " + found->variable : "none";
}

}  // namespace

TEST_CASE("The proxy is the one that curl takes: by scheme, then the one for all", "[proxy]") {
  CHECK(proxy("https://h.example", {}) == "none");
  CHECK(proxy("https://h.example", {{"http_proxy", "p:1"}}) == "none");
  CHECK(proxy("http://h.example", {{"HTTP_PROXY", "p:1"}}) == "none");  // a web server's clients could set it
  CHECK(proxy("http://h.example", {{"http_proxy", "p:1"}}) == "p:1 of http_proxy");
  CHECK(proxy("https://h.example", {{"HTTPS_PROXY", "p:1"}, {"all_proxy", "q:2"}}) == "p:1 of HTTPS_PROXY");
  CHECK(proxy("https://h.example", {{"https_proxy", ""}, {"ALL_PROXY", "q:2"}}) == "q:2 of ALL_PROXY");
}

TEST_CASE("Of a proxy its host and port are told, never its password", "[proxy]") {
  CHECK(proxy("https://h.example", {{"https_proxy", "http://user:hush@p.example:1/"}}) ==
        "p.example:1 of https_proxy");
  CHECK(proxy("https://h.example", {{"https_proxy", "user:hu@sh@[::1]:8"}}) == "[::1]:8 of https_proxy");
}

TEST_CASE("Hosts are exempt by name, by domain, or all", "[proxy]") {
  const auto exempt = [](const std::string& list) {
    return proxy("https://api.h.example", {{"https_proxy", "p:1"}, {"no_proxy", list}}) == "none";
  };
  for (const auto* list : {"api.h.example", "h.example", ".h.example", "x, h.example", "*"})
    CHECK(exempt(list));
  for (const auto* list : {"", "i.h.example", "other.example", "api.h.example.org", ","})
    CHECK(!exempt(list));
  CHECK(proxy("https://h.example", {{"https_proxy", "p:1"}, {"NO_PROXY", "h.example"}}) == "none");
}
