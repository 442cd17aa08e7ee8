"""Reads of an ELF file what the dynamic loader looks at before it starts the program.

The layout is that of the System V ABI, and of symbol versions that of the Linux Standard Base.
"""

import struct
from pathlib import Path
from typing import NamedTuple

MAGIC = b"\x7fELF"
PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NEEDED, DT_STRTAB, DT_SYMTAB = 1, 5, 6
DT_VERSYM, DT_VERNEED, DT_VERNEEDNUM = 0x6FFFFFF0, 0x6FFFFFFE, 0x6FFFFFFF
SHT_DYNSYM = 11
SYMBOL_BYTES = 24
WEAK = 2


class Unreadable(Exception):
    """The file is no ELF file of 64 bits, or a part of it is missing."""


class Need(NamedTuple):
    """A symbol version that a library has to have."""

    library: str
    version: str
    # Whether the program starts without it.
    weak: bool
    # Which symbols ask for it, as far as the file still says.
    symbols: tuple


class Elf(NamedTuple):
    """What the loader looks at."""

    machine: int
    # The loader's path; None if the program needs none.
    interpreter: str
    libraries: tuple
    needs: tuple


def read(path):
    """Reads the file; raises Unreadable if it is no ELF file that a loader could take."""
    data = Path(path).read_bytes()
    if data[:4] != MAGIC:
        raise Unreadable("it is no ELF file")
    if data[4:6] != b"\x02\x01":
        raise Unreadable("it is an ELF file, but not of 64 bits with the low byte first")
    try:
        return File(data).elf()
    except (struct.error, IndexError, ValueError) as error:
        raise Unreadable("it is an ELF file of which a part is missing") from error


class File:
    def __init__(self, data):
        self.data = data
        header = struct.unpack_from("<HHIQQQIHHHHHH", data, 16)
        self.machine, self.sections_at, self.sections = header[1], header[5], header[11]
        self.segments = [
            struct.unpack_from("<IIQQQQQQ", data, header[4] + number * header[8]) for number in range(header[9])
        ]
        self.dynamic = self.read_dynamic()

    def elf(self):
        interpreter = [self.data[s[2] : s[2] + s[5]].split(b"\0")[0].decode() for s in self.of(PT_INTERP)]
        return Elf(
            machine=self.machine,
            interpreter=interpreter[0] if interpreter else None,
            libraries=tuple(self.string(index) for index in self.dynamic.get(DT_NEEDED, ())),
            needs=tuple(self.needs()),
        )

    def of(self, kind):
        return [segment for segment in self.segments if segment[0] == kind]

    def read_dynamic(self):
        """The entries of the dynamic section, by tag."""
        entries = {}
        for _, _, offset, _, _, size, _, _ in self.of(PT_DYNAMIC):
            for at in range(offset, offset + size, 16):
                tag, value = struct.unpack_from("<QQ", self.data, at)
                if tag == 0:
                    break
                entries.setdefault(tag, []).append(value)
        return entries

    def offset(self, address):
        """Where in the file something is that the program finds at `address`."""
        for _, _, offset, start, _, size, _, _ in self.of(PT_LOAD):
            if start <= address < start + size:
                return address - start + offset
        raise ValueError(f"nothing is loaded at {address:#x}")

    def table(self, tag):
        return self.offset(self.dynamic[tag][0])

    def string(self, index):
        at = self.table(DT_STRTAB) + index
        return self.data[at : self.data.index(b"\0", at)].decode(errors="replace")

    def needs(self):
        if DT_VERNEED not in self.dynamic:
            return
        symbols = self.symbols()
        at = self.table(DT_VERNEED)
        for _ in range(self.dynamic[DT_VERNEEDNUM][0]):
            _, count, file, first, following = struct.unpack_from("<HHIII", self.data, at)
            version = at + first
            for _ in range(count):
                _, flags, number, name, after = struct.unpack_from("<IHHII", self.data, version)
                asking = tuple(symbols.get(number & 0x7FFF, ()))
                yield Need(self.string(file), self.string(name), bool(flags & WEAK), asking)
                version += after
            at += following

    def symbols(self):
        """The names of symbols by the number of their version."""
        names = {}
        if DT_VERSYM not in self.dynamic:
            return names
        symbols, versions = self.table(DT_SYMTAB), self.table(DT_VERSYM)
        for index in range(1, self.symbol_count()):
            (number,) = struct.unpack_from("<H", self.data, versions + 2 * index)
            (name,) = struct.unpack_from("<I", self.data, symbols + SYMBOL_BYTES * index)
            names.setdefault(number & 0x7FFF, []).append(self.string(name))
        return names

    def symbol_count(self):
        """Only the section headers say it, which the loader does not need; without them none is named."""
        for number in range(self.sections):
            section = struct.unpack_from("<IIQQQQIIQQ", self.data, self.sections_at + number * 64)
            if section[1] == SHT_DYNSYM:
                return section[5] // SYMBOL_BYTES
        return 0
