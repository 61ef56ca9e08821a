#include "pricing/price_file.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "pricing/file_reader.h"
#include "pricing/price_check.h"
#include "yaml/parse.h"

namespace tokenweir::pricing {
namespace {

// A hash of names and texts: the same files give the same revision on every machine.
std::string revision_of(const std::vector<PriceText>& texts) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  for (const PriceText& text : texts) {
    const std::string head = fmt::format(
        "{}\n{}\n", std::filesystem::path(text.file).filename().string(), text.text.size());
    EVP_DigestUpdate(context.get(), head.data(), head.size());
    EVP_DigestUpdate(context.get(), text.text.data(), text.text.size());
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

void complain(const Place& place, const PriceBook::Rows& rows, std::string message,
              yaml::Problems& problems) {
  problems.add(rows.files[place.file], yaml::Mark{place.line, place.column}, std::move(message));
}

bool overlap(const Contract& left, const Contract& right) {
  return left.from < right.to && right.from < left.to;
}

// Adds a contract unless another already speaks for the same time.
void add_contract(std::vector<Contract>& contracts, Contract contract, const PriceBook::Rows& rows,
                  yaml::Problems& problems) {
  for (const Contract& other : contracts) {
    if (overlap(other, contract)) {
      complain(contract.place, rows,
               fmt::format("overlaps the contract of {}:{}", rows.files[other.place.file],
                           other.place.line),
               problems);
      return;
    }
  }
  contracts.push_back(std::move(contract));
}

// A contract names only what differs: its bands are laid over the list's when they are used, so
// each band has to exist there.
void check_bands(const Model& listed, const Contract& contract, const PriceBook::Rows& rows,
                 yaml::Problems& problems) {
  for (const Band& band : contract.bands) {
    const bool exists = std::ranges::any_of(listed.periods, [&](const Period& period) {
      return std::ranges::any_of(period.bands, [&](const Band& other) {
        return other.min_input_tokens == band.min_input_tokens;
      });
    });
    if (!exists) {
      complain(contract.place, rows,
               fmt::format("the list has no tier from {} input tokens for model {}",
                           band.min_input_tokens, yaml::in_quotes(listed.id)),
               problems);
    }
  }
}

void lay_over(FileDraft overlay, PriceBook::Rows& rows, yaml::Problems& problems) {
  const auto target = rows.lists.find(overlay.list.name);
  if (target == rows.lists.end()) {
    complain(overlay.list.place, rows,
             fmt::format("no list {} in these files", yaml::in_quotes(overlay.list.name)),
             problems);
    return;
  }
  PriceList& list = target->second;
  for (Contract& contract : overlay.list.contracts) {
    add_contract(list.contracts, std::move(contract), rows, problems);
  }
  for (Model& model : overlay.list.models) {
    const auto listed = list.exact.find(model.id);
    if (listed == list.exact.end()) {
      complain(model.place, rows,
               fmt::format("no model {} in list {}", yaml::in_quotes(model.id),
                           yaml::in_quotes(list.name)),
               problems);
      continue;
    }
    Model& row = list.models[listed->second];
    for (Contract& contract : model.contracts) {
      check_bands(row, contract, rows, problems);
      add_contract(row.contracts, std::move(contract), rows, problems);
    }
  }
}

std::vector<std::string> files_of(const std::vector<std::string>& paths, yaml::Problems& problems) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      if (it->path().extension() == ".yaml") found.push_back(it->path().string());
    }
    if (error) problems.add(path, yaml::Mark{0, 0}, "cannot list the directory");
    if (found.empty()) problems.add(path, yaml::Mark{0, 0}, "holds no .yaml file");
    std::ranges::sort(found);
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

}  // namespace

std::optional<PriceBook> read_prices(const std::vector<PriceText>& texts,
                                     yaml::Problems& problems) {
  const std::size_t before = problems.size();
  auto rows = std::make_shared<PriceBook::Rows>();
  std::vector<FileDraft> overlays;
  for (const PriceText& text : texts) {
    const std::size_t index = rows->files.size();
    rows->files.push_back(text.file);
    const auto document = yaml::parse(text.text, text.file, problems);
    if (!document) continue;
    auto draft = read_file_draft(*document, index, problems);
    if (!draft) continue;
    if (draft->is_overlay) {
      overlays.push_back(std::move(*draft));
      continue;
    }
    if (draft->list.name.empty()) continue;
    const std::string name = draft->list.name;
    const Place place = draft->list.place;
    const auto [it, fresh] = rows->lists.try_emplace(name, std::move(draft->list));
    if (!fresh) {
      complain(place, *rows,
               fmt::format("list {} is already in {}", yaml::in_quotes(name),
                           rows->files[it->second.place.file]),
               problems);
    }
  }
  // Patterns that are not regular expressions cannot be indexed; they have been reported.
  const bool readable = problems.size() == before;
  for (auto& [name, list] : rows->lists) {
    if (readable) list.index();
    check_list(list, rows->files, problems);
  }
  if (readable) {
    for (FileDraft& overlay : overlays) lay_over(std::move(overlay), *rows, problems);
    check_inheritance(*rows, problems);
  }
  if (problems.size() != before) return std::nullopt;
  rows->revision = revision_of(texts);
  return PriceBook(std::move(rows));
}

std::optional<PriceBook> load_prices(const std::vector<std::string>& paths,
                                     yaml::Problems& problems) {
  const std::size_t before = problems.size();
  std::vector<PriceText> texts;
  for (const std::string& file : files_of(paths, problems)) {
    std::string why;
    auto text = yaml::read_file(file, yaml::kMostBytes, why);
    if (text) {
      texts.push_back({file, std::move(*text)});
    } else {
      problems.add(file, yaml::Mark{0, 0}, why);
    }
  }
  auto book = read_prices(texts, problems);
  if (problems.size() != before) return std::nullopt;
  return book;
}

yaml::Shape price_file_shape() {
  yaml::Shape shape;
  yaml::MapReader map(shape);
  FileDraft draft;
  read_root(map, 0, draft);
  return shape;
}

}  // namespace tokenweir::pricing
