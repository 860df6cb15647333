#include "pipertd/connect.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>

namespace pipertd {
namespace {

constexpr int kMostAnswerBytes = 64 * 1024 * 1024;
constexpr int kKeepaliveMs = 10'000;  // after so long a silence in a call the daemon is pinged
constexpr int kKeepaliveTimeoutMs = 10'000;  // and given up when it does not answer in this time
constexpr int kConnectTimeoutMs = 10'000;
constexpr int kFirstReconnectMs = 100;
constexpr int kLongestReconnectMs = 2'000;

std::string_view PathOf(std::string_view address) {
  constexpr std::string_view kScheme = "unix://";
  return address.starts_with(kScheme) ? address.substr(kScheme.size()) : address;
}

/// A path as it stands in a URI, where these have another meaning.
std::string Escaped(std::string_view path) {
  std::string escaped;
  for (const char each : path) {
    switch (each) {
      case '%':
        escaped += "%25";
        break;
      case '?':
        escaped += "%3F";
        break;
      case '#':
        escaped += "%23";
        break;
      default:
        escaped += each;
    }
  }
  return escaped;
}

/// gRPC takes a greater number, too, and goes elsewhere.
bool IsPort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), port);
  return error == std::errc() && end == text.end();
}

/// An address as gRPC writes it.
std::string TargetOf(std::string_view address) {
  if (const auto path = PathOf(address); path.starts_with('/')) {
    return "unix:" + Escaped(path);
  }
  const auto colon = address.rfind(':');
  if (colon == 0 || colon == std::string_view::npos || !IsPort(address.substr(colon + 1))) {
    throw std::invalid_argument("cannot read address '" + std::string(address) +
                                "': it is written /PATH, unix:///PATH or HOST:PORT");
  }
  return std::string(address);
}

std::string Contents(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    throw std::system_error(errno, std::generic_category(), "cannot read " + file.string());
  }
  return {std::istreambuf_iterator(stream), {}};
}

std::shared_ptr<grpc::ChannelCredentials> Credentials(const Tls& tls) {
  return grpc::SslCredentials({.pem_root_certs = Contents(tls.ca),
                               .pem_private_key = Contents(tls.key),
                               .pem_cert_chain = Contents(tls.certificate)});
}

}  // namespace

bool IsSocket(std::string_view address) {
  return address.starts_with('/') || address.starts_with("unix:");
}

std::shared_ptr<grpc::Channel> Connect(std::string_view address, const std::optional<Tls>& tls) {
  const std::string target = TargetOf(address);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMostAnswerBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  // gRPC would stop pinging after two pings in which it had nothing to send, as on every stream
  // that is only read.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  // The time that a try to connect has: gRPC gives it this name.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectTimeoutMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLongestReconnectMs);
  const bool is_secure = tls.has_value() && !IsSocket(address);
  return grpc::CreateCustomChannel(
      target, is_secure ? Credentials(*tls) : grpc::InsecureChannelCredentials(), arguments);
}

Context::Context() { AddMetadata("pipertd-uid", std::to_string(getuid())); }

Context::Context(std::chrono::seconds timeout) : Context() {
  set_deadline(std::chrono::system_clock::now() + timeout);
}

}  // namespace pipertd
