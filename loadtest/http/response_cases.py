"""Hostile and legitimate answers of a provider, generated from tables. Truncations, which a client must be able to
tell from a whole answer, are the class "truncation"."""

from case import Case

HIDDEN = b"HTTP/1.1 200 OK\r\nX-Hidden: 1\r\nContent-Length: 6\r\n\r\nhidden"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKED_HELLO = b"5\r\nhello\r\n0\r\n\r\n"
EVENTS = b"data: {\"a\":1}\n\ndata: {\"a\":2}\n\ndata: [DONE]\n\n"


def answer(fields=b"", body=b"", status=b"200 OK", version=b"HTTP/1.1"):
    return version + b" " + status + b"\r\n" + fields + b"\r\n" + body


def length(value):
    return b"Content-Length: " + (b"%d" % value if isinstance(value, int) else value) + b"\r\n"


class Collection:
    def __init__(self):
        self.cases = []

    def add(self, klass, name, expect, raw, **more):
        self.cases.append(Case(id=f"r-{klass}-{name}", klass=klass, expect=expect, raw=raw, kind="response", **more))

    def table(self, klass, expect, build, rows, **more):
        for name, value in rows.items():
            self.add(klass, name, expect, build(value), **more)


def framing(cases):
    bad_lengths = {
        "plus": b"+5", "minus": b"-5", "hex": b"0x5", "float": b"5.0", "list-other": b"5, 6", "empty": b"", "word": b"abc",
        "quoted": b'"5"', "nul": b"5\x00", "overflow": b"18446744073709551621", "long": b"9" * 300, "blank-inside": b"5 5",
        "semicolon": b"5;", "letter": b"5a", "folded": b"\r\n 5", "bare-cr": b"5\r6",
    }
    cases.table("length", "reject", lambda value: answer(length(value), b"hello"), bad_lengths)
    cases.add("length", "list-same", "either", answer(length(b"5, 5"), b"hello"), body=b"hello")
    cases.add("length", "double-same", "either", answer(length(5) * 2, b"hello"), body=b"hello")
    cases.add("length", "double-other", "reject", answer(length(5) + length(6), b"hello"))
    cases.add("length", "double-other-first", "reject", answer(length(6) + length(5), b"hello!"))
    cases.add("length", "space-before-colon", "either", answer(b"Content-Length : 5\r\n", b"hello"), body=b"hello")
    cases.add("length", "and-chunked", "either", answer(length(3) + CHUNKED, CHUNKED_HELLO), body=b"hello")
    cases.add("length", "chunked-and", "either", answer(CHUNKED + length(100), CHUNKED_HELLO), body=b"hello")
    codings = {
        "gzip-chunked": b"gzip, chunked", "chunked-gzip": b"chunked, gzip", "identity": b"identity", "xchunked": b"xchunked",
        "quoted": b'"chunked"', "chunked-twice": b"chunked, chunked", "comma": b"chunked,", "parameter": b"chunked;a=b",
        "empty": b"", "gzip": b"gzip",
    }
    for name, value in codings.items():
        cases.add("coding", name, "either", answer(b"Transfer-Encoding: " + value + b"\r\n", CHUNKED_HELLO), end="close")
    cases.add("coding", "nul", "reject", answer(b"Transfer-Encoding: chunked\x00\r\n", CHUNKED_HELLO), end="close")
    cases.add("coding", "vertical-tab", "reject", answer(b"Transfer-Encoding:\x0bchunked\r\n", CHUNKED_HELLO), end="close")
    cases.add("coding", "twice", "either", answer(CHUNKED * 2, CHUNKED_HELLO), body=b"hello")
    cases.add("coding", "http10", "either", answer(CHUNKED, CHUNKED_HELLO, version=b"HTTP/1.0"), end="close")
    good = {
        "length": answer(length(5), b"hello"), "length-zero": answer(length(0)), "chunked": answer(CHUNKED, CHUNKED_HELLO),
        "chunked-capital": answer(b"Transfer-Encoding: Chunked\r\n", CHUNKED_HELLO), "leading-zeros": answer(length(b"0005"), b"hello"),
        "chunked-empty": answer(CHUNKED, b"0\r\n\r\n"), "large": answer(length(300_000), b"x" * 300_000),
        "many-chunks": answer(CHUNKED, b"1\r\nx\r\n" * 500 + b"0\r\n\r\n"), "binary": answer(length(256), bytes(range(256))),
    }
    for name, raw in good.items():
        cases.add("framing-good", name, "accept", raw)
    cases.add("framing-good", "until-close", "accept", answer(b"", b"hello"), end="close")
    cases.add("framing-good", "until-close-empty", "accept", answer(), end="close")
    cases.add("framing-good", "http10-until-close", "accept", answer(b"", b"hello", version=b"HTTP/1.0"), end="close")
    cases.add("framing-good", "http10-length", "accept", answer(length(5), b"hello", version=b"HTTP/1.0"), end="close")
    cases.add("framing-good", "connection-close", "accept", answer(b"Connection: close\r\n" + length(5), b"hello"), end="close")
    cases.add("framing-good", "to-http10-client", "accept", answer(CHUNKED, CHUNKED_HELLO), version="HTTP/1.0", body=b"hello")
    cases.add("framing-good", "length-to-http10-client", "accept", answer(length(5), b"hello"), version="HTTP/1.0")
    cases.add("framing-good", "http10-keep-alive", "accept", answer(b"Connection: keep-alive\r\n" + length(5), b"hello", version=b"HTTP/1.0"))
    cases.add("framing-good", "says-close-stays-open", "accept", answer(b"Connection: close\r\n" + length(5), b"hello"))
    cases.add("framing-good", "close-and-keep-alive", "accept", answer(b"Connection: keep-alive, close\r\n" + length(5), b"hello"), end="close")
    cases.add("framing-good", "until-close-to-http10-client", "accept", answer(b"", b"hello"), end="close", version="HTTP/1.0")
    cases.add("framing-good", "closes-unannounced", "accept", answer(length(5), b"hello"), end="close")
    cases.add("framing-good", "byte-by-byte", "accept", answer(CHUNKED, b"2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n\r\n"), pieces=90)
    cases.add("framing-good", "length-byte-by-byte", "accept", answer(b"X: y\r\n" + length(5), b"hello"), pieces=60)
    cases.add("framing-good", "in-pieces", "accept", answer(CHUNKED, CHUNKED_HELLO), pieces=9)


