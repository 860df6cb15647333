#include "example/table.h"

#include <algorithm>

#include "program/harmless.h"
#include "program/program.h"

namespace example {
namespace {

constexpr std::size_t kGap = 2;

std::vector<std::size_t> WidthsOf(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], row[column].size());
    }
  }
  return widths;
}

}  // namespace

void PrintTable(const std::vector<Row>& rows) {
  const auto widths = WidthsOf(rows);
  for (const auto& row : rows) {
    std::string line;
    std::size_t edge = 0;
    for (std::size_t column = 0; column < row.size(); ++column) {
      line.resize(edge, ' ');
      line += row[column];
      edge += widths[column] + kGap;
    }
    program::PrintLine(program::InALine(line));
  }
}

}  // namespace example
