"""Are these the parameters that an operation takes?  botocore's model of the service decides.

SPDX-License-Identifier: MIT
"""

import re
from typing import Any

import botocore.loaders
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

from .refusal import Refused

# What the model of Debian 12's botocore 1.29 lacks; both are copied from the model of botocore 1.43
# (data/sagemaker/2017-07-24/service-2.json).  A botocore that has them keeps its own.
SUPPLEMENT = {
    "LandingUri": {"type": "string", "min": 0, "max": 1023},
    "DomainId": {"type": "string", "min": 0, "max": 63, "pattern": "d-(-*[a-z0-9]){1,61}"},
}
# Classes of letters that Python's re does not know, as it knows them.
LETTER_CLASSES = ("\\p{L}\\p{Z}\\p{N}_", "\\w\\s")


def service_model(service: str) -> ServiceModel:
    description = botocore.loaders.create_loader().load_service_model(service, "service-2")
    if service == "sagemaker":
        add_what_it_lacks(description)
    return ServiceModel(description, service)


def add_what_it_lacks(description: dict[str, Any]) -> None:
    members = description["shapes"]["CreatePresignedDomainUrlRequest"]["members"]
    for name, shape in SUPPLEMENT.items():
        members.setdefault(name, {"shape": name})
        known = description["shapes"].setdefault(name, shape)
        for constraint, value in shape.items():
            known.setdefault(constraint, value)


def check_parameters(parameters: Any, shape: Shape, code: str = "ValidationException") -> None:
    """Raises Refused with this code."""
    errors = ParamValidator().validate(parameters, shape)
    if errors.has_errors():
        raise Refused(code, errors.generate_report())
    check_limits("", parameters, shape, code)


def check_limits(name: str, value: Any, shape: Shape, code: str) -> None:
    """Maximum and pattern, which ParamValidator leaves to the service; and True, which is an int to Python alone."""
    if shape.type_name == "structure":
        for key, member in value.items():
            check_limits(key, member, shape.members[key], code)
        return
    if isinstance(value, bool):
        raise Refused("SerializationException", f"{name} is a boolean.")
    check_maximum(name, value, shape, code)
    if shape.type_name == "list":
        for number, member in enumerate(value, 1):
            check_limits(f"{name}.{number}", member, shape.member, code)
    elif "pattern" in shape.metadata:
        check_pattern(name, value, shape.metadata["pattern"], code)


def check_maximum(name: str, value: Any, shape: Shape, code: str) -> None:
    size = value if isinstance(value, int) else len(value)
    if "max" in shape.metadata and size > shape.metadata["max"]:
        raise Refused(code, f"Value '{value}' at '{name}' failed to satisfy constraint: "
                      f"Member must have value less than or equal to {shape.metadata['max']}")


def check_pattern(name: str, value: str, pattern: str, code: str) -> None:
    known = pattern.replace(*LETTER_CLASSES)
    if not re.fullmatch(known, value, 0 if known != pattern else re.ASCII):
        raise Refused(code, f"Value '{value}' at '{name}' failed to satisfy constraint: "
                      f"Member must satisfy regular expression pattern: {pattern}")
