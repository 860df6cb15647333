// Tables for people.
#pragma once

#include <string>
#include <vector>

namespace example {

using Row = std::vector<std::string>;

/// Prints rows in columns that are two spaces apart.
void PrintTable(const std::vector<Row>& rows);

}  // namespace example
