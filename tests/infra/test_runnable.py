"""What is said of a binary before it is uploaded, held to binaries of real compilers and to another reader of ELF."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

from elftools.elf.elffile import ELFFile

from templates import ROOT

sys.path.insert(0, str(ROOT / "infra"))
import elf  # noqa: E402
import runnable  # noqa: E402
import runtime_api  # noqa: E402

RUNNABLE = ROOT / "infra" / "runnable.py"
HERE = {"aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
OTHER = {"arm64": "x86_64", "x86_64": "arm64"}[HERE]
ZIG = {"arm64": "aarch64", "x86_64": "x86_64"}
NOTHING = "int main(void) { return 0; }"
# What AWS-LC refers to where it is compiled with the headers of glibc 2.38 or newer.
STRTOL = """long __isoc23_strtol(const char *, char **, int);
int main(int count, char **words) { return (int)__isoc23_strtol(words[0], 0, 10); }"""
WEAK = """int arc4random(void) __attribute__((weak));
int main(void) { return arc4random ? 0 : 1; }"""
MATHS = """double pow(double, double);
int main(int count, char **words) { return (int)pow(count, count); }"""
# Speaks the Runtime API, and says what it is told to say.
SPEAKER = """#!/usr/bin/env python3
import os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/"
with urllib.request.urlopen(api + "invocation/next") as event:
    event.read()
    call = "invocation/" + event.headers["Lambda-Runtime-Aws-Request-Id"]
print("it was called", flush=True)
urllib.request.urlopen(api + {path}, {body}).read()
urllib.request.urlopen(api + "invocation/next").read()
"""


class Scratch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="mef-runnable-")
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)

    def compiled(self, source, target, *options):
        """What zig's C compiler makes of it for any machine."""
        (self.scratch / "source.c").write_text(source)
        made = self.scratch / "made"
        cache = str(ROOT / ".tools" / "zig-cache")
        subprocess.run(
            [sys.executable, "-m", "ziglang", "cc", "-O2", "-fno-sanitize=undefined", "-rtlib=none", "-target", target,
             *options, self.scratch / "source.c", "-o", made],
            env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}, check=True,
        )  # fmt: skip
        return made

    def written(self, text):
        file = self.scratch / "bootstrap"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        file.chmod(0o755)
        return file

    def said(self, file, architecture=HERE, *options):
        done = subprocess.run([sys.executable, RUNNABLE, architecture, file, *options], capture_output=True, text=True)
        return done.returncode, done.stderr

    def refused(self, file, *said, architecture=HERE):
        status, text = self.said(file, architecture)
        self.assertEqual(status, 1, text)
        for part in ("would not start on Lambda", *said):
            self.assertIn(part, text)


class TestWhatTheLoaderNeeds(Scratch):
    def test_a_binary_for_a_newer_glibc_is_refused_with_the_symbol_that_needs_it(self):
        made = self.compiled(STRTOL, f"{ZIG[HERE]}-linux-gnu.2.38")
        self.refused(made, "GLIBC_2.38", "__isoc23_strtol", "glibc 2.34", "zig")

    def test_a_binary_for_lambdas_own_glibc_is_not(self):
        for architecture, machine in ZIG.items():
            made = self.compiled(NOTHING, f"{machine}-linux-gnu.2.34")
            status, text = self.said(made, architecture, "--loads")
            self.assertEqual(status, 0, text)

    def test_a_newer_version_that_may_be_missing_stops_nothing_where_the_file_says_so(self):
        # lld says it of no version, so the loader refuses even what only asks whether it is there.
        made = self.compiled(WEAK, f"{ZIG[HERE]}-linux-gnu.2.36")
        self.refused(made, "GLIBC_2.36", "arc4random")
        found = elf.read(made)
        marked = found._replace(needs=tuple(need._replace(weak=True) for need in found.needs))
        self.assertEqual(list(runnable.loader_faults(marked, HERE)), [])

    def test_a_binary_for_another_processor_is_refused_with_the_one_that_it_is_for(self):
        made = self.compiled(NOTHING, f"{ZIG[OTHER]}-linux-gnu.2.34")
        self.refused(made, f"ARCHITECTURE={OTHER}", f"the stack's is {HERE}")
        status, text = self.said(made, OTHER)
        self.assertEqual(status, 0, text)
        self.assertIn(f"not started here, since this machine is {os.uname().machine}", text)

    def test_a_binary_for_macos_is_refused_as_what_it_is(self):
        self.refused(self.compiled(NOTHING, "aarch64-macos"), "macOS (Mach-O)", "Lambda runs Linux")

    def test_a_binary_for_musl_is_refused_unless_it_is_static(self):
        made = self.compiled(NOTHING, f"{ZIG[HERE]}-linux-musl", "-dynamic")
        self.refused(made, "ld-musl", "Amazon Linux 2023")

    def test_a_library_that_lambda_need_not_have_is_named(self):
        made = self.compiled(MATHS, f"{ZIG[HERE]}-linux-gnu.2.34", "-lm")
        self.assertEqual(self.said(made, HERE, "--loads")[0], 0)
        # A linker leaves the file with this name; nothing else of it changes.
        renamed = self.written(made.read_bytes().replace(b"libm.so.6\0", b"libz.so.1\0"))
        self.refused(renamed, "the library libz.so.1", "statically")

    def test_what_glibc_has_added_since_to_the_format_is_refused(self):
        made = self.compiled(NOTHING, f"{ZIG[HERE]}-linux-gnu.2.34")
        for version in (b"GLIBC_PRIV", b"GLIBC_ABI_"):
            changed = self.written(made.read_bytes().replace(b"GLIBC_2.34\0", version + b"\0"))
            self.refused(changed, version.decode())

    def test_what_is_no_program_is_refused_as_what_it_is(self):
        for content, said in (
            (b"", "it is empty"),
            (b"MZ\x90\0", "a program for Windows"),
            (b"#!/bin/sh\necho\n", "it is a script (#!/bin/sh)"),
            (b"compiled\n", "it is no program"),
            (b"\x7fELF\x01\x01" + bytes(80), "not of 64 bits"),
            (b"\x7fELF\x02\x01" + bytes(8), "a part is missing"),
        ):
            self.refused(self.written(content), said)

    def test_a_file_that_is_cut_short_anywhere_is_refused_and_nothing_else_happens(self):
        whole = self.compiled(NOTHING, f"{ZIG[HERE]}-linux-gnu.2.34").read_bytes()
        cut = 0
        for size in range(64, len(whole), 97):
            try:
                elf.read(self.written(whole[:size]))
            except elf.Unreadable:
                cut += 1
        self.assertGreater(cut, 5)

    def test_a_package_is_looked_into(self):
        made = self.compiled(STRTOL, f"{ZIG[HERE]}-linux-gnu.2.38")
        with zipfile.ZipFile(self.scratch / "package.zip", "w") as package:
            package.write(made, "bootstrap")
        self.refused(self.scratch / "package.zip", "GLIBC_2.38")

    def test_a_script_will_do_on_an_emulator_alone(self):
        script = self.written("#!/usr/bin/env python3\n")
        self.assertEqual(self.said(script, HERE, "--emulator"), (0, ""))
        self.refused(script, "it is a script")


