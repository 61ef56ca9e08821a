"""Token counting beside other encoders, one thread, o200k_base, rounds interleaved: ./dev bench tokens [--rounds N]."""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import adversarial  # noqa: E402
import texts  # noqa: E402

sys.path.insert(0, str(texts.ROOT / "src/tokenizer/data"))
import tkv  # noqa: E402

ROOT = texts.ROOT
PEERS = ROOT / ".cache" / "peers"
PACKAGES = ("tiktoken==0.14.0", "quicktok-v1==0.4.0", "gigatoken==0.10.0", "tokenizers==0.23.3")
RANKS = ROOT / ".cache" / "vocabularies" / "o200k_base.tiktoken"
SLOW = {"hf": 1_000_000}  # these engines get the head of the text only


class Worker:
    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, command, argument):
        self.process.stdin.write(f"{command} {argument}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if len(answer) != 2:
            raise RuntimeError(f"{self.name} ended")
        return int(answer[0]), float(answer[1])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def python():
    venv = PEERS / "venv"
    if not (venv / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin/pip", "install", "-q", "--disable-pip-version-check", *PACKAGES], check=True)
        (venv / "done").touch()
    return str(venv / "bin/python")


def bpe():
    target = PEERS / "bpe"
    subprocess.run(["cargo", "build", "-q", "--release", "--manifest-path", str(ROOT / "loadtest/tokens/bpe/Cargo.toml")], check=True, env={**os.environ, "CARGO_TARGET_DIR": str(target)})
    return [str(target / "release/bpe-peer")]


def start(ours):
    """The engines that can be built here; why the others cannot is printed."""
    workers = [Worker("tokenweir", [ours])]
    peer = [python(), str(ROOT / "loadtest/tokens/peer.py")]
    commands = {name: lambda name=name: [*peer, name, str(RANKS)] for name in ("quicktok", "gigatoken", "tiktoken", "hf")}
    commands["bpe"] = bpe
    for name, command in commands.items():
        try:
            worker = Worker(name, command())
            worker.ask("fresh", "o200k_base")
            workers.append(worker)
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            print(f"{name}: left out, {error}")
    return workers


def head(path, size):
    short = path.with_name(f"{path.name}.{size}")
    if not short.exists():
        short.write_bytes(path.read_bytes()[:size].decode("utf-8", "ignore").encode())
    return short


def compare(workers, rounds):
    """Megabytes per second of every engine and class: [first pass over a, then b]."""
    speeds, counts, disagreements = {}, {}, 0
    for turn in range(rounds):
        for name in texts.CLASSES:
            for worker in workers:
                # Engines without a cache of pieces have nothing to forget, and load slowly.
                if worker.name in ("tokenweir", "quicktok", "gigatoken"):
                    worker.ask("fresh", "o200k_base")
                for which, path in zip("ab", texts.pair(name)):
                    path = head(path, SLOW[worker.name]) if worker.name in SLOW else path
                    tokens, seconds = worker.ask("count", path)
                    speeds.setdefault((worker.name, name, which), []).append(path.stat().st_size / seconds / 1e6)
                    if counts.setdefault(path, tokens) != tokens:
                        disagreements += 1
                        print(f"{worker.name} counts {tokens} in {path.name}, others {counts[path]}")
        print(f"round {turn + 1} of {rounds} done", file=sys.stderr)
    return speeds, disagreements


def ratio(speeds, name, which, peer):
    """Median over the rounds of ours to theirs."""
    ours, theirs = speeds.get(("tokenweir", name, which)), speeds.get((peer, name, which))
    return statistics.median(a / b for a, b in zip(ours, theirs)) if theirs else None


def endless(worker, rounds):
    """Nanoseconds per byte of the adversarial inputs at 1 MB, and how 10 MB compares with 1 MB (the best of the rounds,
    because one disturbed measurement of the short one would look like growth)."""
    folder = texts.FOLDER / "adversarial"
    folder.mkdir(parents=True, exist_ok=True)
    worker.ask("fresh", "o200k_base")
    worker.ask("count", texts.pair("chinese")[0])
    chinese, cost, growth = [], {}, {}
    for _ in range(rounds):
        path = texts.pair("chinese")[1]
        chinese.append(worker.ask("count", path)[1] / path.stat().st_size * 1e9)
        for name in adversarial.MAKERS:
            times = []
            for size in (1_000_000, 10_000_000):
                path = folder / f"{name}.{size}"
                if not path.exists():
                    path.write_bytes(adversarial.make(name, size))
                times.append(worker.ask("count", path)[1])
            cost.setdefault(name, []).append(times[0] / 1e6 * 1e9)
            growth.setdefault(name, []).append(times)
    middle = {name: statistics.median(values) for name, values in cost.items()}
    return statistics.median(chinese), middle, {name: min(long for _, long in values) / min(short for short, _ in values) for name, values in growth.items()}


def least(speeds, which, peer):
    values = [ratio(speeds, name, which, peer) for name in texts.CLASSES]
    return min(values) if all(values) else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--binary", default=str(ROOT / "build/loadtest/tokens/token_bench"))
    given = parser.parse_args()
    if not RANKS.exists():
        RANKS.parent.mkdir(parents=True, exist_ok=True)
        RANKS.write_bytes(tkv.rank_file((ROOT / "src/tokenizer/data/o200k_base.tkv").read_bytes()))
    workers = start(given.binary)
    memory, load = workers[0].ask("fresh", "o200k_base")
    speeds, disagreements = compare(workers, given.rounds)
    print(f"o200k_base: {memory / 1e6:.1f} MB resident, loaded in {load * 1e3:.0f} ms of CPU. MB/s, median of {given.rounds} rounds: first pass / warm")
    print(f"{'':12}" + "".join(f"{name:>16}" for name in texts.CLASSES))
    for worker in workers:
        cells = [" / ".join(f"{statistics.median(speeds[worker.name, name, which]):.1f}" for which in "ab") for name in texts.CLASSES]
        print(f"{worker.name:12}" + "".join(f"{cell:>16}" for cell in cells))
    for peer in [worker.name for worker in workers[1:]]:
        cells = [" / ".join(f"{ratio(speeds, name, which, peer):.2f}" for which in "ab") for name in texts.CLASSES]
        print(f"{'x ' + peer:12}" + "".join(f"{cell:>16}" for cell in cells))
    chinese, cost, growth = endless(workers[0], max(3, given.rounds // 2))
    print(f"adversarial, ns/byte (Chinese in the same rounds: {chinese:.1f}) and time of 10 MB to 1 MB")
    for name in sorted(cost, key=cost.get, reverse=True):
        print(f"  {name:20}{cost[name]:8.1f}{growth[name]:8.1f}")
    delta = [worker_ask_stream(workers[0], name) for name in texts.CLASSES]
    print("deltas of four bytes with the count after each, ns a delta: " + ", ".join(f"{name} {value:.0f}" for name, value in zip(texts.CLASSES, delta)))
    for worker in workers:
        worker.close()
    figures = {"min_vs_quicktok": least(speeds, "b", "quicktok"), "first_pass_min_vs_quicktok": least(speeds, "a", "quicktok"), "vs_tiktoken": least(speeds, "b", "tiktoken"),
               "vs_bpe": least(speeds, "b", "bpe"), "worst_vs_chinese": max(cost.values()) / chinese, "vs_gigatoken": least(speeds, "b", "gigatoken"),
               "growth_max": max(growth.values()), "disagreements": disagreements}
    if figures["min_vs_quicktok"] is None:
        print("figure: skipped=quicktok_unavailable")
    else:
        print("figure: " + " ".join(f"{key}={value:.2f}" if isinstance(value, float) else f"{key}={'unavailable' if value is None else value}" for key, value in figures.items()))
    sys.exit(1 if disagreements else 0)


def worker_ask_stream(worker, name):
    path = head(texts.pair(name)[0], 1_000_000)
    return worker.ask("stream", path)[1] / (path.stat().st_size / 4) * 1e9


if __name__ == "__main__":
    main()
