"""The graph of all features, with limits on what one question may cost."""

from collections.abc import Sequence

import strawberry
from strawberry.extensions import (
    DisableIntrospection,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    QueryDepthLimiter,
)
from strawberry.tools import merge_types

from pinakes.platform.feature import Feature


@strawberry.type
class Nothing:
    @strawberry.field
    async def version(self) -> str:
        """The version of this graph."""
        return "1"


def build(features: Sequence[Feature]) -> strawberry.Schema:
    """One schema out of every feature's queries."""
    queries = tuple(query for feature in features for query in feature.queries)
    return strawberry.Schema(
        merge_types("Query", (Nothing, *queries)),
        extensions=[
            lambda: QueryDepthLimiter(max_depth=6),
            lambda: MaxAliasesLimiter(max_alias_count=15),
            lambda: MaxTokensLimiter(max_token_count=1000),
            DisableIntrospection,
        ],
    )
