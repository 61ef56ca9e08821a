// The tokens of one part of a transcript with what frames it. Private to the room.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "count/framing.h"
#include "count/media.h"
#include "count/sources.h"
#include "count/text_counter.h"

namespace tokenweir::count {

class PartCounter {
 public:
  PartCounter(provider::Dialect dialect, const ModelCounting& model)
      : dialect_(dialect),
        text_(model),
        framing_(framing_of(model.choice.framing)),
        images_(model.images),
        name_(model.choice.framing) {}

  [[nodiscard]] Tally count(const Source& source);

  [[nodiscard]] const Framing& framing() const { return framing_; }
  [[nodiscard]] const TextCounter& text() const { return text_; }
  // Ollama's members beside a prompt: the tokens of an earlier conversation, and pictures.
  [[nodiscard]] Tally ollama_extra(std::string_view key, const Json& value);
  // A value written as JSON: nobody knows how models are shown it, so a quarter more bounds it.
  [[nodiscard]] Tally json(const Json& value) const;

  [[nodiscard]] bool is_anthropic() const { return name_ == tokenizer::Template::anthropic; }
  [[nodiscard]] bool is_openai() const {
    return name_ == tokenizer::Template::openai || name_ == tokenizer::Template::openai_reasoning ||
           name_ == tokenizer::Template::harmony;
  }

 private:
  void guess(std::uint64_t marks) { tally_.guess(marks, marks * 2); }
  // Text is collected and counted together where blocks join, as OpenAI's do.
  void append_text(std::string_view text);
  void end_text();

  void instructions(const Json& value);
  void declarations(const Json& tools);
  void declaration(const Json& tool);
  void gemini_function(const Json& function);
  void message(const Json& message, bool without_results);
  void item(const Json& item);
  void content(const Json& content, bool without_results);
  void block(const Json& block);
  void gemini_part(const Json& part);
  void call(std::string_view name, const Json* arguments);
  void call_id(const Json* id);
  void result(const Json* content);
  void any(const Json& value);
  // What nobody here knows may be shown to the model all the same: members that are not `known`
  // count towards the bound.
  void leftovers(const Json& object, std::span<const std::string_view> known);
  void unknown_block(const Json& block);

  void image(const Json* place, std::string_view detail);
  // A sound, film or document where it lies: its data, or an address.
  void media_at(const Json* place, std::string_view usual_type);
  void image_data(std::string_view base64, std::string_view detail);
  void document(std::string_view base64);
  void file(std::string_view data, bool elsewhere);
  void media(std::string_view type, std::string_view base64);
  void audio(std::string_view base64);

  provider::Dialect dialect_;
  TextCounter text_;
  const Framing& framing_;
  const tokenizer::ImageRule& images_;
  tokenizer::Template name_;
  Tally tally_;
  std::string_view held_;  // text not yet counted: one block, or what `joined_` holds
  std::string joined_;
  bool holds_ = false;
};

}  // namespace tokenweir::count
