"""Inputs that make encoders slow: one endless piece, no repetition, dense merges, long searches."""

import random

WORDS = "the of and to in is that it was for on are as with his they at be this have from or one had by word but not what all were we when your can said there use an each which she do how their if".split()


def ranged(rng, size, *ranges):
    """Characters drawn from code point ranges until `size` bytes are there."""
    out, have = [], 0
    while have < size:
        low, high = rng.choice(ranges)
        c = chr(rng.randrange(low, high))
        out.append(c)
        have += len(c.encode())
    return "".join(out)


def repeated(text):
    return lambda rng, size: text * (size // len(text.encode()) + 1)


def drawn(*ranges):
    return lambda rng, size: ranged(rng, size, *ranges)


def joined(rng, size):
    out, have = [], 0
    while have < size:
        out.append(rng.choice(WORDS))
        have += len(out[-1])
    return "".join(out)


MAKERS = {
    "a": repeated("a"), "A": repeated("A"), "spaces": repeated(" "), "tabs": repeated("\t"), "newlines": repeated("\n"), "crlf": repeated("\r\n"),
    "dashes": repeated("-"), "equals": repeated("="), "slashes": repeated("/"), "newline_slash": repeated("!\n/"), "dots": repeated("."), "underscores": repeated("_"),
    "zeros": repeated("0"), "digits": drawn((48, 58)), "contractions": repeated("'s"), "contractions_words": repeated("x's"), "flip_case": repeated("aA"), "ab": repeated("ab"),
    "random_lower": drawn((97, 123)), "random_upper": drawn((65, 91)), "random_letters": drawn((97, 123), (65, 91)), "random_punctuation": drawn((33, 48), (58, 65), (91, 97)),
    "random_white": lambda rng, size: "".join(rng.choices(" \t\n\r\v\f", k=size)), "random_ascii": drawn((32, 127)), "words_joined": joined, "capitals_joined": lambda rng, size: joined(rng, size).upper(),
    "han": repeated("的"), "han_random": drawn((0x4E00, 0x9FFF)), "han_capitals": lambda rng, size: "日" + "D" * size, "han_common": lambda rng, size: "".join(rng.choices("的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生", k=size // 3 + 1)),
    "kana": drawn((0x3041, 0x3097)), "hangul": drawn((0xAC00, 0xD7A4)), "thai": drawn((0x0E01, 0x0E3A), (0x0E40, 0x0E4F)), "cyrillic": drawn((0x430, 0x450)), "arabic": drawn((0x621, 0x64B)), "devanagari": drawn((0x904, 0x940)),
    "emoji": repeated("😀"), "emoji_random": drawn((0x1F300, 0x1F650)), "marks": repeated("e\u0301"), "marks_only": repeated("\u0301"), "planes_random": drawn((0x80, 0xD800), (0xE000, 0x110000)), "not_utf8": None,
}


def make(name, size):
    rng = random.Random(size)
    if name == "not_utf8":
        return rng.randbytes(size)
    return MAKERS[name](rng, size).encode()[:size]
