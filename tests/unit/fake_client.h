/// An HttpClient without a network: the test plays the server.
#pragma once

#include <deque>

#include "net/http.h"
#include "unit/catch.h"

namespace askedit {

class FakeClient : public net::HttpClient {
 public:
  struct Exchange {
    net::HttpRequest request;
    net::HttpHandler* handler;
    bool open = true;
    bool cancelled = false;
  };

  net::HttpId start(net::HttpRequest request, net::HttpHandler& handler) override {
    exchanges.push_back({std::move(request), &handler});
    return exchanges.size();
  }

  net::HttpTimings cancel(net::HttpId id) override {
    Exchange& exchange = exchanges.at(id - 1);
    exchange.cancelled = exchange.cancelled || exchange.open;
    exchange.open = false;
    return {.lookup = 1, .connect = 2, .tls = -1, .first_byte = -1, .total = 3};
  }

  net::HttpTimings timings(net::HttpId) const override {
    return {.lookup = 1, .connect = 2, .tls = -1, .first_byte = 4, .total = 4.5};
  }

  /// The newest exchange; most tests have one.
  Exchange& last() { return exchanges.back(); }

  void head(int status) {
    need_open();
    last().handler->on_head({status});
  }

  /// False if the handler wanted no more; then the exchange is over.
  bool body(std::string_view bytes) {
    need_open();
    if (last().handler->on_body(bytes) == net::Flow::go_on) return true;
    end();
    return false;
  }

  void end(const std::optional<Error>& error = std::nullopt) {
    need_open();
    last().open = false;
    last().handler->on_end(error, {.lookup = 1, .connect = 2, .tls = 3, .first_byte = 4, .total = 5});
  }

  std::deque<Exchange> exchanges;

 private:
  void need_open() {
    if (!last().open) FAIL("the test plays on after the end of the exchange");
  }
};

}  // namespace askedit
