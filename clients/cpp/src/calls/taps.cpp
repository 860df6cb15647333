// Looks at what passes on a link.

#include <string>
#include <vector>

#include "calls/calls.h"
#include "calls/text.h"
#include "pipertd/connect.h"
#include "pipertd/reason.h"
#include "pipertd/v1/tap.grpc.pb.h"

namespace calls {
namespace {

namespace v1 = pipertd::v1;
using pipertd::Check;

}  // namespace

std::string TapLink(const Channel& channel) {
  const auto stub = v1::TapService::NewStub(channel);
  pipertd::Context context;
  v1::TapLinkRequest request;
  v1::TapStart& start = *request.mutable_start();
  start.set_pipeline("street");
  start.set_source("decode");
  start.set_destination("motion");
  start.set_format(v1::TAP_FORMAT_PNG);
  start.set_picture_width(64);
  start.set_bgr(true);
  const auto stream = stub->TapLink(&context);
  std::vector<v1::Picture> pictures;
  v1::TapLinkResponse response;
  while (pictures.size() < 2 && stream->Write(request) && stream->Read(&response)) {
    pictures.push_back(response.message().picture());
    request.set_credit(1);  // for one more, in the place of the start
  }
  stream->WritesDone();
  Check(stream->Finish());
  const auto text = [](const v1::Picture& picture) {
    return std::to_string(picture.width()) + " x " + std::to_string(picture.height());
  };
  return Join(pictures, text);
}

}  // namespace calls
