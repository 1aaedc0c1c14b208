#include "net/curl_client.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "net/proxy.h"
#include "net/url.h"

namespace askedit::net {

struct CurlClient::Transfer {
  HttpId id;
  HttpRequest request;
  HttpHandler& handler;
  CURL* easy;
  Time started = Clock::now();  // curl's own total is a step behind while it calls back
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> error{};
  bool head_told = false;
  bool stopped = false;

  Transfer(HttpId number, HttpRequest&& asked, HttpHandler& listener)
      : id(number), request(std::move(asked)), handler(listener), easy(curl_easy_init()) {}
  ~Transfer() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void configure();
  long status() const {
    long value = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &value);
    return value;
  }
  void tell_head();
  static std::size_t on_bytes(char* bytes, std::size_t size, std::size_t count, void* self);
  HttpTimings timings() const;
  std::optional<Error> failure(CURLcode code) const;
  std::string host() const;
  std::optional<Proxy> proxy() const;
};

void CurlClient::Transfer::configure() {
  const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(easy, option, value); };
  for (const std::string& header : request.headers) headers = curl_slist_append(headers, header.c_str());
  headers = curl_slist_append(headers, "Expect:");  // curl would hold a large body back for a second
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_ERRORBUFFER, error.data());
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_USERAGENT, "askedit.nvim/" ASKEDIT_VERSION);
  if (request.method == "POST") {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());
  }
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  // curl reads up to a hundred buffers before it lets go: with its 16 KiB a flood holds draws up for 50 ms.
  set(CURLOPT_BUFFERSIZE, 2048L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  // Without it, removing a handle that looks a name up waits for the resolver, and the loop thread with it.
  set(CURLOPT_QUICK_EXIT, 1L);
  if (!request.ca.empty()) set(CURLOPT_CAINFO, request.ca.c_str());
  if (request.direct) set(CURLOPT_PROXY, "");
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_bytes);
}

void CurlClient::Transfer::tell_head() {
  if (head_told) return;
  head_told = true;
  handler.on_head({static_cast<int>(status())});
}

std::size_t CurlClient::Transfer::on_bytes(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.tell_head();
  transfer.stopped = transfer.handler.on_body({bytes, size * count}) == Flow::stop;
  return transfer.stopped ? CURL_WRITEFUNC_ERROR : size * count;
}

HttpTimings CurlClient::Transfer::timings() const {
  const auto reached = [&](CURLINFO what) {
    curl_off_t microseconds = 0;
    curl_easy_getinfo(easy, what, &microseconds);
    return microseconds > 0 ? static_cast<double>(microseconds) / 1000.0 : -1.0;
  };
  return {.lookup = reached(CURLINFO_NAMELOOKUP_TIME_T),
          .connect = reached(CURLINFO_CONNECT_TIME_T),
          .tls = reached(CURLINFO_APPCONNECT_TIME_T),
          .first_byte = status() > 0 ? reached(CURLINFO_STARTTRANSFER_TIME_T) : -1.0,
          .total = std::chrono::duration<double, std::milli>(Clock::now() - started).count()};
}

std::string CurlClient::Transfer::host() const {
  const std::string& url = request.url;
  const auto begin = url.find("://") + 3;
  return one_line(url.substr(begin, url.find_first_of("/?#", begin) - begin), 80);
}

std::optional<Proxy> CurlClient::Transfer::proxy() const {
  const auto url = parse_url(request.url);
  return url && !request.direct ? proxy_of(*url) : std::nullopt;
}

std::optional<Error> CurlClient::Transfer::failure(CURLcode code) const {
  if (code == CURLE_OK || stopped) return std::nullopt;
  const std::string detail = one_line(error[0] != '\0' ? error.data() : curl_easy_strerror(code), 120);
  const auto via = proxy();
  const std::string named = via ? one_line(via->address, 80) + " of " + via->variable : "";
  const std::string where = host() + (via ? " through the proxy " + named : "");
  const auto failed = [](ErrorKind kind, std::string message) { return Error{kind, std::move(message)}; };
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return failed(ErrorKind::network, "cannot find the server " + host() + ": check url and the network");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return failed(ErrorKind::network,
                    "cannot find the proxy " + named + ": check that variable and the network");
    case CURLE_COULDNT_CONNECT:
      if (via)
        return failed(ErrorKind::network, "cannot connect to the proxy " + named + ": is it running there?");
      return failed(ErrorKind::network, "cannot connect to " + host() + ": is the server running there?");
    case CURLE_OPERATION_TIMEDOUT:
      return failed(ErrorKind::timeout, "no connection to " + where + " within " +
                                            std::to_string(request.connect_timeout.count() / 1000) + " s");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
      return failed(ErrorKind::tls, "no secure connection to " + where + ": " + detail);
    default:
      if (status() > 0) return failed(ErrorKind::truncated, "the answer of " + host() + " broke off");
      return failed(ErrorKind::network, "the connection to " + where + " broke: " + detail);
  }
}

CurlClient::CurlClient() : multi_(curl_multi_init()) {}

CurlClient::~CurlClient() {
  for (auto& [id, transfer] : transfers_) curl_multi_remove_handle(multi_, transfer->easy);
  transfers_.clear();
  curl_multi_cleanup(multi_);
}

HttpId CurlClient::start(HttpRequest request, HttpHandler& handler) {
  const HttpId id = next_id_++;
  auto transfer = std::make_unique<Transfer>(id, std::move(request), handler);
  transfer->configure();
  curl_multi_add_handle(multi_, transfer->easy);
  transfers_.emplace(id, std::move(transfer));
  return id;
}

HttpTimings CurlClient::timings(HttpId id) const {
  const auto found = transfers_.find(id);
  return found == transfers_.end() ? HttpTimings{} : found->second->timings();
}

HttpTimings CurlClient::cancel(HttpId id) {
  const auto found = transfers_.find(id);
  if (found == transfers_.end()) return {};
  const HttpTimings so_far = found->second->timings();
  curl_multi_remove_handle(multi_, found->second->easy);
  transfers_.erase(found);
  return so_far;
}

void CurlClient::perform() {
  int running = 0;
  curl_multi_perform(multi_, &running);
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left))
    if (message->msg == CURLMSG_DONE) finish(message->easy_handle, message->data.result);
}

void CurlClient::finish(CURL* easy, CURLcode code) {
  Transfer* transfer = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
  if (transfer->status() > 0) transfer->tell_head();
  const auto error = transfer->failure(code);
  const HttpTimings timings = transfer->timings();
  HttpHandler& handler = transfer->handler;
  curl_multi_remove_handle(multi_, easy);
  transfers_.erase(transfer->id);
  handler.on_end(error, timings);
}

void CurlClient::wait(std::optional<Time> until, Writable extra) {
  constexpr auto longest = milliseconds(60'000);  // curl wakes by itself for its own time-outs
  auto time = longest;
  if (until)
    time = std::clamp(std::chrono::ceil<milliseconds>(*until - Clock::now()), milliseconds(0), longest);
  curl_waitfd fd{.fd = extra.fd, .events = CURL_WAIT_POLLOUT, .revents = 0};
  curl_multi_poll(multi_, &fd, extra.fd < 0 ? 0 : 1, static_cast<int>(time.count()), nullptr);
}

void CurlClient::wake() {
  curl_multi_wakeup(multi_);
}

}  // namespace askedit::net
