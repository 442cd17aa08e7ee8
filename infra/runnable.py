"""Says whether a binary runs on Lambda, before it is uploaded: python3 infra/runnable.py arm64|x86_64 FILE

Lambda itself would say it only when the function is first called. What is looked at is what the loader of
`provided.al2023` looks at: the processor, the libraries, the versions of their symbols. Where this machine
can run the binary, it is started as well, and has to answer an event on a Runtime API of our own.

    --loads      it is looked at, and not started; FILE may be a package, in which `bootstrap` is it
    --emulator   a script will do, since an emulator starts it on this machine
"""

import argparse
import re
import sys
import tempfile
import zipfile
from pathlib import Path

import elf
from runtime_api import Silent, answer, why_not_here

# Amazon Linux 2023 has glibc 2.34 and libgcc of GCC 11, and keeps them for as long as it lives:
# https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html
GLIBC = (2, 34)
GCC = (11,)
# What those two packages bring. Others may be in the image too, but nothing here is built to need them.
LIBRARIES = {
    "libc.so.6", "libm.so.6", "libgcc_s.so.1",
    # Parts of libc.so.6 since 2.34, which older programs still name.
    "libanl.so.1", "libdl.so.2", "libpthread.so.0", "libresolv.so.2", "librt.so.1", "libutil.so.1",
}  # fmt: skip
# Of each processor the number in the file, and the loader.
PROCESSORS = {"arm64": (183, "/lib/ld-linux-aarch64.so.1"), "x86_64": (62, "/lib64/ld-linux-x86-64.so.2")}
NAMES = {3: "a 32-bit x86", 40: "a 32-bit ARM", 62: "an x86_64", 183: "an arm64", 243: "a RISC-V"}
BUILD = "let infra/deploy.sh build it with zig (MEF_BUILD=zig, the default), or take a released one (MEF_RELEASE)"
MACH_O = {b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xfe\xed\xfa\xce", b"\xca\xfe\xba\xbe"}


def faults(path, architecture, emulator=False):
    """Why the binary would not start on Lambda, a sentence each; empty if it would."""
    with open(path, "rb") as file:
        start = file.read(64)
    if start[:2] == b"#!" and emulator:
        return []
    if start[:4] != elf.MAGIC:
        return [f"{no_program(start)}: {BUILD}"]
    try:
        found = elf.read(path)
    except elf.Unreadable as error:
        return [f"{error}: {BUILD}"]
    return list(loader_faults(found, architecture))


def no_program(start):
    if not start:
        return "it is empty"
    if start[:4] in MACH_O:
        return "it is a program for macOS (Mach-O), and Lambda runs Linux"
    if start[:2] == b"MZ":
        return "it is a program for Windows, and Lambda runs Linux"
    if start[:2] == b"#!":
        line = start.split(b"\n")[0].decode(errors="replace")
        return f"it is a script ({line}), whose interpreter Lambda's runtime provided.al2023 need not have"
    return f"it is no program: it begins with {start[:8]!r}"


def loader_faults(found, architecture):
    machine, loader = PROCESSORS[architecture]
    if found.machine != machine:
        other = {62: "x86_64", 183: "arm64"}.get(found.machine)
        mend = f"set ARCHITECTURE={other}, or build for {architecture}" if other else BUILD
        yield f"it is built for {NAMES.get(found.machine, f'another ({found.machine})')} processor, and the stack's is {architecture}: {mend}"
        return
    if found.interpreter not in (None, loader):
        yield f"it wants the loader {found.interpreter}, and Amazon Linux 2023 has {loader}: {BUILD}"
        return
    known = LIBRARIES | {Path(loader).name}
    for library in found.libraries:
        if library not in known:
            yield f"it needs the library {library}, which Lambda's runtime need not have: link it statically"
    for need in found.needs:
        # The loader only warns of a weak one.
        if need.library in known and not need.weak and not is_there(need.version):
            asking = f" for {', '.join(need.symbols[:5])}" if need.symbols else ""
            yield f"it needs {need.version} of {need.library}{asking}, and Amazon Linux 2023 has glibc 2.34: {BUILD}"


def is_there(version):
    numbered = re.fullmatch(r"(GLIBC|GCC)_(\d+(?:\.\d+)*)", version)
    if not numbered:
        # Such as GLIBC_ABI_DT_RELR of 2.36, or GLIBC_PRIVATE, which is glibc's own.
        return False
    most = GLIBC if numbered.group(1) == "GLIBC" else GCC
    return tuple(int(part) for part in numbered.group(2).split("."))[: len(most)] <= most


def newest_glibc(path):
    """The newest glibc that the binary asks for, such as (2, 34); (0,) if it needs none."""
    versions = [need.version for need in elf.read(path).needs if re.fullmatch(r"GLIBC_[\d.]+", need.version)]
    return max((tuple(int(part) for part in version[6:].split(".")) for version in versions), default=(0,))


def main():
    parser = argparse.ArgumentParser(description="Says whether a binary runs on Lambda.")
    parser.add_argument("architecture", choices=sorted(PROCESSORS))
    parser.add_argument("file", type=Path)
    parser.add_argument("--loads", action="store_true", help="do not start it")
    parser.add_argument("--emulator", action="store_true", help="a script will do")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mef-package-") as folder:
        binary = arguments.file
        if zipfile.is_zipfile(binary):
            with zipfile.ZipFile(binary) as package:
                binary = Path(package.extract("bootstrap", folder))
        return judge(binary, arguments)


def judge(binary, arguments):
    name = arguments.file
    found = faults(binary, arguments.architecture, arguments.emulator)
    for fault in found:
        print(f"error: {name} would not start on Lambda: {fault}", file=sys.stderr)
    if found:
        return 1
    with open(binary, "rb") as file:
        if arguments.loads or file.read(2) == b"#!":
            return 0
    reason = why_not_here(arguments.architecture, newest_glibc(binary))
    if reason:
        print(f"{name} can be loaded on Lambda; it is not started here, since {reason}", file=sys.stderr)
        return 0
    try:
        answer(binary)
    except Silent as error:
        print(f"error: {name} does not work as a function: {error}", file=sys.stderr)
        return 1
    print(f"{name} can be loaded on Lambda, starts here and answers an event", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
