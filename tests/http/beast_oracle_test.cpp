// Boost.Beast's parser as an oracle. Where both accept a message they must read the same one. Where
// the verdicts differ, the reason must be one of the policies listed here.
#include <gtest/gtest.h>

#include <boost/beast/http.hpp>
#include <map>
#include <set>

#include "http/write.h"
#include "mutate.h"
#include "parsing.h"

namespace tokenweir::http {
namespace {

namespace beast = boost::beast::http;

struct Reading {
  Progress progress = Progress::need_more;
  std::string first_line;  // method and target, or status
  std::string fields;      // names in lower case, values
  std::string body;
  std::string reason;                   // why it was refused
  std::vector<std::string> connection;  // values of Connection
};

std::string lower_case(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return lowered;
}

template <typename Parser>
Reading finish(Parser& parser, std::string_view bytes) {
  parser.eager(true);
  parser.header_limit(64 * 1024);
  parser.body_limit(boost::none);
  Reading reading;
  boost::beast::error_code error;
  std::size_t at = 0;
  while (!parser.is_done() && at < bytes.size()) {
    const std::size_t used =
        parser.put(boost::asio::const_buffer(bytes.data() + at, bytes.size() - at), error);
    at += used;
    if (error == beast::error::need_more) break;
    if (error) {
      reading.progress = Progress::failed;
      reading.reason = error.message();
      return reading;
    }
    if (used == 0) break;
  }
  if (parser.is_done()) reading.progress = Progress::complete;
  return reading;
}

template <typename Fields>
void copy_fields(const Fields& fields, Reading& reading) {
  for (const auto& field : fields) {
    const std::string_view name(field.name_string().data(), field.name_string().size());
    const std::string_view value(field.value().data(), field.value().size());
    reading.fields += lower_case(name) + "=" + std::string(value) + "\n";
  }
}

Reading beast_request(std::string_view bytes) {
  beast::request_parser<beast::string_body> parser;
  Reading reading = finish(parser, bytes);
  if (reading.progress != Progress::complete) return reading;
  const auto& message = parser.get();
  reading.first_line = std::string(message.method_string().data(), message.method_string().size()) +
                       " " + std::string(message.target().data(), message.target().size());
  copy_fields(message, reading);
  reading.body = message.body();
  return reading;
}

Reading beast_response(std::string_view bytes) {
  beast::response_parser<beast::string_body> parser;
  Reading reading = finish(parser, bytes);
  if (reading.progress != Progress::complete) return reading;
  reading.first_line = std::to_string(parser.get().result_int());
  copy_fields(parser.get(), reading);
  reading.body = parser.get().body();
  return reading;
}

// Beast keeps its own order of equal names, so fields are compared sorted by name, stably.
std::string sorted(const std::string& fields) {
  std::multimap<std::string, std::string> lines;
  std::size_t at = 0;
  while (at < fields.size()) {
    const std::size_t end = fields.find('\n', at);
    const std::string line = fields.substr(at, end - at);
    lines.emplace(line.substr(0, line.find('=')), line);
    at = end + 1;
  }
  std::string text;
  for (const auto& [name, line] : lines) text += line + "\n";
  return text;
}

void add_body(Framing framing, std::string_view rest, Reading& reading) {
  const DecodedBody body = decode(framing, rest);
  reading.body = body.data;
  if (body.failed) {
    reading.progress = Progress::failed;
    reading.reason = body.error;
  } else if (!body.done) {
    reading.progress = Progress::need_more;
  }
}

template <typename Parsed>
Reading ours(const Parsed& parsed, std::string_view bytes) {
  Reading reading;
  reading.progress = parsed.progress;
  if (parsed.progress == Progress::failed) reading.reason = parsed.error.reason;
  if (parsed.progress != Progress::complete) return reading;
  for (const Field& field : parsed.head.fields) {
    reading.fields += lower_case(field.name) + "=" + std::string(field.value) + "\n";
    if (lower_case(field.name) == "connection") reading.connection.emplace_back(field.value);
  }
  add_body(parsed.head.framing, bytes.substr(parsed.head.size), reading);
  return reading;
}

Reading our_request(std::string_view bytes) {
  const ParsedRequest parsed = parse_request(bytes);
  Reading reading = ours(parsed, bytes);
  if (parsed.progress == Progress::complete) {
    reading.first_line = std::string(parsed.head.method) + " " + std::string(parsed.head.target);
  }
  return reading;
}

Reading our_response(std::string_view bytes) {
  const ParsedResponse parsed = parse_response(bytes);
  Reading reading = ours(parsed, bytes);
  if (parsed.progress == Progress::complete) {
    reading.first_line = std::to_string(parsed.head.status);
  }
  return reading;
}

// Policies: what Beast accepts and we refuse, by the text of our refusal.
const std::set<std::string> kStricterThanBeast = {
    "Host is missing, repeated or malformed",
    "malformed request target",
    "Transfer-Encoding other than chunked",
    "Transfer-Encoding in HTTP/1.0",
    "both Content-Length and Transfer-Encoding",  // Beast looks at chunked only.
    "several Transfer-Encoding fields",
    "several Content-Length fields",
    "Content-Length is not one decimal number",
    "field name resembles a framing field",
    "folded field line",
    "malformed chunk extension",  // Beast lets control bytes into quoted values.
    "interim answer with a body",
    "malformed trailer field",  // Beast unfolds lines there too.
    "unknown expectation",
    "method not implemented",
    "malformed status line",  // Codes below 100.
};

// Connection's grammar: a comma list of tokens.
bool is_token_list(std::string_view value) {
  constexpr std::string_view kTokens =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
  std::string list(value);
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    const std::string element = list.substr(at, comma - at);
    const std::size_t first = element.find_first_not_of(" \t");
    if (first != std::string::npos) {
      const std::size_t last = element.find_last_not_of(" \t");
      const std::string token = element.substr(first, last - first + 1);
      if (token.find_first_not_of(kTokens) != std::string::npos) return false;
    }
    at = comma + 1;
  }
  return true;
}

// Policies: what we accept and Beast refuses, by the text of its refusal.
bool is_laxer_than_beast(const std::string& bytes, const Reading& mine,
                         const std::string& refusal) {
  if (refusal == "bad method") return bytes.starts_with("\r\n");
  if (refusal == "bad status") return bytes.substr(12, 2) == "\r\n";
  // Beast judges trailers like fields; we drop them unread.
  const bool chunked =
      lower_case(mine.fields).find("transfer-encoding=chunked") != std::string::npos;
  const std::size_t body = bytes.find("\r\n\r\n", 2);
  const std::string trailers = chunked ? lower_case(bytes.substr(body)) : std::string();
  if (refusal == "bad Content-Length") return trailers.find("content-length:") != std::string::npos;
  if (refusal == "bad Transfer-Encoding") {
    return trailers.find("transfer-encoding:") != std::string::npos;
  }
  if (refusal == "bad value") {
    // For us an option that is no token just names no field.
    for (const std::string_view option : mine.connection) {
      if (!is_token_list(option)) return true;
    }
    return trailers.find("connection:") != std::string::npos;
  }
  return false;
}

void compare(const std::string& bytes, const Reading& mine, const Reading& other,
             int& accepted_by_both) {
  const bool i_accept = mine.progress == Progress::complete;
  const bool other_accepts = other.progress == Progress::complete;
  if (i_accept && other_accepts) {
    ++accepted_by_both;
    EXPECT_EQ(mine.first_line, other.first_line) << testing::PrintToString(bytes);
    EXPECT_EQ(mine.body, other.body) << testing::PrintToString(bytes);
    // Beast merges trailers into the fields after the body; ours must still be there in order.
    const std::string all = sorted(other.fields);
    std::size_t at = 0;
    const std::string expected = sorted(mine.fields);
    while (at < expected.size()) {
      const std::size_t end = expected.find('\n', at) + 1;
      EXPECT_NE(all.find(expected.substr(at, end - at)), std::string::npos)
          << testing::PrintToString(bytes);
      at = end;
    }
    return;
  }
  if (i_accept && other.progress == Progress::failed) {
    EXPECT_TRUE(is_laxer_than_beast(bytes, mine, other.reason))
        << other.reason << " " << testing::PrintToString(bytes);
  }
  if (other_accepts && mine.progress == Progress::failed) {
    EXPECT_TRUE(kStricterThanBeast.contains(mine.reason))
        << mine.reason << " " << testing::PrintToString(bytes);
  }
  // Neither may wait for more where the other has a whole message.
  EXPECT_FALSE(other_accepts && mine.progress == Progress::need_more)
      << testing::PrintToString(bytes);
  EXPECT_FALSE(i_accept && other.progress == Progress::need_more) << testing::PrintToString(bytes);
}

TEST(BeastOracle, ReadsRequestsAsWeDo) {
  Mutator mutator(3);
  int accepted_by_both = 0;
  for (int round = 0; round < 200'000; ++round) {
    const std::string bytes =
        mutator.mutate(std::string(kRequestSeeds[mutator.below(kRequestSeeds.size())]));
    compare(bytes, our_request(bytes), beast_request(bytes), accepted_by_both);
  }
  EXPECT_GT(accepted_by_both, 10'000);
}

TEST(BeastOracle, ReadsResponsesAsWeDo) {
  Mutator mutator(5);
  int accepted_by_both = 0;
  for (int round = 0; round < 200'000; ++round) {
    const std::string bytes =
        mutator.mutate(std::string(kResponseSeeds[mutator.below(kResponseSeeds.size())]));
    compare(bytes, our_response(bytes), beast_response(bytes), accepted_by_both);
  }
  EXPECT_GT(accepted_by_both, 10'000);
}

}  // namespace
}  // namespace tokenweir::http
