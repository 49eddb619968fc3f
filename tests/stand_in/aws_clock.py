"""AWS's clock, which may be far from this host's.

SPDX-License-Identifier: MIT
"""

import datetime
import time


class AwsClock:
    def __init__(self) -> None:
        self.offset = 0.0  # seconds that AWS's clock is ahead of this host's

    def timestamp(self) -> float:
        return time.time() + self.offset

    def now(self) -> datetime.datetime:
        """UTC, without a time zone, to the second."""
        return datetime.datetime.utcfromtimestamp(int(self.timestamp()))
