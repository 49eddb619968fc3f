"""What a service of AWS refuses, before it is written in that service's form.

SPDX-License-Identifier: MIT
"""


class Refused(Exception):
    """An AWS error; is_violation tells a fault of the client from a fact of life (expired keys, unknown profile)."""

    def __init__(self, code: str, message: str, status: int = 400, is_violation: bool = True):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.is_violation = code, message, status, is_violation


def not_authorized(caller: str, action: str, resource: str, reason: str = "") -> str:
    """AWS's sentence for whatever is denied; the reason begins with "with" or "because"."""
    sentence = f"User: {caller} is not authorized to perform: {action} on resource: {resource}"
    return f"{sentence} {reason}" if reason else sentence
