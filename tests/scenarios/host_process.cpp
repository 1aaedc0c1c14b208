#include "scenarios/host_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "unit/catch.h"

extern char** environ;

namespace askedit::scenarios {
namespace {

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

pid_t spawn(std::vector<std::string> arguments, std::vector<std::string> env,
            const std::array<int, 3>& stdio) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int fd = 0; fd < 3; ++fd)
    posix_spawn_file_actions_adddup2(&actions, stdio[static_cast<std::size_t>(fd)], fd);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t as_usual;
  sigemptyset(&as_usual);
  sigaddset(&as_usual, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &as_usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, arguments[0].c_str(), &actions, &attributes,
                                  pointers(arguments).data(), pointers(env).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  INFO("cannot start " << arguments[0]);
  REQUIRE(failed == 0);
  return pid;
}

/// A descriptor that is readable when the process has ended. (glibc 2.36 declares its own wrapper for C
/// only.)
int open_pid(pid_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

int status_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void make_pipe(int& read_end, int& write_end) {
  std::array<int, 2> ends;
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  read_end = ends[0];
  write_end = ends[1];
}

void make_pair(int type, int& ours, int& theirs) {
  std::array<int, 2> ends;
  REQUIRE(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) == 0);
  ours = ends[0];
  theirs = ends[1];
}

/// The first piece goes on with the last block.
void join_blocks(Json& blocks, const Json& pieces) {
  blocks.back().get_ref<std::string&>() += pieces.front().get_ref<const std::string&>();
  blocks.insert(blocks.end(), std::next(pieces.begin()), pieces.end());
}

void close_fd(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

}  // namespace

HostProcess::HostProcess(const Setup& setup, Noticeboard& board) : board_(board) {
  int child_in = -1;
  int child_out = -1;
  int child_err = -1;
  open_channels(setup, child_in, child_out, child_err);
  std::vector<std::string> env;
  for (const auto* name : {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"})
    if (const char* value = std::getenv(name)) env.push_back(std::string(name) + "=" + value);
  for (const auto& [name, value] : setup.env) env.push_back(name + "=" + value);
  std::vector<std::string> arguments = setup.prefix;
  arguments.push_back(ASKEDIT_HOST);
  pid_ = spawn(std::move(arguments), std::move(env), {child_in, child_out, child_err});
  pid_fd_ = open_pid(pid_);
  REQUIRE(pid_fd_ >= 0);
  close_fd(child_in);
  close_fd(child_out);
  close_fd(child_err);
}

HostProcess::~HostProcess() {
  if (!status_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (int* fd : {&pid_fd_, &in_, &out_, &err_}) close_fd(*fd);
}

void HostProcess::open_channels(const Setup& setup, int& child_in, int& child_out, int& child_err) {
  make_pipe(err_, child_err);
  if (setup.channel == Channel::sockets)
    make_pair(SOCK_STREAM, in_, child_in);
  else
    make_pipe(child_in, in_);
  if (setup.channel == Channel::sockets)
    make_pair(SOCK_STREAM, out_, child_out);
  else if (setup.channel == Channel::packets)
    make_pair(SOCK_SEQPACKET, out_, child_out);
  else
    make_pipe(out_, child_out);
  if (setup.pipe_size > 0) REQUIRE(fcntl(out_, F_SETPIPE_SZ, setup.pipe_size) == setup.pipe_size);
  fcntl(out_, F_SETFL, fcntl(out_, F_GETFL) | O_NONBLOCK);
  fcntl(err_, F_SETFL, fcntl(err_, F_GETFL) | O_NONBLOCK);
}

/// A host that has ended takes nothing; the waits that follow tell.
void HostProcess::send_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = write(in_, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

void HostProcess::send(const Json& message) {
  const std::vector<std::uint8_t> bytes = Json::to_msgpack(message);
  send_bytes(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void HostProcess::close_stdin() {
  close_fd(in_);
}

void HostProcess::close_stdout() {
  close_fd(out_);
}

void HostProcess::signal(int number) const {
  kill(pid_, number);
}

void HostProcess::await(const std::string& what, const std::function<bool()>& happened) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!happened()) {
    if (std::chrono::steady_clock::now() > deadline || (status_ && what != "exit"))
      FAIL("waited in vain for " << what << "; stderr: " << stderr_);
    wait_once();
  }
}

int HostProcess::await_exit() {
  await("exit", [&] { return exited(); });
  return *status_;
}

void HostProcess::wait_once() {
  std::array<pollfd, 4> fds{{{reading_ == Reading::on ? out_ : -1, POLLIN, 0},
                             {err_, POLLIN, 0},
                             {board_.fd(), POLLIN, 0},
                             {status_ ? -1 : pid_fd_, POLLIN, 0}}};
  poll(fds.data(), fds.size(), 10);
  if (command_line_.empty()) command_line_ = slurp("/proc/" + std::to_string(pid_) + "/cmdline");
  board_.clear();
  std::array<char, 4096> buffer;
  for (ssize_t size; fds[1].revents != 0 && (size = read(err_, buffer.data(), buffer.size())) > 0;)
    stderr_.append(buffer.data(), static_cast<std::size_t>(size));
  if (fds[0].revents != 0) {
    while (read_stdout()) continue;
    reply_to_draws();
  }
  if (fds[3].revents != 0) note_exit();
}

void HostProcess::note_exit() {
  int status = 0;
  REQUIRE(waitpid(pid_, &status, 0) == pid_);
  status_ = status_of(status);
  while (out_ >= 0 && read_stdout()) continue;
  std::array<char, 4096> buffer;
  for (ssize_t size; (size = read(err_, buffer.data(), buffer.size())) > 0;)
    stderr_.append(buffer.data(), static_cast<std::size_t>(size));
}

/// False when there is nothing more for now.
bool HostProcess::read_stdout() {
  std::array<char, std::size_t{1} << 18> buffer;
  const ssize_t size = read(out_, buffer.data(), buffer.size());
  if (size == 0) close_fd(out_);
  if (size <= 0) return false;
  reads_.emplace_back(buffer.data(), static_cast<std::size_t>(size));
  decoder_.feed(reads_.back());
  for (;;) {
    auto value = decoder_.next();
    REQUIRE(value);
    if (!*value) return true;
    auto message = rpc::to_message(**std::move(value));
    REQUIRE(message);
    take(*std::move(message));
  }
}

void HostProcess::check_size(const std::string& text) {
  if (text.size() > host::kMaxDraw) fault_ = "a draw of over 8 KiB";
  if (valid_utf8(text) != text) fault_ = "a draw that ends inside a character";
}

void HostProcess::take(rpc::Message message) {
  if (message.type == rpc::Message::Type::response) {
    answers_.push_back(std::move(message));
    return;
  }
  REQUIRE(message.type == rpc::Message::Type::request);
  REQUIRE(message.method == "nvim_exec_lua");
  REQUIRE(message.params[0] == Json("return require('askedit.view').draw(...)"));
  request_ids_.push_back(message.id);
  const auto id = message.params[1][0].get<host::RunId>();
  const Json& fields = message.params[1][1];
  if (id != 0 && !open_draws_.insert(id).second) fault_ = "two draws of one run in flight";
  if (ended(id)) fault_ = "a draw after the end";
  for (const auto* name : {"text", "reasoning"}) check_size(string_or(member(fields, name)));
  std::string code;
  for (const Json& piece : member(fields, "code")) code += piece.get<std::string>();
  check_size(code);
  unanswered_.emplace(message.id, id);
  Json& shown = shown_.emplace(id, Json::object()).first->second;
  for (const auto& [name, value] : fields.items()) {
    if ((name == "text" || name == "reasoning") && shown.contains(name))
      shown[name].get_ref<std::string&>() += value.get_ref<const std::string&>();
    else if (name == "code" && shown.contains(name))
      join_blocks(shown[name], value);
    else
      shown[name] = value;
  }
}

void HostProcess::reply_to_draws() {
  for (const auto& [request, id] : unanswered_) send_bytes(rpc::encode_response(request, nullptr, "ok"));
  unanswered_.clear();
  open_draws_.clear();
}

bool HostProcess::ended(host::RunId id) const {
  const auto found = shown_.find(id);
  return found != shown_.end() && found->second.contains("end");
}

std::string HostProcess::everything_visible() const {
  std::string all = command_line_ + stderr_;
  for (const std::string& bytes : reads_) all += bytes;
  return all;
}

Outcome run_host(const std::vector<std::string>& arguments, Stdin kind) {
  int output = -1;
  int child_output = -1;
  make_pipe(output, child_output);
  int terminal = -1;
  int child_in = -1;
  if (kind == Stdin::terminal) {
    terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(grantpt(terminal) == 0);
    REQUIRE(unlockpt(terminal) == 0);
    child_in = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
  } else {
    child_in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  REQUIRE(child_in >= 0);
  std::vector<std::string> all{ASKEDIT_HOST};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const pid_t pid = spawn(std::move(all), {}, {child_in, child_output, child_output});
  close_fd(child_in);
  close_fd(child_output);
  Outcome outcome{};
  std::array<char, 4096> buffer;
  for (pollfd fd{output, POLLIN, 0}; poll(&fd, 1, 30'000) == 1;) {
    const ssize_t size = read(output, buffer.data(), buffer.size());
    if (size <= 0) break;
    outcome.output.append(buffer.data(), static_cast<std::size_t>(size));
  }
  pollfd ended{open_pid(pid), POLLIN, 0};
  if (poll(&ended, 1, 30'000) != 1) kill(pid, SIGKILL);
  int status = 0;
  waitpid(pid, &status, 0);
  outcome.status = status_of(status);
  for (int* fd : {&ended.fd, &output, &terminal}) close_fd(*fd);
  return outcome;
}

}  // namespace askedit::scenarios
