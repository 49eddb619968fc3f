"""A screen that nobody looks at (Xvfb), with its pixels at hand: no program is started to see what is on it.

SPDX-License-Identifier: MIT
"""

import secrets
import struct
import subprocess
import zlib
from pathlib import Path

from login_host import eventually, run

WIDTH, HEIGHT = 1024, 768

Colour = tuple[int, int, int]


class Screen:
    """Xvfb keeps its frame buffer as an X window dump (XWDFile.h) in a file, for others to map."""

    def __init__(self, display: str, folder: Path):
        self.folder = folder
        self.authority = folder / "authority"
        run("xauth", "-q", "-f", self.authority, "add", display, ".", secrets.token_hex(16), check=True)
        command = ["Xvfb", display, "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", folder, "-auth", self.authority,
                   "-nolisten", "tcp", "-noreset"]
        with (folder / "Xvfb.log").open("w") as log:
            self.server = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log)
        self.dump = folder / "Xvfb_screen0"
        self.environment = {"DISPLAY": display, "XAUTHORITY": str(self.authority)}
        eventually("Xvfb to serve", Path(f"/tmp/.X11-unix/X{display[1:]}").exists)
        eventually("its frame buffer", lambda: self.dump.exists() and self.dump.stat().st_size > WIDTH * HEIGHT * 4)

    def rows(self, left: int = 0, top: int = 0, width: int = WIDTH, height: int = HEIGHT) -> list[bytes]:
        """Four bytes a pixel: blue, green, red, nothing."""
        content = self.dump.read_bytes()
        header = struct.unpack(">25I", content[:100])
        start, bytes_per_line, colours = header[0], header[12], header[19]
        pixels = start + 12 * colours
        lines = range(pixels + top * bytes_per_line, pixels + (top + height) * bytes_per_line, bytes_per_line)
        return [content[line + left * 4 : line + (left + width) * 4] for line in lines]

    def count(self, colour: Colour) -> int:
        """How many pixels are of this colour, nearly enough (it is looked for at any byte)."""
        red, green, blue = colour
        return sum(row.count(bytes((blue, green, red))) for row in self.rows())

    def colours(self, left: int, top: int, width: int, height: int) -> int:
        """How many different colours an area shows: one where it is blank, many where there is a picture."""
        return len({row[i : i + 3] for row in self.rows(left, top, width, height) for i in range(0, width * 4, 4)})

    def save(self, path: Path) -> None:
        """As PNG."""
        lines = []
        for row in self.rows():
            line = bytearray(WIDTH * 3 + 1)  # its first byte says that it is not filtered
            line[1::3], line[2::3], line[3::3] = row[2::4], row[1::4], row[0::4]
            lines.append(line)
        size = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
        chunks = [(b"IHDR", size), (b"IDAT", zlib.compress(b"".join(lines), 9)), (b"IEND", b"")]
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*parts) for parts in chunks))


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
