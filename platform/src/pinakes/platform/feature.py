"""What a feature offers the application."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Controller

from pinakes.platform.belongings import Belonging
from pinakes.platform.carrier import Listeners
from pinakes.platform.config import Settings
from pinakes.platform.db import Database
from pinakes.platform.jobs import Handler
from pinakes.platform.messages import Acting, Event

type Chore = Callable[[Database], Awaitable[None]]
type Duty = Callable[[Settings, Database], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One folder's whole contract with the rest of the house."""

    name: str
    routes: Sequence[type[Controller]] = ()  # of one branch: /v1/b/CODE/…
    common: Sequence[type[Controller]] = ()  # of the consortium: /v1/…
    pages: Sequence[type[Controller]] = ()  # of one branch: /b/CODE/…
    entrance: Sequence[type[Controller]] = ()  # pages of the consortium: /…
    templates: str | None = None  # package whose folder ``templates`` holds the pages
    queries: Sequence[type[Any]] = ()
    listeners: Sequence[tuple[type[Event], Acting]] = ()
    jobs: Sequence[tuple[str, Handler]] = ()
    chores: Sequence[Chore] = ()  # what the worker does once a minute
    duties: Sequence[Duty] = ()  # what the worker does all the time, until cancelled
    belongings: Sequence[Belonging] = ()  # what a branch that leaves takes along of this
    functions: str | None = None  # package that holds ``functions.sql``
    facts: Callable[[], str] | None = None  # SQL that copies tables of the code into the database


def listeners_of(features: Sequence[Feature]) -> Listeners:
    """Whom each kind of event is told to."""
    told: dict[str, tuple[Any, list[Any]]] = {}
    for feature in features:
        for event, listener in feature.listeners:
            told.setdefault(event.__name__, (event, []))[1].append(listener)
    return told
