"""Brotli and Zstandard as far as tests need them: frames whose blocks are stored as they are."""

from __future__ import annotations

MAGIC = b"\x28\xb5\x2f\xfd"


def brotli_stored(data: bytes) -> bytes:
    """At most 64 KiB: RFC 7932, 9.1 and 9.2."""
    # A window of 16 bits, not the last meta-block, four nibbles of length less one, uncompressed.
    head = (len(data) - 1) << 4 | 1 << 20
    return head.to_bytes(3, "little") + data + b"\x03"


def brotli_opened(data: bytes) -> bytes:
    head = int.from_bytes(data[:3], "little")
    size = (head >> 4 & 0xFFFF) + 1
    if head & 0xF or not head >> 20 & 1 or data[3 + size:] != b"\x03":
        raise ValueError("only stored meta-blocks are read here")
    return data[3:3 + size]


def zstd_stored(data: bytes) -> bytes:
    """Of 256 bytes to 64 KiB: RFC 8878, 3.1.1."""
    return MAGIC + b"\x60" + (len(data) - 256).to_bytes(2, "little") + (1 | len(data) << 3).to_bytes(3, "little") + data


def zstd_opened(data: bytes) -> bytes:
    """Frames behind each other; those that are to be skipped are."""
    out = b""
    while data:
        if data[1:4] == b"\x2a\x4d\x18":
            data = data[8 + int.from_bytes(data[4:8], "little"):]
            continue
        head = int.from_bytes(data[7:10], "little")
        size = head >> 3
        if data[:5] != MAGIC + b"\x60" or head & 7 != 1:
            raise ValueError("only stored blocks are read here")
        out, data = out + data[10:10 + size], data[10 + size:]
    return out
