"""Somebody at another machine, who works on the desktop host by RDP: FreeRDP's client on a screen, a mouse, a keyboard.

SPDX-License-Identifier: MIT
"""

import os
import subprocess
from collections.abc import Callable

from login_host import eventually
from screen import HEIGHT, WIDTH, Screen


class RdpClient:
    """The screen outlives connections; it is black while there is none."""

    def __init__(self, screen: Screen, host: str):
        self.screen = screen
        self.host = host
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(screen.folder), **screen.environment}
        self.connection: subprocess.Popen | None = None

    def connect(self, user: str, password: str) -> None:
        assert self.connection is None
        # What is in this command line is no secret of the project's: on a real network it is another machine's.
        command = ["xfreerdp", f"/v:{self.host}", f"/u:{user}", f"/p:{password}", f"/size:{WIDTH}x{HEIGHT}", "/bpp:24",
                   "/cert:ignore", "/sec:tls", "-clipboard", "-decorations"]
        with (self.screen.folder / "freerdp.log").open("a") as log:
            self.connection = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                                               stderr=log)

    def disconnect(self) -> None:
        """As a window is closed, or a network goes away: nobody logs out."""
        assert self.connection is not None
        self.connection.terminate()
        self.wait_for_end()

    def wait_for_end(self) -> None:
        assert self.connection is not None
        self.connection.wait(timeout=60)
        self.connection = None

    def is_connected(self) -> bool:
        return self.connection is not None and self.connection.poll() is None

    def point_at(self, x: int, y: int) -> None:
        self.xdotool("mousemove", str(x), str(y))

    def double_click(self, x: int, y: int) -> None:
        self.xdotool("mousemove", str(x), str(y), "click", "--repeat", "2", "--delay", "80", "1")

    def press(self, *keys: str) -> None:
        self.xdotool("key", *keys)

    def xdotool(self, *words: str) -> None:
        subprocess.run(["xdotool", *words], env=self.environment, check=True, timeout=60)

    def sees(self, what: str, condition: Callable[[], bool], seconds: float) -> None:
        """Wait until the screen shows it; the connection must live on."""

        def holds() -> bool:
            assert self.is_connected(), f"the RDP connection ended while waiting for {what}"
            return condition()

        eventually(what, holds, seconds)


