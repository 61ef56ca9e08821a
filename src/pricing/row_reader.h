// Readers of a price file's smaller parts: rates, modifiers, windows, periods.
#pragma once

#include <string>
#include <vector>

#include "pricing/rates.h"
#include "yaml/reader.h"

namespace tokenweir::pricing {

[[nodiscard]] Place place_of(yaml::Mark mark, std::size_t file);

// A date or an RFC 3339 time under `key`; `label` gets the text as written.
const yaml::Node* read_time(yaml::MapReader& map, const yaml::Key& key, Time& out,
                            std::string* label = nullptr);
void read_rates(yaml::MapReader& map, const yaml::Key& key, Rates& out);
// `factor`, `kinds` and `rates` of a modifier or window.
void read_adjustment(yaml::MapReader& map, Adjustment& out);
void read_modifiers(yaml::MapReader& map, std::vector<Modifier>& out);
// Kind names under `kinds`; `all` stands for every kind. Left alone when absent.
void read_kinds(yaml::MapReader& map, KindSet& out);

struct PeriodDraft {
  Period period;
  bool overlay = false;    // set by the caller: rates of a contract stand alone
  bool confirmed = false;  // a person has said why an odd figure is right
  bool has_rates = false;
};
void read_period(yaml::MapReader& map, std::size_t file, PeriodDraft& out);

}  // namespace tokenweir::pricing
