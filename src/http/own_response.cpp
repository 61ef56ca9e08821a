#include <charconv>

#include "http/head_writer.h"
#include "http/write.h"

namespace tokenweir::http {

void append_own_response(std::string& out, int status, std::string_view content_type,
                         std::string_view body, bool close, bool head_only,
                         std::span<const std::pair<std::string_view, std::string_view>> extra) {
  std::size_t bound = 192 + content_type.size() + body.size();
  for (const auto& field : extra) bound += field.first.size() + field.second.size() + 4;
  HeadWriter writer(out, bound);
  writer.put("HTTP/1.1 ");
  writer.number(static_cast<std::uint64_t>(status));
  writer.put(" ");
  writer.put(reason_phrase(status));
  writer.put(kCrlf);
  if (!content_type.empty()) writer.field("Content-Type", content_type);
  if (status >= 200 && status != 204 && status != 304) {
    writer.put("Content-Length: ");
    writer.number(body.size());
    writer.put(kCrlf);
  }
  for (const auto& field : extra) writer.field(field.first, field.second);
  if (close) writer.field("Connection", "close");
  writer.put(kCrlf);
  if (!head_only && status >= 200 && status != 204 && status != 304) writer.put(body);
}

void append_chunk_size(std::string& out, std::uint64_t size) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, size, 16).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
  out.append(kCrlf);
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    case 508:
      return "Loop Detected";
    case 529:
      return "Overloaded";
    default:
      return "Unknown";
  }
}

}  // namespace tokenweir::http
