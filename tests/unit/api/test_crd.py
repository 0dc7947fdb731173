from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from landbridge.api.crd import DEFINITIONS, MULTI_CLUSTER_SERVICE, Definition, render
from landbridge.api.multicluster import MULTI_CLUSTER_SERVICES

ALL = pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: str(definition.kind.kind))


def version(definition: Definition) -> Any:
    (only,) = render(definition)["spec"]["versions"]
    return only


def parts(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every schema below one, with its path."""
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from parts(part, f"{path}.{name}")
    if "items" in schema:
        yield from parts(schema["items"], f"{path}[]")


def fields(definition: Definition) -> dict[str, Any]:
    return dict(parts(version(definition)["schema"]["openAPIV3Schema"]))


@ALL
def test_every_field_has_a_type_and_a_description(definition: Definition) -> None:
    for path, schema in fields(definition).items():
        assert schema["type"], path
        assert schema.get("description") or path == ".metadata" or path.endswith("roles[]"), path


@ALL
def test_the_schema_is_structural(definition: Definition) -> None:
    for path, schema in fields(definition).items():
        assert not schema.keys() & {"$ref", "anyOf", "oneOf", "title", "default"}, path


@ALL
def test_status_is_a_part_of_its_own(definition: Definition) -> None:
    assert version(definition)["subresources"] == {"status": {}}


def test_its_names_are_the_kinds() -> None:
    spec = render(MULTI_CLUSTER_SERVICE)["spec"]
    assert spec["group"] == MULTI_CLUSTER_SERVICES.group
    assert spec["names"]["plural"] == MULTI_CLUSTER_SERVICES.plural
    assert spec["names"]["shortNames"] == ["mcs"]


def test_the_columns_are_those_of_the_design() -> None:
    columns = version(MULTI_CLUSTER_SERVICE)["additionalPrinterColumns"]
    assert [column["name"] for column in columns] == ["PROVIDERS", "CONSUMERS", "ENDPOINTS", "READY", "AGE"]


def test_every_column_shows_a_field_that_exists() -> None:
    known = fields(MULTI_CLUSTER_SERVICE).keys()
    for column in MULTI_CLUSTER_SERVICE.columns[:3]:
        assert column.json_path in known


def test_a_cluster_is_listed_once() -> None:
    schema = fields(MULTI_CLUSTER_SERVICE)[".spec.providerClusters"]
    assert schema["x-kubernetes-list-type"] == "map"
    assert schema["x-kubernetes-list-map-keys"] == ["name"]


def test_other_tools_fields_are_kept_in_the_spec_and_nowhere_else() -> None:
    key = "x-kubernetes-preserve-unknown-fields"
    assert [path for path, schema in fields(MULTI_CLUSTER_SERVICE).items() if schema.get(key)] == [".spec"]


def test_a_spec_is_required_and_a_status_is_not() -> None:
    assert fields(MULTI_CLUSTER_SERVICE)[""]["required"] == ["spec"]
