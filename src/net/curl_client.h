/// HTTP/1.1 with libcurl's multi interface, and the wait of the loop thread.
#pragma once

#include <curl/curl.h>

#include <map>
#include <memory>

#include "net/http.h"

namespace askedit::net {

/// curl_global_init() for as long as it lives; made before the first thread starts.
struct CurlGlobal {
  CurlGlobal() { curl_global_init(CURL_GLOBAL_DEFAULT); }
  ~CurlGlobal() { curl_global_cleanup(); }
  CurlGlobal(const CurlGlobal&) = delete;
  CurlGlobal& operator=(const CurlGlobal&) = delete;
};

/// HTTP/1.1 only, so that stopping a request closes exactly its own socket. Connections are kept and reused.
/// Redirects are not followed, netrc files and compressed answers not asked for.
class CurlClient : public HttpClient {
 public:
  CurlClient();
  ~CurlClient() override;
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  HttpId start(HttpRequest request, HttpHandler& handler) override;
  HttpTimings cancel(HttpId id) override;
  HttpTimings timings(HttpId id) const override;

  /// Moves all requests on as far as possible without waiting and tells their handlers.
  void perform();

  /// A descriptor that wait() also waits for; fd < 0 = none.
  struct Writable {
    int fd = -1;
  };
  /// Waits for network activity, `until`, wake(), or `extra` to become writable.
  void wait(std::optional<Time> until, Writable extra);

  /// Any thread: ends the wait() that runs or else the next one.
  void wake();

 private:
  struct Transfer;
  void finish(CURL* easy, CURLcode code);

  CURLM* multi_;
  std::map<HttpId, std::unique_ptr<Transfer>> transfers_;
  HttpId next_id_ = 1;
};

}  // namespace askedit::net
