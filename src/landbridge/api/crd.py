"""CustomResourceDefinitions, rendered from the Structs that decode the objects.

msgspec gives JSON Schema; the API server wants its structural subset: no references, no ``anyOf`` for what may be null,
no titles, a type everywhere. Defaults are left out: what a person did not write stays unwritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from landbridge.api.kind import Kind
from landbridge.api.meta import Object
from landbridge.api.migration import SERVICE_MIGRATIONS
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES
from landbridge.api.names import PART_OF, PRODUCT

Schema = dict[str, Any]

_KEPT = frozenset({"description", "enum", "format", "type"}) | {
    "maxItems", "minItems", "maxLength", "minLength", "maximum", "minimum", "pattern", "required",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of ``kubectl get``."""

    name: str
    json_path: str
    description: str
    type: str = "string"


@dataclass(frozen=True)
class Rule:
    """A condition that the API server checks (CEL), and what it says where that fails."""

    rule: str
    message: str


@dataclass(frozen=True)
class Definition:
    """What a CRD says beyond the schema."""

    kind: Kind[Any]
    short_names: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    open_spec: bool = False
    """Whether unknown fields of the spec are kept rather than refused: other tools have fields there."""


AGE = Column("AGE", ".metadata.creationTimestamp", "Time since it was created.", "date")

SERVICES_NAME = Rule(
    "self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    "metadata.name must be the name of a Service: at most 63 small letters, digits and dashes, starting with a "
    "letter and not ending with a dash",
)

MULTI_CLUSTER_SERVICE = Definition(
    MULTI_CLUSTER_SERVICES,
    short_names=("mcs",),
    columns=(
        Column("PROVIDERS", ".status.providers", "Clusters whose pods serve."),
        Column("CONSUMERS", ".status.consumers", "Clusters whose pods call."),
        Column("ENDPOINTS", ".status.endpoints", "Ready endpoints, over all providers.", "integer"),
        Column("READY", '.status.conditions[?(@.type=="Ready")].status', "Whether every consumer has them."),
        AGE,
    ),
    rules=(SERVICES_NAME,),
    open_spec=True,
)

SERVICE_MIGRATION = Definition(
    SERVICE_MIGRATIONS,
    short_names=("smig",),
    columns=(
        Column("FROM", ".spec.from", "The cluster that the Service leaves."),
        Column("TO", ".spec.to", "The cluster that it moves to."),
        Column("OFFERED", ".spec.offered", "Endpoints there that the others get; empty for all.", "integer"),
        AGE,
    ),
    rules=(SERVICES_NAME, Rule("self.spec.from != self.spec.to", "a Service moves to another cluster: from is to")),
)

DEFINITIONS = (MULTI_CLUSTER_SERVICE, SERVICE_MIGRATION)


def render(definition: Definition) -> Schema:
    """The CustomResourceDefinition, as a plain object."""
    kind = definition.kind
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}", "labels": {PART_OF: PRODUCT}},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.kind.lower(),
                "shortNames": list(definition.short_names),
            },
            "versions": [_version(definition)],
        },
    }


def _version(definition: Definition) -> Schema:
    return {
        "name": definition.kind.version,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            {"name": column.name, "type": column.type, "jsonPath": column.json_path, "description": column.description}
            for column in definition.columns
        ],
        "schema": {"openAPIV3Schema": _root(definition)},
    }


def _root(definition: Definition) -> Schema:
    schema = object_schema(definition.kind.type)
    schema["properties"]["metadata"] = {"type": "object"}
    schema["required"] = ["spec"]
    if definition.open_spec:
        schema["properties"]["spec"]["x-kubernetes-preserve-unknown-fields"] = True
    if definition.rules:
        schema["x-kubernetes-validations"] = [{"rule": rule.rule, "message": rule.message} for rule in definition.rules]
    return schema


def object_schema(struct: type[Object]) -> Schema:
    """The structural schema of a Struct, without references."""
    (top,), components = msgspec.json.schema_components([struct], ref_template="{name}")
    return _structural(top, components)


def _structural(schema: Mapping[str, Any], components: Mapping[str, Schema]) -> Schema:
    if "$ref" in schema:
        return _structural({**components[schema["$ref"]], **_without(schema, "$ref")}, components)
    if "anyOf" in schema:
        (only,) = (option for option in schema["anyOf"] if option.get("type") != "null")
        return _structural({**only, **_without(schema, "anyOf")}, components)
    known = {key: value for key, value in schema.items() if key in _KEPT or key.startswith("x-kubernetes-")}
    kept = {key: value for key, value in known.items() if value or key == "minimum"}
    if "enum" in kept:
        kept["type"] = "string"
    if kept.get("type") == "integer":
        kept["format"] = "int64"
    if "properties" in schema:
        kept["properties"] = {name: _structural(part, components) for name, part in schema["properties"].items()}
    for part in ("items", "additionalProperties"):
        if part in schema:
            kept[part] = _structural(schema[part], components)
    return kept


def _without(schema: Mapping[str, Any], key: str) -> Schema:
    return {name: value for name, value in schema.items() if name != key}
