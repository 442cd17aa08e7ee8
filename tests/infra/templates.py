"""The templates as data: rendered, parsed, and walked."""

import functools
import os
import subprocess
import tempfile
from pathlib import Path

from cfnlint.decode import cfn_yaml

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = ROOT / "config-examples" / "repository"
PIPELINE = ROOT / "infra" / "pipeline.yml"
MEF = os.environ.get("MEF_BIN") or str(ROOT / "target" / "debug" / "mef")


@functools.lru_cache(None)
def rendered():
    """The folder with what `mef render` makes of the ready configuration repository."""
    folder = tempfile.TemporaryDirectory(prefix="mef-infra-")
    rendered.keep = folder
    render(folder.name)
    return Path(folder.name)


def render(out, sources=REPOSITORY / "sources"):
    subprocess.run(
        [MEF, "render", str(sources), "--template", str(ROOT / "infra" / "app.yml"), "--out", str(out)],
        check=True, capture_output=True, text=True,
    )


def app():
    return rendered() / "template.yml"


@functools.lru_cache(None)
def load(path):
    return cfn_yaml.load(str(path))


def plain(node):
    """Without the linter's marks, so that it can be handed on as JSON."""
    if isinstance(node, dict):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return str(node) if isinstance(node, str) else node


def resources(template, kind):
    return {name: r for name, r in template["Resources"].items() if r["Type"] == kind}


def listed(value):
    return value if isinstance(value, list) else [value]
