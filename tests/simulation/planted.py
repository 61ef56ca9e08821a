"""Plants each bug of bugs/ in a copy of the product's sources and lets the simulation find it.

Usage: python3 tests/simulation/planted.py BUILD_DIRECTORY [NAME ...]
Ends with `figure: planted= found= worst_seed=`; a bug that 1,000 seeds do not find fails the run.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUGS = ROOT / "tests/simulation/bugs"
SEEDS = 1_000
COMPILER = ["g++", "-std=c++20", "-O1", "-DFMT_SHARED"]


def compiler():
    cached = shutil.which("ccache")
    return ([cached] if cached else []) + COMPILER


def build(patch, build_directory, work):
    """Compiles what the patch changes; the rest comes from the libraries that are built anyway."""
    source = work / "src"
    shutil.copytree(ROOT / "src/budget", source / "budget")
    shutil.copytree(ROOT / "src/core", source / "core")
    subprocess.run(["patch", "-p1", "-s", "-d", work, "-i", patch], check=True)
    changed = re.findall(r"^\+\+\+ b/(\S+)", patch.read_text(), re.MULTILINE)
    if any(name.endswith(".h") for name in changed):
        changed = [str(path.relative_to(work)) for path in (source / "budget").glob("*.cpp")]
    objects = []
    for name in changed:
        objects.append(work / (Path(name).stem + ".o"))
        subprocess.run([*compiler(), f"-I{source}", "-c", work / name, "-o", objects[-1]], check=True)
    program = work / "simulate"
    # The linker takes a changed object before it looks for the same symbols in a library.
    archives = ["tests/libsimulate.a", "tests/libsimulation_world.a", "libbudget.a", "libcore.a"]
    libraries = [build_directory / name for name in archives]
    subprocess.run(["g++", *objects, *libraries, "-lfmt", "-o", program], check=True)
    return program


def find(patch, build_directory):
    with tempfile.TemporaryDirectory() as folder:
        program = build(patch, build_directory, Path(folder))
        try:
            done = subprocess.run([program, str(SEEDS)], capture_output=True, text=True, timeout=600)
        except subprocess.TimeoutExpired:
            return None, "no end"
    found = re.search(r"^seed (\d+), (event \d+: .*)$", done.stdout, re.MULTILINE)
    return (int(found[1]), found[2]) if found else (None, "not found")


def main():
    build_directory = Path(sys.argv[1]).resolve()
    names = sys.argv[2:]
    patches = sorted(BUGS.glob("*.patch"))
    if names:
        patches = [patch for patch in patches if any(name in patch.stem for name in names)]
    worst = found = 0
    for patch in patches:
        seed, how = find(patch, build_directory)
        print(f"{patch.stem:42} {'seed ' + str(seed) if seed else 'MISSED':10} {how}", flush=True)
        if seed:
            found += 1
            worst = max(worst, seed)
    print(f"figure: planted={len(patches)} found={found} worst_seed={worst}")
    return 0 if patches and found == len(patches) else 1


if __name__ == "__main__":
    sys.exit(main())