def chunks(cases):
    bad = {
        "space-before-size": b" 5\r\nhello\r\n0\r\n\r\n", "size-plus": b"+5\r\nhello\r\n0\r\n\r\n", "size-minus": b"-5\r\nhello\r\n0\r\n\r\n",
        "size-hex-prefix": b"0x5\r\nhello\r\n0\r\n\r\n", "size-word": b"xyz\r\nhello\r\n0\r\n\r\n", "size-empty": b"\r\nhello\r\n0\r\n\r\n",
        "size-overflow": b"10000000000000005\r\nhello\r\n0\r\n\r\n", "too-long": b"4\r\nhello\r\n0\r\n\r\n",
        "no-crlf-after-data": b"5\r\nhello0\r\n\r\n", "cr-after-size": b"5\rhello\r\n0\r\n\r\n", "nul-in-extension": b"5;\x00\r\nhello\r\n0\r\n\r\n",
        "cr-in-extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n", "two-bytes-after-data": b"5\r\nhelloXY0\r\n\r\n", "comma": b"5,\r\nhello\r\n0\r\n\r\n",
        "negative-later": b"5\r\nhello\r\n-1\r\n\r\n", "garbage-later": b"5\r\nhello\r\nGARBAGE\r\n",
    }
    for name, body in bad.items():
        cases.add("chunk", name, "reject", answer(CHUNKED, body), end="close")
    lenient = {
        "lf-after-size": b"5\nhello\r\n0\r\n\r\n", "lf-after-data": b"5\r\nhello\n0\r\n\r\n", "lf-at-end": b"5\r\nhello\r\n0\r\n\n",
        "space-after-size": b"5 \r\nhello\r\n0\r\n\r\n", "lf-in-extension": b"5;a\nhello\r\n0\r\n\r\n",
        "trailer-folded": b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n", "trailer-space-before-colon": b"5\r\nhello\r\n0\r\nX : y\r\n\r\n",
        "trailer-no-colon": b"5\r\nhello\r\n0\r\nX\r\n\r\n",
    }
    for name, body in lenient.items():
        cases.add("chunk", name, "reject", answer(CHUNKED, body), end="close", level="policy")
    for name, body in {"extension": b"5;a=b\r\nhello\r\n0\r\n\r\n", "extension-quoted": b'5;a="b;c"\r\nhello\r\n0;x\r\n\r\n',
                       "upper-hex": b"A\r\n0123456789\r\n0\r\n\r\n", "leading-zeros": b"005\r\nhello\r\n00\r\n\r\n",
                       "trailer": b"5\r\nhello\r\n0\r\nX-Sum: y\r\n\r\n", "crlf-in-data": b"4\r\n\r\n\r\n\r\n0\r\n\r\n"}.items():
        cases.add("chunk-good", name, "accept", answer(CHUNKED, body))
    cases.add("chunk-limit", "long-extension", "either", answer(CHUNKED, b"5;" + b"a" * 100_000 + b"\r\nhello\r\n0\r\n\r\n"), end="close")
    cases.add("chunk-limit", "large-trailer", "either", answer(CHUNKED, b"0\r\n" + b"X: y\r\n" * 30_000 + b"\r\n"), end="close")


