#include <string>
#include <string_view>

#include "example/commands.h"
#include "example/table.h"
#include "example/target.h"
#include "pipertd/connect.h"
#include "pipertd/reason.h"
#include "pipertd/v1/status.grpc.pb.h"
#include "program/program.h"

namespace example {
namespace {

namespace v1 = pipertd::v1;

std::string Name(v1::State state) {
  constexpr std::string_view kPrefix = "STATE_";
  const std::string name = v1::State_Name(state);
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : std::to_string(state);
}

std::int64_t Dropped(const v1::Link& link) {
  std::int64_t sum = 0;
  for (const auto& [reason, count] : link.dropped()) {
    sum += count;
  }
  return sum;
}

Row MakeRow(const v1::Pipeline& pipeline, const v1::Flow& flow) {
  return {pipeline.name() + "/" + flow.name(), Name(flow.state()),
          flow.pid() == 0 ? "-" : std::to_string(flow.pid()), std::to_string(flow.generation()),
          std::to_string(flow.restarts())};
}

Row MakeRow(const v1::Pipeline& pipeline, const v1::Link& link) {
  return {pipeline.name() + ": " + link.source() + " -> " + link.destination(),
          std::to_string(link.produced()),
          std::to_string(link.delivered()),
          std::to_string(link.failed()),
          std::to_string(Dropped(link)),
          std::to_string(link.quarantined()),
          std::to_string(link.waiting() + link.in_hand())};
}

void Print(const v1::GetStatusResponse& status) {
  std::vector<Row> flows{{"FLOW", "STATE", "PID", "GENERATION", "RESTARTS"}};
  std::vector<Row> links{
      {"LINK", "PRODUCED", "DELIVERED", "FAILED", "DROPPED", "QUARANTINED", "IN FLIGHT"}};
  for (const auto& pipeline : status.pipelines()) {
    for (const auto& flow : pipeline.flows()) {
      flows.push_back(MakeRow(pipeline, flow));
    }
    for (const auto& link : pipeline.links()) {
      links.push_back(MakeRow(pipeline, link));
    }
  }
  PrintTable(flows);
  program::PrintLine("");
  PrintTable(links);
}

}  // namespace

int Status(const program::CommandLine& line) {
  v1::GetStatusRequest request;
  if (line.words().size() > 1) {
    *request.mutable_target() = ParseTarget(line.words()[1]);
  }
  const auto stub = v1::StatusService::NewStub(line.Connect());
  pipertd::Context context(kCallTimeout);
  v1::GetStatusResponse response;
  pipertd::Check(stub->GetStatus(&context, request, &response));
  Print(response);
  return 0;
}

}  // namespace example
