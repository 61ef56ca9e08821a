"""Writes `.tkv`, the compact form vocabularies have in this tree and in the binary.

A file is the magic "TKV1", four little-endian u32 (flags, tokens, bytes of the unpacked body, bytes of the
packed body) and a zstd frame. The body lists the tokens in byte order, as consecutive columns:

  shared   varint each: leading bytes shared with the token before
  rest     varint each: how many bytes follow the shared ones
  left     varint each: bytes of the left part of the merge that makes the token; 0 for a single atom and
           for a token no merge reaches (it can only match a whole piece)
  rank     three planes of bytes, lowest first: the order in which merges happen
  bytes    the rests, joined

Only what counting needs is kept: token ids are not.
"""

import base64
import struct
import subprocess

MAGIC = b"TKV1"
CHARACTER_ATOMS = 1  # merges start from characters, unknown ones fall back to bytes


def varints(values):
    out = bytearray()
    for value in values:
        while value >= 0x80:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        out.append(value)
    return bytes(out)


def left_part(token, rank, ranks):
    """Length of the left half of the last merge of `token` under lower ranks, or 0 when it ends in more."""
    parts = [token[i : i + 1] for i in range(len(token))]
    while len(parts) > 2:
        best, where = rank, -1
        for i in range(len(parts) - 1):
            candidate = ranks.get(parts[i] + parts[i + 1], rank)
            if candidate < best:
                best, where = candidate, i
        if where < 0:
            return 0
        pair = parts[where] + parts[where + 1]
        joined, i = [], 0
        while i < len(parts):
            if i + 1 < len(parts) and i >= where and parts[i] + parts[i + 1] == pair:
                joined.append(pair)
                i += 2
            else:
                joined.append(parts[i])
                i += 1
        # Equal pairs merge from the left, one after the other; doing them in one sweep is the same.
        parts = joined
    return len(parts[0]) if len(parts) == 2 else 0


def splits(ranks):
    return {token: left_part(token, rank, ranks) if len(token) > 1 else 0 for token, rank in ranks.items()}


def pack(ranks, left, flags=0):
    tokens = sorted(ranks)
    shared, rest, tail = [], [], bytearray()
    before = b""
    for token in tokens:
        common = 0
        limit = min(len(before), len(token))
        while common < limit and before[common] == token[common]:
            common += 1
        shared.append(common)
        rest.append(len(token) - common)
        tail += token[common:]
        before = token
    order = [ranks[token] for token in tokens]
    body = varints(shared) + varints(rest) + varints(left[token] for token in tokens)
    for plane in range(3):
        body += bytes(rank >> (8 * plane) & 0xFF for rank in order)
    body += bytes(tail)
    packed = subprocess.run(["zstd", "-q", "--ultra", "-22", "-c"], input=body, stdout=subprocess.PIPE, check=True).stdout
    return MAGIC + struct.pack("<4I", flags, len(tokens), len(body), len(packed)) + packed


def unpack(data):
    """The ranks of a `.tkv` file."""
    _, tokens, _, _ = struct.unpack("<4I", data[4:20])
    body = subprocess.run(["zstd", "-q", "-d", "-c"], input=data[20:], stdout=subprocess.PIPE, check=True).stdout
    at = 0

    def column():
        nonlocal at
        values = []
        for _ in range(tokens):
            value = shift = 0
            while True:
                byte = body[at]
                at += 1
                value |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            values.append(value)
        return values

    shared, rest, _ = column(), column(), column()
    planes = [body[at + i * tokens : at + (i + 1) * tokens] for i in range(3)]
    at += 3 * tokens
    ranks, token = {}, b""
    for i in range(tokens):
        token = token[: shared[i]] + body[at : at + rest[i]]
        at += rest[i]
        ranks[token] = planes[0][i] | planes[1][i] << 8 | planes[2][i] << 16
    return ranks


def rank_file(data):
    """The `.tiktoken` file a vocabulary of OpenAI's was made from, byte for byte."""
    ranks = unpack(data)
    return b"".join(base64.b64encode(token) + b" %d\n" % ranks[token] for token in sorted(ranks, key=ranks.get))
