"""Writes ../normal_table.cpp from the Unicode Character Database (PyPI: unicodedata2==16.0.0)."""

import pathlib

import unicodedata2 as ucd

CODES = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)
JAMO = [*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]


def decompositions(form):
    return {code: ucd.normalize(form, chr(code)) for code in CODES if code not in HANGUL and ucd.normalize(form, chr(code)) != chr(code)}


def compositions():
    """Pairs that join, the excluded ones left out: those that come back when composed."""
    pairs = {}
    for code in CODES:
        parts = ucd.decomposition(chr(code))
        if not parts or parts.startswith("<") or " " not in parts:
            continue
        first, second = (int(part, 16) for part in parts.split())
        if ucd.normalize("NFC", chr(first) + chr(second)) == chr(code):
            pairs[first, second] = code
    return pairs


def attention(table, composed):
    """Characters that are not simply left alone: they decompose, combine, or may join what stands before."""
    seconds = {second for _, second in composed}
    changed = {code for code in table if ucd.normalize("NFKC" if table is KD else "NFC", chr(code)) != chr(code)}
    return sorted(changed | {code for code in CODES if ucd.combining(chr(code))} | seconds | set(JAMO))


def rows(values, width=16):
    for start in range(0, len(values), width):
        yield "    " + " ".join(f"{value}," for value in values[start : start + width])


D, KD = decompositions("NFD"), decompositions("NFKD")


def main():
    composed = compositions()
    pool, where = [], {}
    lines = ["// Written by data/normal_forms.py from Unicode " + ucd.unidata_version + ".", "// clang-format off", '#include "tokenizer/normal_table.h"', "", "namespace tokenweir::tokenizer {", ""]

    def table(name, entries):
        flat = []
        for code, text in sorted(entries.items()):
            if text not in where:
                where[text] = len(pool)
                pool.extend(map(ord, text))
            flat.append(f"{{{code}, {where[text]}, {len(text)}}}")
        lines.extend([f"const Decomposition k{name}[] = {{", *rows(flat, 8), "};", f"const std::size_t k{name}Size = {len(flat)};", ""])

    table("Canonical", D)
    table("Compatible", {code: text for code, text in KD.items() if D.get(code) != text})
    lines.extend(["const std::uint32_t kDecompositionPool[] = {", *rows(pool, 20), "};", ""])
    flat = [f"{{{first}, {second}, {code}}}" for (first, second), code in sorted(composed.items())]
    lines.extend(["const Composition kCompositions[] = {", *rows(flat, 6), "};", f"const std::size_t kCompositionsSize = {len(flat)};", ""])
    flat = [f"{{{code}, {ucd.combining(chr(code))}}}" for code in CODES if ucd.combining(chr(code))]
    lines.extend(["const CombiningClass kCombiningClasses[] = {", *rows(flat, 12), "};", f"const std::size_t kCombiningClassesSize = {len(flat)};", ""])
    for name, entries in (("Nfc", attention(D, composed)), ("Nfkc", attention(KD, composed))):
        ranges = []
        for code in entries:
            if ranges and ranges[-1][1] == code:
                ranges[-1][1] = code + 1
            else:
                ranges.append([code, code + 1])
        flat = [f"{{{low}, {high}}}" for low, high in ranges]
        lines.extend([f"const CodeRange k{name}Attention[] = {{", *rows(flat, 10), "};", f"const std::size_t k{name}AttentionSize = {len(flat)};", ""])
    lines.extend(["}  // namespace tokenweir::tokenizer", ""])
    (pathlib.Path(__file__).resolve().parent.parent / "normal_table.cpp").write_text("\n".join(lines))


main()
