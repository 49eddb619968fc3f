"""As much of AWS CloudFormation as etc/aws/cloudformation.yaml uses: its YAML tags, conditions and intrinsic functions.
Source: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html

SPDX-License-Identifier: MIT
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

PSEUDO_PARAMETERS = {"AWS::Partition", "AWS::Region", "AWS::AccountId", "AWS::URLSuffix", "AWS::NoValue"}
NO_VALUE = object()


class Loader(yaml.SafeLoader):
    """Refuses keys that come twice, which YAML readers of AWS do too."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"line {node.start_mark.line + 1}: a key comes twice"
        return super().construct_mapping(node, deep)


def construct_function(loader: Loader, suffix: str, node: yaml.Node) -> dict:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    else:
        value = loader.construct_sequence(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", construct_function)


def load(path: Path) -> dict:
    return yaml.load(path.read_text(), Loader)


def functions(value: object) -> Iterator[tuple[str, object]]:
    """Every use of an intrinsic function in it, also inside of others."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if len(value) == 1 and (key in ("Ref", "Condition") or key.startswith("Fn::")):
                yield key, inner
            yield from functions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from functions(inner)


def names_in(text: str) -> list[str]:
    return re.findall(r"\$\{([^!}][^}]*)\}", text)


class Stack:
    """The template with these parameters; `attributes` are what resources would be called: {"HostRole.Arn": "arn:..."}"""

    def __init__(self, template: dict, parameters: dict[str, object], attributes: dict[str, str]):
        self.template = template
        self.values = {name: parameter["Default"] for name, parameter in template["Parameters"].items()
                       if "Default" in parameter}
        assert set(parameters) - PSEUDO_PARAMETERS <= set(template["Parameters"])
        self.values.update(parameters)
        for name, parameter in template["Parameters"].items():
            value = self.values[name]
            assert value in parameter.get("AllowedValues", [value]), (name, value)
            assert re.search(parameter.get("AllowedPattern", ""), str(value)), (name, value)
        self.attributes = attributes

    def holds(self, condition: str) -> bool:
        return self.evaluate(self.template["Conditions"][condition])

    def resources(self) -> dict[str, dict]:
        return {name: {"Type": resource["Type"], **self.evaluate(resource.get("Properties", {}))}
                for name, resource in self.template["Resources"].items()
                if "Condition" not in resource or self.holds(resource["Condition"])}

    def evaluate(self, value: object) -> object:
        if isinstance(value, list):
            return [inner for inner in map(self.evaluate, value) if inner is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, inner),) = value.items()
            if key.startswith("Fn::") or key == "Ref" or (key == "Condition" and isinstance(inner, str)):
                return getattr(self, "apply_" + key.removeprefix("Fn::"))(inner)
        pairs = {key: self.evaluate(inner) for key, inner in value.items()}
        return {key: inner for key, inner in pairs.items() if inner is not NO_VALUE}

    def name(self, name: str) -> object:
        if name in self.values:
            return self.values[name]
        resource = self.template["Resources"][name.partition(".")[0]]
        assert "Condition" not in resource or self.holds(resource["Condition"]), f"{name} is not made"
        return self.attributes[name]

    def apply_Ref(self, name: str) -> object:
        return NO_VALUE if name == "AWS::NoValue" else self.name(name)

    def apply_GetAtt(self, name: list[str]) -> object:
        return self.name(".".join(name))

    def apply_Sub(self, text: str) -> str:
        for name in names_in(text):
            text = text.replace("${" + name + "}", str(self.name(name)))
        return text

    def apply_Condition(self, name: str) -> bool:
        return self.holds(name)

    def apply_Equals(self, both: list) -> bool:
        one, other = map(self.evaluate, both)
        return one == other

    def apply_Not(self, what: list) -> bool:
        return not self.evaluate(what[0])

    def apply_Or(self, all_of_them: list) -> bool:
        return any([self.evaluate(one) for one in all_of_them])

    def apply_If(self, parts: list) -> object:
        condition, then, otherwise = parts
        return self.evaluate(then if self.holds(condition) else otherwise)