def truncations(cases):
    cut = {
        "length-half": (answer(length(10), b"hello"), "close"), "length-nothing": (answer(length(10)), "close"),
        "length-reset": (answer(length(10), b"hello"), "reset"), "length-all-but-one": (answer(length(6), b"hello"), "close"),
        "chunked-in-data": (answer(CHUNKED, b"a\r\nhello"), "close"), "chunked-after-chunk": (answer(CHUNKED, b"5\r\nhello\r\n"), "close"),
        "chunked-in-last": (answer(CHUNKED, b"5\r\nhello\r\n0\r\n"), "close"), "chunked-reset": (answer(CHUNKED, b"5\r\nhello\r\n"), "reset"),
        "stream-mid-event": (answer(b"Content-Type: text/event-stream\r\n" + CHUNKED, b"%x\r\n" % 20 + EVENTS[:20] + b"\r\n"), "close"),
        "until-close-reset": (answer(b"Content-Type: text/plain\r\n", b"hello"), "reset"),
    }
    for name, (raw, end) in cut.items():
        cases.add("truncation", name, "reject", raw, end=end)


def more_cuts(cases):
    """Further ways to cut an answer short: other places, other clients. Judged as truncations, counted apart."""
    stream = b"Content-Type: text/event-stream\r\n"
    rows = {
        "head": b"HTTP/1.1 200 OK\r\nContent-Len", "head-before-last-line": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        "chunk-size": answer(CHUNKED, b"5\r\nhello\r\n1"), "chunk-size-cr": answer(CHUNKED, b"5\r\nhello\r\n0\r"),
        "zero": answer(CHUNKED, b"5\r\nhello\r\n0"), "extension": answer(CHUNKED, b"5\r\nhello\r\n0;a"),
        "trailer": answer(CHUNKED, b"5\r\nhello\r\n0\r\nX: y"), "trailer-line": answer(CHUNKED, b"5\r\nhello\r\n0\r\nX: y\r\n"),
        "last-cr": answer(CHUNKED, b"5\r\nhello\r\n0\r\n\r"), "nothing-chunked": answer(CHUNKED), "data-cr": answer(CHUNKED, b"5\r\nhello\r"),
        "data": answer(CHUNKED, b"5\r\nhello"), "large": answer(length(300_000), b"x" * 299_999),
        "done-but-no-end": answer(stream + CHUNKED, b"%x\r\n" % len(EVENTS) + EVENTS + b"\r\n"),
        "error-status": answer(length(10), b"hello", status=b"500 Oops"), "after-103": b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(length(10), b"hello"),
        "gzip": answer(b"Content-Encoding: gzip\r\n" + CHUNKED, b"a\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\r\n"),
        "connection-close": answer(b"Connection: close\r\n" + CHUNKED, b"5\r\nhello\r\n"),
    }
    for name, raw in rows.items():
        cases.add("cut-answer", name, "reject", raw, end="close")
        if raw.endswith((b"hello\r\n", b"hello", b"y", b"x")):
            cases.add("cut-answer", name + "-reset", "reject", raw, end="reset")
            cases.add("cut-answer", name + "-http10", "reject", raw, end="close", version="HTTP/1.0")
    cases.add("cut-answer", "until-close-http10-reset", "reject", answer(b"", b"hello"), end="reset", version="HTTP/1.0")
    cases.add("cut-answer", "bad-chunk-http10", "reject", answer(CHUNKED, b"5\r\nhello\r\nzz\r\n"), version="HTTP/1.0")


