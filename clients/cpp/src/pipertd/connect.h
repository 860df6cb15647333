// The way to a daemon.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

namespace pipertd {

inline constexpr std::string_view kDefaultAddress = "unix:///run/pipertd/control.sock";

/// Mutual TLS: three PEM files, of the CA that signed the daemon's certificate, one's own
/// certificate, and its key.
struct Tls {
  std::filesystem::path ca;
  std::filesystem::path certificate;
  std::filesystem::path key;
};

/// Whether an address is that of a Unix socket, `/PATH` or `unix:///PATH`.
bool IsSocket(std::string_view address);

/// A channel to the daemon at `/PATH`, `unix:///PATH` or `HOST:PORT`; it connects at its first
/// call.
///
/// Without `tls`, HOST:PORT is the near end of a tunnel. A socket needs none, and does without it.
///
/// Throws std::invalid_argument where `address` is none, and std::system_error where a file of
/// `tls` cannot be read.
std::shared_ptr<grpc::Channel> Connect(std::string_view address = kDefaultAddress,
                                       const std::optional<Tls>& tls = std::nullopt);

/// The context of one call. It tells the daemon who calls, for its audit.
class Context : public grpc::ClientContext {
 public:
  Context();

  /// One with a deadline, as all have but streams that are to last.
  explicit Context(std::chrono::seconds timeout);
};

}  // namespace pipertd
