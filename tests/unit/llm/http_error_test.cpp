#include "llm/http_error.h"

#include "unit/catch.h"

using namespace askedit;
using namespace askedit::llm;

TEST_CASE("Each HTTP status has its kind", "[http_error]") {
  struct Row {
    int status;
    ErrorKind kind;
  };
  const Row row = GENERATE(values<Row>({{301, ErrorKind::protocol},
                                        {400, ErrorKind::bad_request},
                                        {401, ErrorKind::auth},
                                        {402, ErrorKind::billing},
                                        {403, ErrorKind::permission},
                                        {404, ErrorKind::not_found},
                                        {408, ErrorKind::timeout},
                                        {413, ErrorKind::too_large},
                                        {418, ErrorKind::bad_request},
                                        {425, ErrorKind::timeout},
                                        {429, ErrorKind::rate_limit},
                                        {500, ErrorKind::server},
                                        {502, ErrorKind::server},
                                        {503, ErrorKind::overloaded},
                                        {529, ErrorKind::overloaded},
                                        {599, ErrorKind::server},
                                        {600, ErrorKind::bad_request},
                                        {0, ErrorKind::bad_request},
                                        {-7, ErrorKind::bad_request}}));
  INFO(row.status);
  CHECK(kind_of_status(row.status) == row.kind);
}

TEST_CASE("The server's own words are found in the shapes of the common servers", "[http_error]") {
  struct Row {
    const char* body;
    const char* words;
  };
  const Row row = GENERATE(values<Row>({{R"({"error":{"message":"m"}})", "m"},
                                        {R"({"error":"m"})", "m"},
                                        {R"({"message":"余额不足"})", "余额不足"},
                                        {R"({"detail":"m"})", "m"},
                                        {R"({"detail":[{"msg":"m"}]})", "m"},
                                        {R"({"errors":[{"message":"m"}]})", "m"},
                                        {R"({"title":"m"})", "m"},
                                        {R"([{"error":{"message":"m"}}])", "m"},
                                        {R"({"error":{"message":5}})", ""},
                                        {R"({"detail":[],"errors":{}})", ""},
                                        {R"([])", ""},
                                        {R"("text")", "text"},
                                        {R"(null)", ""}}));
  INFO(row.body);
  CHECK(message_of(Json::parse(row.body)) == row.words);
}

TEST_CASE("An error response is one sentence: status, words, what to do", "[http_error]") {
  const auto message = [](int status, std::string_view body) {
    return error_of_response({status}, body, Secret(), "POST https://h.example/v1").message;
  };
  CHECK(message(401, R"({"error":{"message":"bad key"}})") ==
        "the server answered HTTP 401: bad key (check the key)");
  CHECK(message(502, "<html>\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>") ==
        "the server answered HTTP 502: 502 Bad Gateway nginx (:Ask /retry asks again)");
  CHECK(message(500, R"({"message":"cut)") == "the server answered HTTP 500 (:Ask /retry asks again)");
  CHECK(message(400, "") == "the server answered HTTP 400");
  CHECK(message(400, R"({"error":{"message":"no","param":"top_k","code":"unknown_parameter"}})") ==
        "the server answered HTTP 400: no (body = {top_k = false} in the provider leaves it out)");
  for (const auto* no_field : {R"({"error":{"message":"no","param":"messages","code":"unsupported_value"}})",
                               R"({"error":{"message":"no","param":"a b","code":"unsupported_value"}})",
                               R"({"error":{"message":"no","param":"top_k","code":"too_high"}})"})
    CHECK(message(400, no_field) == "the server answered HTTP 400: no");
  CHECK(message(429, "{}") == "the server answered HTTP 429 (wait, then :Ask /retry)");
  CHECK(message(302, "<a href='x'>").find("set url to the final address") != std::string::npos);
  CHECK(message(500, std::string(100'000, 'x')).size() < 300);
  CHECK(message(404, "\x1b[2J\xff\n") ==
        "the server answered HTTP 404 to POST https://h.example/v1: [2J\uFFFD (check url and model)");
}
