"""Writes ../unicode_table.cpp from the Unicode Character Database (PyPI: unicodedata2==16.0.0)."""

import pathlib

import unicodedata2

UPPER, LOWER, LETTER, MARK, NUMBER, SPACE, NEWLINE, PUNCTUATION = (1 << bit for bit in range(8))
WHITE_SPACE = {*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}


def character_class(code):
    category = unicodedata2.category(chr(code))
    if code in (0x0A, 0x0D):
        return SPACE | NEWLINE
    if code in WHITE_SPACE:
        return SPACE
    if category in ("Lu", "Lt"):
        return UPPER
    if category == "Ll":
        return LOWER
    if category[0] in "LMNPS":
        return {"L": LETTER, "M": MARK, "N": NUMBER, "P": PUNCTUATION, "S": PUNCTUATION}[category[0]]
    return 0


def rows(values, width=24):
    for start in range(0, len(values), width):
        yield "    " + " ".join(f"{value}," for value in values[start : start + width])


def main():
    blocks, index = [], []
    for start in range(0, 0x110000, 128):
        block = tuple(character_class(code) for code in range(start, start + 128))
        if block not in blocks:
            blocks.append(block)
        index.append(blocks.index(block))
    assert len(blocks) <= 256
    lines = [
        f"// Written by data/unicode_classes.py from Unicode {unicodedata2.unidata_version}.",
        "// clang-format off",
        '#include "tokenizer/unicode.h"',
        "",
        "namespace tokenweir::tokenizer {",
        "",
        f"const std::uint8_t kClassBlock[{len(index)}] = {{",
        *rows(index),
        "};",
        "",
        f"const std::uint8_t kClassOf[{len(blocks)}][128] = {{",
    ]
    for block in blocks:
        lines += ["  {", *rows(block, 32), "  },"]
    lines += ["};", "", "}  // namespace tokenweir::tokenizer", ""]
    target = pathlib.Path(__file__).resolve().parent.parent / "unicode_table.cpp"
    target.write_text("\n".join(lines))
    print(len(blocks), "blocks")


main()
