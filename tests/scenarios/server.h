/// A raw loopback peer that does what a script says, byte for byte. Its directives, one a line:
///
///   connection              a new connection's script begins
///   read request            a whole HTTP request; posts "request N" (N = number of the connection, from 1)
///   read something          at least one byte; posts "something N"
///   send TEXT               these bytes; knows \r \n \\ \xHH
///   trickle TEXT            the same, each byte in a segment of its own
///   chunk TEXT              the same as one chunk of a chunked body
///   last chunk              the end of such a body
///   reply STATUS TYPE       a whole response; its body is the indented lines that follow
///   post NAME               posts an event
///   pause until NAME        waits for an event
///   flood TEXT              sends it again and again until the other side has closed; posts "closed N"
///   await close             waits until the other side has closed; posts "closed N"
///   close | reset           ends the connection (so does the end of the script)
///
/// Empty lines and lines that begin with # say nothing.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "scenarios/noticeboard.h"

namespace askedit::scenarios {

class Server {
 public:
  struct Directive {
    std::string verb;
    std::string text;
  };
  using Script = std::vector<Directive>;

  /// Listens from now on.
  explicit Server(Noticeboard& board);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const { return port_; }

  /// Fails the test if `text` is no script.
  static std::vector<Script> parse(const std::string& text);
  /// Serves one connection after the other by its script, at the same time if they overlap. Posts "served"
  /// when all scripts are done.
  void serve(std::vector<Script> scripts);

  std::size_t connections() const { return accepted_; }
  /// What a script met that it was not made for, or nothing.
  std::string fault();
  struct Request {
    std::string line;
    std::vector<std::string> headers;
    std::string body;
  };
  /// The last request of connection `number`.
  Request request(std::size_t number);

 private:
  void accept_all();
  void run(int socket, std::size_t number, const Script& script);
  bool perform(int socket, std::size_t number, const Directive& directive);
  bool read_request(int socket, std::size_t number);
  bool send_all(int socket, const std::string& bytes);
  bool trickle(int socket, const std::string& bytes);
  bool flood(int socket, const std::string& bytes);
  /// Waits until the descriptor is ready; false when the server is to end or nothing comes.
  bool ready(int fd, short events) const;
  void set_fault(const std::string& fault);

  Noticeboard& board_;
  int listener_;
  int port_ = 0;
  int quit_;
  std::vector<Script> scripts_;
  std::vector<Request> requests_;
  std::atomic<std::size_t> accepted_ = 0;
  std::atomic<std::size_t> done_ = 0;
  std::mutex mutex_;
  std::string fault_;
  std::vector<std::thread> connections_;
  std::thread acceptor_;
};

}  // namespace askedit::scenarios
