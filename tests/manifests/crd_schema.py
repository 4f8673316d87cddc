"""Checks custom resources against their definition as an API server does: it refuses unknown fields.

It looks for definitions in `../shared/schemas` and in the folders of FACEGRID_CRDS: files as the projects publish
them, such as gateway-api's standard-install.yaml and cert-manager.crds.yaml.
"""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from tests.support.paths import REPOSITORY

SCHEMAS = REPOSITORY.parent / "shared" / "schemas"


@cache
def definitions() -> dict[tuple[str, str], jsonschema.Draft7Validator]:
    """A validator for each apiVersion and kind whose definition is there."""
    found = {}
    for doc in _definition_documents():
        spec = doc["spec"]
        for version in spec["versions"]:
            key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
            found[key] = jsonschema.Draft7Validator(strict(version["schema"]["openAPIV3Schema"], root=True))
    return found


def _definition_documents() -> Iterator[dict[str, Any]]:
    given = [Path(folder) for folder in os.environ.get("FACEGRID_CRDS", "").split(os.pathsep) if folder]
    for folder in (SCHEMAS, *given):
        for file in sorted(folder.glob("*.yaml")):
            for doc in yaml.load_all(file.read_text(), yaml.CSafeLoader):
                if doc and doc["kind"] == "CustomResourceDefinition":
                    yield doc


def problems(doc: dict[str, Any]) -> list[str]:
    """What an API server would refuse, except by rules that are written in CEL.

    Raises:
        KeyError: There is no definition of its kind.
    """
    errors = definitions()[doc["apiVersion"], doc["kind"]].iter_errors(doc)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


def strict(schema: dict[str, Any], *, root: bool = False) -> dict[str, Any]:
    """Returns the schema in plain JSON Schema, in which an object may have no other fields than those named.

    A field with a default need not be given, although it may be listed as required.
    """
    result = {key: value for key, value in schema.items() if not key.startswith("x-") and key not in _PROSE}
    if schema.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
        result["type"] = ["integer", "string"]
    if "properties" in schema:
        properties = {name: strict(one) for name, one in schema["properties"].items()}
        if root:
            properties["metadata"] = {"type": "object"}
        result["properties"] = properties
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            result["additionalProperties"] = False
        required = [name for name in schema.get("required", []) if "default" not in schema["properties"].get(name, {})]
        result["required"] = required
    if isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = strict(schema["additionalProperties"])
    if "items" in schema:
        result["items"] = strict(schema["items"])
    for several in ("anyOf", "oneOf", "allOf"):
        # Within these, Kubernetes allows conditions on values, not fields of their own.
        if several in schema and schema.get("x-kubernetes-int-or-string"):
            del result[several]
    return result


_PROSE = {"description", "example", "nullable", "format", "default"}
