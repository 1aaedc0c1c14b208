/// Which proxy the environment names. curl reads the same variables by itself; this is for what is said when
/// a connection fails.
#pragma once

#include <optional>
#include <string>

#include "net/url.h"

namespace askedit::net {

struct Proxy {
  std::string variable;  ///< that names it, such as "https_proxy"
  std::string address;   ///< host and port; never its user and password
};

/// The proxy on the way to `url`, or nothing if the environment names none or exempts the host by `no_proxy`.
std::optional<Proxy> proxy_of(const Url& url);

}  // namespace askedit::net