def asked_for(cases):
    """Answers to requests that are not yet whole, and to upgrades."""
    upload = b"POST @TARGET@ HTTP/1.1\r\nHost: api.test\r\nContent-Length: 1000\r\n\r\nhello"
    chunked = b"POST @TARGET@ HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    refusal = answer(length(5), b"hello", status=b"413 Too Large")
    for name, asked in {"length": upload, "chunked": chunked}.items():
        # An endpoint whose requests are read whole first never sees half of one: no answer is right as well.
        cases.add("early-answer", name, "either", refusal, asked=asked, early=True, body=b"hello")
        cases.add("early-answer", name + "-close", "either", answer(b"Connection: close\r\n" + length(5), b"hello", status=b"413 Too Large"),
                  asked=asked, early=True, body=b"hello", end="close")
        cases.add("early-answer", name + "-then-hidden", "either", refusal + HIDDEN, asked=asked, early=True, body=b"hello")
        cases.add("early-answer", name + "-cut", "reject", answer(length(10), b"hello", status=b"413 Too Large"), asked=asked, early=True,
                  end="close")
    socket = b"GET @TARGET@ HTTP/1.1\r\nHost: api.test\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n"
    switching = b"HTTP/1.1 101 Switching Protocols\r\n"
    for name, (protocol, fields, expect) in {
        "websocket": (b"websocket", b"Connection: Upgrade\r\nUpgrade: websocket\r\n", "either"),
        "h2c": (b"h2c", b"Connection: Upgrade\r\nUpgrade: h2c\r\n", "reject"), "no-name": (b"websocket", b"Connection: Upgrade\r\n", "reject"),
        "nothing": (b"websocket", b"", "reject"), "other": (b"websocket", b"Connection: Upgrade\r\nUpgrade: h2c\r\n", "reject"),
    }.items():
        cases.add("upgrade", name, expect, switching + fields + b"\r\n", asked=socket % protocol)
    cases.add("upgrade", "refused", "accept", answer(length(5), b"hello", status=b"426 Upgrade Required"), asked=socket % b"websocket")
    cases.add("upgrade", "ignored-then-hidden", "either", answer(length(5), b"hello") + HIDDEN, asked=socket % b"websocket", body=b"hello")


