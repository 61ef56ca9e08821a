#include "yaml/parse.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <cerrno>
#include <cstring>
#include <sstream>
#include <unordered_map>

#include "yaml/utf8.h"

namespace tokenweir::yaml {
namespace {

Mark mark_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {mark.line + 1, mark.column + 1};
}

// Ends the parse at the first thing that has no sensible continuation.
struct Stop {
  Mark mark;
  std::string message;
};

class Builder final : public YAML::EventHandler {
 public:
  Builder(const Report& report) : report_(report) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (seen_++ > 0)
      throw Stop{mark_of(mark), "a second document starts here (or the indentation is wrong)"};
  }
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(mark); }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    Node node;
    node.mark = mark_of(mark);
    if (!frames_.empty() && frames_.back().node.kind == Kind::map) {
      if (!frames_.back().key) throw Stop{node.mark, "a key must be text"};
      // The parser marks a missing value at whatever follows; the key is the better place.
      node.mark = frames_.back().key_mark;
    }
    put(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    Node node;
    node.kind = Kind::scalar;
    node.mark = mark_of(mark);
    node.quoted = tag == "!";
    node.text = value;
    refuse_tag(node.mark, tag);
    put(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(Kind::list, mark, tag);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(Kind::map, mark, tag);
  }
  void OnMapEnd() override { close(); }

  Node take_root() { return std::move(root_); }

 private:
  struct Frame {
    Node node;
    std::optional<std::string> key;
    Mark key_mark;
    std::unordered_map<std::string, Mark> seen;
  };

  [[noreturn]] static void refuse_anchor(const YAML::Mark& mark) {
    throw Stop{mark_of(mark), "anchors and aliases are not supported; write the value out"};
  }

  static void refuse_tag(Mark mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw Stop{mark, "tags are not supported"};
  }

  void open(Kind kind, const YAML::Mark& mark, const std::string& tag) {
    const Mark place = mark_of(mark);
    refuse_tag(place, tag);
    if (static_cast<int>(frames_.size()) >= kMostDepth) {
      throw Stop{place, "nested deeper than " + std::to_string(kMostDepth) + " levels"};
    }
    const bool is_key =
        !frames_.empty() && frames_.back().node.kind == Kind::map && !frames_.back().key;
    if (is_key) throw Stop{place, "a key must be text"};
    Frame frame;
    frame.node.kind = kind;
    frame.node.mark = place;
    frames_.push_back(std::move(frame));
  }

  void close() {
    Node node = std::move(frames_.back().node);
    frames_.pop_back();
    put(std::move(node));
  }

  void put(Node node) {
    if (++nodes_ > kMostNodes) throw Stop{node.mark, "too many values in one file"};
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == Kind::list) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      frame.key = std::move(node.text);
      frame.key_mark = node.mark;
    } else {
      put_entry(frame, std::move(node));
    }
  }

  void put_entry(Frame& frame, Node value) {
    const auto [first, fresh] = frame.seen.emplace(*frame.key, frame.key_mark);
    if (fresh) {
      frame.node.entries.push_back({std::move(*frame.key), frame.key_mark, std::move(value)});
    } else {
      report_.error(frame.key_mark, "duplicate key " + in_quotes(*frame.key) +
                                        ", first given on line " +
                                        std::to_string(first->second.line));
    }
    frame.key.reset();
  }

  const Report& report_;
  std::vector<Frame> frames_;
  Node root_;
  std::size_t nodes_ = 0;
  int seen_ = 0;
};

// Places the first byte that may not stand in a text file.
bool check_text(std::string_view text, const Report& report) {
  const std::size_t bad = first_unprintable(text);
  if (bad == std::string_view::npos) return true;
  Mark mark;
  for (const char c : text.substr(0, bad)) {
    mark.column = c == '\n' ? 1 : mark.column + 1;
    mark.line += c == '\n' ? 1 : 0;
  }
  report.error(mark, "not UTF-8 text, or a control character");
  return false;
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return "a single value";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return "nothing";
}

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::optional<Document> parse(std::string_view text, std::string_view file, Problems& problems) {
  const Report report{file, &problems};
  if (text.size() > kMostBytes) {
    report.error({0, 0}, "larger than " + std::to_string(kMostBytes) + " bytes");
    return std::nullopt;
  }
  if (!check_text(text, report)) return std::nullopt;
  Builder builder(report);
  try {
    std::string whole(text);
    // yaml-cpp takes a quote that is still open when the last line ends for a closed one. A comment
    // as the last line changes nothing else and makes it an error.
    if (!whole.empty() && (whole.back() == '\n' || whole.back() == '\r')) whole += '#';
    std::istringstream input{whole};
    YAML::Parser parser(input);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop& stop) {
    report.error(stop.mark, stop.message);
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    report.error(mark_of(error.mark), "not valid YAML: " + error.msg);
    return std::nullopt;
  }
  return Document{std::string(file), builder.take_root()};
}

std::optional<Document> parse_file(const std::string& path, Problems& problems) {
  std::string why;
  const auto text = read_file(path, kMostBytes, why);
  if (!text) {
    problems.add(path, {0, 0}, why);
    return std::nullopt;
  }
  return parse(*text, path, problems);
}

std::optional<std::string> read_file(const std::string& path, std::size_t most, std::string& why) {
  // Non-blocking so that a FIFO under that name cannot hang the start.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) {
    why = std::string("cannot be opened: ") + std::strerror(errno);
    return std::nullopt;
  }
  std::optional<std::string> text;
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    why = "is not a regular file";
  } else {
    text.emplace();
    char buffer[16 * 1024];
    ssize_t count = 0;
    while ((count = ::read(descriptor, buffer, sizeof buffer)) > 0 && text->size() <= most) {
      text->append(buffer, static_cast<std::size_t>(count));
    }
    if (count < 0) {
      why = std::string("cannot be read: ") + std::strerror(errno);
      text.reset();
    } else if (text->size() > most) {
      why = "is larger than " + std::to_string(most) + " bytes";
      text.reset();
    }
  }
  ::close(descriptor);
  return text;
}

}  // namespace tokenweir::yaml
