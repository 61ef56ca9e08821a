"""Strings made to disagree about: every Unicode block, seams of the patterns, real text cut and mixed."""

import random

FRAGMENTS = [
    "'s", "'S", "'t", "'re", "'RE", "'Ve", "'m", "'ll", "'lL", "'d", "'\u017f", "'r", "'l", "'", "''", "’s",
    " ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\n\n", " \n", "\n ", "\u00a0", "\u3000", "\u2028", "\u0085", "\ufeff", "\u200b", "\x0b", "\x0c", "\x1c",
    "/", "//", "\n/", "!", "!\n", "?!", "...", "(", ")", "{}", "[]", "--", "==", "\"", "`", "_", "__", "#", "@", "$", "%", "\\", "\\n", "<|endoftext|>", "<|im_start|>",
    "<|fim_prefix|>", "<|start|>", "<s>", "[INST]", "<｜User｜>",
    "0", "1", "12", "123", "1234", "3.14", "١٢٣", "½", "Ⅷ", "²",
    "a", "b", "the", " the", "The", "THE", "don", "DON", "camelCase", "HTTPServer", "i", "I", "x", "X",
    "é", "É", "ß", "ſ", "ǅ", "ʰ", "ª", "ñ", "İ", "ı",
    "日", "本", "日本", "語", "中文", "的", "，", "。", "ひらがな", "カタカナ", "゛", "・", "゠", "\u3099", "\u3097", "\u3040", "々", "〇", "ｶﾅ", "한", "국", "한국어", "ไทย", "ก", "ำ", "हिन्दी", "்", "தமிழ்", "العربية", "עברית", "ე", "ს", "საქართველო", "Привет", "мир", "ДОМ", "ո", "ы",
    "\u0301", "e\u0301", "\u0308\u0301", "\u20dd", "\ufe0f", "\u200d", "👍", "👍🏽", "👨‍👩‍👧", "🇩🇪", "😀😀", "🤣", "𝒜", "𐐀", "𐐨", "𠀀", "\U000e0100", "\ufffd", "\x00", "\x7f", "\u0378", "\ue000", "\U0010ffff",
]
SEVERAL = "aAzZ09 \t\n\r'/!.-_日本ДдeÉ\u0301😀\u00a0"


def code_point(rng):
    kind = rng.random()
    if kind < 0.45:
        return rng.randrange(0x20, 0x7F)
    if kind < 0.65:
        return rng.choice((rng.randrange(0x80, 0x600), rng.randrange(0x900, 0x1200), rng.randrange(0x2000, 0x2C00)))
    if kind < 0.85:
        code = rng.randrange(0x0, 0x10000)
    else:
        code = rng.choice((rng.randrange(0x10000, 0x20000), rng.randrange(0x20000, 0x110000)))
    return code if not 0xD800 <= code < 0xE000 else 0x4E00 + (code & 0x3FF)


def block_run(rng):
    start = rng.randrange(0, 0x1100) << 8 if rng.random() < 0.1 else rng.randrange(0, 0x300) << 7
    if 0xD800 <= start < 0xE000:
        start = 0xAC00
    return "".join(chr(start + rng.randrange(128)) for _ in range(rng.randrange(1, 24)))


def make(rng, texts):
    """One string; `texts` are real texts to cut from."""
    kind = rng.randrange(10)
    if kind < 3:
        return "".join(rng.choice(FRAGMENTS) for _ in range(rng.randrange(1, 24)))
    if kind == 3:
        return "".join(chr(code_point(rng)) for _ in range(rng.randrange(1, 40)))
    if kind == 4:
        return block_run(rng) + rng.choice(FRAGMENTS) + block_run(rng)
    if kind == 5:
        return "".join(rng.choice(SEVERAL) for _ in range(rng.randrange(1, 120)))
    if kind == 6:
        few = [rng.choice(FRAGMENTS) for _ in range(rng.randrange(1, 3))]
        return "".join(rng.choice(few) * rng.randrange(1, 40) for _ in range(rng.randrange(1, 4)))
    if kind == 7:
        return "".join(chr(rng.randrange(0x80)) for _ in range(rng.randrange(1, 150)))
    text = rng.choice(texts)
    start = rng.randrange(0, max(1, len(text) - 200))
    text = text[start : start + rng.randrange(1, 200)]
    if kind == 9:
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(0, len(text) + 1)
            text = text[:at] + rng.choice(FRAGMENTS) + text[at:]
    return text


def damage(rng, text):
    """Bytes that are no longer UTF-8."""
    data = bytearray(text.encode())
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(0, len(data) + 1)
        what = rng.randrange(3)
        if what == 0:
            data[at:at] = bytes(rng.choice((0x80, 0xBF, 0xC0, 0xC3, 0xE2, 0xE4, 0xED, 0xF0, 0xF4, 0xF5, 0xFF)) for _ in range(rng.randrange(1, 4)))
        elif what == 1 and at < len(data):
            del data[at]
        elif at < len(data):
            data[at] = rng.randrange(256)
    return bytes(data)


def seeded(seed):
    return random.Random(seed)