def heads(cases):
    bad_status = {
        "two-digits": b"HTTP/1.1 20 OK", "four-digits": b"HTTP/1.1 2000 OK", "letters": b"HTTP/1.1 abc OK", "negative": b"HTTP/1.1 -200 OK",
        "zero": b"HTTP/1.1 000 OK", "two-spaces": b"HTTP/1.1  200 OK", "tab": b"HTTP/1.1\t200\tOK", "no-version": b"200 OK",
        "http-2": b"HTTP/2.0 200 OK", "lower": b"http/1.1 200 OK", "no-minor": b"HTTP/1 200 OK", "icy": b"ICY 200 OK", "nul-in-reason": b"HTTP/1.1 200 O\x00K",
        "cr-in-reason": b"HTTP/1.1 200 O\rK", "garbage": b"hello", "empty": b"", "control-in-reason": b"HTTP/1.1 200 \x01",
        "leading-space": b" HTTP/1.1 200 OK", "code-hex": b"HTTP/1.1 0x1 OK", "only-version": b"HTTP/1.1", "dash": b"HTTP/1.1 200-OK",
    }
    cases.table("status-line", "reject", lambda line: line + b"\r\n" + length(5) + b"\r\nhello", bad_status, end="close")
    cases.add("status-line", "bare-lf", "reject", b"HTTP/1.1 200 OK\n" + length(5) + b"\r\nhello", level="policy", end="close")
    cases.add("status-line", "all-bare-lf", "reject", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", level="policy", end="close")
    cases.add("status-line", "http-0-9", "reject", b"<html>hello</html>", end="close")
    cases.add("status-line", "crlf-first", "either", b"\r\n" + answer(length(5), b"hello"), end="close")
    cases.add("status-line", "no-space-no-reason", "either", answer(length(5), b"hello", status=b"200"), body=b"hello", level="policy")
    cases.add("status-line", "code-999", "either", answer(length(5), b"hello", status=b"999 What"))
    cases.add("status-line", "minor-2", "either", answer(length(5), b"hello", version=b"HTTP/1.2"), end="close")
    for status in (b"200 ", b"201 Created", b"206 Partial Content", b"404 Not Found", b"418 teapot", b"429 Too Many Requests", b"500 Oops",
                   b"529 Overloaded", b"200 caf\xe9", b"299 a  b\tc"):
        name = status.partition(b" ")[0].decode() + "-" + (status[4:7].decode("ascii", "replace").replace("\ufffd", "x") or "bare")
        cases.add("status-good", "".join(c if c.isalnum() else "-" for c in name), "accept", answer(length(5), b"hello", status=status))
    bad_fields = {
        "folded": b"X: y\r\n z", "no-colon": b"X", "empty-name": b": y", "nul-in-value": b"X: y\x00z", "cr-in-value": b"X: y\rz",
        "control-in-value": b"X: \x01", "nul-in-name": b"X\x00: y", "space-in-name": b"X Y: z", "leading-space": b" X: y",
        "latin1-name": b"X\xe9: y", "cr-cr-lf": b"X: y\r", "del-in-value": b"X: \x7f",
    }
    cases.table("field-control", "reject", lambda text: answer(text + b"\r\n" + length(5), b"hello"),
                {name: bad_fields.pop(name) for name in ("control-in-value", "del-in-value")}, end="close", level="policy")
    cases.table("field", "reject", lambda text: answer(text + b"\r\n" + length(5), b"hello"), bad_fields, end="close")
    cases.add("field", "split-response", "reject",
              answer(b"X: y\r\r\n" + length(5), b"hello"), end="close")
    cases.add("field", "bare-lf", "reject", answer(b"X: y\nZ: w\r\n" + length(5), b"hello"), end="close", level="policy")
    cases.add("field", "space-before-colon", "either", answer(b"X : y\r\n" + length(5), b"hello"))
    good = {"empty-value": b"X:", "latin1-value": b"X: \xe9", "tab": b"X:\ty", "set-cookies": b"Set-Cookie: a=b\r\nSet-Cookie: c=d",
            "long": b"X: " + b"y" * 4000, "many": b"\r\n".join(b"X-%d: y" % i for i in range(60))}
    cases.table("field-good", "accept", lambda text: answer(text + b"\r\n" + length(5), b"hello"), good)
    cases.add("field-good", "kept", "accept", answer(b"X-Kept: 1\r\nRetry-After: 3\r\n" + length(2), b"{}", status=b"429 Slow"),
              present=["X-Kept", "Retry-After"])
    for name, value in {"one": b"X-Hop", "list": b"keep-alive, X-Hop", "case": b"x-hoP"}.items():
        cases.add("hop-by-hop", name, "accept", answer(b"Connection: " + value + b"\r\nX-Hop: 1\r\nX-Kept: 2\r\n" + length(5), b"hello"),
                  absent=["X-Hop"], present=["X-Kept"])
    cases.add("hop-by-hop", "keep-alive", "accept", answer(b"Keep-Alive: timeout=1234\r\nProxy-Connection: x\r\n" + length(5), b"hello"),
              absent=["Proxy-Connection"], level="policy")
    cases.add("limit", "head-200k", "reject", answer((b"X: " + b"y" * 8000 + b"\r\n") * 25 + length(5), b"hello"), end="close", level="policy")
    cases.add("limit", "fields-5000", "reject", answer(b"X: y\r\n" * 5000 + length(5), b"hello"), end="close", level="policy")
    cases.add("limit", "no-end", "reject", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000, end="close", level="policy")


def bodiless_and_early(cases):
    cases.add("bodiless", "204", "accept", answer(status=b"204 No Content"))
    cases.add("bodiless", "304", "accept", answer(b"ETag: \"x\"\r\n", status=b"304 Not Modified"))
    cases.add("bodiless", "304-length", "accept", answer(length(5), status=b"304 Not Modified"))
    cases.add("bodiless", "head", "accept", answer(length(5)), method="HEAD")
    cases.add("bodiless", "head-chunked", "accept", answer(CHUNKED), method="HEAD")
    cases.add("bodiless", "head-nothing", "accept", answer(), method="HEAD")
    cases.add("bodiless", "204-with-body", "either", answer(length(5), b"hello", status=b"204 No Content"))
    cases.add("bodiless", "304-with-body", "either", answer(length(5), b"hello", status=b"304 Not Modified"))
    cases.add("bodiless", "head-with-body", "either", answer(length(len(HIDDEN)), HIDDEN), method="HEAD")
    cases.add("bodiless", "304-chunked", "either", answer(CHUNKED, status=b"304 Not Modified"))
    cases.add("bodiless", "205", "accept", answer(length(0), status=b"205 Reset Content"))
    cases.add("bodiless", "head-large-length", "accept", answer(length(10**12)), method="HEAD")
    cases.add("bodiless", "head-bad-length", "reject", answer(length(b"5x")), method="HEAD")
    cases.add("bodiless", "head-both", "either", answer(length(5) + CHUNKED), method="HEAD")
    cases.add("bodiless", "204-chunked", "either", answer(CHUNKED, CHUNKED_HELLO, status=b"204 No Content"))
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    going_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    final = answer(length(5), b"hello")
    cases.add("early", "103", "accept", hints + final)
    cases.add("early", "103-twice", "accept", hints * 2 + final)
    cases.add("early", "100-unasked", "accept", going_on + final)
    cases.add("early", "102", "accept", b"HTTP/1.1 102 Processing\r\n\r\n" + final)
    cases.add("early", "flood", "either", hints * 3000 + final, end="close")
    cases.add("early", "101-unasked", "reject", b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello", end="close")
    for name, interim in {"103": hints, "102": b"HTTP/1.1 102 Processing\r\n\r\n", "100": going_on}.items():
        cases.add("early", f"{name}-to-http10-client", "accept", interim + final, version="HTTP/1.0")
        cases.add("early", f"{name}-in-pieces", "accept", interim + final, pieces=11)
    cases.add("early", "199", "either", b"HTTP/1.1 199 Odd\r\n\r\n" + final)
    cases.add("early", "103-chunked", "either", b"HTTP/1.1 103 Early Hints\r\n" + CHUNKED + b"\r\n" + final, end="close")
    cases.add("early", "103-bad-field", "reject", b"HTTP/1.1 103 Early Hints\r\nX : y\n\r\n" + final, end="close")
    cases.add("early", "hidden-in-103", "reject", b"HTTP/1.1 103 Early Hints\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN, end="close",
              level="policy")
    cases.add("early", "100-with-length", "either", b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n" + final, end="close")
    cases.add("early", "103-only", "reject", hints, end="close")
    cases.add("early", "100-then-garbage", "reject", going_on + b"garbage\r\n\r\n", end="close")


def poison(cases):
    """Extra bytes after an answer must never become somebody's answer."""
    for name, raw in {
        "after-length": answer(length(5), b"hello") + HIDDEN, "after-chunked": answer(CHUNKED, CHUNKED_HELLO) + HIDDEN,
        "after-empty": answer(length(0)) + HIDDEN, "after-204": answer(status=b"204 No Content") + HIDDEN,
        "after-304": answer(status=b"304 Not Modified") + HIDDEN, "garbage": answer(length(5), b"hello") + b"garbage",
        "one-byte": answer(length(5), b"hello") + b"x", "crlf": answer(length(5), b"hello") + b"\r\n",
        "two-answers": answer(length(5), b"hello") + HIDDEN * 2, "partial-head": answer(length(5), b"hello") + b"HTTP/1.1 200 OK\r\nX-Hidden: ",
        "early-after": answer(length(5), b"hello") + b"HTTP/1.1 103 Early Hints\r\n\r\n",
    }.items():
        cases.add("poison", name, "either", raw)
        if name in ("after-length", "after-chunked", "two-answers"):
            cases.add("poison", name + "-in-pieces", "either", raw, pieces=8)
    cases.add("poison", "head-answer", "either", answer(length(5), b"hello") + HIDDEN, method="HEAD")


def streams(cases):
    event_stream = b"Content-Type: text/event-stream\r\n"
    chunked_events = b"".join(b"%x\r\n" % len(event) + event + b"\r\n" for event in EVENTS.split(b"\n\n") if event)
    cases.add("stream", "chunked", "accept", answer(event_stream + CHUNKED, chunked_events + b"0\r\n\r\n"))
    cases.add("stream", "chunked-in-pieces", "accept", answer(event_stream + CHUNKED, chunked_events + b"0\r\n\r\n"), pieces=12)
    cases.add("stream", "until-close", "accept", answer(event_stream, EVENTS), end="close")
    cases.add("stream", "length", "accept", answer(event_stream + length(len(EVENTS)), EVENTS))
    cases.add("stream", "bad-chunk-later", "reject", answer(event_stream + CHUNKED, chunked_events + b"zz\r\n"), end="close")
    cases.add("stream", "error-status", "accept", answer(event_stream + CHUNKED, CHUNKED_HELLO, status=b"529 Overloaded"))


def all_cases():
    cases = Collection()
    for build in (framing, chunks, truncations, more_cuts, asked_for, heads, bodiless_and_early, poison, streams):
        build(cases)
    return cases.cases
