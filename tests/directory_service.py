"""libnss_standin (nss_stand_in.c) as the sandbox's directory of users, and how to make it misbehave.

SPDX-License-Identifier: MIT
"""

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path("/etc/nss-stand-in")
LIBRARY = "libnss_standin.so.2"
NSSWITCH = Path("/etc/nsswitch.conf")


def library_folder() -> Path:
    """Where the dynamic linker looks for NSS modules: beside libc."""
    listing = subprocess.run(["ldd", "/bin/true"], capture_output=True, text=True, check=True).stdout
    libc = re.search(r"libc\.so\.6 => (\S+)", listing)
    assert libc, listing
    return Path(libc[1]).resolve().parent


class DirectoryService:
    """Users and groups as lines of passwd(5) and group(5), known to the whole sandbox."""

    def __init__(self, library: Path, users: list[str], groups: list[str]):
        FOLDER.mkdir(exist_ok=True)
        shutil.copy(library, library_folder() / LIBRARY)
        (FOLDER / "passwd").write_text("".join(f"{line}\n" for line in users))
        (FOLDER / "group").write_text("".join(f"{line}\n" for line in groups))
        self.nsswitch = NSSWITCH.read_text()
        NSSWITCH.write_text(re.sub(r"(?m)^(passwd|group):.*$", r"\1: files standin", self.nsswitch))

    @contextlib.contextmanager
    def misbehaving(self, *orders: str) -> Iterator[None]:
        """Each order is `CALL BEHAVIOUR WHERE`, as nss_stand_in.c has it."""
        control = FOLDER / "control"
        control.write_text("".join(f"{order}\n" for order in orders))
        try:
            yield
        finally:
            control.unlink()

    def remove(self) -> None:
        NSSWITCH.write_text(self.nsswitch)
        shutil.rmtree(FOLDER)
        (library_folder() / LIBRARY).unlink()
