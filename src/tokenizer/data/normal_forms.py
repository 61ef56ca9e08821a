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
    """Characters that are not simply left alone: they, or what they decompose to, change, combine, or may
    join what stands before."""
    seconds = {second for _, second in composed}
    changed = {code for code in table if ucd.normalize("NFKC" if table is KD else "NFC", chr(code)) != chr(code)}
    joining = {code for code, text in table.items() if ord(text[0]) in seconds}
    return sorted(changed | joining | {code for code in CODES if ucd.combining(chr(code))} | seconds | set(JAMO))


def ranges_of(codes):
    ranges = []
    for code in codes:
        if ranges and ranges[-1][1] == code:
            ranges[-1][1] = code + 1
        else:
            ranges.append([code, code + 1])
    return ranges


def rows(values, width=16):
    for start in range(0, len(values), width):
        yield "    " + " ".join(f"{value}," for value in values[start : start + width])


# Hugging Face tokenizers normalises by Unicode 9.0 (found by asking it about every character), which is what serves
# the models that were trained with it: characters assigned later stay as they are in NFC.
AFTER_UNICODE_9 = (
    (0x7FD, 0x7FE), (0x897, 0x8A0), (0x8CA, 0x8D4), (0x9FE, 0x9FF), (0xC3C, 0xC3D), (0xD3B, 0xD3D), (0xEBA,
    0xEBB), (0x1715, 0x1716), (0x1ABF, 0x1ACF), (0x1DF6, 0x1DFB), (0xA82C, 0xA82D), (0x10D24, 0x10D28), (0x10D69,
    0x10D6E), (0x10EAB, 0x10EAD), (0x10EFD, 0x10F00), (0x10F46, 0x10F51), (0x10F82, 0x10F86), (0x11070, 0x11071),
    (0x1133B, 0x1133C), (0x113B8, 0x113B9), (0x113BB, 0x113BC), (0x113C2, 0x113C3), (0x113C5, 0x113C6), (0x113C7,
    0x113CA), (0x113CE, 0x113D1), (0x1145E, 0x1145F), (0x11839, 0x1183B), (0x11930, 0x11931), (0x1193D, 0x1193F),
    (0x11943, 0x11944), (0x119E0, 0x119E1), (0x11A34, 0x11A35), (0x11A47, 0x11A48), (0x11A99, 0x11A9A), (0x11D42,
    0x11D43), (0x11D44, 0x11D46), (0x11D97, 0x11D98), (0x11F41, 0x11F43), (0x1611E, 0x1612A), (0x1612F, 0x16130),
    (0x16D67, 0x16D69), (0x16FF0, 0x16FF2), (0x1E08F, 0x1E090), (0x1E130, 0x1E137), (0x1E2AE, 0x1E2AF), (0x1E2EC,
    0x1E2F0), (0x1E4EC, 0x1E4F0), (0x1E5EE, 0x1E5F0),
)
YOUNG = {code for low, high in AFTER_UNICODE_9 for code in range(low, high)}

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
    for name, entries in (("Nfc", [code for code in attention(D, composed) if code not in YOUNG]), ("Nfkc", attention(KD, composed))):
        flat = [f"{{{low}, {high}}}" for low, high in ranges_of(entries)]
        lines.extend([f"const CodeRange k{name}Attention[] = {{", *rows(flat, 10), "};", f"const std::size_t k{name}AttentionSize = {len(flat)};", ""])
    lines.extend(["}  // namespace tokenweir::tokenizer", ""])
    (pathlib.Path(__file__).resolve().parent.parent / "normal_table.cpp").write_text("\n".join(lines))


main()
