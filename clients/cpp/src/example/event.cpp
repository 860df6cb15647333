#include <string>

#include "example/commands.h"
#include "example/json.h"
#include "example/target.h"
#include "pipertd/connect.h"
#include "pipertd/reason.h"
#include "pipertd/v1/event.grpc.pb.h"
#include "program/harmless.h"
#include "program/program.h"

namespace example {
namespace {

namespace v1 = pipertd::v1;

void SetParameter(const std::string& text, google::protobuf::Struct& params) {
  const auto equals = text.find('=');
  if (equals == text.npos || equals == 0) {
    throw program::UsageError("cannot read parameter '" + text + "': it is written KEY=VALUE");
  }
  (*params.mutable_fields())[text.substr(0, equals)] = ParseJson(text.substr(equals + 1));
}

v1::NotifyEventRequest RequestOf(const program::CommandLine& line) {
  v1::NotifyEventRequest request;
  request.set_event(line.words()[1]);
  *request.mutable_target() = ParseTarget(line.words()[2]);
  for (std::size_t word = 3; word < line.words().size(); ++word) {
    SetParameter(line.words()[word], *request.mutable_params());
  }
  return request;
}

void Print(const v1::EventAnswer& answer) {
  const auto outcome = answer.has_error() ? "error: " + answer.error() : WriteJson(answer.value());
  program::PrintLine(program::SetOff(answer.flow() + "/" + answer.routine() + ": " + outcome));
}

}  // namespace

int Event(const program::CommandLine& line) {
  const auto request = RequestOf(line);
  const auto stub = v1::EventService::NewStub(line.Connect());
  pipertd::Context context(kCallTimeout);
  v1::NotifyEventResponse response;
  pipertd::Check(stub->NotifyEvent(&context, request, &response));
  bool failed = false;
  for (const auto& answer : response.answers()) {
    Print(answer);
    failed = failed || answer.has_error();
  }
  return failed ? 1 : 0;
}

}  // namespace example
