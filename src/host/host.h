/// The methods of doc/protocol.md, and the runs that they start. The centre of the host: everything else
/// serves it.
#pragma once

#include <map>
#include <span>

#include "host/run.h"
#include "llm/provider.h"
#include "rpc/peer.h"

namespace askedit::host {

/// Loop thread only. Owns all runs; peer and client outlive it.
class Host {
 public:
  /// Registers its methods at `peer`.
  Host(rpc::Peer& peer, net::HttpClient& client, std::span<const llm::Dialect> dialects);

  /// To be called after every wake-up: looks for time-outs and sends the draws that are due.
  void tick(Time now);
  /// When tick() is to be called again at the latest.
  std::optional<Time> wake_at() const;

 private:
  void hello(const Json& argument);
  void start(const Json& argument);
  void stop(const Json& argument);

  Result<std::unique_ptr<Run>> make_run(const Json& argument);
  const llm::Dialect* find_dialect(std::string_view name) const;
  void draw(RunId id, const Json& fields);

  rpc::Peer& peer_;
  net::HttpClient& client_;
  std::span<const llm::Dialect> dialects_;
  std::map<RunId, std::unique_ptr<Run>> runs_;
  bool outdated_ = false;  ///< the shim speaks another protocol
};

}  // namespace askedit::host
