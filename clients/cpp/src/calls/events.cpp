// Events, with answers, and who handles them.

#include <google/protobuf/util/time_util.h>

#include <string>

#include "calls/calls.h"
#include "calls/text.h"
#include "pipertd/connect.h"
#include "pipertd/reason.h"
#include "pipertd/v1/event.grpc.pb.h"

namespace calls {
namespace {

namespace v1 = pipertd::v1;
using google::protobuf::util::TimeUtil;
using pipertd::Check;

}  // namespace

std::string NotifyEvent(const Channel& channel) {
  const auto stub = v1::EventService::NewStub(channel);
  pipertd::Context context;
  v1::NotifyEventRequest request;
  request.set_event("SET_MIN_AREA");
  request.mutable_target()->set_pipeline("street");
  (*request.mutable_params()->mutable_fields())["pixels"].set_number_value(800);
  *request.mutable_timeout() = TimeUtil::SecondsToDuration(30);
  v1::NotifyEventResponse response;
  Check(stub->NotifyEvent(&context, request, &response));
  const auto text = [](const v1::EventAnswer& answer) {
    return answer.flow() + "/" + answer.routine() + ": " +
           (answer.has_error() ? answer.error() : "set");
  };
  return Join(response.answers(), text);
}

std::string ListHandlers(const Channel& channel) {
  const auto stub = v1::EventService::NewStub(channel);
  pipertd::Context context;
  v1::ListHandlersRequest request;
  request.mutable_target()->set_pipeline("street");
  request.mutable_target()->set_flow("analyse");
  v1::ListHandlersResponse response;
  Check(stub->ListHandlers(&context, request, &response));
  const auto text = [](const v1::EventHandler& handler) {
    return handler.event() + "(" + Join(handler.parameters(), &v1::EventParameter::name) + ")";
  };
  return Join(response.handlers(), text);
}

}  // namespace calls
