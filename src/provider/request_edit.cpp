#include "provider/request_edit.h"

#include <algorithm>
#include <string>

#include "core/text.h"
#include "provider/request_caps.h"
#include "provider/rules.h"

namespace tokenweir::provider {
namespace {

using Says = CapPlace::Says;
using Kind = CapPlace::Kind;
using Form = CapContainer::Form;

// The least Anthropic takes for a thinking budget, which must stay below the limit on output.
constexpr std::int64_t kLeastThinking = 1024;
// OpenAI's Responses API refuses less.
constexpr std::int64_t kLeastResponse = 16;

class CapEdit {
 public:
  CapEdit(const CapPlaces& caps, const HeededCaps& heeded, std::int64_t cap, bool inserting)
      : caps_(caps), heeded_(heeded), cap_(cap), inserting_(inserting) {}

  std::optional<std::vector<Splice>> splices() {
    lower_everything();
    if (!inserting_) {
      // What generates nothing need not be told how much.
    } else if (heeded_.scope == CapScope::root) {
      require_limit(caps_.root_open_end, caps_.root_empty, true,
                    [](const CapPlace&) { return true; });
    } else {
      require_containers();
    }
    if (!possible_) return std::nullopt;
    return merge_splices(std::move(splices_));
  }

 private:
  void replace(std::uint64_t offset, std::uint64_t size, std::string text) {
    splices_.push_back(Splice{offset, size, std::move(text)});
  }
  void put_cap(const CapPlace& place) { replace(place.offset, place.size, std::to_string(cap_)); }

  [[nodiscard]] bool is_none(const CapPlace& place) const {
    return place.says == Says::unlimited ||
           (place.says == Says::number && place.tokens == 0 && heeded_.zero_is_none);
  }

  void lower_everything() {
    for (const CapPlace& place : caps_.places) {
      if (place.kind != Kind::output) {
        lower_thinking(place);
        continue;
      }
      const bool counts = is_heeded(heeded_, place);
      if (place.says == Says::unclear) {
        // Somebody may take it for a number, for no limit, or for a mistake.
        if (may_be_read(heeded_, place)) possible_ = false;
      } else if (place.says == Says::unlimited || (counts && is_none(place)) ||
                 (place.says == Says::number && place.tokens > cap_)) {
        put_cap(place);
      }
    }
  }

  void lower_thinking(const CapPlace& place) {
    if (place.says != Says::number || place.tokens < cap_) return;
    if (place.kind == Kind::thinking_simple) {
      if (place.tokens > 0) replace(place.offset, place.size, std::to_string(cap_ - 1));
      return;
    }
    if (cap_ <= kLeastThinking) {
      possible_ = false;
      return;
    }
    // Room for what is said aloud, where there is any.
    const std::int64_t spoken = std::min<std::int64_t>(cap_ / 4, 4096);
    replace(place.offset, place.size, std::to_string(std::max(kLeastThinking, cap_ - spoken)));
  }

  // Within an object that the server looks into, one limit must stand in every reading. Whoever
  // gets to an object without regard to case reads its keys so, too.
  template <typename Within>
  void require_limit(std::uint64_t open_end, bool empty, bool exact, const Within& within) {
    const auto stands = [&](CapField field, bool exactly, bool as_null) {
      return std::ranges::any_of(caps_.places, [&](const CapPlace& place) {
        return is_heeded(heeded_, place) && within(place) && place.field == field &&
               (place.exact || !exactly) && (place.says == Says::nothing) == as_null;
      });
    };
    const auto fill_nulls = [&](CapField field) {
      for (const CapPlace& place : caps_.places) {
        if (is_heeded(heeded_, place) && within(place) && place.field == field &&
            place.says == Says::nothing) {
          put_cap(place);
        }
      }
    };
    const CapField preferred = heeded_.fields.front();
    const bool limited = std::ranges::any_of(
        heeded_.fields, [&](CapField field) { return stands(field, exact, false); });
    // Beside a limit a null of the same field may be what is read; alone it says nothing.
    for (const CapField field : heeded_.fields) {
      if (stands(field, false, false) || (!limited && field == preferred)) fill_nulls(field);
    }
    if (limited || stands(preferred, exact, true)) return;
    replace(open_end, 0, member() + (empty ? "" : ","));
  }

  void require_containers() {
    bool any = false;
    for (const CapContainer& container : caps_.containers) {
      if (!in_scope(heeded_, container.scope)) continue;
      any = any || container.exact;
      switch (container.form) {
        case Form::unclear:
          possible_ = false;
          break;
        case Form::nothing:
          replace(container.offset, container.size, "{" + member() + "}");
          break;
        case Form::object:
        case Form::empty_object:
          require_limit(container.offset + 1, container.form == Form::empty_object, container.exact,
                        [&](const CapPlace& place) {
                          return place.offset >= container.offset &&
                                 place.offset < container.offset + container.size;
                        });
          break;
      }
    }
    if (any) return;
    replace(caps_.root_open_end, 0,
            "\"" + std::string(heeded_.container) + "\":{" + member() + "}" +
                (caps_.root_empty ? "" : ","));
  }

  [[nodiscard]] std::string member() const {
    return "\"" + std::string(heeded_.key) + "\":" + std::to_string(cap_);
  }

  const CapPlaces& caps_;
  const HeededCaps& heeded_;
  const std::int64_t cap_;
  const bool inserting_;
  std::vector<Splice> splices_;
  bool possible_ = true;
};

}  // namespace

std::optional<std::vector<Splice>> cap_splices(const Endpoint& endpoint, Family family,
                                               const Asked& asked, std::int64_t cap,
                                               std::string_view host) {
  if (!asked.splicable || cap < 1) return std::nullopt;
  if (endpoint.dialect == Dialect::openai_responses && cap < kLeastResponse) return std::nullopt;
  const auto heeded = heeded_caps(endpoint, family, host, asked.model);
  if (!heeded) return std::nullopt;
  const bool inserting = asked.generates || asked.output_cap.has_value();
  return CapEdit(asked.caps, *heeded, cap, inserting).splices();
}

std::optional<Splice> model_splice(const Endpoint& endpoint, const Asked& asked,
                                   std::string_view model) {
  if (!asked.splicable || !asked.model_value || !endpoint.model.empty()) return std::nullopt;
  Splice splice = *asked.model_value;
  append_json_string(splice.insert, model);
  return splice;
}

std::optional<std::vector<Splice>> merge_splices(std::vector<Splice> splices) {
  std::ranges::stable_sort(splices, [](const Splice& a, const Splice& b) {
    return a.offset != b.offset ? a.offset < b.offset : (a.remove == 0 && b.remove != 0);
  });
  std::vector<Splice> merged;
  for (Splice& splice : splices) {
    if (merged.empty()) {
      merged.push_back(std::move(splice));
      continue;
    }
    Splice& last = merged.back();
    if (last.offset + last.remove > splice.offset) return std::nullopt;
    if (last.offset == splice.offset && last.remove == 0) {
      // Two insertions, or an insertion before what is replaced: one splice says both.
      last.remove = splice.remove;
      last.insert += splice.insert;
      continue;
    }
    merged.push_back(std::move(splice));
  }
  return merged;
}

}  // namespace tokenweir::provider
