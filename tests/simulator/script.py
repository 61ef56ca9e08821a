"""What a generated answer shall do: timing, size, tools, failures.

A script is written `key=value` with `;` or `,` between, in the header `x-sim-script`, after a `#` in
the model name ("gpt-4o#output=50;rate=100"), or posted to `/_sim/script`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Script:
    """One answer. Times in seconds, amounts in tokens; -1 means "not at all" or "by the seed"."""

    ttft: float = 0.0  # silence before the first byte of the head's body
    rate: float = 0.0  # output tokens a second; 0: as fast as they go
    input: int = -1  # prompt tokens billed, none of them cached; -1: by the prompt
    output: int = -1  # visible output tokens; -1: 20 to 120 by the seed
    reasoning: int = 0  # hidden reasoning tokens, billed as output
    tools: int = 0  # tool calls made instead of text
    searches: int = 0  # billed web searches (Anthropic)
    status: int = 200  # an error status is answered in the dialect's own shape
    retry_after: str = ""  # Retry-After of an error
    times: int = 0  # the error is answered this often per `key`, then it works; 0: always
    key: str = ""  # what `times` counts by; empty: the request body
    error_at: int = -1  # an error event after so many tokens
    silence_at: int = -1  # a pause after so many tokens ...
    silence: float = 0.0  # ... of this length
    reset_at: int = -1  # the connection is reset after so many tokens
    truncate_at: int = -1  # the connection ends, without the message's end, after so many tokens
    terminator: bool = True  # [DONE], message_stop and the like
    usage: bool = True  # usage figures are told at all
    encoding: str = ""  # gzip or deflate, whatever the client accepts
    framing: str = ""  # chunked, length, close; empty: as usual for the answer
    fragment: str = "event"  # whole, event, random, bytes
    per_event: int = 1  # tokens an event
    obeys_cap: bool = True  # false: the answer is as long as scripted, whatever the request allows
    keeps_going: bool = False  # generates and bills to the end when the client has left
    seed: int = 0  # changes text and sizes

    @property
    def breaks(self) -> bool:
        return self.reset_at >= 0 or self.truncate_at >= 0


_FIELDS = {item.name: item.type for item in fields(Script)}


def parse(text: str, base: Script = Script()) -> Script:
    """Reads `key=value;key=value` on top of `base`. Raises ValueError on an unknown key or value."""
    values: dict[str, object] = {}
    for item in text.replace(",", ";").split(";"):
        key, equals, value = item.strip().partition("=")
        if not key:
            continue
        if key not in _FIELDS:
            raise ValueError(f"unknown script key {key!r}")
        kind = _FIELDS[key]
        if kind == "bool":
            values[key] = not equals or value.lower() in ("1", "true", "yes", "on")
        elif kind == "int":
            values[key] = int(value)
        elif kind == "float":
            values[key] = float(value)
        else:
            values[key] = value
    return replace(base, **values)  # type: ignore[arg-type]


def from_json(value: object, base: Script = Script()) -> Script:
    """A script given as an object of the same keys, or as text."""
    if isinstance(value, str):
        return parse(value, base)
    if isinstance(value, dict):
        return parse(";".join(f"{key}={value[key]}" for key in value), base)
    raise ValueError("a script is an object or a text")
