#include "provider/request_reader.h"

#include <gtest/gtest.h>
#include <simdjson.h>
#include <zlib.h>

#include <string>

namespace tokenweir::provider {
namespace {

Endpoint endpoint(Dialect dialect) {
  Endpoint made;
  made.dialect = dialect;
  made.cappable = true;
  return made;
}

struct Request {
  Dialect dialect = Dialect::openai_chat;
  Family family = Family::openai;
  std::string content_type = "application/json";
  std::string content_encoding;
};

bool same(const Asked& a, const Asked& b) {
  const auto splice = [](const Asked& asked) {
    return asked.ask_for_usage
               ? std::to_string(asked.ask_for_usage->offset) + "-" +
                     std::to_string(asked.ask_for_usage->remove) + "+" + asked.ask_for_usage->insert
               : std::string();
  };
  return a.readable == b.readable && a.model == b.model && a.stream == b.stream &&
         a.output_cap == b.output_cap && a.choices == b.choices && a.background == b.background &&
         a.service_tier == b.service_tier && a.user == b.user && a.session == b.session &&
         a.workflow == b.workflow && a.duplicate_keys == b.duplicate_keys &&
         a.message_count == b.message_count && splice(a) == splice(b) &&
         a.splicable == b.splicable && a.caps == b.caps && a.extras == b.extras &&
         a.reasoning == b.reasoning && a.provider_tools == b.provider_tools &&
         a.other_models == b.other_models && a.decoded_bytes == b.decoded_bytes;
}

Asked read_in_pieces(const Endpoint& target, const Request& request, std::string_view body,
                     std::size_t first, std::size_t piece) {
  RequestReader reader(target, request.family, request.content_type, request.content_encoding);
  reader.feed(body.substr(0, first));
  for (std::size_t at = first; at < body.size(); at += piece) {
    const std::string copy(body.substr(at, piece));
    reader.feed(copy);
  }
  return reader.finish();
}

Asked read(const Endpoint& target, const Request& request, std::string_view body) {
  const Asked whole = read_in_pieces(target, request, body, body.size(), 1);
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    EXPECT_TRUE(same(read_in_pieces(target, request, body, cut, body.size() + 1), whole))
        << "cut at " << cut << " of " << body;
  }
  EXPECT_TRUE(same(read_in_pieces(target, request, body, 0, 1), whole)) << body;
  return whole;
}

Asked read(const Request& request, std::string_view body) {
  return read(endpoint(request.dialect), request, body);
}
Asked chat(std::string_view body) { return read(Request{}, body); }

std::string edited(std::string_view body, const Splice& splice) {
  std::string out(body.substr(0, splice.offset));
  out += splice.insert;
  out += body.substr(splice.offset + splice.remove);
  return out;
}

std::string asking(std::string_view body) {
  const Asked asked = chat(body);
  return asked.ask_for_usage ? edited(body, *asked.ask_for_usage) : "no edit";
}

TEST(RequestReader, ATextToBeReadAloudIsCountedInCharacters) {
  Request speech;
  speech.dialect = Dialect::openai_audio;
  const auto spoken = [&](std::string_view body) {
    return read_in_pieces(endpoint(Dialect::openai_audio), speech, body, 0, 5).spoken_characters;
  };
  EXPECT_EQ(spoken(R"({"model":"tts-1","input":"Gr\u00fc\u00dfe, \ud83d\ude00!","voice":"a"})"),
            9U);
  EXPECT_EQ(spoken("{\"model\":\"tts-1\",\"input\":\"Gr\xC3\xBC\xC3\x9F"
                   "e\"}"),
            5U);
  EXPECT_EQ(spoken(R"({"model":"tts-1","input":["a"]})"), std::nullopt);
  EXPECT_EQ(spoken("{\"input\":\"" + std::string(100'000, 'a') + "\"}"), std::nullopt);
}

TEST(RequestReader, TheSearchContextIsReadWhereTheRequestNamesOne) {
  const Request chat;
  EXPECT_EQ(
      read_in_pieces(endpoint(Dialect::openai_chat), chat,
                     R"({"model":"m","web_search_options":{"search_context_size":"high"}})", 0, 7)
          .search_context,
      "high");
  EXPECT_EQ(
      read_in_pieces(endpoint(Dialect::openai_responses), chat,
                     R"({"model":"m","tools":[{"type":"web_search","search_context_size":"low"}]})",
                     0, 7)
          .search_context,
      "low");
}

TEST(RequestReader, ReadsAChatRequest) {
  const Asked asked =
      chat(R"({"model":"gpt-x","messages":[{"role":"user","content":"\"model\":\"no\""},{}],)"
           R"("stream":true,"max_completion_tokens":100,"n":2,"service_tier":"flex","user":"u-1",)"
           R"("prompt_cache_key":"k","metadata":{"workflow":"triage","model":"nested"},)"
           R"("stream_options":{"include_usage":true}})");
  EXPECT_TRUE(asked.readable);
  EXPECT_EQ(asked.model, "gpt-x");
  EXPECT_EQ(asked.stream, true);
  EXPECT_EQ(asked.output_cap, 100);
  EXPECT_EQ(asked.choices, 2);
  EXPECT_EQ(asked.service_tier, "flex");
  EXPECT_EQ(asked.user, "u-1");
  EXPECT_EQ(asked.session, "k");
  EXPECT_EQ(asked.workflow, "triage");
  EXPECT_EQ(asked.message_count, 2u);
  EXPECT_FALSE(asked.duplicate_keys);
  EXPECT_FALSE(asked.ask_for_usage);
}

TEST(RequestReader, LeavesWhatIsNotThereUnknown) {
  const Asked asked = chat("{}");
  EXPECT_TRUE(asked.readable);
  EXPECT_EQ(asked.model, "");
  EXPECT_FALSE(asked.stream);
  EXPECT_FALSE(asked.output_cap);
  EXPECT_EQ(asked.choices, 1);
  EXPECT_EQ(asked.message_count, 0u);
}

TEST(RequestReader, FindsTheCapOfEveryDialect) {
  const auto cap = [](Dialect dialect, std::string_view body, Family family = Family::openai) {
    Request request;
    request.dialect = dialect;
    request.family = family;
    return read(request, body).output_cap;
  };
  EXPECT_EQ(cap(Dialect::openai_chat, R"({"max_tokens":7})"), 7);
  EXPECT_EQ(cap(Dialect::openai_chat, R"({"max_tokens":7,"max_completion_tokens":9})"), 9);
  EXPECT_EQ(cap(Dialect::openai_chat, R"({"max_completion_tokens":9,"max_tokens":7})"), 9);
  EXPECT_EQ(cap(Dialect::openai_completions, R"({"max_tokens":16})"), 16);
  EXPECT_EQ(cap(Dialect::openai_responses, R"({"max_output_tokens":64,"max_tokens":1})"), 64);
  EXPECT_EQ(cap(Dialect::anthropic_messages, R"({"max_tokens":0})"), 0);
  EXPECT_EQ(cap(Dialect::anthropic_messages, R"({"fallbacks":[{"max_tokens":5}]})"), kNoLimit);
  EXPECT_EQ(cap(Dialect::gemini, R"({"generationConfig":{"maxOutputTokens":11}})"), 11);
  EXPECT_EQ(cap(Dialect::gemini, R"({"generation_config":{"max_output_tokens":"12"}})"), 12);
  EXPECT_EQ(cap(Dialect::gemini, R"({"maxOutputTokens":13})"), kNoLimit)
      << "written where Google ignores it";
  EXPECT_EQ(cap(Dialect::gemini_interactions, R"({"generation_config":{"max_output_tokens":14}})"),
            14);
  EXPECT_EQ(cap(Dialect::cohere, R"({"max_tokens":15})"), 15);
  EXPECT_EQ(cap(Dialect::ollama, R"({"options":{"num_predict":42}})", Family::ollama), 42);
  EXPECT_EQ(cap(Dialect::ollama, R"({"Options":{"NUM_PREDICT":42}})", Family::ollama), kNoLimit);
  EXPECT_EQ(cap(Dialect::ollama, R"({"options":{"num_predict":-1}})", Family::ollama), kNoLimit);
  EXPECT_EQ(cap(Dialect::openai_chat, R"({"MAX_TOKENS":5})"), kNoLimit);
  EXPECT_EQ(cap(Dialect::openai_chat, R"({"MAX_TOKENS":5})", Family::ollama), kNoLimit)
      << "heeded there, but not by whoever may stand before it";
  EXPECT_EQ(cap(Dialect::openai_chat, R"({"max_completion_tokens":5})", Family::ollama), kNoLimit)
      << "Ollama ignores it, so it limits nothing";
}

TEST(RequestReader, ReadsEverySpellingOfANumber) {
  const auto cap = [](const std::string& number) {
    return chat("{\"max_tokens\":" + number + "}").output_cap;
  };
  EXPECT_EQ(cap("1e3"), 1000);
  EXPECT_EQ(cap("1000.0"), 1000);
  EXPECT_EQ(cap("1.5E+2"), 150);
  EXPECT_EQ(cap("\"100\""), 100);
  EXPECT_EQ(cap("9007199254740993"), 9007199254740993);
  EXPECT_EQ(cap("9223372036854775807"), 9223372036854775807);
  EXPECT_EQ(cap("10.2"), 11);
  EXPECT_EQ(cap("null"), std::nullopt);
  for (const std::string number :
       {"9223372036854775808", "18446744073709551616", "1e400", "-1", "-2", "0", "0.4", "5e-1",
        "1e-400", "true", "\"abc\"", "\"\"", "\"1 0\"", "[]", "{}", "\"NaN\"", "\"inf\"",
        "\"0x10\"", "9.3e18"}) {
    EXPECT_EQ(cap(number), kNoLimit) << number;
  }
}

TEST(RequestReader, TakesTheLargestOfDuplicateCaps) {
  EXPECT_EQ(chat(R"({"max_tokens":1,"max_tokens":100000})").output_cap, 100000);
  EXPECT_EQ(chat(R"({"max_tokens":100000,"max_tokens":1})").output_cap, 100000);
  EXPECT_EQ(chat(R"({"max\u005ftokens":3,"max_tokens":2})").output_cap, 3);
  EXPECT_EQ(chat(R"({"max_tokens":3,"max_tokens":null})").output_cap, kNoLimit)
      << "who reads the last one reads none";
  EXPECT_EQ(chat(R"({"max_tokens":null,"max_completion_tokens":3})").output_cap, 3);
}

TEST(RequestReader, FlagsDuplicatesTwoReadersWouldDisagreeAbout) {
  EXPECT_TRUE(chat(R"({"model":"a","model":"b"})").duplicate_keys);
  EXPECT_EQ(chat(R"({"model":"a","\u006dodel":"b"})").model, "b");
  EXPECT_TRUE(chat(R"({"model":"a","\u006dodel":"b"})").duplicate_keys);
  EXPECT_TRUE(chat(R"({"stream":false,"stream":true})").duplicate_keys);
  EXPECT_TRUE(chat(R"({"n":1,"n":100})").duplicate_keys);
  EXPECT_FALSE(chat(R"({"seed":1,"seed":2,"tools":[{"model":1},{"model":2}]})").duplicate_keys);
}

TEST(RequestReader, MultipliesWhatIsCompletedSeveralTimes) {
  Request legacy;
  legacy.dialect = Dialect::openai_completions;
  EXPECT_EQ(read(legacy, R"({"n":2,"best_of":5})").choices, 5);
  EXPECT_EQ(read(legacy, R"({"n":2,"prompt":["a","b","c"]})").choices, 6);
  EXPECT_EQ(read(legacy, R"({"prompt":[1,2,3]})").choices, 1);
  EXPECT_EQ(read(legacy, R"({"prompt":[[1,2],[3]]})").choices, 2);
  EXPECT_EQ(read(legacy, R"({"prompt":"a"})").choices, 1);
  EXPECT_EQ(read(legacy, R"({"n":1e300,"best_of":-4,"prompt":[]})").choices, 1'000'000);
  EXPECT_EQ(read(legacy, R"({"n":null,"best_of":-4,"prompt":[]})").choices, 1);
  EXPECT_EQ(read(legacy, R"({"n":7,"n":2})").choices, 7);
  EXPECT_EQ(read(legacy, R"({"n":9223372036854775807,"prompt":["a","b"]})").choices, 1'000'000);
  Request gemini;
  gemini.dialect = Dialect::gemini;
  gemini.family = Family::gemini;
  EXPECT_EQ(read(gemini, R"({"generationConfig":{"candidateCount":4}})").choices, 4);
}

TEST(RequestReader, CountsMessages) {
  Request responses;
  responses.dialect = Dialect::openai_responses;
  EXPECT_EQ(read(responses, R"({"input":"hello","background":true})").message_count, 1u);
  EXPECT_TRUE(read(responses, R"({"input":"hello","background":true})").background);
  EXPECT_EQ(read(responses, R"({"input":[{},{},{"content":[1,2]}]})").message_count, 3u);
  EXPECT_EQ(chat(R"({"messages":[]})").message_count, 0u);
  Request gemini;
  gemini.dialect = Dialect::gemini;
  EXPECT_EQ(read(gemini, R"({"contents":[{"parts":[]},{"parts":[]}]})").message_count, 2u);
}

TEST(RequestReader, PrefersTheOlderUserFieldAndFallsBack) {
  EXPECT_EQ(chat(R"({"safety_identifier":"s","user":"u"})").user, "u");
  EXPECT_EQ(chat(R"({"safety_identifier":"s"})").user, "s");
  EXPECT_EQ(chat(R"({"user":null,"metadata":{"user_id":"m"}})").user, "m");
  EXPECT_EQ(chat(R"({"user":7})").user, "");
  EXPECT_EQ(chat("{\"user\":\"" + std::string(513, 'u') + "\"}").user, "");
}

TEST(RequestReader, LetsThePathDecide) {
  Endpoint gemini = endpoint(Dialect::gemini);
  gemini.model = "gemini-x";
  gemini.streams = true;
  Request request;
  request.family = Family::gemini;
  const Asked asked = read(gemini, request, R"({"model":"other","stream":false})");
  EXPECT_EQ(asked.model, "gemini-x");
  EXPECT_EQ(asked.stream, true);
  Endpoint ollama = endpoint(Dialect::ollama);
  ollama.streams_by_default = true;
  EXPECT_EQ(read(ollama, request, "{}").stream, true);
  EXPECT_EQ(read(ollama, request, R"({"stream":false})").stream, false);
}

TEST(RequestReader, CallsOnlyAWholeUtf8ObjectReadable) {
  for (const std::string_view body :
       {"", "[]", "1", "null", "{", "{}}", "{} x", "\xEF\xBB\xBF{}", "{\"a\":\"\xFF\"}",
        "{\"a\":\"\xED\xA0\x80\"}", "// a\n{}", "{\"a\":1,}", "model=x"}) {
    EXPECT_FALSE(chat(body).readable) << body;
    EXPECT_FALSE(chat(body).ask_for_usage) << body;
  }
  EXPECT_FALSE(chat(std::string_view("{\0\"\0a\0\"\0", 8)).readable);
  EXPECT_TRUE(chat(" \r\n{} \n").readable);
}

TEST(RequestReader, InsertsStreamOptionsBehindTheBrace) {
  EXPECT_EQ(asking(R"( {"stream":true,"model":"m"})"),
            R"( {"stream_options":{"include_usage":true},"stream":true,"model":"m"})");
}

TEST(RequestReader, FillsStreamOptionsThatSayNothing) {
  EXPECT_EQ(asking(R"({"stream":true,"stream_options": null })"),
            R"({"stream":true,"stream_options": {"include_usage":true} })");
  EXPECT_EQ(asking(R"({"stream_options":{ },"stream":true})"),
            R"({"stream_options":{"include_usage":true },"stream":true})");
  EXPECT_EQ(
      asking(R"({"stream_options":{ "include_obfuscation":false},"stream":true})"),
      R"({"stream_options":{"include_usage":true, "include_obfuscation":false},"stream":true})");
}

TEST(RequestReader, ReplacesAnAnswerOfNo) {
  EXPECT_EQ(asking(R"({"stream":true,"stream_options":{"include_usage":false}})"),
            R"({"stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_EQ(asking(R"({"stream":true,"stream_options":{"include\u005fusage" : null,"x":1}})"),
            R"({"stream":true,"stream_options":{"include\u005fusage" : true,"x":1}})");
}

TEST(RequestReader, EditsNothingWhereItIsNotSure) {
  for (const std::string_view body :
       {R"({"stream":false})", R"({})", R"({"stream":null})", R"({"stream":"true"})",
        R"({"stream":1})", R"({"stream":true,"stream":true})", R"({"stream":true)",
        R"({"stream":true,"stream_options":{"include_usage":true}})",
        R"({"stream":true,"stream_options":{"include_usage":"no"}})",
        R"({"stream":true,"stream_options":{"include_usage":false,"include_usage":false}})",
        R"({"stream":true,"stream_options":{},"stream_options":{}})",
        R"({"stream":true,"stream_options":null,"stream_options":{"include_usage":true}})",
        R"({"stream":true,"stream_options":[]})", R"({"stream":true,"stream_options":"x"})",
        R"({"stream":true,"stream_options":{"continuous_usage_stats":true}})",
        R"({"messages":[{"stream":true}]})"}) {
    EXPECT_EQ(asking(body), "no edit") << body;
  }
}

TEST(RequestReader, AsksOnlyWhereTheDialectKnowsTheQuestion) {
  Request request;
  request.dialect = Dialect::openai_completions;
  EXPECT_TRUE(read(request, R"({"stream":true})").ask_for_usage);
  for (const Dialect dialect :
       {Dialect::openai_responses, Dialect::anthropic_messages, Dialect::gemini, Dialect::ollama,
        Dialect::cohere, Dialect::openai_audio, Dialect::opaque}) {
    request.dialect = dialect;
    EXPECT_FALSE(read(request, R"({"stream":true})").ask_for_usage);
  }
}

// The judge here is another JSON reader altogether.
TEST(RequestReader, LeavesAnEditedBodyThatOtherReadersUnderstand) {
  for (const std::string_view body :
       {R"({"stream":true})", "{\n\t\"stream\" : true\n}",
        R"({"stream_options":null,"stream":true,"a":[1,2,{"stream_options":{}}]})",
        R"({"a":"}{","stream_options":{"x":{"include_usage":false}},"stream":true})"}) {
    const Asked asked = chat(body);
    ASSERT_TRUE(asked.ask_for_usage) << body;
    const simdjson::padded_string text(edited(body, *asked.ask_for_usage));
    simdjson::dom::parser parser;
    bool include = false;
    ASSERT_EQ(parser.parse(text)["stream_options"]["include_usage"].get(include), simdjson::SUCCESS)
        << body;
    EXPECT_TRUE(include);
    EXPECT_FALSE(chat(edited(body, *asked.ask_for_usage)).ask_for_usage) << "asking twice";
  }
}

std::string gzip(std::string text) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(text.size() + 128, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

TEST(RequestReader, ReadsCompressedBodiesButNeverEditsThem) {
  Request request;
  request.content_encoding = "gzip";
  const Asked asked = read(request, gzip(R"({"model":"m","stream":true,"max_tokens":5})"));
  EXPECT_TRUE(asked.readable);
  EXPECT_EQ(asked.model, "m");
  EXPECT_EQ(asked.output_cap, 5);
  EXPECT_FALSE(asked.ask_for_usage);
}

TEST(RequestReader, CallsABodyItCannotDecodeUnreadable) {
  Request request;
  request.content_encoding = "gzip";
  const std::string packed = gzip(R"({"model":"m"})");
  EXPECT_FALSE(read(request, packed.substr(0, packed.size() - 4)).readable);
  EXPECT_FALSE(read(request, R"({"model":"m"})").readable);
  request.content_encoding = "unheard-of";
  EXPECT_FALSE(read(request, R"({"model":"m"})").readable);
  request.content_encoding = "identity";
  EXPECT_TRUE(read(request, R"({"model":"m"})").readable);
}

TEST(RequestReader, KeepsNothingOfALargeBody) {
  const Endpoint target = endpoint(Dialect::openai_chat);
  RequestReader reader(target, Family::openai, "application/json", "");
  reader.feed(R"({"messages":[{"role":"user","content":")");
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 30; ++i) reader.feed(block);
  reader.feed(R"("}],"model":"m","max_tokens":9})");
  const Asked asked = reader.finish();
  EXPECT_TRUE(asked.readable);
  EXPECT_EQ(asked.output_cap, 9);
  EXPECT_EQ(asked.message_count, 1u);
}

