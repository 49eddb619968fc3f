"""Session policies, as far as a stand-in needs them: Allow and Deny of actions on resources, with * and ?.

SPDX-License-Identifier: MIT
"""

import json
import re
from typing import Any

from .refusal import Refused

VERSION = "2012-10-17"
MEMBERS = {"Sid", "Effect", "Action", "Resource"}


def parse_policy(text: str) -> dict[str, Any]:
    try:
        policy = json.loads(text)
        if policy["Version"] != VERSION or not set(policy) <= {"Version", "Id", "Statement"}:
            raise ValueError(f"a policy of version {VERSION} was expected")
        for statement in statements_of(policy):
            if statement["Effect"] not in ("Allow", "Deny") or not set(statement) <= MEMBERS:
                raise ValueError(f"a statement of {', '.join(sorted(MEMBERS))} was expected")
            if not texts(statement["Action"]) or not texts(statement["Resource"]):
                raise ValueError("a statement without action or resource")
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("MalformedPolicyDocument", f"This policy contains invalid Json: {error}") from error
    return policy


def statements_of(policy: dict[str, Any]) -> list[dict[str, Any]]:
    return policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]


def texts(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def allows(policy: dict[str, Any], action: str, resource: str) -> bool:
    effects = {statement["Effect"] for statement in statements_of(policy)
               if any(matches(pattern.lower(), action.lower()) for pattern in texts(statement["Action"]))
               and any(matches(pattern, resource) for pattern in texts(statement["Resource"]))}
    return effects == {"Allow"}


def matches(pattern: str, text: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None
