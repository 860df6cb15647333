#include "pipertd/reason.h"

#include <array>
#include <string_view>

#include "pipertd/wire/error_info.pb.h"

namespace pipertd {
namespace {

/// gRPC for C++ has the numbers only.
constexpr std::array<std::string_view, 17> kCodes = {
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
};

std::string_view Name(grpc::StatusCode code) {
  const auto number = static_cast<std::size_t>(code);
  return number < kCodes.size() ? kCodes[number] : "UNKNOWN";
}

}  // namespace

std::string Reason(const grpc::Status& status) {
  wire::Status told;  // it is empty where the details are, or cannot be read
  if (told.ParseFromString(status.error_details())) {
    for (const auto& detail : told.details()) {
      wire::ErrorInfo info;
      if (detail.type_url().ends_with("/google.rpc.ErrorInfo") &&
          info.ParseFromString(detail.value())) {
        return info.reason();
      }
    }
  }
  return std::string(Name(status.error_code()));
}

CallError::CallError(const grpc::Status& status)
    : std::runtime_error(status.error_message()),
      code(status.error_code()),
      reason(pipertd::Reason(status)) {}

void Check(const grpc::Status& status) {
  if (!status.ok()) {
    throw CallError(status);
  }
}

}  // namespace pipertd