TEST(RequestReader, TellsEveryModelThatAReaderMightFind) {
  Endpoint endpoint;
  endpoint.dialect = Dialect::openai_chat;
  const auto ask = [&](std::string_view body, std::string_view type = "application/json") {
    RequestReader reader(endpoint, Family::openai, type, "");
    reader.feed(body);
    return reader.finish();
  };
  using ModelNames = std::vector<std::string>;
  Asked asked = ask(R"({"model":"a","mod\u0065l":"b","MODEL":"c","model":"d"})");
  EXPECT_EQ(asked.model, "d");
  EXPECT_EQ(asked.other_models, (ModelNames{"a", "c", "b"}));
  EXPECT_FALSE(asked.model_unclear);
  EXPECT_TRUE(asked.model_twice);
  EXPECT_FALSE(ask(R"({"model":"a","model":"a"})").model_twice);
  EXPECT_TRUE(ask(R"({"MODEL":"b","model":"a"})").model_twice);
  EXPECT_FALSE(ask(R"({"model":"a","models":["b"]})").model_twice);
  asked = ask(R"({"model":"a","models":["b"],"fallbacks":["c",{"model":"d"}]})");
  EXPECT_EQ(asked.other_models, (ModelNames{"b", "c", "d"}));
  EXPECT_TRUE(ask(R"({"model":["a"]})").model_unclear);
  EXPECT_TRUE(ask(R"({"model":"a","model":{"id":"b"}})").model_unclear);
  EXPECT_TRUE(ask(R"({"model":")" + std::string(600, 'a') + "\"}").model_unclear);
  EXPECT_TRUE(ask(R"({"model":"a"} {"model":"b"})").model_unclear);
  EXPECT_TRUE(ask(R"({"model":"a"})", "application/json; charset=utf-16").model_unclear);
  EXPECT_FALSE(ask(R"({"model":"a"})", "application/json; charset=UTF-8").model_unclear);
  EXPECT_FALSE(ask(R"({"model":"a"})", "application/json;charset=\"utf-8\"").model_unclear);
  EXPECT_TRUE(ask(R"({"model":"a"})", "a/b; charset=utf-8,a/b; charset=utf-16").model_unclear);
  std::string many = R"({"model":"a","models":[)";
  for (int i = 0; i < 100; ++i) many += "\"m" + std::to_string(i) + "\",";
  EXPECT_TRUE(ask(many + R"("z"]})").model_unclear) << "more than are kept";
  endpoint.model = "path";
  asked = ask(R"({"model":"body"})");
  EXPECT_EQ(asked.model, "path");
  EXPECT_EQ(asked.unheeded_model, "body");
}

}  // namespace
}  // namespace tokenweir::provider
