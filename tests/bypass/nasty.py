"""Further bodies, by kind of trick across the dialects: about a thousand rows in the format of run.py."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from typing import Any

Row = dict[str, Any]

CHAT, MESSAGES, RESPONSES, COMPLETIONS = "/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/completions"
GEMINI, STREAM = "/v1beta/models/gemini-2.5-flash:generateContent", "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
PUBLISHERS = "/v1/projects/p/locations/us-central1/publishers"
VERTEX, CLAUDE = f"{PUBLISHERS}/google/models/gemini-2.5-pro:generateContent", f"{PUBLISHERS}/anthropic/models/claude-sonnet-4-5:rawPredict"
SAID = '"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]'
CONTENTS = '"contents":[{"role":"user","parts":[{"text":"hi"}]}]'
ABOVE, BELOW = "{%s,\"max_tokens\":5000}" % SAID, "{%s,\"max_tokens\":50}" % SAID


def row(family: str, path: str, body: str | bytes, **more: Any) -> Row:
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    return {"name": f"{path} {data[:60]!r} {more or ''}", "provider": family, "path": path, "body_base64": base64.b64encode(data).decode(), **more}


def numbers() -> list[Row]:
    values = ["1E2", "1e+02", "100e0", "1000e-1", "1.01e2", "0.1e3", "0.0501e6", "-0", "-0.0", "-0e9", "1e", "0100", "00", "5e3", "9223372036854775807",
              "9223372036854775808", "18446744073709551616", "1e308", "1e309", "-1e400", "0e99999999999", "1e99999999999", "1e-99999999999", "5000e-99999999",
              "0.00000000000000000001e25", "100.0000000000000000000000000001", "99.99999999999999999999999999", "100" + "0" * 400, "1." + "0" * 300,
              "1" + "0" * 70 + "e-68", "5000000" + "0" * 60 + "e-60", "5000.", ".5e9", "5_000", "+5000", "0x1388", "1e1.5", "--1", "Infinity", "-NaN"]
    values += ['"1E3"', '"\\u0031e3"', '" 50 "', '"\\t5000"', '"5000\\n"', '"5000 tokens"', '"50\\u00000"', '"5e3"', '"-0"', '"1e400"', '"٥٠٠٠"', '"5,000"', '"+50"',
               '"05000"', '"5000.5"', '"NaN"', '"none"', '"unlimited"', '"0b11111111"']
    forms = [("openai", CHAT, "{%s,\"max_tokens\":@}" % SAID), ("anthropic", MESSAGES, '{"model":"c","messages":[],"max_tokens":@}'),
             ("gemini", GEMINI, "{%s,\"generationConfig\":{\"maxOutputTokens\":@}}" % CONTENTS), ("openai", RESPONSES, '{"model":"m","input":"x","max_output_tokens":@}'),
             ("ollama", "/api/chat", '{"model":"l","messages":[],"options":{"num_predict":@}}'), ("cohere", "/v2/chat", '{"model":"c","messages":[],"max_tokens":@}')]
    return [row(family, path, form.replace("@", value)) for family, path, form in forms for value in values]


def pairs() -> list[Row]:
    rows = []
    for a in ("50", "5000", "null", "-1", "0", '"5000"'):
        for b in ("50", "5000", "null", "-1", "0"):
            both = "{\"max_tokens\":%s,%s,\"max_completion_tokens\":%s}" % (a, SAID, b)
            rows += [row(family, CHAT, both) for family in ("openai", "ollama", "azure")]
            rows.append(row("gemini", GEMINI, "{\"generationConfig\":{\"maxOutputTokens\":%s},\"generation_config\":{\"max_output_tokens\":%s},%s}" % (a, b, CONTENTS)))
            rows.append(row("vertex", VERTEX, "{\"generation_config\":{\"max_output_tokens\":%s,\"maxOutputTokens\":%s},%s}" % (a, b, CONTENTS)))
            rows.append(row("ollama", "/api/generate", '{"model":"l","prompt":"x","options":{"num_predict":%s},"options":{"num_predict":%s}}' % (a, b)))
            rows.append(row("openai", "/generate", '{"inputs":"x","parameters":{"max_new_tokens":%s},"parameters":{"max_new_tokens":%s}}' % (a, b)))
    return rows


def keys() -> list[Row]:
    rows = []
    for key in ("max_token\\u0073", "\\u006d\\u0061\\u0078\\u005f\\u0074\\u006f\\u006b\\u0065\\u006e\\u0073", "max_tokens\\u0000", "\\u0000max_tokens", "max\\u002dtokens",
                "max_tokens\\ud800", "\\ufeffmax_tokens", "max\\/tokens", "\\u004dax_tokens", "max_to\\u212aens", "max_token\\u017f", "max_tokens ", "MAX_TOKENS"):
        rows += [row("openai", CHAT, "{%s,\"%s\":5000}" % (SAID, key)), row("openai", CHAT, "{\"max_tokens\":50,%s,\"%s\":5000}" % (SAID, key)),
                 row("openai", CHAT, "{\"%s\":5000,\"max_tokens\":50,%s}" % (key, SAID)), row("ollama", CHAT, "{\"%s\":5000,\"max_tokens\":50,%s}" % (key, SAID)),
                 row("anthropic", MESSAGES, '{"model":"c","messages":[],"max_tokens":50,"%s":5000}' % key)]
    for key in ("generationC\\u006fnfig", "\\u0067enerationConfig", "generation\\u005fconfig", "GenerationConfig", "GENERATION_CONFIG", "generationconfig"):
        for field in ("maxOutputTokens", "max_output_tokens", "maxOutputT\\u006fkens", "MaxOutputTokens", "MAXOUTPUTTOKENS"):
            for first in ("", '"generationConfig":{"maxOutputTokens":50},', '"generation_config":{},'):
                rows.append(row("gemini", GEMINI, "{%s%s,\"%s\":{\"%s\":5000}}" % (first, CONTENTS, key, field)))
    for key in ("opti\\u006fns", "Options", "OPTIONS", "options "):
        for field in ("num_predict", "num\\u005fpredict", "Num_Predict"):
            for form in ('{"model":"m","%s":{"%s":5000}}', '{"model":"m","options":{"num_predict":5},"%s":{"%s":5000}}',
                         '{"model":"m","%s":{"%s":5000},"options":{"num_predict":5}}', '{"model":"m","%s":{"%s":-1},"options":{}}'):
                rows.append(row("ollama", "/api/chat", form % (key, field)))
    return rows


def documents() -> list[Row]:
    rows = [row("openai", CHAT, ABOVE[:-cut]) for cut in (1, 2, 5, 10, 20)]
    for between in ("", "\n", " ", "\x1e", "\x00", ",", "]", "}", "//x\n", "\ufeff", "\x0c", "\x85", "\u2028", "\u00a0"):
        rows += [row("openai", CHAT, text) for text in (BELOW + between + ABOVE, ABOVE + between + BELOW, between + ABOVE, ABOVE + between)]
    for frame in ("[@]", "[[@]]", '"@"', "(@)", '{"body":@}', "@;", "json(@)", "data: @\n\n", "<!--@-->", ")]}',\n@", "{}@", "null@", "[]@", '{"a":1}@', '@{"max_tokens":5000}'):
        rows.append(row("openai", CHAT, frame.replace("@", ABOVE)))
    for text in ('{/*"*/@,"max_tokens":50/*"*/,"max_tokens":5000}', '{@,"max_tokens":50,//"\n"max_tokens":5000}', '{@,"max_tokens":50,}', '{@,,"max_tokens":5000}',
                 '{@,"max_tokens":50 "max_tokens":5000}', '{@,"max_tokens"=5000}', '{@,"max_tokens":50;"max_tokens":5000}', "{@,max_tokens:5000}", "{@,'max_tokens':5000}",
                 '{@,"max_tokens":5000,"x":NaN}', '{@,"max_tokens":5000,"x":"\x01"}', '{@,"max_tokens":50,"x":"a\nb","max_tokens":5000}', '{@,"x":"\\x41","max_tokens":5000}',
                 '{@,"x":"\\u12","max_tokens":5000}', '{@,"x":tru,"max_tokens":5000}', '{@,"x":-,"max_tokens":5000}', '{@,"x":01,"max_tokens":5000}', '{@,"x":1.,"max_tokens":5000}',
                 '{@,"x":"\\ud800","max_tokens":5000}', '{@,"\\ud800":1,"max_tokens":5000}', '{@,"":5000,"max_tokens":50}', '{@,"max_tokens":{"max_tokens":50}}', '{@,"max_tokens":[50,5000]}'):
        rows.append(row("openai", CHAT, text.replace("@", SAID)))
    return rows


def encodings() -> list[Row]:
    rows = []
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-8-sig", "utf-7", "cp037"):
        for said in ("application/json", "application/json; charset=utf-16", 'application/json; charset="UTF-16"', "text/plain; charset=utf-32", "application/json;charset=utf-7"):
            rows.append(row("openai", CHAT, ABOVE.encode(encoding), content_type=said))
    for data in (b'{"x":"\xff","max_tokens":5000}', b'{"x":"\xc0\xaf","max_tokens":5000}', b'{"x":"\xed\xa0\x80","max_tokens":5000}', b'{"max\xc1\x9ftokens":5000,"max_tokens":50}',
                 b'{"x":"\xf5\x80\x80\x80","max_tokens":5000}', b'{"max_tokens":50,"x":"\xe2\x82","max_tokens":5000}', b'{"max_tokens":50\xff}', b'{\xa0"max_tokens":5000}',
                 b'{"max_tokens":50}\xff', b'\x00{"max_tokens":5000}', b'{"max_tokens\x00":5000}', b'{"max_tokens":5000\x00}', b"\xef\xbb\xbf\xef\xbb\xbf" + ABOVE.encode(),
                 b"{\xef\xbb\xbf" + ABOVE.encode()[1:], b"\xef\xbb\xbf" + BELOW.encode()):
        rows.append(row("openai", CHAT, data))
    plain, packed = ABOVE.encode(), gzip.compress(ABOVE.encode(), mtime=0)
    for data, said in ((packed, "gzip"), (packed + b"xx", "gzip"), (gzip.compress(b'{"max_tokens":50}', mtime=0) + packed, "gzip"), (packed[:-4], "gzip"), (packed, "GZIP"), (packed, "gzip,"),
                       (packed, "identity, gzip"), (b"", "gzip"), (zlib.compress(plain), "deflate"), (zlib.compress(plain)[2:-4], "deflate"), (plain, "br"), (plain, "zstd"), (plain, "x"),
                       (plain, '"gzip"'), (packed, "gzip;q=1"), (plain, "none"), (plain, "aws-chunked"), (plain, "compress"), (plain, "utf-8"), (plain, ""), (gzip.compress(packed, mtime=0), "gzip, gzip")):
        rows.append(row("openai", CHAT, data, headers={"Content-Encoding": said}))
    for said in ("", "application/JSON", "application/json; charset=utf-8", "application/vnd.api+json", "application/x-ndjson", "text/json", "application/x-www-form-urlencoded",
                 "multipart/form-data; boundary=x", "multipart/form-data", "application/json, multipart/form-data; boundary=x", 'MULTIPART/form-data; boundary="{"', "text/event-stream"):
        rows.append(row("openai", CHAT, plain, headers=[["Content-Type", said]]))
    rows += [row("openai", CHAT, '{%s"%s":5000,%s}' % (" " * pad, key, SAID), chunked=True) for key in ("max_tokens", "max_completion_tokens") for pad in range(7)]
    return rows


def multiples() -> list[Row]:
    rows = []
    for count in ("2", "3", "100", "101", "1e2", "2.0", '"3"', "[3]", "1.9", "-5", "true", "null", "2e0", "128", "4294967297", "1e400"):
        rows += [row("openai", CHAT, form.replace("@", SAID).replace("#", count)) for form in (
            '{@,"max_tokens":100,"n":#}', '{@,"max_tokens":100,"\\u006e":#}', '{"n":1,@,"max_tokens":100,"n":#}', '{"n":#,@,"max_tokens":100,"n":1}', '{@,"max_tokens":100,"N":#}')]
        rows += [row("openai", COMPLETIONS, form.replace("#", count)) for form in (
            '{"model":"m","prompt":"x","max_tokens":100,"best_of":#}', '{"model":"m","prompt":"x","max_tokens":100,"n":#,"best_of":#}')]
        rows += [row(family, path, form.replace("@", CONTENTS).replace("#", count)) for family, path, form in (
            ("gemini", GEMINI, '{@,"generationConfig":{"candidateCount":#,"maxOutputTokens":100}}'),
            ("vertex", VERTEX, '{@,"generation_config":{"candidate_count":#,"max_output_tokens":100}}'),
            ("gemini", STREAM, '{@,"generationConfig":{"candidateCount":1,"candidateC\\u006funt":#,"maxOutputTokens":100}}'))]
        rows.append(row("cohere", "/v1/generate", '{"model":"c","prompt":"x","max_tokens":100,"num_generations":%s}' % count))
    for budget in ("-1", "0", "50", "99", "100", "5000", "1024", "null", '"5000"', "1e9", "true"):
        rows += [row("gemini", GEMINI, '{%s,"generationConfig":{"maxOutputTokens":5000,"thinkingConfig":{"thinkingBudget":%s}}}' % (CONTENTS, budget)),
                 row("vertex", VERTEX, '{%s,"generation_config":{"max_output_tokens":5000,"thinking_config":{"thinking_budget":%s}}}' % (CONTENTS, budget)),
                 row("anthropic", MESSAGES, '{"model":"c","messages":[],"max_tokens":6000,"thinking":{"type":"enabled","budget_tokens":%s}}' % budget, max=2000),
                 row("vertex", CLAUDE, '{"messages":[],"max_tokens":6000,"thinking":{"type":"enabled","budget_tokens":%s}}' % budget, max=2000),
                 row("cohere", "/v2/chat", '{"model":"c","messages":[],"max_tokens":6000,"thinking":{"type":"enabled","token_budget":%s}}' % budget)]
    rows.append(row("anthropic", MESSAGES, '{"model":"c","messages":[],"max_tokens":6000,"thin\\u006bing":{"type":"enabled","budget\\u005ftokens":5000}}', max=2000))
    return rows


def paths() -> list[Row]:
    everything = '{%s,"prompt":"x","input":"x","inputs":"x","max_tokens":5000,"max_output_tokens":5000,"max_tokens_to_sample":5000,"n_predict":5000,"parameters":{"max_new_tokens":5000},' \
                 '"options":{"num_predict":5000},"generationConfig":{"maxOutputTokens":5000},"generation_config":{"max_output_tokens":5000},"num_generations":5}' % SAID
    known = {
        "openai": ["/v1/chat/completions/", "/V1/chat/completions", "/v1/Chat/Completions", "/v1/chat//completions", "/v1/chat/completions;x=1", "/v1/chat/completions%2f",
                   "/v1/chat%2fcompletions", "/v1/chat%252Fcompletions", "/v1/chat/completions?", "/v1/chat/completion%73", "/v1/chat/completions.", "/v1/chat/completions%20",
                   "/v1/chat/completions/;x", "/v1;a/chat/completions", "/openai/v1/chat/completions", "/inference/v1/chat/completions", "/v1/engines/x/completions", "/v1/fim/completions",
                   "/v1/agents/completions", "/beta/completions", "/chat/completions", "/completions", "/responses", "/v1/Responses", "/generate", "/generate_stream", "/completion", "/infill",
                   "/v1beta/openai/chat/completions", "/compatibility/v1/chat/completions"],
        "azure": ["/openai/deployments/x/completions", "/openai/deployments/x/Chat/Completions", "/OpenAI/Deployments/X/chat/completions?api-version=1"],
        "anthropic": ["/v1/messages/", "/v1/Messages", "/v1/messages?beta=true", "/v1/messages;x", "/v1%2fmessages", "/v1/complete"],
        "gemini": [GEMINI, STREAM, "/v1beta/models/g%3AgenerateContent", "/v1beta/models/g:GenerateContent", "/v1beta/models/g:generateContent/", "/v1beta/Models/g:streamgeneratecontent",
                   "/v1beta/interactions", "/v1beta/Interactions"],
        "ollama": ["/api/chat", "/api/generate", "/API/chat", "//api/chat", "/api/%63hat", "/v1/chat/completions", "/v1/completions"],
        "cohere": ["/v1/chat", "/v2/chat", "/v2/Chat", "/v1/generate", "/v1/summarize"],
    }
    return [row(family, path, everything) for family, listed in known.items() for path in listed]


def ordinary() -> list[Row]:
    schema = {"properties": {"max_tokens": {"type": "integer"}, "n": {"type": "integer"}, "options": {"type": "object"}, "maxOutputTokens": {"type": "integer"}}}
    ask = [{"role": "user", "content": "\U0001F600 \\u0000 max_tokens"}]
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("openai", CHAT, {"model": "gpt-4o", "messages": ask, "logit_bias": {"50256": -100}, "metadata": {"max_tokens": "5000"}, "max_tokens": 64}),
        ("openai", CHAT, {"model": "gpt-5", "messages": ask, "max_completion_tokens": 4000, "reasoning_effort": "low", "tools": [{"type": "function", "function": {"name": "a", "parameters": schema}}]}),
        ("openai", CHAT, {"model": "gpt-4o", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}], "n": 1, "stream": True}),
        ("openai", CHAT, {"model": "m", "messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": "{\"max_tokens\":5000,\"n\":7}"}}]}], "max_tokens": None}),
        ("openai", CHAT, {"model": "m", "messages": [], "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}, "max_tokens": 7, "top_p": 1e-9}),
        ("openai", RESPONSES, {"model": "gpt-5", "input": ask, "reasoning": {"effort": "high"}, "max_output_tokens": 9000, "tools": [{"type": "function", "name": "f", "parameters": schema}]}),
        ("openai", COMPLETIONS, {"model": "m", "prompt": ["a", "b"], "max_tokens": 20, "logprobs": None, "n": 2, "best_of": 2}),
        ("anthropic", MESSAGES, {"model": "c", "max_tokens": 4096, "messages": ask, "tools": [{"name": "x", "input_schema": schema}], "system": [{"type": "text", "text": "x"}]}),
        ("anthropic", MESSAGES, {"model": "c", "max_tokens": 4096, "messages": [{"role": "assistant", "content": [{"type": "tool_use", "input": {"thinking": {"budget_tokens": 9}}}]}]}),
        ("gemini", GEMINI, {"contents": [{"parts": [{"functionCall": {"name": "f", "args": {"maxOutputTokens": 1e9}}}]}], "generationConfig": {"responseSchema": schema, "maxOutputTokens": 8192}}),
        ("vertex", VERTEX, {"contents": [], "tools": [{"functionDeclarations": [{"name": "f", "parameters": schema}]}], "generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}}),
        ("cohere", "/v2/chat", {"model": "c", "messages": ask, "max_tokens": 1000, "documents": [{"data": {"max_tokens": "x"}}]}),
        ("ollama", "/api/chat", {"model": "l", "messages": ask, "options": {"temperature": 0, "num_ctx": 8192}, "format": schema, "keep_alive": -1}),
        ("ollama", "/api/generate", {"model": "l", "prompt": "x", "options": {"num_predict": -1}, "keep_alive": "5m", "raw": True}),
    ]
    rows = []
    for family, path, body in bodies:
        rows += [row(family, path, json.dumps(body), legitimate=True), row(family, path, json.dumps(body, indent=2, ensure_ascii=False), legitimate=True),
                 row(family, path, json.dumps(body), legitimate=True, chunked=True)]
    return rows


def nasty() -> list[Row]:
    return [*numbers(), *pairs(), *keys(), *documents(), *encodings(), *multiples(), *paths(), *ordinary()]
