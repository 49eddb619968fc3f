"""The sandbox's system log: a datagram socket such as /dev/log, each message one line of a file.

    log_collector.py SOCKET FILE

It returns when the socket is there, and goes on collecting in the background.  Control bytes, line breaks among them,
are written as escapes, so that a message can never pass for two.

SPDX-License-Identifier: MIT
"""

import os
import socket
import sys

LONGEST_MESSAGE = 65536


def one_line(message: bytes) -> bytes:
    text = message.rstrip(b"\0\n").decode("utf-8", "backslashreplace")
    escaped = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return escaped.encode("utf-8") + b"\n"


def collect(listener: socket.socket, lines: int) -> None:
    while True:
        os.write(lines, one_line(listener.recv(LONGEST_MESSAGE)))


def main(socket_path: str, file_path: str) -> None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(socket_path)
    os.chmod(socket_path, 0o666)
    lines = os.open(file_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    if os.fork() > 0:
        return
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    collect(listener, lines)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
