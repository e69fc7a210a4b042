"""Every operation, asked with another tenant's ids, words and cursors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any, cast
from uuid import UUID, uuid4

from graphql import GraphQLSchema
from graphql.type import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_object_type,
)

from pinakes.platform.paging import cursor

FEW = 2  # times that an operation without an id is asked


@dataclass(frozen=True)
class Loot:
    """What a stranger has learned of a tenant: the ids and the words of its rows."""

    ids: list[UUID]
    words: list[str]
    code: str  # of the tenant that is robbed


@dataclass(frozen=True)
class Ask:
    """One request; *twin* is the same with ids and words that nobody has."""

    operation: str
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    twin: "Ask | None" = None


class Teller:
    """Makes values for a JSON schema out of somebody's loot."""

    def __init__(self, document: Mapping[str, Any], loot: Loot) -> None:
        self.components = document.get("components", {}).get("schemas", {})
        self.ids, self.words = cycle(loot.ids), cycle(loot.words)
        self.code = loot.code

    def value(self, schema: Mapping[str, Any], name: str = "", depth: int = 0) -> Any:
        if "$ref" in schema:
            return self.value(self.components[schema["$ref"].rsplit("/", 1)[1]], name, depth)
        for many in ("oneOf", "anyOf", "allOf"):
            if many in schema:
                real = [one for one in schema[many] if one.get("type") != "null"]
                return self.value(real[0], name, depth) if real else None
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next(one for one in cast("list[str]", kind) if one != "null")
        return self.plain(kind, schema, name, depth)

    def plain(self, kind: Any, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        match kind:
            case "string":
                return self.text(schema.get("format"), name, schema.get("maxLength", 40))
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return True
            case "array":
                return [self.value(schema.get("items", {}), name, depth + 1)]
            case "object" if depth < 4:
                named = schema.get("properties", {})
                return {key: self.value(one, key, depth + 1) for key, one in named.items()}
            case _:
                return None

    def text(self, form: str | None, name: str, longest: int) -> str:
        match form:
            case "uuid":
                return str(next(self.ids))
            case "date":
                return "2026-11-21"
            case "date-time":
                return "2026-11-21T12:00:00Z"
            case _ if name == "after":
                return cursor(next(self.ids))
            case _ if name in {"card_of", "parent", "home", "near", "code", "library"}:
                return self.code
            case _:
                return next(self.words)[:longest]


def strangers(code: str) -> Loot:
    """Ids and words that nobody has; which branches there are is public."""
    return Loot([uuid4() for _ in range(7)], [f"nobody-{uuid4()}" for _ in range(7)], code)


def rest(document: Mapping[str, Any], loot: Loot, code: str) -> Iterator[Ask]:
    """Each operation at the branch *code*; one that takes an id is asked with every id."""
    theirs, nobodys = Teller(document, loot), Teller(document, strangers(loot.code))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if operation["operationId"] == "graph.ask":  # asked field by field, see below
                continue
            for turn in range(len(loot.ids) if takes_id(operation) else FEW):
                asked = operation if turn else from_the_start(operation)
                twin = one(method, path, asked, nobodys, code)
                yield one(method, path, asked, theirs, code, twin)


def from_the_start(operation: Any) -> Any:
    """The same without a cursor: behind somebody's random id there may be nothing to find."""
    named = [one for one in operation.get("parameters", []) if one["name"] != "after"]
    return {**operation, "parameters": named}


def takes_id(operation: Any) -> bool:
    return any(one["schema"].get("format") == "uuid" for one in operation.get("parameters", []))


def one(
    method: str, path: str, operation: Any, teller: Teller, code: str, twin: Ask | None = None
) -> Ask:
    named = operation.get("parameters", [])
    query: dict[str, str] = {}
    for parameter in named:
        name = parameter["name"]
        value = code if name == "branch" else teller.value(parameter["schema"], name)
        if parameter["in"] == "path":
            path = path.replace(f"{{{name}}}", str(value))
        elif parameter["in"] == "query" and value is not None:
            some: list[Any] = [*value] if isinstance(value, list) else [value]
            query[name] = str(some[0]).lower() if isinstance(some[0], bool) else str(some[0])
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    body = teller.value(schema) if schema else None
    return Ask(operation["operationId"], method.upper(), path, query, body, twin)


def graph(schema: GraphQLSchema, loot: Loot) -> Iterator[tuple[str, str]]:
    """Each field of the graph, asked with somebody's ids and words: name and question.

    With a cursor and without: behind somebody's random id there may be nothing to find.
    """
    teller = Teller({}, loot)
    assert schema.query_type is not None
    for name, field in schema.query_type.fields.items():
        words = {
            argument: f"{argument}: {literal(told.type, argument, teller)}"
            for argument, told in field.args.items()
        }
        for left_out in ("", "after") if "after" in words else ("",):
            given = ", ".join(word for argument, word in words.items() if argument != left_out)
            yield name, f"{{ {name}{f'({given})' if given else ''} {selection(field)} }}"


def is_leaf(field: GraphQLField) -> bool:
    kind: Any = get_named_type(field.type)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return is_leaf_type(kind)


def literal(kind: Any, name: str, teller: Teller) -> str:
    named = cast("GraphQLNamedType", get_named_type(kind))
    if isinstance(named, GraphQLEnumType):
        return str(next(iter(named.values)))
    match named.name:
        case "UUID" | "ID":
            return f'"{teller.text("uuid", name, 40)}"'
        case "Int":
            return "5"
        case "Boolean":
            return "true"
        case _:
            return f'"{teller.text(None, name, 40)}"'


def selection(field: GraphQLField, depth: int = 0) -> str:
    """All leaves below *field*, three levels deep."""
    kind: Any = get_named_type(field.type)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    if is_leaf_type(kind) or not is_object_type(kind):
        return ""
    assert isinstance(kind, GraphQLObjectType)
    inner = [
        f"{name} {selection(below, depth + 1)}"
        for name, below in kind.fields.items()
        if not below.args and (depth < 2 or is_leaf(below))
    ]
    return "{ " + " ".join(inner) + " }" if inner else "{ __typename }"
