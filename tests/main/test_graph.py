"""One question may not ask for everything, and an error tells no secret."""

from typing import Any

import httpx
import pytest
import strawberry
from graphql import parse
from litestar import Litestar
from mint import Mint

from pinakes.main.features import FEATURES
from pinakes.main.graph import DEAREST, Document, build
from pinakes.main.rights import RIGHTS
from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio


async def ask(
    client: httpx.AsyncClient, tenant: Tenant, query: str, **variables: Any
) -> dict[str, Any]:
    answer = await client.post(
        f"/v1/b/{tenant.code}/graphql", json={"query": query, "variables": variables}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


REFUSED = {
    "too deep": "{ a { a { a { a { a { a { a { a } } } } } } } }",
    "too many aliases": "{ " + " ".join(f"a{n}: version" for n in range(20)) + " }",
    "too many tokens": "{ " + "version " * 1200 + "}",
    "fragments that name themselves": "{ ...a } fragment a on Query { ...a }",
    "fragments that double": "{ ...a0 } "
    + " ".join(f"fragment a{n} on Query {{ ...a{n + 1} ...a{n + 1} }}" for n in range(90))
    + " fragment a90 on Query { version }",
    "introspection": "{ __schema { types { name } } }",
    "half a question": "{ version",
    "an unknown field": "{ versoin }",
    "too many answers": "{ branches(first: 200) { below(first: 200) { code } } }",
    "too many answers by lists that do not say": "{ branches { below { below { below { code } } } }"
    " }",
    "too many answers by a variable": "query($n: Int! = 200) "
    "{ branches(first: $n) { below(first: $n) { code } } }",
    "what only a desk may read": '{ worklist(name: "answer") { next } }',
    "directives in heaps": "{ version " + "@skip(if: false) " * 400 + "}",
}


@pytest.mark.parametrize("case", REFUSED)
async def test_this_is_refused(case: str, client: httpx.AsyncClient, tenant: Tenant) -> None:
    answer = await ask(client, tenant, REFUSED[case])
    assert answer["data"] is None
    assert all(error["extensions"]["code"] for error in answer["errors"])
    assert "Did you mean" not in str(answer)


async def test_a_variable_of_another_kind_is_no_fault_of_ours(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    query = "query($n: Int!) { branches(first: $n) { code } }"
    answer = await ask(client, tenant, query, n="many")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["question_malformed"]


def test_a_question_costs_what_its_lists_are_long() -> None:
    query = "query($n: Int) { a(first: 100) { b(limit: $n) { c } } version }"
    assert Document(parse(query), {"n": 10}).cost() == 1 + 100 + 1000 + 1
    assert Document(parse(query), {"n": 10_000}).cost() > DEAREST


def test_a_list_that_does_not_say_costs_what_it_usually_is_long() -> None:
    document = parse("{ a { b(first: $n) { c } } }")
    assert Document(document, None, {"a": 50, "b": 10}).cost() == 1 + 50 + 500
    lists = build(FEATURES).lists
    assert (lists["imports"], lists["below"], "titles" in lists) == (50, 20, False)


def test_every_field_of_the_graph_stands_in_the_table(app: Litestar) -> None:
    schema: strawberry.Schema = build(FEATURES)
    query = schema.get_type_by_name("Query")
    assert query is not None
    fields = {f"query.{schema.config.name_converter.get_graphql_name(f)}" for f in query.fields}  # type: ignore[union-attr]
    assert fields == {name for name in RIGHTS if name.startswith("query.")}


async def test_get_and_batches_are_not_served(client: httpx.AsyncClient, tenant: Tenant) -> None:
    address = f"/v1/b/{tenant.code}/graphql"
    assert (await client.get(f"{address}?query={{version}}")).status_code == 405
    batch = await client.post(address, json=[{"query": "{ version }"}])
    assert batch.status_code == 400


BODIES = {
    "no JSON": b"query",
    "invalid UTF-8": b'{"query": "\xff\xfe{ version }"}',
    "a lone surrogate": b'{"query": "\\ud800"}',
    "depth 100,000": b'{"variables":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "NaN": b'{"query": "{ version }", "variables": {"x": NaN}}',
    "the wrong type": b'{"query": 7}',
    "nothing": b"",
    "an operation that is not there": b'{"query": "query a { version }", "operationName": "b"}',
    "no operation at all": b'{"query": "fragment a on Query { version }"}',
    "an empty question": b'{"query": ""}',
}


@pytest.mark.parametrize("case", BODIES)
async def test_this_body_is_refused_with_a_code(
    case: str, client: httpx.AsyncClient, tenant: Tenant, mint: Mint
) -> None:
    answer = await client.post(
        f"/v1/b/{tenant.code}/graphql",
        content=BODIES[case],
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code < 500, answer.text
    told = answer.json()
    assert answer.status_code == 400 or told["errors"][0]["extensions"]["code"]
    assert "code" in str(told)


async def test_a_body_without_end_is_refused(client: httpx.AsyncClient, tenant: Tenant) -> None:
    answer = await client.post(
        f"/v1/b/{tenant.code}/graphql",
        content=b'{"query": "{ version }", "variables": {"a": "' + b"x" * 600_000 + b'"}}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 413
