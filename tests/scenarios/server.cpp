#include "scenarios/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <sstream>

#include "unit/catch.h"

namespace askedit::scenarios {
namespace {

std::string unescaped(const std::string& text) {
  if (text.find('\\') == std::string::npos) return text;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[++i];
    if (next == 'x' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += next == 'r' ? '\r' : next == 'n' ? '\n' : next;
    }
  }
  return out;
}

std::string response(const std::string& status_and_type, const std::string& body) {
  const std::size_t blank = status_and_type.find(' ');
  return "HTTP/1.1 " + status_and_type.substr(0, blank) +
         " Status\r\nContent-Type: " + status_and_type.substr(blank + 1) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string chunk(const std::string& bytes) {
  std::ostringstream out;
  out << std::hex << bytes.size() << "\r\n" << bytes << "\r\n";
  return out.str();
}

Server::Request request_of(const std::string& head, std::string body) {
  Server::Request request{.line = "", .headers = {}, .body = std::move(body)};
  std::istringstream lines(head);
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (request.line.empty())
      request.line = line;
    else
      request.headers.push_back(line);
  }
  return request;
}

Server::Directive directive_of(const std::string& line) {
  for (const std::string verb :
       {"connection", "read request", "read something", "await close", "close", "reset"})
    if (line == verb) return {verb, ""};
  if (line == "last chunk") return {"send", "0\r\n\r\n"};
  for (const std::string verb : {"reply", "post", "pause until"})
    if (line.starts_with(verb + " ")) return {verb, line.substr(verb.size() + 1)};
  for (const std::string verb : {"send", "trickle", "chunk", "flood"})
    if (line.starts_with(verb + " ")) {
      const std::string bytes = unescaped(line.substr(verb.size() + 1));
      return verb == "chunk" ? Server::Directive{"send", chunk(bytes)} : Server::Directive{verb, bytes};
    }
  FAIL("no directive of a script: " << line);
  return {};
}

}  // namespace

std::vector<Server::Script> Server::parse(const std::string& text) {
  std::vector<Script> scripts;
  std::istringstream lines(text);
  std::string status;  // of the reply whose body is being read
  std::string body;
  const auto end_reply = [&] {
    if (!status.empty()) scripts.back().push_back({"send", response(status, body)});
    status.clear();
    body.clear();
  };
  for (std::string line; std::getline(lines, line);) {
    if (!status.empty() && line.starts_with("  ")) {
      body += (body.empty() ? "" : "\n") + line.substr(2);
      continue;
    }
    end_reply();
    if (line.empty() || line.starts_with('#')) continue;
    Directive directive = directive_of(line);
    if (directive.verb == "connection") {
      scripts.emplace_back();
      continue;
    }
    REQUIRE(!scripts.empty());
    if (directive.verb == "reply")
      status = directive.text;
    else
      scripts.back().push_back(std::move(directive));
  }
  end_reply();
  return scripts;
}

Server::Server(Noticeboard& board)
    : board_(board),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      quit_(eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(listen(listener_, 64) == 0);
  REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
}

Server::~Server() {
  eventfd_write(quit_, 1);
  if (acceptor_.joinable()) acceptor_.join();
  for (std::thread& connection : connections_) connection.join();
  close(listener_);
  close(quit_);
}

void Server::serve(std::vector<Script> scripts) {
  scripts_ = std::move(scripts);
  requests_.resize(scripts_.size());
  if (scripts_.empty()) board_.post("served");
  acceptor_ = std::thread([this] { accept_all(); });
}

void Server::accept_all() {
  for (;;) {
    std::array<pollfd, 2> fds{{{listener_, POLLIN, 0}, {quit_, POLLIN, 0}}};
    poll(fds.data(), fds.size(), -1);
    if (fds[1].revents != 0) return;
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    const std::size_t number = ++accepted_;
    if (number > scripts_.size()) {
      set_fault("a connection that no script expects");
      close(socket);
      continue;
    }
    connections_.emplace_back([this, socket, number] { run(socket, number, scripts_[number - 1]); });
  }
}

