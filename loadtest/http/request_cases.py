"""Hostile and legitimate requests, generated from tables of variants: every combination is one case with its own id.

The classes follow the public literature on desync: length against chunked framing, disguised Transfer-Encoding, chunk
syntax, line and field syntax, Host and target, hop-by-hop fields, limits, connection handling."""

from case import Case

HOST = b"Host: api.test\r\n"
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: api.test\r\nX-Hidden: 1\r\n\r\n"
NEXT = b"GET /case-next HTTP/1.1\r\nHost: api.test\r\n\r\n"
CHUNKED_HELLO = b"5\r\nhello\r\n0\r\n\r\n"


class Collection:
    def __init__(self):
        self.cases = []

    def add(self, klass, name, expect, raw, **more):
        self.cases.append(Case(id=f"{klass}-{name}", klass=klass, expect=expect, raw=raw, **more))

    def table(self, klass, expect, build, rows, **more):
        for name, value in rows.items():
            self.add(klass, name, expect, build(value), **more)


def post(fields=b"", body=b"", target=b"/case", version=b"HTTP/1.1", method=b"POST", host=HOST):
    return method + b" " + target + b" " + version + b"\r\n" + host + fields + b"\r\n" + body


def get(fields=b"", target=b"/case", version=b"HTTP/1.1", host=HOST):
    return post(fields, b"", target, version, b"GET", host)


def length(value, name=b"Content-Length: "):
    return name + (b"%d" % value if isinstance(value, int) else value) + b"\r\n"


def content_length(cases):
    size = b"%d" % len(HIDDEN)
    bad_values = {
        "plus": b"+" + size, "minus": b"-" + size, "minus-zero": b"-0", "hex": b"0x20", "hex-letters": b"2f",
        "octal-prefix": b"0o5", "float": size + b".0", "exponent": b"1e1", "two-numbers": size + b" " + size,
        "list-same": size + b", " + size, "list-other": size + b", 0", "list-other-first": b"0, " + size,
        "list-no-space": size + b"," + size, "list-empty-end": size + b",", "list-empty-start": b"," + size,
        "semicolon": size + b";", "parameter": size + b";a=b", "quoted": b'"' + size + b'"', "quotes": b"'" + size + b"'",
        "empty": b"", "blank": b"  ", "word": b"abc", "number-word": size + b"abc", "word-number": b"abc" + size,
        "underscore": b"5_0", "thousands": b"1'000", "vertical-tab": b"\x0b" + size, "form-feed": size + b"\x0c",
        "nul-after": size + b"\x00", "nul-before": b"\x00" + size, "del": size + b"\x7f", "latin1-space": b"\xa0" + size,
        "full-width-digits": "５".encode(), "superscript": b"\xb2", "overflow-64": b"18446744073709551616",
        "overflow-64-small": b"18446744073709551621", "overflow-signed": b"99999999999999999999",
        "overflow-32": b"4294967301000000000000", "very-long": b"9" * 400, "zeros-long": b"0" * 300 + size,
        "bare-cr-inside": b"4\r2", "bare-lf-inside": b"4\n2", "folded": b"\r\n " + size, "folded-second": size + b"\r\n 0",
        "percent": b"%35", "chunked-word": b"chunked",
    }
    cases.table("content-length", "reject", lambda value: post(length(value), HIDDEN), bad_values)
    names = {
        "space-before-colon": b"Content-Length : ", "tab-before-colon": b"Content-Length\t: ",
        "leading-space": b" Content-Length: ", "leading-tab": b"\tContent-Length: ",
        "vertical-tab-before-colon": b"Content-Length\x0b: ", "nul-in-name": b"Content\x00-Length: ",
        "nul-after-name": b"Content-Length\x00: ", "space-in-name": b"Content Length: ", "latin1-name": b"Content\xadLength: ",
        "no-colon": b"Content-Length ", "semicolon-for-colon": b"Content-Length; ", "cr-before-name": b"\rContent-Length: ",
        "quoted-name": b'"Content-Length": ', "line-feed-name": b"X: y\nContent-Length: ", "cr-name": b"X: y\rContent-Length: ",
        "brackets-in-name": b"Content-Length[]: ", "slash-in-name": b"Content/Length: ",
    }
    cases.table("content-length-name", "reject", lambda name: post(length(len(HIDDEN), name), HIDDEN), names)
    look_alikes = {"underscore": b"Content_Length: ", "double-hyphen": b"Content--Length: ", "leading-hyphen": b"-Content-Length: ",
                   "dot": b"Content.Length: ", "trailing-hyphen": b"Content-Length-: "}
    cases.table("content-length-look-alike", "either", lambda name: post(length(len(HIDDEN), name), HIDDEN), look_alikes,
                level="policy")
    body = b"hello"
    doubles = {
        "same": (b"5", b"5"), "larger-second": (b"5", b"6"), "smaller-second": (b"6", b"5"), "zero-first": (b"0", b"5"),
        "zero-second": (b"5", b"0"), "leading-zero": (b"5", b"05"), "empty-second": (b"5", b""), "bad-second": (b"5", b"x"),
        "bad-first": (b"x", b"5"), "negative-second": (b"5", b"-5"),
    }
    cases.table("content-length-double", "reject", lambda two: post(length(two[0]) + b"X: y\r\n" + length(two[1]), body),
                doubles)
    cases.add("content-length-double", "three", "reject", post(length(5) * 3, body))
    cases.add("content-length-double", "mixed-case", "reject", post(length(0) + length(len(HIDDEN), b"content-LENGTH: "), HIDDEN))
    for name, fields in {"plain": b"Content-Length: 5\r\n", "lower-case": b"content-length: 5\r\n",
                         "upper-case": b"CONTENT-LENGTH: 5\r\n", "no-space": b"Content-Length:5\r\n",
                         "tab": b"Content-Length:\t5\r\n", "padding": b"Content-Length: \t 5 \t\r\n",
                         "leading-zeros": b"Content-Length: 0005\r\n"}.items():
        cases.add("content-length-good", name, "accept", post(fields, body))
    cases.add("content-length-good", "zero", "accept", post(b"Content-Length: 0\r\n"))
    cases.add("content-length-good", "get-with-body", "accept", post(length(5), body, method=b"GET"))
    cases.add("content-length-good", "delete-with-body", "accept", post(length(5), body, method=b"DELETE"))
    cases.add("content-length-good", "binary-body", "accept", post(length(256), bytes(range(256))))
    cases.add("content-length-good", "body-that-looks-like-a-request", "accept", post(length(len(HIDDEN)), HIDDEN))
    cases.add("content-length-good", "http10", "accept", post(length(5), body, version=b"HTTP/1.0"))
    cases.add("content-length-good", "no-length-then-next", "accept", post() + NEXT, targets=["/case", "/case-next"])
    cases.add("content-length-good", "followed-by-next", "accept", post(length(5), body) + NEXT, targets=["/case", "/case-next"])
    for name, sent in {"nothing": b"", "one-byte": b"h", "all-but-one": b"hell"}.items():
        for end in ("close", "half", "reset"):
            cases.add("cut-request", f"length-{name}-{end}", "reject", post(length(5), sent), end=end)


