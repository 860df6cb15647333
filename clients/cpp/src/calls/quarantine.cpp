// Messages that were put aside.

#include <string>

#include "calls/calls.h"
#include "pipertd/connect.h"
#include "pipertd/reason.h"
#include "pipertd/v1/quarantine.grpc.pb.h"

namespace calls {
namespace {

namespace v1 = pipertd::v1;
using pipertd::Check;

/// The id of the oldest message in quarantine.
std::string OldestId(const Channel& channel) {
  const auto stub = v1::QuarantineService::NewStub(channel);
  pipertd::Context context;
  v1::ListMessagesRequest request;
  request.mutable_target()->set_pipeline("poison");
  v1::ListMessagesResponse response;
  Check(stub->ListMessages(&context, request, &response));
  return response.messages(0).id();
}

}  // namespace

std::string ListMessages(const Channel& channel) {
  const auto stub = v1::QuarantineService::NewStub(channel);
  pipertd::Context context;
  v1::ListMessagesRequest request;
  request.mutable_target()->set_pipeline("poison");
  v1::ListMessagesResponse response;
  Check(stub->ListMessages(&context, request, &response));
  return "the oldest came by " + response.messages(0).link();
}

std::string GetMessage(const Channel& channel) {
  const auto stub = v1::QuarantineService::NewStub(channel);
  pipertd::Context context;
  v1::GetMessageRequest request;
  request.set_id(OldestId(channel));
  v1::GetMessageResponse response;
  Check(stub->GetMessage(&context, request, &response));
  const v1::QuarantinedMessage& message = response.message();
  return message.class_path() + ", attempts: " + std::to_string(message.attempts()) +
         ", deaths: " + std::to_string(message.deaths());
}

std::string ReadPayload(const Channel& channel) {
  const auto stub = v1::QuarantineService::NewStub(channel);
  pipertd::Context context;
  v1::ReadPayloadRequest request;
  request.set_id(OldestId(channel));
  const auto reader = stub->ReadPayload(&context, request);
  std::string payload;
  for (v1::ReadPayloadResponse response; reader->Read(&response);) {
    payload += response.data();
  }
  Check(reader->Finish());
  return std::to_string(payload.size()) + " bytes";
}

std::string DropMessage(const Channel& channel) {
  const auto stub = v1::QuarantineService::NewStub(channel);
  v1::DropMessageRequest request;
  request.set_id(OldestId(channel));
  v1::DropMessageResponse response;
  pipertd::Context first;
  Check(stub->DropMessage(&first, request, &response));
  pipertd::Context second;
  const grpc::Status again = stub->DropMessage(&second, request, &response);
  return again.ok() ? "dropped twice" : "dropped; dropped again: " + pipertd::Reason(again);
}

}  // namespace calls
