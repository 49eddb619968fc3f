"""Tries to get into every X server of the host without a cookie.

    display_intruder.py UID

As this uid; it prints which were found, and which let him in: {"found": [...], "let_in": [...]}.

SPDX-License-Identifier: MIT
"""

import json
import os
import re
import socket
import struct
import sys
from pathlib import Path

SET_UP_LITTLE_ENDIAN = struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0)  # X11 protocol, chapter 8: no authorization
SUCCESS = b"\x01"


def addresses() -> list[str]:
    """Of sockets in the file system and in the abstract name space, whose names begin with an @."""
    paths = [str(path) for path in Path("/tmp/.X11-unix").glob("X*")]
    return paths + re.findall(r"@/tmp/\.X11-unix/X\d+$", Path("/proc/net/unix").read_text(), re.MULTILINE)


def is_let_in(address: str) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.settimeout(20)
            server.connect(address.replace("@", "\0"))
            server.sendall(SET_UP_LITTLE_ENDIAN)
            return server.recv(1) == SUCCESS
    except OSError:
        return False


if __name__ == "__main__":
    uid = int(sys.argv[1])
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    found = sorted(set(addresses()))
    print(json.dumps({"found": found, "let_in": [address for address in found if is_let_in(address)]}))