# Lines that some parser takes for chunked and another does not.
DISGUISED = {
    "space-before-colon": b"Transfer-Encoding : chunked", "tab-before-colon": b"Transfer-Encoding\t: chunked",
    "leading-space": b" Transfer-Encoding: chunked", "leading-tab": b"\tTransfer-Encoding: chunked",
    "x-prefix": b"Transfer-Encoding: xchunked", "suffix": b"Transfer-Encoding: chunkedx", "short": b"Transfer-Encoding: chunk",
    "identity": b"Transfer-Encoding: identity", "cow": b"Transfer-Encoding: cow", "gzip": b"Transfer-Encoding: gzip",
    "chunked-then-identity": b"Transfer-Encoding: chunked, identity", "identity-then-chunked": b"Transfer-Encoding: identity, chunked",
    "gzip-then-chunked": b"Transfer-Encoding: gzip, chunked", "chunked-then-gzip": b"Transfer-Encoding: chunked, gzip",
    "chunked-twice": b"Transfer-Encoding: chunked, chunked", "comma-first": b"Transfer-Encoding: ,chunked",
    "comma-last": b"Transfer-Encoding: chunked,", "comma-blank": b"Transfer-Encoding: , chunked", "empty": b"Transfer-Encoding:",
    "space-separated": b"Transfer-Encoding: chunked identity", "parameter": b"Transfer-Encoding: chunked;q=1",
    "semicolon": b"Transfer-Encoding: chunked;", "double-quoted": b'Transfer-Encoding: "chunked"',
    "single-quoted": b"Transfer-Encoding: 'chunked'", "vertical-tab": b"Transfer-Encoding:\x0bchunked",
    "form-feed": b"Transfer-Encoding: \x0cchunked", "nul-before": b"Transfer-Encoding: \x00chunked",
    "nul-after": b"Transfer-Encoding: chunked\x00", "latin1-space": b"Transfer-Encoding: \xa0chunked",
    "latin1-after": b"Transfer-Encoding: chunked\xff", "del-after": b"Transfer-Encoding: chunked\x7f",
    "folded": b"Transfer-Encoding:\r\n chunked", "folded-tab": b"Transfer-Encoding:\r\n\tchunked",
    "fold-of-another": b"X: y\r\n Transfer-Encoding: chunked", "bare-lf-before": b"X: y\nTransfer-Encoding: chunked",
    "bare-cr-before": b"X: y\rTransfer-Encoding: chunked", "bare-cr-after": b"Transfer-Encoding: chunked\rX: y",
    "bare-lf-after": b"Transfer-Encoding: chunked\nX: y", "name-split": b"Transfer-Encoding\r\n: chunked",
    "nul-in-name": b"Transfer\x00-Encoding: chunked", "space-in-name": b"Transfer Encoding: chunked",
    "twice-same": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "twice-identity": b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    "twice-cow": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: cow", "mixed-case-value-x": b"Transfer-Encoding: CHUNKEDX",
    "backslash": b"Transfer-Encoding: \\chunked", "colon-twice": b"Transfer-Encoding:: chunked",
    "kelvin-sign": "Transfer-Encoding: chun\u212aed".encode(), "long-s": "Tran\u017ffer-Encoding: chunked".encode(),
    "soft-hyphen": b"Transfer-\xadEncoding: chunked", "zero-width-space": "Transfer-Encoding: \u200bchunked".encode(),
    "next-line": b"Transfer-Encoding: chunked\x85", "comma-tab": b"Transfer-Encoding: chunked,\t",
    "weight": b"Transfer-Encoding: chunked; q=0", "trailing-word": b"Transfer-Encoding: chunked chunked",
    "newline-in-value": b"Transfer-Encoding: chun\nked", "crlf-then-value": b"Transfer-Encoding: \r\nchunked",
    "equals": b"Transfer-Encoding= chunked", "backspace": b"Transfer-Encoding: \x08chunked", "escape": b"Transfer-Encoding: \x1bchunked",
}


def transfer_encoding(cases):
    for name, line in DISGUISED.items():
        # Unfolded into the field before, that line says nothing of a body, so none is sent.
        body = b"" if name == "fold-of-another" else CHUNKED_HELLO
        cases.add("transfer-encoding", name, "reject", post(line + b"\r\n", body))
    for name in ("underscore", "double-hyphen", "dot"):
        line = {"underscore": b"Transfer_Encoding: chunked", "double-hyphen": b"Transfer--Encoding: chunked",
                "dot": b"Transfer.Encoding: chunked"}[name]
        cases.add("transfer-encoding-look-alike", name, "either", post(line + b"\r\n", b"0\r\n\r\n"), level="policy")
        cases.add("transfer-encoding-look-alike", name + "-with-length", "either",
                  post(line + b"\r\n" + length(5), b"hello"), level="policy")
    cases.add("transfer-encoding", "http10", "reject",
              post(b"Transfer-Encoding: chunked\r\n", CHUNKED_HELLO, version=b"HTTP/1.0"))
    cases.add("transfer-encoding", "http10-keep-alive", "reject",
              post(b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + HIDDEN, version=b"HTTP/1.0"))
    for name, value in {"plain": b" chunked", "capital": b" Chunked", "upper": b" CHUNKED", "no-space": b"chunked",
                        "tab": b"\tchunked", "padding": b"  chunked \t"}.items():
        cases.add("transfer-encoding-good", name, "accept", post(b"Transfer-Encoding:" + value + b"\r\n", CHUNKED_HELLO),
                  body=b"hello")
    cases.add("transfer-encoding-good", "lower-case-name", "accept",
              post(b"transfer-encoding: chunked\r\n", CHUNKED_HELLO) + NEXT, targets=["/case", "/case-next"])
    cases.add("transfer-encoding-good", "connection-names-it", "accept",
              post(b"Connection: keep-alive, Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", CHUNKED_HELLO))


