"""The package and the deploy script, as far as they need no AWS."""

import os
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

from templates import ROOT, render

DEPLOY = ROOT / "infra" / "deploy.sh"


def package(folder, target):
    subprocess.run([sys.executable, ROOT / "infra" / "package.py", folder, target], check=True)
    return Path(target).read_bytes()


class TestPackage(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="mef-package-")
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)

    def test_the_same_files_make_the_same_bytes_whenever_and_wherever(self):
        made = []
        for number, name in enumerate(("a", "b")):
            out = self.scratch / name
            render(out)
            (out / "package" / "bootstrap").write_bytes(b"binary")
            for file in out.rglob("*"):
                os.utime(file, (1_000_000_000 * (number + 1),) * 2)
                if file.is_file():
                    file.chmod(0o600 + number * 0o155)
            made.append((package(out / "package", self.scratch / f"{name}.zip"), (out / "template.yml").read_bytes()))
        self.assertEqual(made[0], made[1])

    def test_only_the_binary_may_be_run_and_links_lead_nowhere(self):
        folder = self.scratch / "package"
        (folder / "sources" / "x").mkdir(parents=True)
        (folder / "bootstrap").write_bytes(b"binary")
        (folder / "sources" / "x" / "source.yml").write_text("source: x\n")
        (folder / "sources" / "x" / "link").symlink_to("/etc/hostname")
        package(folder, self.scratch / "p.zip")
        with zipfile.ZipFile(self.scratch / "p.zip") as archive:
            entries = {e.filename: oct(e.external_attr >> 16) for e in archive.infolist()}
        self.assertEqual(entries, {"bootstrap": "0o100755", "sources/x/source.yml": "0o100644"})


class TestDeployScript(unittest.TestCase):
    def run_(self, *arguments, **environment):
        clean = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return subprocess.run(["bash", DEPLOY, *arguments], env=clean | environment, capture_output=True, text=True)

    def test_what_is_missing_is_said(self):
        for arguments, environment, said in (
            (["outputs"], {"PROJECT": "p"}, "not set: SERVICE STAGE"),
            (["check"], {"SOURCES": "/nowhere"}, "there is no folder /nowhere"),
            (["build", "--bootstrap", "/nowhere"], {}, "there is no file /nowhere"),
            (["--bootstrap"], {}, "--bootstrap needs a file"),
            (["check"], {"ARCHITECTURE": "mips"}, "ARCHITECTURE is arm64 or x86_64, not mips"),
        ):
            result = self.run_(*arguments, **environment)
            self.assertEqual(result.returncode, 1, arguments)
            self.assertIn(said, result.stderr)

    def test_a_step_that_there_is_not_stops_everything_beforehand(self):
        result = self.run_("check", "deplyo")
        self.assertEqual(result.returncode, 2)
        self.assertIn("there is no step deplyo", result.stderr)
        self.assertNotIn("--- check", result.stderr)


if __name__ == "__main__":
    unittest.main()
