"""What the workspace is made of, as cargo and the file system tell it."""

import functools
import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def cargo(*arguments):
    result = subprocess.run(["cargo", *arguments], cwd=ROOT, capture_output=True, text=True)
    if result.returncode != 0:
        raise AssertionError(f"cargo {' '.join(arguments)}: {result.stderr}")
    return result.stdout


@functools.lru_cache(None)
def metadata():
    return json.loads(cargo("metadata", "--format-version", "1", "--locked"))


@functools.lru_cache(None)
def tree(package, kinds="normal"):
    """The names of all crates that `package` is built of, on any platform."""
    lines = cargo("tree", "--locked", "-p", package, "-e", kinds, "--target", "all", "--prefix", "none", "-f", "{p}")
    return {line.split()[0] for line in lines.splitlines() if line.strip()}


def members():
    ids = set(metadata()["workspace_members"])
    return {package["name"]: package for package in metadata()["packages"] if package["id"] in ids}


def sources():
    """The `src` folder of every crate."""
    return sorted(Path(package["manifest_path"]).parent / "src" for package in members().values())


def files():
    """Every file of the clone that somebody wrote."""
    skipped = {".git", "node_modules", ".tools", "__pycache__", "target"}
    target = Path(metadata()["target_directory"])
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in skipped and Path(folder, name) != target]
        yield from (Path(folder, name) for name in names)


def is_test(file, source):
    """Whether a file in `source` is built only for tests."""
    return "tests" in file.relative_to(source).with_suffix("").parts
