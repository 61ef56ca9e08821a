"""One of the Python packages behind token_bench's protocol: python peer.py quicktok|tiktoken|hf|gigatoken RANKS."""

import base64
import os
import hashlib
import pathlib
import shutil
import sys
import tempfile
import time


def quicktok(ranks):
    import quicktok as package

    tokenizer = package.Tokenizer("o200k_base", "")
    return lambda text, data: tokenizer.count(text)


def tiktoken(ranks):
    cache = pathlib.Path(tempfile.mkdtemp(prefix="tiktoken-"))
    url = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
    shutil.copy(ranks, cache / hashlib.sha1(url.encode()).hexdigest())
    os.environ["TIKTOKEN_CACHE_DIR"] = str(cache)
    import tiktoken as package

    encoding = package.get_encoding("o200k_base")
    return lambda text, data: len(encoding.encode_ordinary(text))


def gigatoken(ranks):
    import gigatoken as package

    tokenizer = package.gigatoken_rs.BPETokenizer.from_tiktoken(str(ranks), "o200k")
    return lambda text, data: len(tokenizer.encode(data))


def hf(ranks):
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "src/tokenizer/data"))
    import tkv

    table = {}
    for line in pathlib.Path(ranks).read_bytes().splitlines():
        token, rank = line.split()
        table[base64.b64decode(token)] = int(rank)
    visible = {value: chr(value) for value in [*range(33, 127), *range(161, 173), *range(174, 256)]}
    for value in range(256):
        visible.setdefault(value, chr(256 + len(visible) - 188))
    name = {token: "".join(visible[byte] for byte in token) for token in table}
    left = tkv.splits(table)
    merges = [(name[token[: left[token]]], name[token[left[token] :]]) for token in sorted(table, key=table.get) if len(token) > 1]
    tokenizer = Tokenizer(models.BPE({name[token]: rank for token, rank in table.items()}, merges))
    pattern = "|".join((
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    return lambda text, data: len(tokenizer.encode(text).ids)


def main():
    make = {"quicktok": quicktok, "tiktoken": tiktoken, "hf": hf, "gigatoken": gigatoken}[sys.argv[1]]
    count = None
    for line in sys.stdin:
        command, argument = line.split()
        begin = time.thread_time()
        tokens = 0
        if command == "fresh":
            count = make(sys.argv[2])
        else:
            data = pathlib.Path(argument).read_bytes()
            text = data.decode()
            begin = time.thread_time()
            tokens = count(text, data)
        print(tokens, time.thread_time() - begin, flush=True)


main()