def both_framings(cases):
    payload = b"0\r\n\r\n" + HIDDEN
    lengths = {"all": b"%d" % len(payload), "short": b"5", "zero": b"0"}
    for name, value in lengths.items():
        for order in ("length-first", "chunked-first"):
            fields = [length(value), b"Transfer-Encoding: chunked\r\n"]
            if order == "chunked-first":
                fields.reverse()
            cases.add("both-framings", f"{name}-{order}", "reject", post(b"".join(fields), payload))
            cases.add("both-framings", f"{name}-{order}-apart", "reject", post(b"X: y\r\n".join(fields), payload))
    # The length covers what chunked framing leaves over; disguises decide which of the two is believed.
    for name, line in DISGUISED.items():
        cases.add("both-framings", f"disguised-{name}", "reject", post(length(len(payload)) + line + b"\r\n", payload))
    for name in ("space-before-colon", "suffix", "vertical-tab", "folded", "bare-lf-before", "twice-cow", "comma-first",
                 "gzip", "nul-after", "chunked-then-identity", "latin1-space", "x-prefix"):
        smuggled = b"%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n0\r\n\r\n"
        cases.add("both-framings", f"disguised-{name}-short", "reject",
                  post(DISGUISED[name] + b"\r\n" + length(4), smuggled))
    cases.add("both-framings", "get", "reject", post(length(5) + b"Transfer-Encoding: chunked\r\n", payload, method=b"GET"))
    cases.add("both-framings", "bad-length", "reject", post(length(b"x") + b"Transfer-Encoding: chunked\r\n", payload))
    cases.add("both-framings", "two-lengths", "reject",
              post(length(5) + length(6) + b"Transfer-Encoding: chunked\r\n", payload))
    cases.add("both-framings", "connection-names-length", "reject",
              post(b"Connection: Content-Length\r\n" + length(len(payload)) + b"Transfer-Encoding: chunked\r\n", payload))
    cases.add("both-framings", "connection-names-chunked", "reject",
              post(b"Connection: Transfer-Encoding\r\n" + length(5) + b"Transfer-Encoding: chunked\r\n", payload))
    cases.add("both-framings", "http10", "reject",
              post(length(len(payload)) + b"Transfer-Encoding: chunked\r\n", payload, version=b"HTTP/1.0"))


def chunks(cases):
    def chunked(body):
        return post(b"Transfer-Encoding: chunked\r\n", body)

    bad_sizes = {
        "space-after": b"5 ", "space-before": b" 5", "tab-after": b"5\t", "tab-before": b"\t5", "plus": b"+5", "minus": b"-5",
        "minus-zero": b"-0", "hex-prefix": b"0x5", "hex-prefix-upper": b"0X5", "suffix-h": b"5h", "comma": b"5,5", "dot": b"5.0",
        "underscore": b"0_5", "word": b"five", "quoted": b'"5"', "nul": b"5\x00", "nul-before": b"\x005",
        "vertical-tab": b"5\x0b", "latin1": b"5\xa0", "full-width": "５".encode(), "two": b"5 5",
        "too-large": b"10000000000000005", "too-large-ffff": b"fffffffffffffffff", "wraps-32": b"100000000000000000005",
        "negative-64": b"fffffffffffffffb0", "equals": b"5=", "bare-cr": b"5\r", "extension-bare-cr": b"5;a\rb",
        "extension-nul": b"5;a\x00b", "extension-control": b"5;a\x01", "question": b"5?", "newline-first": b"\r\n5", "slash": b"5/",
    }
    for name, size in bad_sizes.items():
        cases.add("chunk-size", name, "reject", chunked(size + b"\r\nhello\r\n0\r\n\r\n"))
    cases.add("chunk-size", "empty", "reject", chunked(b"\r\nhello\r\n0\r\n\r\n"))
    cases.add("chunk-size", "only-extension", "reject", chunked(b";a\r\nhello\r\n0\r\n\r\n"))
    cases.add("chunk-size", "empty-last", "reject", chunked(b"5\r\nhello\r\n\r\n" + HIDDEN))
    endings = {
        "lf-after-size": b"5\nhello\r\n0\r\n\r\n", "lf-after-data": b"5\r\nhello\n0\r\n\r\n", "lf-after-zero": b"5\r\nhello\r\n0\n\r\n",
        "lf-at-end": b"5\r\nhello\r\n0\r\n\n", "all-lf": b"5\nhello\n0\n\n", "cr-after-size": b"5\rhello\r\n0\r\n\r\n",
        "cr-after-data": b"5\r\nhello\r0\r\n\r\n", "cr-cr-lf": b"5\r\r\nhello\r\n0\r\n\r\n", "lf-cr": b"5\n\rhello\r\n0\r\n\r\n",
        "none-after-data": b"5\r\nhello0\r\n\r\n", "two-bytes-after-data": b"5\r\nhelloXX0\r\n\r\n",
        "too-short": b"6\r\nhello\r\n0\r\n\r\n" + HIDDEN, "too-long": b"4\r\nhello\r\n0\r\n\r\n" + HIDDEN,
        "lf-in-extension": b"5;a\nhello\r\n0\r\n\r\n", "lf-in-extension-then-chunk": b"5;\n" + b"x" * 5 + b"\r\n0\r\n\r\n" + HIDDEN,
        "quoted-crlf": b'5;a="\r\nhello\r\n0\r\n\r\n"', "xx-after-zero": b"0\r\nXX", "extra-crlf-between": b"5\r\nhello\r\n\r\n0\r\n\r\n",
        "extension-spills": b"2;\nxx\r\n" + b"%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n0\r\n\r\n",
    }
    for name, body in endings.items():
        cases.add("chunk-line", name, "reject", chunked(body))
    trailers = {
        "lf": b"X: y\n\r\n", "space-before-colon": b"X : y\r\n\r\n", "folded": b"X: y\r\n z\r\n\r\n", "no-colon": b"X\r\n\r\n",
        "nul": b"X: \x00\r\n\r\n", "leading-space": b" X: y\r\n\r\n", "bare-cr": b"X: y\rZ: w\r\n\r\n", "empty-name": b": y\r\n\r\n",
        "request-line": b"GET /hidden HTTP/1.1\r\nHost: api.test\r\n\r\n",
    }
    for name, tail in trailers.items():
        cases.add("chunk-trailer", name, "reject", chunked(b"5\r\nhello\r\n0\r\n" + tail))
    for name, line in {"content-length": b"Content-Length: 3", "transfer-encoding": b"Transfer-Encoding: chunked",
                       "host": b"Host: other.test", "authorization": b"Authorization: Bearer other",
                       "workflow": b"X-LLM-Workflow: other", "connection": b"Connection: close",
                       "harmless": b"X-Checksum: abc"}.items():
        cases.add("chunk-trailer", f"names-{name}", "either",
                  chunked(b"5\r\nhello\r\n0\r\n" + line + b"\r\n\r\n") + NEXT, targets=["/case", "/case-next"], body=b"hello",
                  absent=[] if name in ("harmless", "host") else [line.partition(b":")[0].decode()]
                  if name in ("authorization", "workflow") else [])
    good = {
        "one": CHUNKED_HELLO, "two": b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "upper-hex": b"A\r\n0123456789\r\n0\r\n\r\n",
        "lower-hex": b"a\r\n0123456789\r\n0\r\n\r\n", "leading-zeros": b"0005\r\nhello\r\n000\r\n\r\n", "empty-body": b"0\r\n\r\n",
        "extension": b"5;a\r\nhello\r\n0\r\n\r\n", "extension-value": b"5;a=b\r\nhello\r\n0;c=d\r\n\r\n",
        "extension-quoted": b'5;a="b;c"\r\nhello\r\n0\r\n\r\n', "data-with-crlf": b"7\r\na\r\nb\r\nc\r\n0\r\n\r\n",
        "data-like-end": b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", "many": b"1\r\nx\r\n" * 300 + b"0\r\n\r\n",
        "large": b"10000\r\n" + b"x" * 65536 + b"\r\n0\r\n\r\n", "trailer": b"5\r\nhello\r\n0\r\nX-Sum: y\r\n\r\n",
    }
    for name, body in good.items():
        cases.add("chunk-good", name, "accept", chunked(body))
    cases.add("chunk-limit", "long-extension", "either", chunked(b"5;" + b"a" * 20000 + b"\r\nhello\r\n0\r\n\r\n"))
    cases.add("chunk-limit", "long-size", "either", chunked(b"0" * 20000 + b"5\r\nhello\r\n0\r\n\r\n"))
    cases.add("chunk-limit", "large-trailer", "either", chunked(b"0\r\n" + b"X: y\r\n" * 20000 + b"\r\n"))
    for name, body in {"in-size": b"5", "after-size": b"5\r\n", "in-data": b"5\r\nhel", "after-data": b"5\r\nhello\r\n",
                       "after-zero": b"5\r\nhello\r\n0\r\n", "in-trailer": b"5\r\nhello\r\n0\r\nX: y\r\n"}.items():
        for end in ("close", "half"):
            cases.add("cut-request", f"chunked-{name}-{end}", "reject", chunked(body), end=end)


