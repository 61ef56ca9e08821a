#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "provider/request_reader.h"

namespace tokenweir::provider {
namespace {

using Names = std::vector<std::string>;

Asked read(Dialect dialect, std::string_view body, Family family = Family::openai,
           std::string_view content_type = "application/json") {
  Endpoint endpoint;
  endpoint.dialect = dialect;
  endpoint.cappable = true;
  RequestReader whole(endpoint, family, content_type, "");
  whole.feed(body);
  const Asked asked = whole.finish();
  RequestReader bytewise(endpoint, family, content_type, "");
  for (const char byte : body) bytewise.feed(std::string_view(&byte, 1));
  EXPECT_TRUE(bytewise.finish().extras == asked.extras) << body;
  return asked;
}
Extras extras(Dialect dialect, std::string_view body) { return read(dialect, body).extras; }

TEST(RequestExtras, PlainTextAsksForNothing) {
  const Extras found = extras(
      Dialect::anthropic_messages,
      R"({"model":"c","max_tokens":5,"messages":[{"role":"user","content":"an image of a file"}]})");
  Extras nothing;
  nothing.cache_writes = CacheWrites::none;
  EXPECT_EQ(found, nothing);
}

TEST(RequestExtras, CountsImagesOfEveryDialect) {
  EXPECT_EQ(
      extras(Dialect::openai_chat,
             R"({"messages":[{"content":[{"type":"text","text":"x"},{"type":"image_url",)"
             R"("image_url":{"url":"https://a/b.png"}},{"image_url":{},"type":"image_url"}]}]})")
          .images,
      2);
  EXPECT_EQ(
      extras(Dialect::openai_responses,
             R"({"input":[{"role":"user","content":[{"type":"input_image","file_id":"f"}]}]})")
          .images,
      1);
  const Extras anthropic = extras(
      Dialect::anthropic_messages,
      R"({"messages":[{"content":[{"type":"image","source":{"type":"url","url":"https://a"}},)"
      R"({"type":"tool_result","content":[{"type":"image","source":{"type":"base64"}}]}]}]})");
  EXPECT_EQ(anthropic.images, 2);
  EXPECT_FALSE(anthropic.remote_input) << "an image by reference is still one image";
  EXPECT_EQ(
      extras(Dialect::gemini, R"({"contents":[{"parts":[{"inline_data":{"mime_type":"image/png"}},)"
                              R"({"inlineData":{"mimeType":"image/jpeg","data":"AA"}}]}]})")
          .images,
      2);
  EXPECT_EQ(extras(Dialect::ollama, R"({"messages":[{"images":["AA","BB"]}]})").images, 2);
  EXPECT_EQ(
      extras(Dialect::cohere, R"({"messages":[{"content":[{"type":"image_url","image_url":{}}]}]})")
          .images,
      1);
}

TEST(RequestExtras, KnowsDocumentsByValueFromThoseOfUnknownSize) {
  const Extras by_value =
      extras(Dialect::anthropic_messages,
             R"({"messages":[{"content":[{"type":"document","source":{"type":"base64",)"
             R"("media_type":"application/pdf","data":"AA"}}]}]})");
  EXPECT_TRUE(by_value.documents);
  EXPECT_FALSE(by_value.remote_input);
  for (const std::string_view source :
       {R"({"type":"url","url":"https://a/b.pdf"})", R"({"type":"file","file_id":"f"})"}) {
    const std::string body = R"({"messages":[{"content":[{"source":)" + std::string(source) +
                             R"(,"type":"document"}]}]})";
    EXPECT_TRUE(extras(Dialect::anthropic_messages, body).remote_input) << body;
  }
}

TEST(RequestExtras, FindsInputThatTheBodyOnlyNames) {
  for (const std::string_view body :
       {R"({"previous_response_id":"r"})", R"({"conversation":{"id":"c"}})",
        R"({"prompt":{"id":"p"}})", R"({"input":[{"type":"item_reference","id":"m"}]})",
        R"({"input":[{"content":[{"type":"input_file","file_url":"https://a"}]}]})"}) {
    EXPECT_TRUE(extras(Dialect::openai_responses, body).remote_input) << body;
  }
  EXPECT_FALSE(extras(Dialect::openai_responses, R"({"previous_response_id":null})").remote_input);
  for (const std::string_view body :
       {R"({"cachedContent":"c"})", R"({"cached_content":"c"})",
        R"({"contents":[{"parts":[{"fileData":{"fileUri":"u"}}]}]})",
        R"({"contents":[{"parts":[{"file_data":{"file_uri":"u"}}]}]})"}) {
    EXPECT_TRUE(extras(Dialect::gemini, body).remote_input) << body;
  }
  for (const std::string_view body :
       {R"({"container":"c"})", R"({"thread":{"type":"continue"}})"}) {
    EXPECT_TRUE(extras(Dialect::anthropic_messages, body).remote_input) << body;
  }
  EXPECT_TRUE(extras(Dialect::openai_chat,
                     R"({"messages":[{"content":[{"type":"file","file":{"file_id":"f"}}]}]})")
                  .remote_input);
  EXPECT_TRUE(
      extras(Dialect::gemini_interactions, R"({"previous_interaction_id":"i"})").remote_input);
}

TEST(RequestExtras, KnowsWhichCacheWritesCanBeCharged) {
  const auto writes = [](std::string_view body) {
    return extras(Dialect::anthropic_messages, body).cache_writes;
  };
  EXPECT_EQ(writes("{}"), CacheWrites::none);
  EXPECT_EQ(writes(R"({"system":[{"type":"text","cache_control":{"type":"ephemeral"}}]})"),
            CacheWrites::five_minutes);
  EXPECT_EQ(writes(R"({"cache_control":{"type":"ephemeral","ttl":"5m"}})"),
            CacheWrites::five_minutes);
  EXPECT_EQ(writes(R"({"tools":[{"cache_control":{"ttl":"1h"}}]})"), CacheWrites::any);
  EXPECT_EQ(writes(R"({"messages":[{"content":[{"cache_control":{"type":"ephemeral"}},)"
                   R"({"cache_control":{"type":"ephemeral","ttl":"1h"}}]}]})"),
            CacheWrites::any);
  EXPECT_EQ(extras(Dialect::openai_chat, "{}").cache_writes, CacheWrites::any)
      << "OpenAI writes unasked, and charges for it since GPT-5.6";
  EXPECT_EQ(extras(Dialect::gemini, "{}").cache_writes, CacheWrites::none);
}

TEST(RequestExtras, AddsUpTheCallsOfTheProvidersTools) {
  const Asked limited = read(
      Dialect::anthropic_messages,
      R"({"tools":[{"name":"f","input_schema":{}},{"type":"web_search_20250305","max_uses":5},)"
      R"({"max_uses":2,"type":"web_fetch_20250910"},{"type":"bash_20250124"}]})");
  EXPECT_TRUE(limited.extras.tools);
  EXPECT_EQ(limited.extras.tool_calls_max, 7);
  EXPECT_FALSE(limited.extras.unbounded_tools);
  EXPECT_EQ(limited.provider_tools,
            (Names{"web_search_20250305", "web_fetch_20250910", "bash_20250124"}));
  EXPECT_TRUE(extras(Dialect::anthropic_messages, R"({"tools":[{"type":"web_search_20250305"}]})")
                  .unbounded_tools);
  EXPECT_EQ(extras(Dialect::anthropic_messages,
                   R"({"tools":[{"type":"web_search_20250305","max_uses":1,"max_uses":900}]})")
                .tool_calls_max,
            900);
}

TEST(RequestExtras, BoundsTheToolsOfAResponseByItsOwnLimit) {
  const Extras open = extras(Dialect::openai_responses, R"({"tools":[{"type":"web_search"}]})");
  EXPECT_TRUE(open.unbounded_tools);
  const Extras bounded =
      extras(Dialect::openai_responses, R"({"tools":[{"type":"web_search"}],"max_tool_calls":4})");
  EXPECT_FALSE(bounded.unbounded_tools);
  EXPECT_EQ(bounded.tool_calls_max, 4);
  EXPECT_TRUE(extras(Dialect::openai_responses, R"({"tools":[{"type":"mcp"}],"max_tool_calls":4})")
                  .unbounded_tools);
  EXPECT_EQ(
      read(Dialect::openai_responses, R"({"tools":[{"type":"function","name":"web_search"}]})")
          .provider_tools,
      Names());
}

TEST(RequestExtras, FindsGooglesToolsInEitherCase) {
  EXPECT_EQ(read(Dialect::gemini, R"({"tools":[{"google_search":{}},{"codeExecution":{}}]})",
                 Family::gemini)
                .provider_tools,
            (Names{"googleSearch", "codeExecution"}));
  const Extras declared = extras(Dialect::gemini, R"({"tools":[{"functionDeclarations":[]}]})");
  EXPECT_TRUE(declared.tools);
  EXPECT_FALSE(declared.unbounded_tools);
}

TEST(RequestExtras, HearsWhatIsToBeSpokenOrDrawn) {
  EXPECT_TRUE(extras(Dialect::openai_chat, R"({"modalities":["text","audio"]})").audio_output);
  EXPECT_TRUE(extras(Dialect::openai_chat,
                     R"({"messages":[{"content":[{"type":"input_audio","input_audio":{}}]}]})")
                  .audio_input);
  EXPECT_TRUE(extras(Dialect::gemini, R"({"generationConfig":{"responseModalities":["IMAGE"]}})")
                  .image_output);
  EXPECT_TRUE(
      extras(Dialect::gemini, R"({"generation_config":{"speech_config":{}}})").audio_output);
}

TEST(RequestExtras, ReadsWhatIsSaidAboutThinking) {
  const Reasoning budget =
      read(Dialect::anthropic_messages,
           R"({"max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":8000}})")
          .reasoning;
  EXPECT_EQ(budget.enabled, true);
  EXPECT_EQ(budget.budget_tokens, 8000);
  EXPECT_EQ(read(Dialect::openai_chat, R"({"reasoning_effort":"high"})").reasoning.effort, "high");
  EXPECT_EQ(read(Dialect::openai_responses, R"({"reasoning":{"effort":"none"}})").reasoning.enabled,
            false);
  EXPECT_EQ(read(Dialect::gemini, R"({"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}})")
                .reasoning.enabled,
            false);
  EXPECT_EQ(read(Dialect::openai_chat, "{}").reasoning.enabled, std::nullopt);
}

TEST(RequestExtras, NamesTheOtherModelsThatMayAnswer) {
  EXPECT_EQ(read(Dialect::anthropic_messages,
                 R"({"model":"a","fallbacks":[{"model":"b"},{"model":"c"}]})")
                .other_models,
            (Names{"b", "c"}));
  EXPECT_EQ(read(Dialect::openai_chat, R"({"model":"a","models":["b","c"]})").other_models,
            (Names{"b", "c"}));
}

TEST(RequestExtras, ABodyThatCannotBeReadMayAskForAnything) {
  const Extras unread = extras(Dialect::openai_chat, R"({"model":"m")");
  EXPECT_TRUE(unread.remote_input);
  EXPECT_TRUE(unread.unbounded_tools);
  EXPECT_EQ(unread.cache_writes, CacheWrites::any);
}

TEST(RequestExtras, ReadsAFormsFiles) {
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b--\r\n";
  const Asked asked =
      read(Dialect::openai_audio, body, Family::openai, "multipart/form-data; boundary=b");
  EXPECT_EQ(asked.model, "whisper-1");
  EXPECT_TRUE(asked.extras.audio_input);
  EXPECT_FALSE(asked.extras.remote_input);
  EXPECT_FALSE(asked.splicable);
}

}  // namespace
}  // namespace tokenweir::provider
