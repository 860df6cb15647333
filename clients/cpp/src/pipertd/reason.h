// Why a call was refused, or failed.
#pragma once

#include <grpcpp/grpcpp.h>

#include <stdexcept>
#include <string>

namespace pipertd {

/// The daemon's name of what happened, such as `UNKNOWN_TARGET`; where no daemon spoke gRPC's, such
/// as `UNAVAILABLE`.
std::string Reason(const grpc::Status& status);

/// Thrown by `Check`: decide by `code` and `reason`; `what()` is for people.
class CallError : public std::runtime_error {
 public:
  explicit CallError(const grpc::Status& status);

  grpc::StatusCode code;
  std::string reason;
};

/// Throws CallError where a call did not end well.
void Check(const grpc::Status& status);

}  // namespace pipertd
