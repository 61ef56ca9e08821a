// The JSON columns of a ledger row. An empty string stands for NULL: nothing is known.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/record.h"

namespace tokenweir::publish {

[[nodiscard]] std::string json_array(const std::vector<std::string>& values);
// The later of two equal keys wins.
[[nodiscard]] std::string json_object(
    const std::vector<std::pair<std::string, std::string>>& members);

// {"web_search":2}: everything charged by the piece.
[[nodiscard]] std::string calls_json(const Usage& usage);
// Every token class, when one is present that the plain columns do not tell apart (video, document,
// other cache lifetimes); empty otherwise. Re-pricing needs them.
[[nodiscard]] std::string token_classes_json(const Usage& usage);
// Appends {"input":123,"output":456} in picodollars, zero kinds left out; nothing when unpriced.
void append_cost_by_kind(std::string& out, const Bill& bill);
// Reads what append_cost_by_kind wrote; kinds that are not named stay as they are.
void read_cost_by_kind(std::string_view json, std::array<std::int64_t, kCostKinds>& by_kind);
// One object an inference where there was more than one; empty otherwise.
[[nodiscard]] std::string inferences_json(const Record& record);

}  // namespace tokenweir::publish
