// Definitions: what is wrong with them, reloading them, and links that are drawn by hand.

#include <string>

#include "calls/calls.h"
#include "calls/text.h"
#include "pipertd/connect.h"
#include "pipertd/reason.h"
#include "pipertd/v1/pipeline.grpc.pb.h"

namespace calls {
namespace {

namespace v1 = pipertd::v1;
using pipertd::Check;

std::string PipelineAndAction(const v1::Plan& plan) {
  return plan.pipeline() + ": " + Name(plan.action());
}

std::string FlowAndAction(const v1::FlowPlan& plan) {
  return plan.flow() + ": " + Name(plan.action());
}

}  // namespace

std::string CheckDefinitions(const Channel& channel) {
  const auto stub = v1::PipelineService::NewStub(channel);
  pipertd::Context context;
  v1::CheckDefinitionsRequest request;
  v1::DefinitionFile& file = *request.add_files();
  file.set_name("yard.yaml");
  file.set_text("pipeline: yard\nflows: {}\n");
  v1::CheckDefinitionsResponse response;
  Check(stub->CheckDefinitions(&context, request, &response));
  const auto text = [](const v1::Problem& problem) {
    return problem.file() + ":" + std::to_string(problem.line()) + ":" +
           std::to_string(problem.column()) + ": " + problem.text();
  };
  return Join(response.problems(), text, "; ");
}

std::string PlanReload(const Channel& channel) {
  const auto stub = v1::PipelineService::NewStub(channel);
  pipertd::Context context;
  v1::PlanReloadResponse response;
  Check(stub->PlanReload(&context, v1::PlanReloadRequest(), &response));
  return Join(response.plans(), PipelineAndAction);
}

std::string Reload(const Channel& channel) {
  const auto stub = v1::PipelineService::NewStub(channel);
  pipertd::Context context;
  v1::ReloadResponse response;
  Check(stub->Reload(&context, v1::ReloadRequest(), &response));
  if (response.problems_size() > 0) {
    return "nothing was changed, for " + std::to_string(response.problems_size()) + " problems";
  }
  return Join(response.plans(), PipelineAndAction);
}

std::string Link(const Channel& channel) {
  const auto stub = v1::PipelineService::NewStub(channel);
  pipertd::Context context;
  v1::LinkRequest request;
  request.set_pipeline("street");
  request.set_source("motion");
  request.set_destination("frames");
  request.set_policy("drop_oldest");
  request.set_depth(1);
  v1::LinkResponse response;
  Check(stub->Link(&context, request, &response));
  return Join(response.plan().flows(), FlowAndAction);
}

std::string Unlink(const Channel& channel) {
  const auto stub = v1::PipelineService::NewStub(channel);
  pipertd::Context context;
  v1::UnlinkRequest request;
  request.set_pipeline("street");
  request.set_source("motion");
  request.set_destination("frames");
  v1::UnlinkResponse response;
  Check(stub->Unlink(&context, request, &response));
  return Join(response.plan().flows(), FlowAndAction);
}

}  // namespace calls