void Server::run(int socket, std::size_t number, const Script& script) {
  for (const Directive& directive : script) {
    if (directive.verb == "close") break;
    if (!perform(socket, number, directive)) {
      set_fault("connection " + std::to_string(number) + " failed to " + directive.verb + " " +
                directive.text.substr(0, 60));
      break;
    }
  }
  close(socket);
  if (++done_ == scripts_.size()) board_.post("served");
}

bool Server::perform(int socket, std::size_t number, const Directive& directive) {
  const std::string id = " " + std::to_string(number);
  std::array<char, 4096> buffer;
  if (directive.verb == "send") return send_all(socket, directive.text);
  if (directive.verb == "trickle") return trickle(socket, directive.text);
  if (directive.verb == "pause until") return board_.await(directive.text);
  if (directive.verb == "post") {
    board_.post(directive.text);
  } else if (directive.verb == "read request") {
    if (!read_request(socket, number)) return false;
    board_.post("request" + id);
  } else if (directive.verb == "read something") {
    if (!ready(socket, POLLIN) || recv(socket, buffer.data(), buffer.size(), 0) <= 0) return false;
    board_.post("something" + id);
  } else if (directive.verb == "await close") {
    do {
      if (!ready(socket, POLLIN)) return false;
    } while (recv(socket, buffer.data(), buffer.size(), 0) > 0);
    board_.post("closed" + id);
  } else if (directive.verb == "flood") {
    if (!flood(socket, directive.text)) return false;
    board_.post("closed" + id);
  } else if (directive.verb == "reset") {
    const linger at_once{1, 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  return true;
}

bool Server::read_request(int socket, std::size_t number) {
  std::string request;
  std::array<char, 65536> buffer;
  for (;;) {
    const std::size_t head = request.find("\r\n\r\n");
    if (head != std::string::npos) {
      const std::size_t length = request.find("Content-Length: ");
      const std::size_t size = length < head ? std::stoul(request.substr(length + 16)) : 0;
      if (request.size() == head + 4 + size) {
        const std::scoped_lock lock(mutex_);
        requests_[number - 1] = request_of(request.substr(0, head), request.substr(head + 4));
        return true;
      }
    }
    if (!ready(socket, POLLIN)) return false;
    const ssize_t size = recv(socket, buffer.data(), buffer.size(), 0);
    if (size <= 0) return false;
    request.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

/// The host may close in the middle: then the rest goes nowhere, and the script's next line tells.
bool Server::send_all(int socket, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    if (!ready(socket, POLLOUT)) return false;
    const ssize_t size =
        ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) continue;
    if (size < 0) return true;
    sent += static_cast<std::size_t>(size);
  }
  return true;
}

bool Server::trickle(int socket, const std::string& bytes) {
  const int at_once = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  return std::all_of(bytes.begin(), bytes.end(), [&](char byte) { return send_all(socket, {byte}); });
}

bool Server::flood(int socket, const std::string& bytes) {
  for (;;) {
    if (!ready(socket, POLLOUT)) return false;
    const ssize_t size = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno != EAGAIN) return true;
  }
}

bool Server::ready(int fd, short events) const {
  std::array<pollfd, 2> fds{{{fd, events, 0}, {quit_, POLLIN, 0}}};
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience).count();
  return poll(fds.data(), fds.size(), static_cast<int>(patience)) > 0 && fds[1].revents == 0;
}

void Server::set_fault(const std::string& fault) {
  const std::scoped_lock lock(mutex_);
  if (fault_.empty()) fault_ = fault;
}

std::string Server::fault() {
  const std::scoped_lock lock(mutex_);
  return fault_;
}

Server::Request Server::request(std::size_t number) {
  const std::scoped_lock lock(mutex_);
  return requests_.at(number - 1);
}

}  // namespace askedit::scenarios
