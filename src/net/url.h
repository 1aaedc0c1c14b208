/// The parts of a URL that decide whether and how it may be called.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace askedit::net {

struct Url {
  std::string text;       ///< as to be requested, blanks around it removed
  std::string scheme;     ///< "http" or "https"
  std::string host;       ///< without the brackets of an IPv6 address
  bool loopback = false;  ///< the host is a literal loopback address (127.0.0.0/8 or ::1); "localhost" is a
                          ///< name, not one
};

/// Fails with `config` for anything but an http(s) URL with a host and without user name and password. The
/// message does not repeat the text, which may hold a secret.
Result<Url> parse_url(std::string_view text);

/// `url` for people to read: what stands in its query under a name that a credential could have is masked.
std::string shown_url(std::string_view url);

}  // namespace askedit::net
