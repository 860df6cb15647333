#include "example/clock.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace example {

std::string Clock(const google::protobuf::Timestamp& time) {
  using namespace std::chrono;
  const auto exact = seconds(time.seconds()) + nanoseconds(time.nanos());
  const auto cut = floor<milliseconds>(exact);
  const auto whole = floor<seconds>(cut);
  const std::time_t since_epoch = whole.count();
  std::tm local{};
  localtime_r(&since_epoch, &local);
  std::array<char, 32> text{};
  const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
  std::snprintf(text.data() + length, text.size() - length, ".%03d",
                static_cast<int>((cut - whole).count()));
  return text.data();
}

}  // namespace example
