"""The graph of all features, with limits on what one question may ask."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, cast

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    ObjectTypeDefinitionNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    parse,
    value_from_ast_untyped,
    visit,
)
from strawberry.extensions import (
    DisableIntrospection,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    QueryDepthLimiter,
    SchemaExtension,
)
from strawberry.tools import merge_types

from pinakes.main.rights import RIGHTS
from pinakes.platform.feature import Feature
from pinakes.platform.identity import Principal

DEEPEST = 6
ALIASES = 15
TOKENS = 1000
SPREADS = 10  # uses of fragments: each may hold two others, and every walk opens them all
DEAREST = 5000  # fields that one question may have answered, lists counted at their length
LIST = 20  # the length of a list that does not say
LENGTHS = ("first", "limit")


@strawberry.type
class About:
    @strawberry.field
    async def version(self) -> str:
        """The version of this graph."""
        return "1"


class Spreads(Visitor):
    """Counts the uses of fragments as they are written, none opened."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def enter_fragment_spread(self, *_: Any) -> None:
        self.seen += 1


class Document:
    """A document with its variables, walked as it would be answered.

    *lists* says of each field that takes a length how long it is when nobody says.
    """

    def __init__(
        self,
        document: DocumentNode,
        variables: dict[str, Any] | None,
        lists: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.lists = lists
        self.variables = defaults(document) | (variables or {})
        self.fragments = {
            node.name.value: node.selection_set
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self.roots = [
            node.selection_set
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        ]

    def fields(self, selections: SelectionSetNode | None) -> Iterator[FieldNode]:
        """The fields of one level, fragments opened."""
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, FragmentSpreadNode):
                yield from self.fields(self.fragments.get(node.name.value))
            else:
                yield from self.fields(getattr(node, "selection_set", None))

    def asked(self) -> set[str]:
        """The names of the fields at the root."""
        return {field.name.value for root in self.roots for field in self.fields(root)}

    def cost(self, selections: SelectionSetNode | None = None, times: int = 1) -> int:
        """How many fields would be answered; it stops counting past the limit."""
        total = 0
        for root in [selections] if selections else self.roots:
            for field in self.fields(root):
                total += times
                if field.selection_set and total <= DEAREST:
                    total += self.cost(field.selection_set, times * self.length(field))
        return total

    def length(self, field: FieldNode) -> int:
        """How long the list is that *field* asks for: 1 for what takes no length."""
        usual = self.lists.get(field.name.value, LIST)
        for argument in field.arguments or ():
            if argument.name.value in LENGTHS:
                told = value_from_ast_untyped(argument.value, self.variables)
                return max(int(told), 1) if isinstance(told, int | float) else usual
        return self.lists.get(field.name.value, 1)


def defaults(document: DocumentNode) -> dict[str, Any]:
    """What variables are where nobody says otherwise."""
    return {
        told.variable.name.value: value_from_ast_untyped(told.default_value)
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
        for told in node.variable_definitions or ()
        if told.default_value
    }


class Limits(SchemaExtension):
    """Refuses what costs too much, and what the asker's roles may not read, before it is run."""

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        if context.graphql_document is not None:
            visit(context.graphql_document, spreads := Spreads())
            if spreads.seen > SPREADS:
                code = {"code": "question_too_dear"}
                told = f"This uses fragments more than {SPREADS} times. Write the fields out."
                context.pre_execution_errors = [GraphQLError(told, extensions=code)]
        yield

    def on_execute(self) -> Iterator[None]:
        """A question that has its answer is not run: what is told any later stops it no longer."""
        context = self.execution_context
        assert context.graphql_document is not None  # noqa: S101  (it was found sound)
        lists = cast("Quiet", context.schema).lists
        document = Document(context.graphql_document, context.variables, lists)
        if refused := [*refusals(document, context.context.asker)]:
            context.result = ExecutionResult(data=None, errors=refused)
        yield


def refusals(document: Document, asker: Principal) -> Iterator[GraphQLError]:
    """Why this question is not answered, if it is not."""
    cost = document.cost()
    if cost > DEAREST:
        code = {"code": "question_too_dear"}
        yield GraphQLError(
            f"This asks for more than {DEAREST} fields. Ask for less.", extensions=code
        )
    for name in sorted(document.asked()):
        if not name.startswith("__") and not asker.may(RIGHTS.get(f"query.{name}", frozenset())):
            yield GraphQLError(
                f"Your role may not read `{name}`.", extensions={"code": "forbidden"}
            )


class Quiet(strawberry.Schema):
    """A schema that does not log what was asked: it may name a reader. Faults are ours to log."""

    @cached_property
    def lists(self) -> dict[str, int]:
        """How long each list is when nobody says: of fields with one name, the longest."""
        found = dict[str, int]()
        kinds = parse(self.as_str()).definitions
        fields = [one for kind in kinds if isinstance(kind, ObjectTypeDefinitionNode)
                  for one in kind.fields or ()]  # fmt: skip
        for field in fields:
            for told in field.arguments or ():
                if told.name.value in LENGTHS and told.default_value:
                    name, usual = field.name.value, value_from_ast_untyped(told.default_value)
                    found[name] = max(int(usual), found.get(name, 0))
        return found

    def process_errors(self, *_: Any, **__: Any) -> None:
        """Say nothing."""


def build(features: Sequence[Feature]) -> Quiet:
    """One schema out of every feature's queries."""
    queries = tuple(query for feature in features for query in feature.queries)
    return Quiet(
        merge_types("Query", (About, *queries)),
        extensions=[
            lambda: QueryDepthLimiter(max_depth=DEEPEST),
            lambda: MaxAliasesLimiter(max_alias_count=ALIASES),
            lambda: MaxTokensLimiter(max_token_count=TOKENS),
            DisableIntrospection,
            Limits,
        ],
    )
