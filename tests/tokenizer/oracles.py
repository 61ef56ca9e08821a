"""Other people's encoders, asked for the number of tokens."""

import base64
import hashlib
import os
import pathlib
import tempfile

DATA = pathlib.Path(os.environ.get("TOKENWEIR_VENDOR", pathlib.Path(__file__).resolve().parents[2] / ".cache" / "vocabularies"))
OPENAI = ("o200k_base", "cl100k_base", "p50k_base", "r50k_base")


class Tiktoken:
    """openai/tiktoken with the ranks `./dev vendor` fetched; it would download the same files itself."""

    def __init__(self, name):
        cache = tempfile.mkdtemp(prefix="tiktoken-")
        url = f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
        (pathlib.Path(cache) / hashlib.sha1(url.encode()).hexdigest()).write_bytes((DATA / f"{name}.tiktoken").read_bytes())
        os.environ["TIKTOKEN_CACHE_DIR"] = cache
        import tiktoken

        self.encoding = tiktoken.get_encoding(name)
        self.pattern = None

    def count(self, text):
        return len(self.encoding.encode_ordinary(text))

    def count_many(self, texts):
        return [len(tokens) for tokens in self.encoding.encode_ordinary_batch(texts, num_threads=1)]

    def count_bytes(self, data):
        """The stated policy for bytes that are not UTF-8: each is a character of punctuation class."""
        import regex

        if self.pattern is None:
            self.pattern = regex.compile(self.encoding._pat_str.replace("++$", r"++\Z"))
        pieces = self.pattern.findall(data.decode("utf-8", "surrogateescape"))
        return sum(len(self.encoding._encode_single_piece(piece.encode("utf-8", "surrogateescape"))) for piece in pieces)


def oracle(name):
    return Tiktoken("o200k_base" if name == "o200k_harmony" else name)
