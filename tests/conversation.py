"""The client side of the conversation with the helper: lines `key=value`, ended by an empty line.

SPDX-License-Identifier: MIT
"""

import socket
from pathlib import Path

PATIENCE = 20  # seconds; far more than any budget in these tests


def request_text(**fields: object) -> bytes:
    lines = ["proto=1", *(f"{key}={value}" for key, value in fields.items())]
    return ("\n".join(lines) + "\n\n").encode()


def parse_answer(data: bytes) -> dict[str, str]:
    """Strictly, as the design has it: no answer may hold anything that the format does not allow."""
    text = data.decode("utf-8")
    assert text.startswith("proto=1\n") and text.endswith("\n\n"), f"not a whole message: {text!r}"
    lines = text[:-2].split("\n")[1:]
    assert all("=" in line and line.isprintable() for line in lines), f"bad line in {text!r}"
    answer = dict(line.split("=", 1) for line in lines)
    assert len(answer) == len(lines), f"a key comes twice in {text!r}"
    return answer


def connect(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(PATIENCE)
    client.connect(str(path))
    return client


def receive(client: socket.socket) -> bytes:
    """All that comes until the other side closes, or the message is whole."""
    data = b""
    while not data.endswith(b"\n\n"):
        try:
            piece = client.recv(65536)
        except ConnectionResetError:
            break  # it closed with bytes of ours unread
        if not piece:
            break
        data += piece
    return data


def send(client: socket.socket, data: bytes) -> None:
    """All of it, or as much as the other side wants to have."""
    try:
        client.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def say(path: Path, data: bytes) -> bytes:
    """Send these bytes and return whatever is answered."""
    with connect(path) as client:
        send(client, data)
        return receive(client)


def ask(path: Path, op: str = "issue", budget_ms: int = 3000, **fields: object) -> dict[str, str]:
    return parse_answer(say(path, request_text(op=op, budget_ms=budget_ms, **fields)))