class TestAgainstAnotherReader(Scratch):
    def test_every_program_of_this_machine_is_read_as_elftools_reads_it(self):
        compared = 0
        for path in sorted(Path("/usr/bin").iterdir()):
            if compared == 150:
                break
            if path.is_symlink() or not path.is_file() or not os.access(path, os.R_OK):
                continue
            with open(path, "rb") as file:
                if file.read(4) != elf.MAGIC:
                    continue
                theirs = ELFFile(file)
                if theirs.elfclass != 64 or not theirs.little_endian:
                    continue
                found = elf.read(path)
                self.assertEqual(sorted(found.libraries), sorted(self.libraries(theirs)), path)
                self.assertEqual({(n.library, n.version, n.weak) for n in found.needs}, self.needs(theirs), path)
                self.assertEqual(found.machine, {"EM_X86_64": 62, "EM_AARCH64": 183}[theirs.header["e_machine"]], path)
                compared += 1
        self.assertGreater(compared, 20)

    @staticmethod
    def libraries(file):
        dynamic = file.get_section_by_name(".dynamic")
        return [tag.needed for tag in dynamic.iter_tags("DT_NEEDED")] if dynamic else []

    @staticmethod
    def needs(file):
        section = file.get_section_by_name(".gnu.version_r")
        return {
            (library.name, version.name, bool(version["vna_flags"] & 2))
            for library, versions in (section.iter_versions() if section else ())
            for version in versions
        }


class TestStart(Scratch):
    def test_our_own_functions_start_and_answer(self):
        built = Path(os.environ.get("MEF_BOOTSTRAP") or ROOT / "target" / "debug" / "bootstrap").resolve()
        status, text = self.said(built)
        self.assertEqual(status, 0, text)
        self.assertIn("starts here and answers an event", text)
        self.assertEqual(json.loads(runtime_api.answer(built))["statusCode"], 404)

    def test_what_ends_before_it_answers_is_refused_with_its_status(self):
        made = self.compiled(NOTHING, f"{ZIG[HERE]}-linux-gnu.2.34")
        status, text = self.said(made)
        self.assertEqual(status, 1)
        self.assertIn("ended with status 0 before it answered", text)

    def test_an_answer_is_an_answer_and_an_error_is_none(self):
        good = self.written(SPEAKER.format(path='call + "/response"', body=b'{"statusCode": 404}'))
        self.assertEqual(runtime_api.answer(good), '{"statusCode": 404}')
        for path in ('call + "/error"', '"init/error"'):
            bad = self.written(SPEAKER.format(path=path, body=b'{"errorMessage": "no region"}'))
            with self.assertRaisesRegex(runtime_api.Silent, "no region(?s:.)*it was called"):
                runtime_api.answer(bad)

    def test_a_function_that_says_nothing_is_not_waited_for_forever(self):
        mute = self.written(SPEAKER.format(path='"invocation/next"', body=None))
        with mock.patch.object(runtime_api, "SECONDS", 3), self.assertRaisesRegex(runtime_api.Silent, "did not answer"):
            runtime_api.answer(mute)

    def test_where_this_machine_cannot_start_it_that_is_said(self):
        self.assertIsNone(runtime_api.why_not_here(HERE, (2, 4)))
        self.assertIsNone(runtime_api.why_not_here(HERE, (0,)))
        self.assertIn("this machine has glibc", runtime_api.why_not_here(HERE, (2, 999)))
        with mock.patch("platform.libc_ver", return_value=("", "")):
            self.assertIn("no glibc", runtime_api.why_not_here(HERE, (2, 34)))
        with mock.patch("sys.platform", "darwin"), mock.patch("platform.system", return_value="Darwin"):
            self.assertIn("runs Darwin", runtime_api.why_not_here(HERE, (2, 34)))


if __name__ == "__main__":
    unittest.main()
