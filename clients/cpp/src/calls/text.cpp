#include "calls/text.h"

#include <cctype>

namespace calls {
namespace {

namespace v1 = pipertd::v1;

std::string Short(const std::string& name, std::string_view enum_name) {
  return name.substr(enum_name.size() + 1);
}

std::string Lower(std::string text) {
  for (char& each : text) {
    each = static_cast<char>(std::tolower(static_cast<unsigned char>(each)));
  }
  return text;
}

}  // namespace

std::string Name(v1::State state) { return Short(v1::State_Name(state), "STATE"); }

std::string Name(v1::Role role) { return Lower(Short(v1::Role_Name(role), "ROLE")); }

std::string Name(v1::PlanAction action) {
  return Lower(Short(v1::PlanAction_Name(action), "PLAN_ACTION"));
}

}  // namespace calls
