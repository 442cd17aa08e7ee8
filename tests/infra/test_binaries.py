"""Where binaries come from: a release without any Rust, zig with a fixed glibc, this machine's own compiler."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import framework
from templates import REPOSITORY, ROOT

sys.path.insert(0, str(ROOT / "infra"))
sys.path.append(str(ROOT / "tests" / "aws"))
import buildspec  # noqa: E402
import elf  # noqa: E402

MACHINE = {"aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
OTHER = {"arm64": "x86_64", "x86_64": "arm64"}[MACHINE]
# What CodeBuild's images of Amazon Linux 2023 have of what the buildspecs use: their Dockerfiles are
# al/aarch64/standard/4.0 and al/x86_64/standard/6.0 of github.com/aws/aws-codebuild-docker-images. They have no cmake
# and no zig, and of Rust only rustup with another version than ours.
IMAGE = (
    "bash sh env cat cp cut date dirname basename find sort xargs awk sed grep head tail tr wc mkdir mktemp mv rm ls ln "
    "chmod install uname sleep id git curl tar gzip unzip python3 pip3 cargo rustc rustup cc gcc ld as ar objcopy strip make"
).split()
RUSTUP = os.environ.get("RUSTUP_HOME") or str(Path.home() / ".rustup")


class Binaries(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="mef-binaries-")
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        self.root = framework.make(self.scratch / "framework")
        self.out = self.scratch / "out"
        self.home = self.scratch / "home"
        self.home.mkdir()

    def path(self, *without, **programs):
        """A folder with the programs of the image, some of them missing and some replaced by a script."""
        folder = self.scratch / "bin"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        # Without a version manager's wrapper, which wants a home.
        known = {"python3": sys._base_executable, "pip3": None}
        for name in set(IMAGE) - set(without) - set(programs):
            found = known.get(name, shutil.which(name))
            if found:
                (folder / name).symlink_to(found)
        for name, script in programs.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / name).chmod(0o755)
        return str(folder)

    def environment(self, path, **variables):
        kept = {name: os.environ[name] for name in ("TMPDIR", "PIP_CERT", "SSL_CERT_FILE") if name in os.environ}
        kept |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        return kept | {
            "PATH": path, "HOME": str(self.home), "RUSTUP_HOME": RUSTUP, "CARGO_HOME": str(self.home / "cargo"),
            "OUT": str(self.out), "SOURCES": str(REPOSITORY / "sources"), "CARGO_TERM_PROGRESS_WHEN": "never",
        } | variables

    def deploy(self, *steps, path, status=0, **variables):
        done = subprocess.run(
            ["bash", self.root / "infra" / "deploy.sh", *steps], env=self.environment(path, **variables),
            cwd=self.scratch, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr


class TestZig(Binaries):
    def test_the_buildspecs_commands_need_nothing_else_than_what_the_image_has(self):
        environment = self.environment(self.path(), STEPS="check test build package")
        del environment["OUT"]
        for spec, folder, out in (
            (self.root / "buildspec.yml", self.root, "target/deploy"),
            (REPOSITORY / "buildspec.yml", Path(shutil.copytree(REPOSITORY, self.scratch / "configuration")), "deploy"),
        ):
            status, said, errors = buildspec.run(
                spec, folder, environment | {"CODEBUILD_SRC_DIR_Framework": str(self.root)}
            )
            self.assertEqual(status, 0, said + errors)
            self.assertIn("with AWS check", errors)
            self.assertIn("starts here and answers an event", errors)
            made = elf.read(folder / out / "package" / "bootstrap")
            versions = {need.version for need in made.needs if need.library == "libc.so.6"}
            self.assertIn("GLIBC_2.34", versions)
            for artifact in ("template.yml", "package.zip"):
                self.assertTrue((folder / out / artifact).is_file(), artifact)

    def test_where_zig_cannot_be_had_this_machines_compiler_is_taken_and_that_is_said(self):
        path = self.path(python3=f'case "$*" in *venv*) exit 1 ;; esac; exec {sys._base_executable} "$@"')
        self.assertIn("for this machine's own glibc", self.deploy("build", path=path))
        self.assertTrue((self.out / "package" / "bootstrap").is_file())
        self.assertIn("zig cannot be had", self.deploy("build", path=path, status=1, MEF_BUILD="zig"))

    def test_a_processor_that_rust_has_no_library_for_is_said_with_the_command_for_it(self):
        tools = self.root / ".tools" / "build"
        tools.mkdir(parents=True)
        pinned = hashlib.sha256((ROOT / "infra" / "build-tools.txt").read_bytes()).hexdigest()
        (tools / "installed").write_text(pinned)
        path = self.path(rustc=f'case "$*" in *sysroot*) echo "{self.scratch}" ;; esac')
        triple = {"arm64": "aarch64", "x86_64": "x86_64"}[OTHER] + "-unknown-linux-gnu"
        self.assertIn(f"rustup target add {triple}", self.deploy("build", path=path, status=1, ARCHITECTURE=OTHER))

    def test_a_compiler_for_another_processor_is_not_this_machines(self):
        said = self.deploy("build", path=self.path(), status=1, ARCHITECTURE=OTHER, MEF_BUILD="native")
        self.assertIn("let zig do it", said)
        said = self.deploy("build", path=self.path(uname='echo Darwin'), status=1, ARCHITECTURE=MACHINE, MEF_BUILD="native")
        self.assertIn("Darwin", said)


class TestRelease(Binaries):
    def release(self, **files):
        """The address and the checksum of a release with these files."""
        folder = self.scratch / "release"
        folder.mkdir(exist_ok=True)
        sums = ""
        for name, content in files.items():
            name = name.replace("__", "-")
            (folder / name).write_bytes(content)
            sums += f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        (folder / "SHA256SUMS").write_text(sums)
        return {
            "MEF_RELEASE": "0.1.0", "MEF_RELEASE_URL": folder.as_uri(),
            "MEF_RELEASE_SHA256": hashlib.sha256(sums.encode()).hexdigest(),
        }  # fmt: skip

    def test_a_released_binary_needs_no_rust(self):
        release = self.release(**{
            f"bootstrap-0.1.0-linux-{MACHINE}": b"functions", f"bootstrap-0.1.0-linux-{OTHER}": b"others",
            f"mef-0.1.0-linux-{MACHINE}": b"#!/bin/sh\necho released \"$@\"\n",
        })  # fmt: skip
        path = self.path("cargo", "rustc", "rustup", "cc", "gcc")
        said = self.deploy("mef", "check", "build", path=path, **release)
        self.assertIn("released check", said)
        self.assertEqual((self.out / "package" / "bootstrap").read_bytes(), b"functions")
        self.assertTrue(os.access(self.out / "mef", os.X_OK))
        self.deploy("build", path=path, ARCHITECTURE=OTHER, **release)
        self.assertEqual((self.out / "package" / "bootstrap").read_bytes(), b"others")

    def test_a_release_for_a_mac_has_a_mef_of_its_own_and_the_same_functions(self):
        release = self.release(**{
            "mef-0.1.0-macos-arm64": b"#!/bin/sh\necho on a mac\n", f"bootstrap-0.1.0-linux-{MACHINE}": b"functions",
        })  # fmt: skip
        path = self.path(uname='case "$1" in -s) echo Darwin ;; *) echo arm64 ;; esac')
        self.deploy("mef", "build", path=path, ARCHITECTURE=MACHINE, **release)
        self.assertIn(b"on a mac", (self.out / "mef").read_bytes())

    def test_what_is_not_what_the_checksum_says_is_not_used(self):
        name = f"bootstrap-0.1.0-linux-{MACHINE}"
        release = self.release(**{name: b"functions"})
        (self.scratch / "release" / name).write_bytes(b"changed")
        said = self.deploy("build", path=self.path(), status=1, **release)
        self.assertIn("another SHA-256 than SHA256SUMS says", said)
        self.assertEqual(list((self.out / "package").iterdir()), [])
        # And the list of checksums is no more to be trusted than the files beside it.
        changed = self.release(**{name: b"changed"}) | {"MEF_RELEASE_SHA256": release["MEF_RELEASE_SHA256"]}
        self.assertIn("nothing of it is used", self.deploy("build", path=self.path(), status=1, **changed))

    def test_what_a_release_lacks_is_said(self):
        release = self.release(**{f"bootstrap-0.1.0-linux-{MACHINE}": b"functions"})
        for changed, said in (
            ({"MEF_RELEASE_SHA256": ""}, "needs MEF_RELEASE_SHA256"),
            ({"MEF_RELEASE_URL": ""}, "needs MEF_RELEASE_URL"),
            ({"MEF_RELEASE": "9.9.9"}, "MEF_RELEASE is 9.9.9 and this checkout is 0.1.0"),
            ({"ARCHITECTURE": OTHER}, f"has no file bootstrap-0.1.0-linux-{OTHER}"),
            ({"MEF_RELEASE_URL": (self.scratch / "nowhere").as_uri()}, "cannot be reached"),
            ({"MEF_RELEASE_URL": "http://127.0.0.1:9/release"}, "cannot be reached"),
        ):
            with self.subTest(said):
                self.assertIn(said, self.deploy("build", path=self.path(), status=1, **release | changed))


class TestChecked(Binaries):
    def test_nothing_is_packaged_that_lambda_cannot_run(self):
        release = TestRelease.release(self, **{f"bootstrap-0.1.0-linux-{MACHINE}": b"\xcf\xfa\xed\xfe" + bytes(60)})
        mef = self.scratch / "mef"
        mef.write_text('#!/bin/sh\nmkdir -p "$OUT/package"\n')
        mef.chmod(0o755)
        said = self.deploy("build", "package", path=self.path(), status=1, MEF_BIN=str(mef), **release)
        self.assertIn("Mach-O", said)
        self.assertIn("nothing is uploaded", said)
        self.assertFalse((self.out / "package.zip").exists())


if __name__ == "__main__":
    unittest.main()