# What some parser takes for the end of a line. Only CRLF is one.
LINE_ENDS = {"lf": b"\n", "cr": b"\r", "lf-cr": b"\n\r", "cr-x": b"\rX", "cr-cr-lf": b"\r\r\n", "nul-lf": b"\x00\n", "cr-nul-lf": b"\r\x00\n",
             "vertical-tab": b"\x0b", "next-line": b"\x85", "line-separator": "\u2028".encode(), "space-lf": b" \n", "nothing": b"",
             "two-bytes": b"XX", "lf-lf": b"\n\n"}


def line_ends(cases):
    """Every line of a chunked message and of a head, ended wrongly in every way."""
    places = {
        "size": lambda end: CHUNKED_HELLO.replace(b"5\r\n", b"5" + end), "data": lambda end: b"5\r\nhello" + end + b"0\r\n\r\n",
        "extension": lambda end: b"5;a=b" + end + b"hello\r\n0\r\n\r\n", "last-size": lambda end: b"5\r\nhello\r\n0" + end + b"\r\n",
        "last-extension": lambda end: b"5\r\nhello\r\n0;a" + end + b"\r\n",
        "trailer": lambda end: b"5\r\nhello\r\n0\r\nX: y" + end + b"\r\n",
        "end": lambda end: b"5\r\nhello\r\n0\r\n" + end,
    }
    # A trailer's value may hold any of these bytes, and an end that is not there has simply not come yet.
    harmless = {("trailer", name) for name in ("next-line", "line-separator", "nothing", "two-bytes")} | {("end", "nothing")}
    for place, build in places.items():
        for name, end in LINE_ENDS.items():
            if (place, name) not in harmless and not (place in ("size", "last-size") and name == "nothing"):
                cases.add("line-end", f"chunk-{place}-{name}", "reject",
                          post(b"Transfer-Encoding: chunked\r\n", build(end) + HIDDEN))
    for name in ("lf", "cr", "lf-cr", "cr-cr-lf", "nul-lf", "cr-nul-lf", "space-lf", "lf-lf", "vertical-tab"):
        end = LINE_ENDS[name]
        level = "policy" if name == "vertical-tab" else "must"
        cases.add("line-end", f"request-{name}", "reject", b"GET /case HTTP/1.1" + end + HOST + b"X: y\r\n\r\n")
        cases.add("line-end", f"field-{name}", "reject", get(b"X: y" + end + b"Z: w\r\n"), level=level)
        cases.add("line-end", f"length-{name}", "reject", post(b"X: y" + end + length(len(HIDDEN)), HIDDEN), level=level)
        cases.add("line-end", f"head-{name}", "reject", b"GET /case HTTP/1.1\r\nHost: api.test\r\n" + end + HIDDEN)


def split(cases):
    """The same bytes one at a time: a parser that resumes must come to the same judgement."""
    chunked = b"Transfer-Encoding: chunked\r\n"
    good = {
        "length": post(length(5), b"hello"), "chunked": post(chunked, b"2;a=\"b\"\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: y\r\n\r\n"),
        "get": get(b"X: y\r\nAccept: */*\r\n"), "crlf-first": b"\r\n" + get(), "empty-chunked": post(chunked, b"0\r\n\r\n"),
    }
    for name, raw in good.items():
        cases.add("split", name, "either" if name == "crlf-first" else "accept", raw, pieces=len(raw))
    for name, pieces in {"two": 2, "three": 3, "seven": 7, "fifty": 50}.items():
        raw = post(chunked, b"5\r\nhello\r\n0\r\n\r\n") + post(length(5), b"hello") + NEXT
        cases.add("split", f"pipeline-{name}", "accept", raw, targets=["/case", "/case", "/case-next"], pieces=pieces)
    bad = {
        "both-framings": post(length(5) + chunked, b"0\r\n\r\n"), "lf": b"GET /case HTTP/1.1\nHost: api.test\n\n",
        "folded": get(b"X: y\r\n z\r\n"), "space-before-colon": post(b"Content-Length : 5\r\n", b"hello"),
        "chunk-lf": post(chunked, b"5\nhello\r\n0\r\n\r\n"), "chunk-negative": post(chunked, b"-5\r\nhello\r\n0\r\n\r\n"),
        "chunk-cr": post(chunked, b"5\rhello\r\n0\r\n\r\n"), "nul": get(b"X: \x00\r\n"), "no-host": b"GET /case HTTP/1.1\r\nX: y\r\n\r\n",
        "two-lengths": post(length(5) + length(6), b"hello"), "http-0-9": b"GET /case\r\n", "xchunked": post(b"Transfer-Encoding: xchunked\r\n"),
        "length-overflow": post(length(b"99999999999999999999"), b"hello"), "second-host": get(HOST),
        "trailer-lf": post(chunked, b"0\r\nX: y\n\r\n"), "extension-lf": post(chunked, b"5;a\nhello\r\n0\r\n\r\n"),
    }
    for name, raw in bad.items():
        cases.add("split", f"bad-{name}", "reject", raw, pieces=len(raw))


