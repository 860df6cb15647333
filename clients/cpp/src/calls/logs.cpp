// Log records.

#include <string>
#include <vector>

#include "calls/calls.h"
#include "calls/text.h"
#include "pipertd/connect.h"
#include "pipertd/reason.h"
#include "pipertd/v1/log.grpc.pb.h"

namespace calls {
namespace {

namespace v1 = pipertd::v1;
using pipertd::Check;

}  // namespace

std::string ReadLogs(const Channel& channel) {
  const auto stub = v1::LogService::NewStub(channel);
  pipertd::Context context;
  v1::ReadLogsRequest request;
  request.mutable_target()->set_pipeline("poison");
  request.mutable_target()->set_flow("b");
  request.set_level(30);
  request.set_limit(1);
  const auto reader = stub->ReadLogs(&context, request);
  std::vector<v1::LogRecord> records;
  for (v1::ReadLogsResponse response; reader->Read(&response);) {
    records.push_back(response.record());
  }
  Check(reader->Finish());
  const auto text = [](const v1::LogRecord& record) {
    return record.flow() + "/" + record.routine() + ": " + record.message();
  };
  return Join(records, text, "; ");
}

}  // namespace calls
