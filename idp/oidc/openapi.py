"""The OpenAPI 3.1 description of every address of the provider, made from the routes.

What programs call is described by its parameters, what people open by its address
alone: the pages' forms are for the browsers that were shown them. `idp openapi` prints
it, for tools that generate, document or attack.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from werkzeug.routing import Rule

from idp.config import Config
from idp.oidc import discovery
from idp.oidc.endpoints import MACHINE_ENDPOINTS, MachineEndpoint
from idp.oidc.openapi_members import FORMS, IN_ADDRESSES, JSON, RESOURCES
from idp.oidc.request_guard import FORM_TYPE, JSON_TYPE

_TEXT = {"type": "string"}
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_KINDS = {
    "UUIDConverter": {"type": "string", "format": "uuid"},
    "UnicodeConverter": {"type": "string", "pattern": "^[^/]+$"},
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": _TEXT, "error_description": _TEXT},
}
_REFUSED = {
    "description": "Refused, and why",
    "content": {JSON_TYPE: {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def description(config: Config, rules: Iterable[Rule]) -> dict[str, Any]:
    """Return the whole description; its server is the issuer."""
    known = _values(config)
    paths: dict[str, dict[str, Any]] = {
        endpoint.path: {
            method.lower(): _machine(endpoint, method, known)
            for method in endpoint.methods
        }
        for endpoint in MACHINE_ENDPOINTS
    }
    for rule in rules:
        paths.setdefault(_path(rule), {}).update(_page(rule, known))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Định Danh", "version": "1"},
        "servers": [{"url": config.issuer}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "client": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer"},
            },
            "schemas": {"Error": _ERROR},
        },
    }


def _machine(
    endpoint: MachineEndpoint, method: str, known: dict[str, Any]
) -> dict[str, Any]:
    name = endpoint.name
    operation: dict[str, Any] = {
        "operationId": f"{name}_{method.lower()}",
        "responses": {"2XX": {"description": "As asked"}, "4XX": _REFUSED},
    }
    if name in RESOURCES:
        operation["security"] = [{"token": []}]
    elif name in FORMS:
        operation["security"] = [{"client": []}, {}]
    if name in IN_ADDRESSES and method != "POST":
        operation["parameters"] = _queries(IN_ADDRESSES[name], known)
    if method == "POST" and name in FORMS:
        operation["requestBody"] = _body(FORM_TYPE, FORMS[name], known)
    elif method in ("POST", "PUT", "PATCH"):
        operation["requestBody"] = _body(JSON_TYPE, JSON.get(name, ()), {})
    return operation


def _page(rule: Rule, known: dict[str, Any]) -> dict[str, Any]:
    name = rule.endpoint.rpartition(".")[2]
    members = IN_ADDRESSES.get(rule.endpoint, ())
    operations = {}
    for method in _METHODS:
        if method not in (rule.methods or ()):
            continue
        operation: dict[str, Any] = {
            "operationId": f"{rule.endpoint}_{method.lower()}",
            "summary": name.replace("_", " "),
            "responses": {"default": {"description": "A page, or where to go on"}},
            "parameters": list(_in_path(rule)),
        }
        if method == "POST":
            operation["requestBody"] = _body(FORM_TYPE, members, known)
        else:
            operation["parameters"] += _queries(members, known)
        operations[method.lower()] = operation
    return operations


def _path(rule: Rule) -> str:
    """Return a rule's path as OpenAPI writes it: `/login/{transaction}`."""
    texts = (
        f"{{{text}}}" if is_argument else text
        for is_argument, text in rule._trace  # noqa: SLF001 - Werkzeug tells no other way
    )
    return "".join(texts).removeprefix("|")


def _in_path(rule: Rule) -> Iterator[dict[str, Any]]:
    for name, converter in rule._converters.items():  # noqa: SLF001 - as above
        choices = getattr(converter, "items", None)
        kind = {"enum": sorted(choices)} if choices else {}
        schema = {**_TEXT, **_KINDS.get(type(converter).__name__, {}), **kind}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _queries(names: Iterable[str], known: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "schema": known.get(name, _TEXT)}
        for name in names
    ]


def _body(kind: str, names: Iterable[str], known: dict[str, Any]) -> dict[str, Any]:
    other = _TEXT if kind == FORM_TYPE else {}
    properties = {name: known.get(name, other) for name in names}
    schema = {
        "type": "object", "properties": properties, "additionalProperties": other,
    }  # fmt: skip
    return {"required": True, "content": {kind: {"schema": schema}}}


def _values(config: Config) -> dict[str, Any]:
    """Return the schemas of the parameters whose values discovery lists."""
    published = discovery.document(config)
    listed = {
        "response_type": "response_types_supported",
        "response_mode": "response_modes_supported",
        "code_challenge_method": "code_challenge_methods_supported",
        "grant_type": "grant_types_supported",
    }
    return {
        name: {"type": "string", "enum": list(published[member])}
        for name, member in listed.items()
    }
