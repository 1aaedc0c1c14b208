/// The real askedit-host as a child, with the test in the place of Neovim.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/run.h"
#include "rpc/codec.h"
#include "scenarios/noticeboard.h"

namespace askedit::scenarios {

/// What no output of the host may hold.
inline const std::string kToken = "sk-canary-5c1e0d";

/// What the child's standard input and output are. Neovim gives sockets or pipes, by version.
enum class Channel { pipes, sockets, packets };
/// Whether the editor takes what the host writes.
enum class Reading { on, off };

class HostProcess {
 public:
  using Environment = std::map<std::string, std::string>;
  struct Setup {
    Channel channel = Channel::pipes;
    Environment env = {};
    /// A command that ends by executing what follows it.
    std::vector<std::string> prefix = {};
    int pipe_size = 0;  ///< of stdout; 0 = as the system makes it
  };

  /// `board` wakes the waits for what the host does.
  HostProcess(const Setup& setup, Noticeboard& board);
  ~HostProcess();
  HostProcess(const HostProcess&) = delete;
  HostProcess& operator=(const HostProcess&) = delete;

  void send_bytes(std::string_view bytes);
  /// A message as JSON, e.g. `[2, "stop", [{"id": 1}]]`.
  void send(const Json& message);
  void set_reading(Reading reading) { reading_ = reading; }
  void close_stdin();
  void close_stdout();
  void signal(int number) const;

  /// Reads what comes and replies "ok" to each draw until `happened`, which is asked at each event and every
  /// 10 ms; fails the test, naming `what`, if that takes too long.
  void await(const std::string& what, const std::function<bool()>& happened);
  /// Waits for the end; the exit status, or 128 and the number of the signal.
  int await_exit();

  bool ended(host::RunId id) const;
  /// The fields of all draws of a run: texts, thoughts and blocks of code joined, everything else the newest.
  const std::map<host::RunId, Json>& shown() const { return shown_; }
  const std::vector<rpc::Message>& answers() const { return answers_; }
  /// The ids of all requests of the host, in order.
  const std::vector<std::uint64_t>& request_ids() const { return request_ids_; }
  /// What was read at once, each time.
  const std::vector<std::string>& reads() const { return reads_; }
  const std::string& errors() const { return stderr_; }
  const std::string& command_line() const { return command_line_; }
  /// Everything of the host that anyone could see.
  std::string everything_visible() const;
  int stdout_fd() const { return out_; }
  pid_t pid() const { return pid_; }
  bool exited() const { return status_.has_value(); }
  /// How a rule of drawing was broken, or nothing.
  const std::string& fault() const { return fault_; }

 private:
  void open_channels(const Setup& setup, int& child_in, int& child_out, int& child_err);
  void wait_once();
  bool read_stdout();
  void take(rpc::Message message);
  void check_size(const std::string& text);
  void reply_to_draws();
  void note_exit();

  Noticeboard& board_;
  pid_t pid_ = -1;
  int pid_fd_ = -1;
  int in_ = -1;   ///< our end of its stdin
  int out_ = -1;  ///< our end of its stdout
  int err_ = -1;
  Reading reading_ = Reading::on;
  std::optional<int> status_;
  rpc::Decoder decoder_;
  std::map<host::RunId, Json> shown_;
  std::map<std::uint64_t, host::RunId> unanswered_;
  std::set<host::RunId> open_draws_;
  std::vector<rpc::Message> answers_;
  std::vector<std::uint64_t> request_ids_;
  std::vector<std::string> reads_;
  std::string stderr_;
  std::string command_line_;
  std::string fault_;
};

/// Runs the host with these arguments and the terminal or nothing as stdin until it ends.
struct Outcome {
  int status;
  std::string output;  ///< stdout and stderr
};
enum class Stdin { nothing, terminal };
Outcome run_host(const std::vector<std::string>& arguments, Stdin kind);

}  // namespace askedit::scenarios
