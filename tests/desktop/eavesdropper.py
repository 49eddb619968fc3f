"""Another user of the host, who looks for tokens wherever he can look, all the time (secret_watch.py).

SPDX-License-Identifier: MIT
"""

import json
import subprocess
import sys
from pathlib import Path

from stand_in.sagemaker_api import base64url

WATCH = Path(__file__).resolve().parent.parent / "secret_watch.py"
TOKEN = base64url(b'{"alg":"HS256"}') + "."  # how every token of the stand-in begins
BAIT = "bait-for-the-eavesdropper"
BAIT_IS_IN = "cmdline of python3"


class Eavesdropper:
    """So that "he has seen nothing" means something, one process has a secret in its command line."""

    def __init__(self, uid: int):
        self.bait = subprocess.Popen([sys.executable, "-c", "input()", BAIT], stdin=subprocess.PIPE)
        # He takes what the others leave of the processors, or the desktop would be slow because of him.
        self.process = subprocess.Popen(["nice", "-n", "19", sys.executable, str(WATCH), str(uid)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(f"{TOKEN}\n{BAIT}\n\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "watching\n"

    def stop(self) -> None:
        self.process.kill()
        self.bait.kill()
        self.process.wait()
        self.bait.wait()

    def found(self) -> list[str]:
        """Where he has seen a token; he looks no longer."""
        output, _ = self.process.communicate(timeout=60)
        places = json.loads(output)["found"]
        assert BAIT_IS_IN in places, "he has not even seen what everybody can see"
        return [place for place in places if place != BAIT_IS_IN]