def request_lines(cases):
    def line(text):
        return text + b"\r\n" + HOST + b"\r\n"

    bad = {
        "no-version": b"GET /case", "two-spaces": b"GET  /case HTTP/1.1", "two-spaces-before-version": b"GET /case  HTTP/1.1",
        "trailing-space": b"GET /case HTTP/1.1 ", "leading-space": b" GET /case HTTP/1.1", "tabs": b"GET\t/case\tHTTP/1.1",
        "tab-before-version": b"GET /case\tHTTP/1.1", "vertical-tab": b"GET\x0b/case HTTP/1.1", "lower-version": b"GET /case http/1.1",
        "http-2": b"GET /case HTTP/2.0", "http-0-9": b"GET /case HTTP/0.9", "http-3": b"GET /case HTTP/3", "http-1": b"GET /case HTTP/1",
        "http-1-10": b"GET /case HTTP/1.10", "http-11": b"GET /case HTTP/11", "http-01-1": b"GET /case HTTP/01.1",
        "http-comma": b"GET /case HTTP/1,1", "http-plus": b"GET /case HTTP/+1.1", "http-minus": b"GET /case HTTP/-1.1",
        "space-in-version": b"GET /case HTTP/1 .1", "space-in-http": b"GET /case HTTP /1.1", "no-slash": b"GET /case HTTP1.1",
        "other-protocol": b"GET /case HTTPS/1.1", "sip": b"GET /case SIP/2.0", "junk-after": b"GET /case HTTP/1.1 junk",
        "junk-between": b"GET /case junk HTTP/1.1", "only-method": b"GET", "only-space": b" ", "no-target": b"GET HTTP/1.1",
        "empty-target": b"GET  HTTP/1.1", "parenthesis-method": b"G(ET /case HTTP/1.1", "colon-method": b"GET: /case HTTP/1.1",
        "slash-method": b"GET/ /case HTTP/1.1", "nul-method": b"GE\x00T /case HTTP/1.1", "latin1-method": b"G\xc9T /case HTTP/1.1",
        "quote-method": b'"GET" /case HTTP/1.1', "bracket-method": b"[GET] /case HTTP/1.1", "comma-method": b"GET, /case HTTP/1.1",
        "nul-after-version": b"GET /case HTTP/1.1\x00", "cr-in-line": b"GET /case\rHTTP/1.1", "cr-before-end": b"GET /case HTTP/1.1\r",
        "cr-in-target": b"GET /case\r HTTP/1.1", "utf8-bom": b"\xef\xbb\xbfGET /case HTTP/1.1", "version-digit-missing": b"GET /case HTTP/1.",
    }
    cases.table("request-line", "reject", line, bad)
    cases.add("request-line", "bare-lf", "reject", b"GET /case HTTP/1.1\n" + HOST + b"\r\n")
    cases.add("request-line", "all-bare-lf", "reject", b"GET /case HTTP/1.1\nHost: api.test\n\n")
    cases.add("request-line", "lf-at-head-end", "reject", b"GET /case HTTP/1.1\r\nHost: api.test\r\n\n")
    cases.add("request-line", "http-0-9-simple", "reject", b"GET /case\r\n\r\n")
    cases.add("request-line", "http-0-9-lf", "reject", b"GET /case\n")
    cases.add("request-line", "http2-preface", "reject", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    cases.add("request-line", "tls-hello", "reject", b"\x16\x03\x01\x00\x05hello\r\n\r\n")
    cases.add("request-line", "response", "reject", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    cases.add("request-line", "lf-first", "reject", b"\n" + get(), level="policy")
    cases.add("request-line", "cr-first", "reject", b"\r" + get())
    cases.add("request-line", "space-line-first", "reject", b" \r\n" + get())
    cases.add("request-line", "minor-version-2", "either", line(b"GET /case HTTP/1.2"), level="policy")
    cases.add("request-line", "lower-method", "either", line(b"get /case HTTP/1.1"))
    cases.add("request-line", "unknown-method", "either", line(b"BREW /case HTTP/1.1"))
    cases.add("request-line", "long-method", "either", line(b"A" * 5000 + b" /case HTTP/1.1"))
    cases.add("request-line", "crlf-first", "either", b"\r\n" + get())
    cases.add("request-line", "many-crlf-first", "either", b"\r\n" * 50 + get())
    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS"):
        cases.add("request-line-good", method.lower(), "accept", post(b"Content-Length: 0\r\n", method=method.encode()))
    cases.add("request-line-good", "http10", "accept", get(version=b"HTTP/1.0"))
    cases.add("request-line-good", "crlf-between", "either", get() + b"\r\n" + NEXT, targets=["/case", "/case-next"])


def fields(cases):
    bad = {
        "space-before-colon": b"X : y", "tab-before-colon": b"X\t: y", "folded": b"X: y\r\n z", "folded-tab": b"X: y\r\n\tz",
        "folded-empty": b"X: y\r\n ", "no-colon": b"X", "empty-name": b": y", "only-colon": b":", "space-in-name": b"X Y: z",
        "nul-in-name": b"X\x00Y: z", "nul-in-value": b"X: y\x00z", "cr-in-value": b"X: y\rz", "lf-in-value": b"X: y\nZ: w",
        "cr-cr-lf": b"X: y\r", "lf-cr": b"X: y\n\rZ: w", "bare-cr-line": b"\r", "control-in-value": b"X: \x01", "bell": b"X: \x07",
        "escape": b"X: \x1b[31m", "del": b"X: \x7f", "vertical-tab": b"X: a\x0bb", "form-feed": b"X: a\x0cb", "backspace": b"X: a\x08",
        "latin1-name": b"X\xe9: y", "utf8-name": "Xé: y".encode(), "del-in-name": b"X\x7f: y", "parenthesis-name": b"X(a): y",
        "comma-name": b"X,Y: z", "slash-name": b"X/Y: z", "at-name": b"X@Y: z", "bracket-name": b"X[y]: z", "quote-name": b'"X": y',
        "backslash-name": b"X\\Y: z", "equals-name": b"X=Y: z", "brace-name": b"{X}: y", "semicolon-name": b"X;Y: z",
        "control-name": b"X\x01: y", "less-name": b"<X>: y", "question-name": b"X?: y",
    }
    # RFC 9110 section 5.5 lets a recipient keep these; only CR, LF and NUL must go.
    kept = ("control-in-value", "bell", "escape", "del", "vertical-tab", "form-feed", "backspace")
    cases.table("field-control", "reject", lambda text: get(text + b"\r\n"), {name: bad.pop(name) for name in kept},
                level="policy")
    cases.table("field", "reject", lambda text: get(text + b"\r\n"), bad)
    cases.add("field", "first-line-folded", "reject", b"GET /case HTTP/1.1\r\n X: y\r\n" + HOST + b"\r\n")
    cases.add("field", "lf-ends-field", "reject", b"GET /case HTTP/1.1\r\nHost: api.test\nX: y\r\n\r\n")
    cases.add("field", "host-after-fold", "reject", b"GET /case HTTP/1.1\r\nX: y\r\n Host: other.test\r\n" + HOST + b"\r\n")
    good = {
        "empty-value": b"X:", "blank-value": b"X:  \t ", "no-space": b"X:y", "tab": b"X:\ty", "tab-inside": b"X: a\tb",
        "padding": b"X:   y \t ", "latin1-value": b"X: caf\xe9", "utf8-value": "X: café".encode(), "colon-in-value": b"X: a:b",
        "all-name-characters": b"X!#$%&'*+-.^_`|~09: y", "long-value": b"X: " + b"y" * 4000, "quotes": b'X: "a, \\"b"',
        "punctuation": b"X: (a) <b> [c] {d} \\ / ? = ; @", "twice": b"X: 1\r\nX: 2", "many": b"\r\n".join(b"X-%d: y" % i for i in range(60)),
        "digits-first": b"1X: y", "cookie": b"Cookie: a=b; c=\"d\"",
    }
    cases.table("field-good", "accept", lambda text: get(text + b"\r\n"), good)
    cases.add("field-good", "kept", "accept", get(b"X-Kept: 1\r\nAuthorization: Bearer key\r\n"), present=["X-Kept", "Authorization"])
    cases.add("field-good", "cut-in-head", "reject", b"GET /case HTTP/1.1\r\nHost: api.test\r\nX: y", end="half")
    cases.add("field-good", "cut-before-last-line", "reject", b"GET /case HTTP/1.1\r\nHost: api.test\r\n", end="close")


def hosts_and_targets(cases):
    def host(value):
        return b"GET /case HTTP/1.1\r\nHost: " + value + b"\r\n\r\n"

    bad_hosts = {
        "empty": b"", "space": b"api.test other", "path": b"api.test/x", "query": b"api.test?x", "fragment": b"api.test#x",
        "user": b"user@api.test", "two-ports": b"api.test:80:80", "letters-port": b"api.test:http", "port-only": b":80",
        "open-bracket": b"[::1", "bare-ipv6": b"::1", "empty-brackets": b"[]", "bad-ipv6": b"[::g]", "after-bracket": b"[::1]x",
        "nul": b"api\x00.test", "backslash": b"api.test\\x", "scheme": b"http://api.test", "latin1": b"\xe9.test", "quote": b'"api.test"',
        "angle": b"<api.test>", "comma-space": b"api.test, other.test", "tab-inside": b"api\ttest", "negative-port": b"api.test:-80",
        "plus-port": b"api.test:+80",
    }
    cases.table("host", "reject", host, bad_hosts)
    cases.add("host", "missing", "reject", b"GET /case HTTP/1.1\r\nX: y\r\n\r\n")
    cases.add("host", "twice-same", "reject", b"GET /case HTTP/1.1\r\n" + HOST * 2 + b"\r\n")
    cases.add("host", "twice-other", "reject", b"GET /case HTTP/1.1\r\n" + HOST + b"Host: other.test\r\n\r\n")
    cases.add("host", "space-before-colon", "reject", b"GET /case HTTP/1.1\r\nHost : api.test\r\n\r\n")
    cases.add("host", "second-disguised", "reject", b"GET /case HTTP/1.1\r\n" + HOST + b"Host\x00: other.test\r\n\r\n")
    cases.add("host", "missing-http10", "either", b"GET /case HTTP/1.0\r\n\r\n")
    cases.table("host-unusual", "either", host, {
        "comma": b"api.test,other.test", "large-port": b"api.test:99999", "percent": b"api%2etest", "exclamation": b"api!test",
        "zone": b"[fe80::1%25eth0]", "underscore": b"api_test", "trailing-dot": b"api.test."}, level="policy")
    cases.table("host-good", "accept", host, {
        "plain": b"api.test", "port": b"api.test:8080", "upper": b"API.TEST", "ipv4": b"127.0.0.1:80", "ipv6": b"[::1]:80",
        "padding": b"  api.test \t", "empty-port": b"api.test:", "no-space": b"api.test"})
    cases.add("host-good", "last-field", "accept", b"GET /case HTTP/1.1\r\nX: y\r\nhOsT: api.test\r\n\r\n")

    def target(value):
        return get(target=value)

    bad_targets = {
        "no-slash": b"case", "relative": b"case/x", "exclamation": b"!", "dot": b".", "fragment": b"/case#x", "space-inside": b"/case x",
        "tab": b"/case\tx", "nul": b"/case\x00", "control": b"/case\x01", "del": b"/case\x7f", "latin1": b"/cas\xe9",
        "authority": b"api.test:80", "question": b"?case", "backslash-first": b"\\case", "other-scheme": b"ftp://api.test/case",
        "broken-scheme": b"http:/api.test/case", "user": b"http://user@api.test/case", "empty-authority": b"http:///case",
        "absolute-fragment": b"http://api.test/case#x", "asterisk-get": b"*", "crlf-encoded-raw": b"/case\r\nX: y",
        "absolute-bad-port": b"http://api.test:x/case",
    }
    cases.table("target", "reject", target, bad_targets)
    cases.table("target-unusual", "either", target, {
        "backslash": b"/case\\x", "quote": b'/case"', "angle": b"/case<x>", "brace": b"/case{x}", "caret": b"/case^", "bar": b"/case|",
        "bad-percent": b"/case%zz", "cut-percent": b"/case%4", "nul-encoded": b"/case%00", "dot-dot": b"/case/../case",
        "dot-dot-encoded": b"/case/%2e%2e/case", "absolute-other-host": b"http://other.test/case", "double-slash": b"//case/case",
        "other-port": b"http://api.test:81/case"}, level="policy", targets=["/"])
    cases.table("target-good", "accept", target, {
        "query": b"/case?a=b&c=d", "percent": b"/case%20x", "colon": b"/case:do", "sub-delims": b"/case!$&'()*+,;=@",
        "tilde": b"/case~x", "brackets-in-query": b"/case?a[]=1", "long": b"/case?" + b"a" * 4000, "slashes-in-query": b"/case?u=http://x/y"})
    cases.add("target-good", "absolute", "accept", get(target=b"http://api.test/case"))
    cases.add("target-good", "absolute-upper", "accept", get(target=b"HTTP://API.test/case"))
    cases.add("target-good", "absolute-port", "accept",
              get(target=b"http://api.test:8080/case", host=b"Host: api.test:8080\r\n"))
    cases.add("target-good", "absolute-query", "accept", get(target=b"http://api.test/case?a=http://x/"))
    cases.add("target-good", "absolute-default-port", "either", get(target=b"http://api.test:80/case"))
    for name, target_text in {"no-host": (b"http://api.test/case", b""), "two-hosts": (b"http://api.test/case", HOST * 2),
                              "bad-host": (b"http://api.test/case", b"Host: api test\r\n"),
                              "two-authorities": (b"http://api.test@other.test/case", HOST), "list": (b"http://api.test,other.test/case", HOST),
                              "tab": (b"http://api.test\t/case", HOST), "bracket": (b"http://[::1/case", HOST)}.items():
        cases.add("target", f"absolute-{name}", "reject", get(target=target_text[0], host=target_text[1]))
    cases.add("target-good", "options-asterisk", "either", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", targets=["*", "/"])
    cases.add("method", "connect", "reject", b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n")
    cases.add("method", "connect-path", "reject", b"CONNECT /case HTTP/1.1\r\n" + HOST + b"\r\n")
    cases.add("method", "trace", "either", b"TRACE /case HTTP/1.1\r\n" + HOST + b"\r\n", level="policy")
    cases.add("method", "head", "accept", b"HEAD /case HTTP/1.1\r\n" + HOST + b"\r\n")


def connections(cases):
    for name in ("Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Upgrade"):
        cases.add("hop-by-hop", name.lower(), "accept", get(f"{name}: x\r\n".encode()), absent=[name], level="policy")
    cases.add("hop-by-hop", "proxy-authorization", "accept", get(b"Proxy-Authorization: Basic x\r\n"), absent=["Proxy-Authorization"],
              level="policy")
    cases.add("hop-by-hop", "connection-close", "accept", get(b"Connection: close\r\n"))
    for name, value in {"one": b"X-Hop", "with-close": b"close, X-Hop", "other-case": b"x-hOP", "no-space": b"keep-alive,X-Hop",
                        "empty-elements": b", ,X-Hop,,"}.items():
        cases.add("hop-by-hop", f"named-{name}", "accept", get(b"Connection: " + value + b"\r\nX-Hop: 1\r\nX-Kept: 2\r\n"),
                  absent=["X-Hop"], present=["X-Kept"])
    cases.add("hop-by-hop", "named-in-second", "accept",
              get(b"Connection: keep-alive\r\nX-Hop: 1\r\nConnection: X-Hop\r\n"), absent=["X-Hop"])
    cases.add("hop-by-hop", "named-before-and-after", "accept",
              get(b"X-Hop: 1\r\nConnection: X-Hop\r\nX-Hop: 2\r\n"), absent=["X-Hop"])
    cases.add("hop-by-hop", "names-host", "either", get(b"Connection: Host\r\n"))
    cases.add("hop-by-hop", "names-length", "either", post(b"Connection: Content-Length\r\n" + length(5), b"hello"), body=b"hello")
    cases.add("hop-by-hop", "names-authorization", "either", get(b"Connection: Authorization\r\nAuthorization: x\r\n"))
    cases.add("hop-by-hop", "keep-alive-named", "accept", get(b"Connection: Keep-Alive\r\nKeep-Alive: timeout=5\r\n"), absent=["Keep-Alive"])
    cases.add("hop-by-hop", "te-trailers", "accept", get(b"Connection: TE\r\nTE: trailers\r\n"))
    cases.add("hop-by-hop", "max-forwards", "accept", get(b"Max-Forwards: 0\r\n"), level="policy")
    cases.add("upgrade", "h2c", "either", get(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n"))
    cases.add("upgrade", "websocket", "either", get(
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
    cases.add("upgrade", "websocket-then-hidden", "either", get(
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777\r\n") + NEXT, targets=["/case", "/case-next"])
    cases.add("upgrade", "not-named", "accept", get(b"Upgrade: websocket\r\n"), absent=["Upgrade"], level="policy")
    cases.add("expect", "continue", "accept", post(b"Expect: 100-continue\r\n" + length(5), b"hello"), body=b"hello")
    cases.add("expect", "continue-upper", "accept", post(b"Expect: 100-Continue\r\n" + length(5), b"hello"), body=b"hello")
    cases.add("expect", "continue-chunked", "accept", post(b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", CHUNKED_HELLO), body=b"hello")
    cases.add("expect", "continue-http10", "either", post(b"Expect: 100-continue\r\n" + length(5), b"hello", version=b"HTTP/1.0"))
    cases.add("expect", "continue-without-body", "either", get(b"Expect: 100-continue\r\n"))
    cases.add("expect", "unknown", "either", post(b"Expect: 200-ok\r\n" + length(5), b"hello"))
    cases.add("expect", "obscured", "either", post(b"Expect: y 100-continue\r\n" + length(len(HIDDEN)), HIDDEN))
    cases.add("expect", "twice", "either", post(b"Expect: 100-continue\r\nExpect: 100-continue\r\n" + length(5), b"hello"))
    for name, method in {"get": b"GET", "options": b"OPTIONS", "delete": b"DELETE"}.items():
        # TE.0 and CL.0: a server that thinks this method has no body reads the body as a request.
        cases.add("bodies", f"{name}-chunked", "accept", post(b"Transfer-Encoding: chunked\r\n", b"%x\r\n" % len(HIDDEN) + HIDDEN
                  + b"\r\n0\r\n\r\n", method=method) + NEXT, targets=["/case", "/case-next"])
        cases.add("bodies", f"{name}-length", "accept", post(length(len(HIDDEN)), HIDDEN, method=method) + NEXT,
                  targets=["/case", "/case-next"])
    cases.add("bodies", "head-chunked", "either", post(b"Transfer-Encoding: chunked\r\n", b"%x\r\n" % len(HIDDEN) + HIDDEN
              + b"\r\n0\r\n\r\n", method=b"HEAD"))
    cases.add("bodies", "trace", "reject", post(length(len(HIDDEN)), HIDDEN, method=b"TRACE"))
    cases.add("bodies", "connect", "reject", post(length(len(HIDDEN)), HIDDEN, method=b"CONNECT", target=b"api.test:80"))
    cases.add("bodies", "encoded", "accept", post(b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", CHUNKED_HELLO), body=b"hello",
              present=["Content-Encoding"])
    cases.add("half-close", "get", "accept", get(), end="half")
    cases.add("half-close", "post", "accept", post(length(5), b"hello"), end="half")
    cases.add("half-close", "chunked", "accept", post(b"Transfer-Encoding: chunked\r\n", CHUNKED_HELLO), end="half")
    cases.add("half-close", "pipeline", "accept", get() + NEXT, targets=["/case", "/case-next"], end="half")
    cases.add("half-close", "then-cut", "reject", get() + post(length(5), b"hel", target=b"/case-second"), targets=["/case"], end="half")
    for name, text in {"expect-and-short-body": b"Expect: 100-continue\r\n" + length(len(HIDDEN) + 500),
                       "expect-get": b"Expect: 100-continue\r\n" + length(len(HIDDEN) + 500)}.items():
        cases.add("expect", name, "reject", post(text, HIDDEN, method=b"GET" if name.endswith("get") else b"POST"), end="half")
    cases.table("expect", "either", lambda value: post(b"Expect: " + value + b"\r\n" + length(len(HIDDEN)), HIDDEN), {
        "list": b"100-continue, 100-continue", "parameter": b"100-continue;a=b", "word-after": b"100-continue x", "empty": b"", "100": b"100"})
    cases.add("expect", "folded", "reject", post(b"Expect: 100\r\n -continue\r\n" + length(5), b"hello"))
    cases.add("hop-by-hop", "options-max-forwards-0", "either", post(b"Max-Forwards: 0\r\nContent-Length: 0\r\n", method=b"OPTIONS"))
    cases.add("hop-by-hop", "close-and-keep-alive", "accept", get(b"Connection: keep-alive, close\r\n"))
    cases.add("hop-by-hop", "names-close-framing", "either", post(b"Connection: close, Transfer-Encoding, Content-Length\r\n" + length(5), b"hello"),
              body=b"hello")
    cases.add("hop-by-hop", "names-everything", "accept", get(b"Connection: X-A, X-B, X-C\r\nX-A: 1\r\nx-b: 2\r\nX-C: 3\r\nX-Kept: 4\r\n"),
              absent=["X-A", "X-B", "X-C"], present=["X-Kept"])
    cases.add("upgrade", "h2c-prior", "reject", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
    cases.add("upgrade", "list", "either", get(b"Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n"))
    cases.add("upgrade", "with-body", "either", post(b"Connection: Upgrade\r\nUpgrade: websocket\r\n" + length(len(HIDDEN)), HIDDEN))
    cases.add("upgrade", "http10", "accept", get(b"Connection: Upgrade\r\nUpgrade: websocket\r\n", version=b"HTTP/1.0"), absent=["Upgrade"],
              level="policy")
    cases.add("pipeline", "two", "accept", get() + NEXT, targets=["/case", "/case-next"])
    cases.add("pipeline", "ten", "accept", get() * 10, targets=["/case"] * 10)
    cases.add("pipeline", "bodies", "accept", post(length(5), b"hello") + post(b"Transfer-Encoding: chunked\r\n", CHUNKED_HELLO)
              + NEXT, targets=["/case", "/case", "/case-next"])
    cases.add("pipeline", "then-garbage", "either", get() + b"garbage\r\n\r\n", level="policy")
    cases.add("pipeline", "close-then-hidden", "either", get(b"Connection: close\r\n") + HIDDEN)
    cases.add("pipeline", "http10-then-hidden", "either", get(version=b"HTTP/1.0") + HIDDEN)
    cases.add("pipeline", "good-then-ambiguous", "reject",
              get() + post(length(5) + b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n" + HIDDEN, target=b"/case-second"),
              targets=["/case"])
    cases.add("pipeline", "http10-keep-alive", "accept", get(b"Connection: keep-alive\r\n", version=b"HTTP/1.0"))


def limits(cases):
    cases.add("limit", "target-70k", "reject", get(target=b"/case?" + b"a" * 70_000), level="policy")
    cases.add("limit", "target-1m", "reject", get(target=b"/case?" + b"a" * 1_000_000), level="policy")
    cases.add("limit", "value-70k", "reject", get(b"X: " + b"y" * 70_000 + b"\r\n"), level="policy")
    cases.add("limit", "value-1m", "reject", get(b"X: " + b"y" * 1_000_000 + b"\r\n"), level="policy")
    cases.add("limit", "name-70k", "reject", get(b"X" * 70_000 + b": y\r\n"), level="policy")
    cases.add("limit", "fields-1000", "reject", get(b"".join(b"X-%d: y\r\n" % i for i in range(1000))), level="policy")
    cases.add("limit", "fields-20000", "reject", get(b"X: y\r\n" * 20_000), level="policy")
    cases.add("limit", "head-200k", "reject", get((b"X: " + b"y" * 8000 + b"\r\n") * 25), level="policy")
    cases.add("limit", "no-line-end", "reject", b"GET /case?" + b"a" * 200_000, level="policy")
    cases.add("limit", "no-head-end", "reject", b"GET /case HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 50_000, level="policy")
    cases.add("limit", "fields-100", "accept", get(b"".join(b"X-%d: y\r\n" % i for i in range(90))))
    cases.add("limit", "value-7k", "accept", get(b"X: " + b"y" * 7000 + b"\r\n"))
    cases.add("limit", "connection-list", "either", get(b"Connection: " + b",".join(b"x%d" % i for i in range(1000)) + b"\r\n"))
    cases.add("limit", "body-1m", "accept", post(length(1_000_000), b"x" * 1_000_000))


def all_cases():
    cases = Collection()
    for build in (content_length, transfer_encoding, both_framings, chunks, line_ends, split, request_lines, fields, hosts_and_targets,
                  connections, limits):
        build(cases)
    return cases.cases
