"""The helper as a daemon (`--listen`), with its log lines at hand.

SPDX-License-Identifier: MIT
"""

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from conversation import PATIENCE, ask, connect

SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:")

# None of this may matter to a privileged program.
HOSTILE_ENVIRONMENT = {
    "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AWS_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL": "https://127.0.0.1:9", "AWS_CA_BUNDLE": "/dev/null", "CURL_CA_BUNDLE": "/dev/null",
    "SSL_CERT_FILE": "/dev/null", "NETRC": "/dev/null", "TZ": "Asia/Tokyo", "LC_ALL": "tr_TR.UTF-8",
}


def helper_environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}
    return {**HOSTILE_ENVIRONMENT, **kept}


class HelperDaemon:
    """who: the fields that make the helper speak of the test's user (uid= when root asks)."""

    def __init__(self, program: Path, config_folder: Path, socket: Path, who: dict[str, int]):
        self.socket = socket
        self.who = who
        self.lines: list[str] = []
        self.changed = threading.Condition()
        command = [program, "--config-dir", config_folder, "--log=stderr", "--listen", socket]
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True, errors="replace",
                                        env=helper_environment(), cwd="/")
        self.reader = threading.Thread(target=self.collect, daemon=True)
        self.reader.start()
        self.wait_until_it_listens()

    def ask(self, op: str = "issue", **fields: object) -> dict[str, str]:
        """For the test's user; ask(self.socket, ...) says only what is given."""
        return ask(self.socket, op=op, **{**self.who, **fields})

    def collect(self) -> None:
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                connect(self.socket).close()
                return
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.005)
        self.process.kill()
        raise AssertionError("the helper does not listen:\n" + "\n".join(self.lines))

    def lines_with(self, text: str) -> list[str]:
        with self.changed:
            return [line for line in self.lines if text in line]

    def wait_for(self, text: str, count: int = 1) -> list[str]:
        """The log lines that hold this text, as soon as there are so many."""

        def enough() -> bool:
            return len(self.lines_with(text)) >= count

        self.wait_until(enough, f"{count} log lines with {text!r}")
        return self.lines_with(text)

    def wait_until(self, true: Callable[[], bool], what: str) -> None:
        with self.changed:
            if not self.changed.wait_for(true, PATIENCE):
                raise AssertionError(f"no {what} in:\n" + "\n".join(self.lines))

    def stop(self) -> list[str]:
        """End it as systemd does; returns all that it logged."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the helper does not end upon SIGTERM") from None
        self.reader.join()
        reports = [line for line in self.lines if SANITIZER.search(line)]
        assert status in (0, -signal.SIGTERM) and not reports, f"exit status {status}:\n" + "\n".join(self.lines)
        return self.lines
