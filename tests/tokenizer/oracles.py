"""Other people's encoders, asked for the number of tokens."""

import base64
import hashlib
import json
import os
import pathlib
import sys
import tempfile

DATA = pathlib.Path(os.environ.get("TOKENWEIR_VENDOR", pathlib.Path(__file__).resolve().parents[2] / ".cache" / "vocabularies"))
TREE = pathlib.Path(__file__).resolve().parents[2] / "src" / "tokenizer" / "data"
sys.path.insert(0, str(TREE))
import tkv  # noqa: E402
import vendor  # noqa: E402

OPENAI = ("o200k_base", "cl100k_base", "p50k_base", "r50k_base")


class Tiktoken:
    """openai/tiktoken. The rank file it would download is made from ours; it checks the hash of what it gets."""

    def __init__(self, name):
        cache = tempfile.mkdtemp(prefix="tiktoken-")
        url = f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
        (pathlib.Path(cache) / hashlib.sha1(url.encode()).hexdigest()).write_bytes(tkv.rank_file((TREE / f"{name}.tkv").read_bytes()))
        os.environ["TIKTOKEN_CACHE_DIR"] = cache
        import tiktoken

        self.encoding = tiktoken.get_encoding(name)
        self.pattern = None

    def normalize(self, text):
        return text

    def count_many(self, texts):
        return [len(tokens) for tokens in self.encoding.encode_ordinary_batch(texts, num_threads=1)]

    def count_bytes(self, data):
        """The stated policy for bytes that are not UTF-8: each is a character of punctuation class."""
        import regex

        if self.pattern is None:
            self.pattern = regex.compile(self.encoding._pat_str.replace("++$", r"++\Z"))
        pieces = self.pattern.findall(self.normalize(data.decode("utf-8", "surrogateescape")))
        return sum(len(self.encoding._encode_single_piece(piece.encode("utf-8", "surrogateescape"))) for piece in pieces)




class OwnRanks(Tiktoken):
    """tiktoken's encoder over the ranks of somebody else's vocabulary."""

    def __init__(self, name, pattern, ranks, normal=None):
        import tiktoken

        self.encoding = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        self.pattern, self.normal = None, normal

    def count_many(self, texts):
        return super().count_many([self.normalize(text) for text in texts])

    def normalize(self, text):
        if self.normal is None:
            return text
        import unicodedata2

        return unicodedata2.normalize(self.normal, text)


class HuggingFace:
    """tokenizers over a published tokenizer.json, its special tokens taken out."""

    def __init__(self, path):
        from tokenizers import Tokenizer

        document = json.loads(path.read_text())
        document["added_tokens"], document["post_processor"] = [], None
        self.tokenizer = Tokenizer.from_str(json.dumps(document))

    def count_many(self, texts):
        return [len(encoding.ids) for encoding in self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


def oracle(name):
    if name in (*OPENAI, "o200k_harmony"):
        return Tiktoken("o200k_base" if name == "o200k_harmony" else name)
    document = json.loads((DATA / f"{name}.json").read_text())
    if name == "tekken":
        return OwnRanks(name, document["config"]["pattern"], vendor.packed_ranks(document["bpe_ranks"], 130072))
    if name == "claude_legacy":
        return OwnRanks(name, document["pat_str"], vendor.packed_ranks(document["bpe_ranks"]), "NFKC")
    if name == "llama3":
        return OwnRanks(name, document["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"], vendor.ranks_by_id(document))
    return HuggingFace(DATA / f"{name}.json")
