"""Bodies for every place of wire.md 13.1 and every way to read one differently, in the format of run.py."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from itertools import product

from tests.bypass.nasty import CHAT, CLAUDE, COMPLETIONS, CONTENTS, GEMINI, MESSAGES, PUBLISHERS, RESPONSES, SAID, STREAM, Row, row
from tests.bypass.stored import brotli_stored, zstd_stored

INTERACTIONS, SECRETS, SESSIONS = "/v1beta/interactions", "/v1/realtime/client_secrets", "/v1/realtime/sessions"
PREDICT, RAW = f"{PUBLISHERS}/google/models/text-bison@002:predict", f"{PUBLISHERS}/google/models/text-unicorn:rawPredict"
MISTRAL, LLAMA = f"{PUBLISHERS}/mistralai/models/mistral-large-2411:rawPredict", f"{PUBLISHERS}/meta/models/llama-4:streamRawPredict"
RUNS, RUN = "/v1/threads/runs", "/v1/threads/thread_1/runs"
TALK, TALKS, AGAIN = "/v1/conversations", "/v1/conversations/conv_1", "/v1/conversations/conv_1/restart"

# Where a limit stands: @ is its value. The last column are members beside it that make an ordinary request.
PLACES: list[tuple[str, str, str, str]] = [
    ("openai", CHAT, '"max_tokens":@', SAID),
    ("openai", CHAT, '"max_completion_tokens":@', SAID),
    ("azure", "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", '"max_completion_tokens":@', SAID),
    ("openai", COMPLETIONS, '"max_tokens":@', '"model":"m","prompt":"x"'),
    ("openai", RESPONSES, '"max_output_tokens":@', '"model":"gpt-5","input":"x"'),
    ("anthropic", MESSAGES, '"max_tokens":@', '"model":"claude","messages":[]'),
    ("anthropic", "/v1/complete", '"max_tokens_to_sample":@', '"model":"claude-2","prompt":"x"'),
    ("openai", "/v1/complete", '"max_tokens_to_sample":@', '"model":"grok","prompt":"x"'),
    ("gemini", GEMINI, '"generationConfig":{"maxOutputTokens":@}', CONTENTS),
    ("gemini", STREAM, '"generation_config":{"max_output_tokens":@}', CONTENTS),
    ("gemini", INTERACTIONS, '"generation_config":{"max_output_tokens":@}', '"model":"gemini-3-pro","input":"x"'),
    ("vertex", CLAUDE, '"max_tokens":@', '"anthropic_version":"vertex-2023-10-16","messages":[]'),
    ("vertex", PREDICT, '"parameters":{"maxOutputTokens":@}', '"instances":[{"prompt":"x"}]'),
    ("vertex", RAW, '"parameters":{"maxOutputTokens":@}', '"instances":[{"prompt":"x"}]'),
    ("vertex", MISTRAL, '"max_tokens":@', '"model":"mistral-large","messages":[]'),
    ("vertex", LLAMA, '"max_tokens":@', '"model":"meta/llama-4","messages":[],"stream":true'),
    ("cohere", "/v2/chat", '"max_tokens":@', '"model":"command-a","messages":[]'),
    ("cohere", "/v1/generate", '"max_tokens":@', '"model":"command","prompt":"x"'),
    ("openai", "/v1/fim/completions", '"max_tokens":@', '"model":"codestral","prompt":"x"'),
    ("openai", "/v1/agents/completions", '"max_tokens":@', '"agent_id":"ag","messages":[]'),
    ("openai", TALK, '"completion_args":{"max_tokens":@}', '"model":"mistral-large","inputs":"x"'),
    ("openai", TALKS, '"completion_args":{"max_tokens":@}', '"inputs":[{"role":"user","content":"x"}]'),
    ("openai", AGAIN, '"completion_args":{"max_tokens":@}', '"from_entry_id":"e","inputs":"x"'),
    ("openai", RUNS, '"max_completion_tokens":@', '"assistant_id":"asst","thread":{"messages":[]}'),
    ("openai", RUN, '"max_completion_tokens":@', '"assistant_id":"asst","stream":true'),
    ("openai", "/generate", '"parameters":{"max_new_tokens":@}', '"inputs":"x"'),
    ("openai", "/generate_stream", '"parameters":{"max_new_tokens":@}', '"inputs":"x"'),
    ("openai", "/completion", '"n_predict":@', '"prompt":"x"'),
    ("openai", "/infill", '"n_predict":@', '"input_prefix":"x"'),
    ("ollama", "/api/chat", '"options":{"num_predict":@}', '"model":"llama3","messages":[]'),
    ("ollama", "/api/generate", '"options":{"num_predict":@}', '"model":"llama3","prompt":"x"'),
    ("ollama", CHAT, '"max_tokens":@', SAID),
    ("ollama", RESPONSES, '"max_output_tokens":@', '"model":"llama3","input":"x"'),
    ("openai", SECRETS, '"session":{"type":"realtime","max_output_tokens":@}', '"expires_after":{"seconds":60}'),
    ("openai", SESSIONS, '"max_response_output_tokens":@', '"model":"gpt-4o-realtime-preview"'),
]


def body(*members: str) -> str:
    return "{" + ",".join(member for member in members if member) + "}"


def values() -> Iterator[Row]:
    """Numbers that say much in few or in very many bytes, and what is no number."""
    zeros = "0" * 90
    odd = [f"0.{zeros}5e94", f"-0.{zeros}5e94", f"0.{zeros}1e-5", f"5{zeros}e-87", f"50.{zeros}", f"5000.{zeros}", "1E0004", "5e+0000003", f"5e{zeros}3",
           f"5e-{zeros}3", "1E+400", "-1E+400", "1E-400", "0e5", "-0.0e9", "99.9999999999999999999999", "100.00000000000000000001", "9" * 400,
           '"5000"', '"50"', '"\\u0035000"', f'"{zeros}5000"', '"5e3"', '" 5000"', '"inf"', '"Infinity"', '"-1"', '""', '"\\ud835\\udfd4000"', "null", "true",
           "[5000]", '{"value":5000}', "-1", "0", "-0", "100", "101", "2147483647", "4294967396", "1.7976931348623157e308", "18446744073709551716"]
    for family, path, place, beside in PLACES:
        for value in odd:
            yield row(family, path, body(beside, place.replace("@", value)))


def twice() -> Iterator[Row]:
    """The same place again, before or behind, in another spelling."""
    for family, path, place, beside in PLACES:
        for first, second in [("50", "5000"), ("5000", "50"), ("50", "null"), ("null", "5000"), ("50", "-1"), ('"50"', "5e9")]:
            one, other = place.replace("@", first), place.replace("@", second)
            yield row(family, path, body(one, beside, other))
            key, rest = other.split(":", 1)
            yield row(family, path, body(one, beside, key.upper() + ":" + rest))
            escaped = '"\\u%04x' % ord(key[1]) + key[2:]
            yield row(family, path, body(escaped + ":" + rest, beside, one))
            yield row(family, path, body(one, beside, "".join(f"\\u{ord(c):04X}" if c != '"' else c for c in key) + ":" + rest))
            inner = rest.split(":", 1) if rest.startswith("{") and "type" not in rest else None
            if inner:
                yield row(family, path, body(one[:-1] + "," + rest[1:], beside))
                yield row(family, path, body(beside, key + ":" + inner[0].upper() + ":" + inner[1], one))
                yield row(family, path, body(beside, key + ":{}", one))
                yield row(family, path, body(beside, one, key + ":null"))
                yield row(family, path, body(beside, one, key + ":[" + rest + "]"))
                yield row(family, path, body(beside, key + ":{" + key + ":" + rest + "}"))
    for camel, snake in product((50, 5000), repeat=2):
        for one, other in product(("generationConfig", "generation_config"), repeat=2):
            yield row("gemini", GEMINI, body(f'"{one}":{{"maxOutputTokens":{camel}}}', CONTENTS, f'"{other}":{{"max_output_tokens":{snake}}}'))
            yield row("gemini", INTERACTIONS, body(f'"{one}":{{"max_output_tokens":{camel}}}', '"input":"x"', f'"{other}":{{"maxOutputTokens":{snake}}}'))


def absent() -> Iterator[Row]:
    """No limit at all, or only one that this server does not go by."""
    for family, path, place, beside in PLACES:
        for other in ("", '"max_tokens":null', '"maxTokens":50', '"limit":50', '"max_length":50', '"generation_config":{}', '"options":{}', '"parameters":{}',
                      '"completion_args":{}', '"generationConfig":{"topK":1}', '"config":{"max_tokens":50}', '"max_completion_tokens":null'):
            yield row(family, path, body(beside, other))
        yield row(family, path, "{}")
        yield row(family, path, "{ \r\n}")


def several() -> Iterator[Row]:
    """Answers that share a limit."""
    for count in ("2", "3", "101", "128", "1000000", "2.0", "2e0", '"2"', "1e2", "1.01e2", "null", "-1", "1e400", "[2]"):
        yield row("openai", CHAT, body(SAID, '"max_tokens":1', f'"n":{count}'))
        yield row("openai", CHAT, body(SAID, f'"n":{count}'))
        yield row("azure", "/openai/deployments/x/chat/completions", body(f'"\\u006E":{count}', SAID, '"max_tokens":99'))
        yield row("openai", COMPLETIONS, body('"model":"m","prompt":["a","b"],"max_tokens":40', f'"best_of":{count},"n":1'))
        yield row("openai", COMPLETIONS, body(f'"best_of":1,"best_of":{count}', '"model":"m","prompt":"x","max_tokens":100'))
        yield row("openai", "/completion", body('"prompt":["a","b","c"]', f'"n_predict":40,"n_cmpl":{count}'))
        yield row("gemini", GEMINI, body(CONTENTS, f'"generationConfig":{{"candidateCount":{count},"maxOutputTokens":60}}'))
        yield row("gemini", GEMINI, body(CONTENTS, f'"generationConfig":{{"maxOutputTokens":60}},"generation_config":{{"candidate_count":{count}}}'))
        yield row("gemini", INTERACTIONS, body('"input":"x"', f'"generation_config":{{"candidate_count":{count},"max_output_tokens":60}}'))
        yield row("vertex", PREDICT, body('"instances":[{"prompt":"x"},{"prompt":"y"}]', f'"parameters":{{"candidateCount":{count},"maxOutputTokens":60}}'))
        yield row("vertex", PREDICT, body('"instances":[{},{}]', '"parameters":{"maxOutputTokens":100}', f'"n":{count}'))
        yield row("cohere", "/v1/generate", body('"prompt":"x"', f'"num_generations":{count},"max_tokens":60'))
        yield row("openai", "/generate", body('"inputs":"x"', f'"parameters":{{"best_of":{count},"max_new_tokens":60}}'))
    for prompts in ('["a","b","c"]', "[[1,2],[3]]", "[1,2,3]", '["a",["b"]]', "[]", json.dumps(["x"] * 200)):
        yield row("openai", COMPLETIONS, body('"model":"m","max_tokens":90', f'"prompt":{prompts}'))
        yield row("openai", COMPLETIONS, body('"prompt":"x"', '"model":"m","max_tokens":90', f'"prompt":{prompts}'))
    for count in (1, 2, 5, 150):
        yield row("vertex", PREDICT, body('"instances":[%s]' % ",".join(['{"prompt":"x"}'] * count), '"parameters":{"maxOutputTokens":90}'))
        yield row("vertex", PREDICT, body('"instances":[%s]' % ",".join(['{"prompt":"x","max_tokens":5000}'] * count), '"parameters":{"maxOutputTokens":9}'))


def alternatives() -> Iterator[Row]:
    """Limits of others: fallbacks, advisors, instances, what is set aside for thinking."""
    rows = ['[{"model":"b","max_tokens":5000}]', '[{"model":"b","max_tokens":50},{"model":"c","max_tokens":5e9}]', '[{"max_tokens":50,"max_tokens":5000}]', '[{"MAX_TOKENS":5000}]',
            '[{"max\\u005ftokens":5000}]', '[{"max_tokens":null}]', '[{"max_tokens":"lots"}]', '[{"max_tokens":"5000"}]', '[[{"max_tokens":5000}]]', '{"max_tokens":5000}', '["b"]', "null",
            '[{"max_completion_tokens":5000}]', '[{"max_tokens":-1}]', json.dumps([{"max_tokens": 5000}] * 100), json.dumps([{"max_tokens": 5000}] * 300)]
    for value in rows:
        for family, path, beside in [("anthropic", MESSAGES, '"model":"c","messages":[],"max_tokens":50'), ("vertex", CLAUDE, '"messages":[],"max_tokens":50'),
                                     ("openai", CHAT, SAID + ',"max_tokens":50'), ("openai", MESSAGES, '"model":"c","messages":[],"max_tokens":50')]:
            yield row(family, path, body(beside, f'"fallbacks":{value}'))
            yield row(family, path, body(f'"fallbacks":[],"f\\u0061llbacks":{value}', beside))
    for tool in ('{"type":"advisor_20260301","name":"advisor","model":"o","max_tokens":5000}', '{"max_tokens":5000,"type":"advisor_20260301"}', '{"type":"advisor_20260301","max_tokens":50,"max_tokens":1e9}',
                 '{"type":"advisor_20260301","Max_Tokens":5000}', '{"type":"advisor_20260301","max_tokens":"5000"}', '{"name":"f","input_schema":{"properties":{"max_tokens":{"type":"integer"}}}}'):
        for beside in ('"model":"c","messages":[],"max_tokens":50', '"model":"c","messages":[],"max_tokens":5000'):
            yield row("anthropic", MESSAGES, body(beside, f'"tools":[{tool}]'))
            yield row("anthropic", MESSAGES, body(f'"tools":[{{}},{tool},{tool}]', beside))
    for budget in ("99", "100", "101", "5000", "-1", "0", '"5000"', "1e9", "null", "4e2"):
        yield row("gemini", GEMINI, body(CONTENTS, f'"generationConfig":{{"maxOutputTokens":50,"thinkingConfig":{{"thinkingBudget":{budget}}}}}'))
        yield row("gemini", GEMINI, body(f'"generation_config":{{"thinking_config":{{"thinking_budget":{budget}}},"max_output_tokens":90}}', CONTENTS))
        yield row("cohere", "/v2/chat", body('"model":"c","messages":[],"max_tokens":50', f'"thinking":{{"type":"enabled","token_budget":{budget}}}'))
        yield row("openai", CHAT, body(SAID, '"max_tokens":50', f'"reasoning":{{"max_tokens":{budget}}}'))
        yield row("openai", CHAT, body(SAID, '"max_tokens":50', f'"thinking_token_budget":{budget}'))
        for most in ("900", "1500", "3000", "9000"):
            for limit in (1024, 1025, 1100, 2000, 4096):
                yield row("anthropic", MESSAGES, body('"model":"c","messages":[]', f'"max_tokens":{most},"thinking":{{"type":"enabled","budget_tokens":{budget}}}'), max=limit)


def packed() -> Iterator[Row]:
    """Compressed in ways that readers undo differently."""
    above = body(SAID, '"max_tokens":5000', '"x":"' + "y" * 300 + '"').encode()
    below = body(SAID, '"max_tokens":50', '"x":"' + "y" * 300 + '"').encode()
    half = len(above) // 2

    def named(data: bytes) -> bytes:
        return gzip.compress(data, mtime=0)[:3] + b"\x08" + gzip.compress(data, mtime=0)[4:10] + b"n.json\0" + gzip.compress(data, mtime=0)[10:]

    raw = zlib.compressobj(wbits=-15)
    headless = raw.compress(above) + raw.flush()
    for what in (above, below):
        forms: list[tuple[bytes, str]] = [
            (gzip.compress(what[:half]) + gzip.compress(what[half:]), "gzip"), (gzip.compress(what) + gzip.compress(b" \n"), "gzip"), (gzip.compress(b"") + gzip.compress(what), "gzip"),
            (gzip.compress(what) + b"\0" * 8, "gzip"), (gzip.compress(what)[:-8], "gzip"), (gzip.compress(what)[:-1] + b"x", "gzip"), (named(what), "gzip"),
            (brotli_stored(what), "br"), (zstd_stored(what), "zstd"), (b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstd_stored(what), "zstd"), (zlib.compress(what), "deflate"),
            (headless, "deflate"), (gzip.compress(brotli_stored(what)), "br, gzip"), (brotli_stored(gzip.compress(what)), "gzip,br"), (gzip.compress(what), "br, gzip"),
            (gzip.compress(gzip.compress(gzip.compress(what))), "gzip,gzip,gzip"), (gzip.compress(gzip.compress(gzip.compress(gzip.compress(what)))), "gzip,gzip,gzip,gzip"),
            (gzip.compress(what), "gzip, identity"), (gzip.compress(what), "x-gzip"), (what, "gzip"), (what, "br"), (what, "deflate"), (what, "zstd"), (gzip.compress(what), "dcb"), (what, "chunked"), (what, "*")]
        for data, said in forms:
            yield row("openai", CHAT, data, headers=[["Content-Encoding", said]])
        for fields, data in [(["gzip", "gzip"], gzip.compress(gzip.compress(what))), (["identity", "gzip"], gzip.compress(what)), (["gzip", "identity"], gzip.compress(what)), (["identity", "br"], what),
                             (["", "gzip"], gzip.compress(what)), (["identity", "identity"], what), (["deflate", "gzip"], gzip.compress(zlib.compress(what)))]:
            yield row("openai", CHAT, data, headers=[["Content-Encoding", field] for field in fields])
        for path, family in ((MESSAGES, "anthropic"), (GEMINI, "gemini"), ("/v2/chat", "cohere")):
            yield row(family, path, gzip.compress(what), headers=[["Content-Encoding", "gzip"]])
            yield row(family, path, zstd_stored(what), headers=[["content-encoding", "ZSTD"]])


def texts() -> Iterator[Row]:
    """Bytes that two decoders, or two parsers, see differently."""
    above, below = body(SAID, '"max_tokens":5000'), body(SAID, '"max_tokens":50')
    for charset in ("shift_jis", "gbk", "gb18030", "big5", "euc-kr", "iso-2022-jp", "hz-gb-2312", "utf-7", "utf-16", "utf-16le", "utf-32be", "ibm037", "x-user-defined", "UTF-16, utf-8"):
        # In some of them the second byte of a letter is a backslash or a quote.
        hidden = '{"a":"\u3042\\",\\"b\\":\\"","max_tokens":50,"c":"\u3042\\",\\"max_tokens\\":5000,\\"d\\":\\"",%s}' % SAID
        yield row("openai", CHAT, hidden, content_type=f"application/json; charset={charset}")
        yield row("openai", CHAT, above, content_type=f"application/json;charset={charset}")
    for charset in ("utf-8", '"utf-8"', "UTF8", "us-ascii", "iso-8859-1", "windows-1252", "latin1"):
        yield row("openai", CHAT, above, content_type=f"application/json; charset={charset}", legitimate=True)
    for before, after in product(("", "\ufeff", " \t\r\n", "\x00", "\x0b", "\u00a0", "\u2028", "\u200b", "#\n", "//\n", "/**/", "\x1e", "while(1);", "data: "), ("", "\n\n", "\x00", "\x1a", ";", ",", "//", "\ufeff", "\u2029", "{}", "\n" + below, "]")):
        yield row("openai", CHAT, before + above + after)
    for text in ('{"max_tokens":50/*,"max_tokens":5000/**/}', '{"max_tokens":50,/*"*/"max_tokens":5000/*"*/}', '{"max_tokens":50}//{"max_tokens":5000}', '{"a":1,#"\n"max_tokens":5000}', '{"max_tokens":50,\'max_tokens\':5000}',
                 '{"max_tokens":50,max_tokens:5000}', '{"max_tokens":50,"max_tokens" 5000}', '{"max_tokens":50,"max_tokens"::5000}', '{"max_tokens":50 5000}', '{"max_tokens":50,"a":"\\","max_tokens":5000}', '{"max_tokens":50,"a":"\t","max_tokens":5000}',
                 '{"max_tokens":50,"a":"\\u00","max_tokens":5000}', '{"max_tokens":50,"a":"\\q","max_tokens":5000}', '{"max_tokens":50,"a":NaN,"max_tokens":5000}', '{"max_tokens":50,"a":0x1,"max_tokens":5000}', '{"max_tokens":50,"a":.5,"max_tokens":5000}',
                 '{"max_tokens":50,"a":+1,"max_tokens":5000}', '{"max_tokens":50,"a":[1,],"max_tokens":5000}', '{"max_tokens":50,"a":{},,"max_tokens":5000}', '{"max_tokens":50,"a":`x`,"max_tokens":5000}', '{"max_tokens":50,"a":"x\ny","max_tokens":5000}',
                 '{"max_tokens":50,"a":True,"max_tokens":5000}', '{"max_tokens":50,"a":nul,"max_tokens":5000}', '{"max_tokens":50,"a":1e,"max_tokens":5000}', '{"__proto__":{"max_tokens":5000},"max_tokens":50}', '{"constructor":{"prototype":{"max_tokens":5000}}}',
                 '{"max_tokens":50,"":{"max_tokens":5000}}', '{"a":{"max_tokens":50}}', '{"$ref":"#/a","a":{"max_tokens":5000}}', '{"max_tokens.x":50}', '{"max_tokens[]":5000,"max_tokens":50}', '{"body":{"max_tokens":50}}'):
        yield row("openai", CHAT, text)
        yield row("anthropic", MESSAGES, text)
    for key in ("max_tokens\\u0020", "\\u0009max_tokens", "max_tokens\\u00ad", "max\\u005Ftokens\\u0301", "\\uff4dax_tokens", "max_tokens\\ud83d\\ude00", "max_tokens\\udc00", "\\ud800max_tokens", "max_to\\u006bens", "max_to\u212aens", "max_token\u017f", "M\\u0041X_TOKENS"):
        for family, path in (("openai", CHAT), ("ollama", CHAT), ("anthropic", MESSAGES), ("openai", COMPLETIONS)):
            yield row(family, path, body(f'"{key}":5000', SAID, '"max_tokens":50'))
            yield row(family, path, body(SAID, f'"{key}":5000'))
    for depth in (900, 998, 999, 1000, 1001, 5000):
        yield row("openai", CHAT, body('"x":' + "[" * depth + "]" * depth, '"max_tokens":5000', SAID))
        yield row("openai", CHAT, body('"x":' + '{"x":' * depth + "1" + "}" * depth, SAID))
    for size in (4000, 70_000, 1_200_000):
        yield row("openai", CHAT, body('"model":"m"', '"messages":[{"role":"user","content":"' + "\\u00e9 max_tokens\\\": 5" * (size // 20) + '"}]', '"max_tokens":5000'))
        yield row("gemini", GEMINI, body('"generationConfig":{"stopSequences":["' + "s" * size + '"],"maxOutputTokens":5000}', CONTENTS))
        yield row("openai", CHAT, body('"' + "k" * size + '":1', SAID, '"max_tokens":5000'))
        yield row("openai", CHAT, body(SAID, '"max_tokens":' + " " * size + "5000"))
        yield row("openai", CHAT, body(SAID, '"max_tokens":5' + "0" * size))


def ways() -> Iterator[Row]:
    """Paths, methods and fields of the head."""
    everything = body(SAID, '"prompt":"x","input":"x","inputs":"x","instances":[{}],"assistant_id":"a"', *(f'"{key}":5000' for key in (
        "max_tokens", "max_output_tokens", "max_completion_tokens", "max_tokens_to_sample", "n_predict", "max_response_output_tokens")),
        '"parameters":{"max_new_tokens":5000,"maxOutputTokens":5000},"options":{"num_predict":5000},"completion_args":{"max_tokens":5000},"session":{"max_output_tokens":5000}',
        '"generationConfig":{"maxOutputTokens":5000},"generation_config":{"max_output_tokens":5000}')
    for family, path, _place, _beside in PLACES:
        plain, _, query = path.partition("?")
        head, tail = plain.rsplit("/", 1)
        for form in (plain + "/", plain + "//", "/v1" + plain, "/v9/x" + plain, "/" + plain, plain.replace("/", "//"), plain + "?max_tokens=5000&n=7", plain + "?generationConfig.maxOutputTokens=5000",
                     plain + "?alt=json&$httpMethod=GET", head + "/%" + f"{ord(tail[0]):02x}" + tail[1:], head + "/" + tail.upper(), head + "/" + tail.capitalize(), plain + ";v=1", plain + "%20", plain + "%2F", plain + ".", head + "%2f" + tail):
            yield row(family, form, everything)
    for method in ("PUT", "PATCH", "post", "Post", "QUERY"):
        yield row("openai", CHAT, everything, method=method)
    for said in ("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "application/json5", "application/cbor", "application/msgpack", "application/vnd.api+json; charset=utf-8", "text/json;charset=UTF-8", "*/*", "application/octet-stream"):
        for family, path in (("openai", CHAT), ("anthropic", MESSAGES), ("gemini", GEMINI), ("openai", RUNS), ("vertex", PREDICT)):
            yield row(family, path, everything, content_type=said)
    for form in ("max_tokens=5000&model=m&messages=[]", "max_tokens=50&max_tokens=5000", "{\"max_tokens\":50}&max_tokens=5000"):
        yield row("openai", CHAT, form, content_type="application/x-www-form-urlencoded")
    part = "--b\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n"
    form = part % ("model", "m") + part % ("max_tokens", "5000") + part % ("messages", "[]") + "--b--\r\n"
    yield row("openai", CHAT, form, content_type="multipart/form-data; boundary=b")
    yield row("openai", CHAT, body('"x":1', '"max_tokens":5000') + form, content_type="multipart/form-data; boundary=b")
    for field, value in (("X-HTTP-Method-Override", "PUT"), ("Content-Type", "application/json"), ("Content-Range", "bytes 0-9/10"), ("Trailer", "X-A"), ("Content-Location", "/other"), ("Prefer", "respond-async"),
                         ("X-Original-URL", "/v1/models"), ("X-Rewrite-URL", "/v1/models"), ("X-Forwarded-Prefix", "/v1"), ("Content-MD5", "AAAA"), ("Digest", "sha-256=x"), ("Want-Digest", "md5")):
        yield row("openai", CHAT, everything, headers=[[field, value]])
        yield row("openai", CHAT, everything, headers=[[field, value]], chunked=True)


def honest() -> Iterator[Row]:
    """What people send: to be lowered where it says too much, never refused."""
    for family, path, place, beside in PLACES:
        for value in ("100", "1", "64", "5000", "1e3", "4096.0"):
            if path in (RESPONSES,) and value == "1":
                continue
            yield row(family, path, body(beside, place.replace("@", value)), legitimate=True)
            yield row(family, path, "{\n  " + (place.replace("@", value) + ", " + beside).replace(",", ",\n  ") + "\n}\n", legitimate=True, chunked=True)
        yield row(family, path, body(beside), legitimate=True)
    for model in ("text-embedding-005", "imagen-4.0-generate-001", "multimodalembedding@001"):
        yield row("vertex", f"{PUBLISHERS}/google/models/{model}:predict", '{"instances":[{"content":"x"}],"parameters":{"maxOutputTokens":10}}', legitimate=True)
    yield row("openai", TALK, '{"metadata":{"topic":"x"},"items":[{"type":"message","role":"user","content":"hi"}]}', legitimate=True)
    yield row("openai", SECRETS, '{"session":{"type":"realtime","model":"gpt-realtime","max_output_tokens":"inf"}}', legitimate=True)
    yield row("openai", SESSIONS, '{"model":"gpt-4o-realtime-preview","max_response_output_tokens":"inf","modalities":["text"]}', legitimate=True)
    yield row("openai", RUN, '{"assistant_id":"a","max_prompt_tokens":90000,"truncation_strategy":{"type":"auto"},"additional_messages":[{"role":"user","content":"max_tokens"}]}', legitimate=True)
    yield row("openai", CHAT, body(SAID, '"n":4,"max_tokens":100'), legitimate=True)
    yield row("openai", CHAT, body(SAID, '"reasoning_effort":"low","max_completion_tokens":30000,"verbosity":"low","metadata":{"n":"3"}'), legitimate=True)
    yield row("gemini", GEMINI, body(CONTENTS, '"generationConfig":{"thinkingConfig":{"thinkingBudget":-1,"includeThoughts":true},"candidateCount":1,"responseMimeType":"text/plain"}'), legitimate=True)
    yield row("gemini", GEMINI, body(CONTENTS, '"generationConfig":{"maxOutputTokens":8192,"thinkingConfig":{"thinkingBudget":4096}},"safetySettings":[]'), legitimate=True)
    yield row("openai", CHAT, gzip.compress(body(SAID, '"max_tokens":64').encode(), mtime=0), headers={"Content-Encoding": "gzip"}, legitimate=True)
    yield row("anthropic", MESSAGES, zstd_stored(body('"model":"c","messages":[{"role":"user","content":"%s"}]' % ("y" * 300), '"max_tokens":64').encode()), headers={"Content-Encoding": "zstd"}, legitimate=True)


def siege() -> list[Row]:
    made = (values, twice, absent, several, alternatives, packed, texts, ways, honest)
    return [one for make in made for one in make()]
