"""Zips a folder so that the same files make the same bytes: fixed times, fixed order, fixed rights.

An unchanged package then has an unchanged name in S3, and CloudFormation leaves the functions alone.
"""

import sys
import zipfile
from pathlib import Path

# The earliest moment that a zip can hold.
MOMENT = (1980, 1, 1, 0, 0, 0)
UNIX = 3


def package(folder, target):
    # No link is followed out of the folder, and no folder is an entry of its own.
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            name = path.relative_to(folder).as_posix()
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.create_system = UNIX
            entry.external_attr = (0o100755 if name == "bootstrap" else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes(), compresslevel=9)


if __name__ == "__main__":
    package(Path(sys.argv[1]), Path(sys.argv[2]))
