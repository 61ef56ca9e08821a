"""Recorded exchanges as values: which take part, and what goes over the wire on either side."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.simulator import fragments
from tests.simulator.http import Header

DEFAULT_FILE = Path("../shared/corpus/exchanges.jsonl.gz")

# What one connection says to the next and a recording cannot hold, and what framing rewrites.
HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
    "te", "trailer", "transfer-encoding", "upgrade",
}
_NOT_REPLAYED_REQUEST = HOP_BY_HOP | {"host", "content-length", "expect"}
_NOT_REPLAYED_RESPONSE = HOP_BY_HOP | {"content-length", "content-encoding"}
_NOT_WIRE = {"sdk_level_snapshot_not_wire_bytes", "stream_as_json_array"}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def corpus_file(given: str | None) -> Path:
    """The file to run: the argument, TOKENWEIR_CORPUS (a file or its folder), or the shared one."""
    path = Path(given or os.environ.get("TOKENWEIR_CORPUS") or DEFAULT_FILE)
    return path / "exchanges.jsonl.gz" if path.is_dir() else path


def read(path: Path) -> Iterator[dict[str, object]]:
    """The lines of a .jsonl or .jsonl.gz file."""
    with open(path, "rb") as probe:
        packed = probe.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if packed else open(path, "rb") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def left_out(record: dict[str, object]) -> str | None:
    """Why a line takes no part, if it does not."""
    host, headers = str(record.get("host") or ""), record.get("request_headers") or {}
    assert isinstance(headers, dict)
    if record["provider"] == "bedrock" or "bedrock" in host:
        return "bedrock"
    if record["status"] == 101 or str(headers.get("upgrade", "")).lower() == "websocket":
        return "websocket"
    if record.get("body_kind") == "websocket" or record.get("endpoint") in ("realtime", "live"):
        return "websocket"
    not_wire = _NOT_WIRE.intersection(map(str, record.get("quirks") or []))  # type: ignore[call-overload]
    return min(not_wire) if not_wire else None


@dataclass(frozen=True)
class Exchange:
    """One recorded request and answer as they are replayed."""

    index: int
    id: str
    provider: str  # the corpus' word
    family: str  # the config's dialect family
    host: str
    method: str
    target: str
    request_headers: tuple[Header, ...]
    request_body: bytes
    status: int
    response_headers: tuple[Header, ...]
    response_body: bytes
    kind: str
    was_chunked: bool
    was_coded: bool
    usage_figures: bool

    @property
    def provider_name(self) -> str:
        """The name in the generated configuration."""
        name = re.sub(r"[^a-z0-9-]+", "-", self.provider.lower()).strip("-") or "provider"
        return name if self.family == family_of_provider(self.provider) else f"{name}-{self.family}"

    @property
    def seed(self) -> int:
        return zlib.crc32(self.id.encode())

    @property
    def streams(self) -> bool:
        return self.kind in ("sse", "ndjson", "json_array")

    def mode(self, round_number: int) -> str:
        """How the answer is cut in a round; every exchange meets all four in four rounds."""
        return fragments.MODES[(self.index + round_number) % len(fragments.MODES)]

    def framing(self, round_number: int) -> str:
        if self.status in (204, 304):
            return "none"
        choice = (self.seed + round_number) % 16
        if choice == 0:
            return "close"
        if self.was_chunked or self.streams:
            return "chunked"
        return "length" if choice % 2 else "chunked"


def make(index: int, record: dict[str, object]) -> Exchange:
    """Turns a line of the file into what is sent."""
    seed = zlib.crc32(str(record["id"]).encode())
    request_headers = _headers(record.get("request_headers"), _NOT_REPLAYED_REQUEST, seed)
    response_headers = _headers(record.get("response_headers"), _NOT_REPLAYED_RESPONSE, seed >> 3)
    recorded = {k.lower(): str(v) for k, v in (record.get("response_headers") or {}).items()}  # type: ignore[attr-defined]
    host, path = str(record.get("host") or ""), str(record["path"])
    return Exchange(
        index=index,
        id=str(record["id"]),
        provider=str(record["provider"]),
        family=family_of(str(record["provider"]), host, path),
        host=host,
        method=str(record["method"]),
        target=_target(path, str(record.get("query") or "")),
        request_headers=request_headers,
        request_body=_bytes(record.get("request_body"), bool(record.get("request_body_base64"))),
        status=int(str(record["status"])),
        response_headers=response_headers,
        response_body=_bytes(record.get("response_body"), bool(record.get("response_body_base64"))),
        kind=str(record.get("body_kind")),
        was_chunked="chunked" in recorded.get("transfer-encoding", ""),
        was_coded="gzip" in recorded.get("content-encoding", ""),
        usage_figures=bool(record.get("reported_usage_count")),
    )


def _bytes(text: object, packed: bool) -> bytes:
    if text is None:
        return b""
    return base64.b64decode(str(text)) if packed else str(text).encode("utf-8", "surrogatepass")


def _headers(recorded: object, without: set[str], seed: int) -> tuple[Header, ...]:
    """Recorders lower-cased the names; half of them get capitals back, to see case preserved."""
    headers = []
    assert recorded is None or isinstance(recorded, dict)
    for position, (name, value) in enumerate((recorded or {}).items()):
        value = re.sub(r"[\x00-\x08\x0a-\x1f\x7f]+", " ", str(value)).strip()
        value = value.encode("utf-8").decode("latin-1")
        if name.lower() in without or name.startswith(":") or not _TOKEN.fullmatch(name):
            continue
        if (seed >> (position % 16)) & 1:
            name = "-".join(part.capitalize() for part in name.split("-"))
        headers.append((name, value))
    return tuple(headers)


def _target(path: str, query: str) -> str:
    """Recorders left placeholders in some paths; what no path may hold is percent-encoded."""
    if not path.startswith("/"):
        path = "/" + path
    path = re.sub(r"[^!-~]|[\"<>\\^`{|}]", lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), path)
    return path + ("?" + query if query else "")


_BY_PROVIDER = {
    "anthropic": "anthropic", "gemini": "gemini", "google": "gemini", "vertex": "vertex",
    "azure": "azure", "cohere": "cohere", "ollama": "ollama",
}
_BY_HOST = (
    (r"(^|\.)anthropic\.com$", "anthropic"),
    (r"^generativelanguage\.googleapis\.com$", "gemini"),
    (r"aiplatform\.googleapis\.com$", "vertex"),
    (r"\.(openai|services\.ai|cognitiveservices)\.azure\.com$", "azure"),
    (r"(^|\.)cohere\.(com|ai)$", "cohere"),
    (r"(^|\.)ollama\.com$|:11434$", "ollama"),
)
_BY_PATH = (
    (r"/publishers/[^/]+/models/[^/]+:\w+$", "vertex"),
    (r"/models/[^/]+:(generateContent|streamGenerateContent|countTokens|\w*[eE]mbedContents?)$", "gemini"),
    (r"/v1/messages(/count_tokens)?$", "anthropic"),
    (r"/api/(chat|generate|embed|embeddings)$", "ollama"),
    (r"/v2/(chat|embed|rerank)$", "cohere"),
)


def family_of_provider(provider: str) -> str:
    return _BY_PROVIDER.get(provider.lower(), "openai")


def family_of(provider: str, host: str, path: str) -> str:
    """The dialect family an operator would configure for this server and path.

    A known provider or host decides; of an unknown one the path's shape does; the rest speaks the
    OpenAI-compatible form.
    """
    if provider.lower() in _BY_PROVIDER:
        return _BY_PROVIDER[provider.lower()]
    for pattern, family in _BY_HOST:
        if re.search(pattern, host):
            return family
    for pattern, family in _BY_PATH:
        if re.search(pattern, path):
            return family
    return "openai"
