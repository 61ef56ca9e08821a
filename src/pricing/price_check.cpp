#include "pricing/price_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <regex>
#include <set>

namespace tokenweir::pricing {
namespace {

void complain(const Place& place, const std::vector<std::string>& files, std::string message,
              yaml::Problems& problems) {
  problems.add(files[place.file], yaml::Mark{place.line, place.column}, std::move(message));
}

struct Claim {
  std::size_t model;
  Place place;
};

class NameCheck {
 public:
  NameCheck(const PriceList& list, const std::vector<std::string>& files, yaml::Problems& problems)
      : list_(list), files_(files), problems_(problems) {}

  void run() {
    for (std::size_t i = 0; i < list_.models.size(); ++i) {
      const Model& model = list_.models[i];
      if (model.id.empty()) continue;
      claim(exact_, model.id, i, model.place, "name");
      for (const Match& match : model.match) {
        if (match.form == Match::Form::exact && match.text != model.id) {
          claim(exact_, match.text, i, match.place, "name");
        }
        if (match.form == Match::Form::prefix) claim(prefix_, match.text, i, match.place, "prefix");
      }
    }
    check_patterns();
    check_aliases();
  }

 private:
  using Claims = std::map<std::string, Claim>;

  void claim(Claims& claims, const std::string& text, std::size_t model, const Place& place,
             std::string_view what) {
    const auto [it, fresh] = claims.try_emplace(text, Claim{model, place});
    if (fresh) return;
    const Model& first = list_.models[it->second.model];
    complain(
        place, files_,
        it->second.model == model
            ? fmt::format("{} {} is listed twice", what, yaml::in_quotes(text))
            : fmt::format("{} {} already belongs to model {} (line {})", what,
                          yaml::in_quotes(text), yaml::in_quotes(first.id), it->second.place.line),
        problems_);
  }

  // Two patterns may both fit a name only if they lead to the same model. Tried on the names the
  // list knows and on what providers make of them.
  void check_patterns() {
    struct Compiled {
      std::regex regex;
      std::size_t model;
      Place place;
    };
    std::vector<Compiled> patterns;
    for (std::size_t i = 0; i < list_.models.size(); ++i) {
      for (const Match& match : list_.models[i].match) {
        if (match.form != Match::Form::regex) continue;
        try {
          patterns.push_back({std::regex(match.text), i, match.place});
        } catch (const std::regex_error&) {
          continue;  // Reported where it was read.
        }
      }
    }
    if (patterns.size() < 2) return;
    constexpr std::array<std::string_view, 4> kEndings = {"", "-2026-01-01", "-20260101",
                                                          "-latest"};
    std::set<std::pair<std::size_t, std::size_t>> told;
    for (const auto& [name, owner] : exact_) {
      for (const std::string_view ending : kEndings) {
        const std::string probe = name + std::string(ending);
        if (!ending.empty() && exact_.contains(probe)) continue;
        const Compiled* first = nullptr;
        for (const Compiled& pattern : patterns) {
          if (!std::regex_match(probe, pattern.regex)) continue;
          if (first == nullptr) {
            first = &pattern;
          } else if (first->model != pattern.model &&
                     told.emplace(first->model, pattern.model).second) {
            complain(pattern.place, files_,
                     fmt::format("fits {}, as does a pattern of model {} (line {})",
                                 yaml::in_quotes(probe),
                                 yaml::in_quotes(list_.models[first->model].id), first->place.line),
                     problems_);
          }
        }
      }
    }
  }

  void check_aliases() {
    for (std::size_t i = 0; i < list_.aliases.size(); ++i) {
      const Alias& alias = list_.aliases[i];
      if (!exact_.contains(alias.model)) {
        complain(alias.place, files_,
                 fmt::format("no model {} in this list", yaml::in_quotes(alias.model)), problems_);
      }
      if (exact_.contains(alias.name)) {
        complain(alias.place, files_,
                 fmt::format("{} is also the name of a model", yaml::in_quotes(alias.name)),
                 problems_);
      }
      for (std::size_t j = 0; j < i; ++j) {
        const Alias& other = list_.aliases[j];
        if (other.name == alias.name && other.from < alias.to && alias.from < other.to) {
          complain(alias.place, files_,
                   fmt::format("overlaps the alias {} of line {}", yaml::in_quotes(alias.name),
                               other.place.line),
                   problems_);
        }
      }
    }
  }

  const PriceList& list_;
  const std::vector<std::string>& files_;
  yaml::Problems& problems_;
  Claims exact_;
  Claims prefix_;
};

}  // namespace

void check_list(const PriceList& list, const std::vector<std::string>& files,
                yaml::Problems& problems) {
  NameCheck(list, files, problems).run();
}

void check_inheritance(const PriceBook::Rows& rows, yaml::Problems& problems) {
  for (const auto& [name, list] : rows.lists) {
    for (const std::string& inherited : list.inherits) {
      if (inherited == name || !rows.lists.contains(inherited)) {
        complain(list.place, rows.files,
                 fmt::format("inherits {}, which is {}", yaml::in_quotes(inherited),
                             inherited == name ? "the list itself" : "no list of these files"),
                 problems);
      }
    }
  }
}

}  // namespace tokenweir::pricing
