"""The state model of a request: data with a version, read from ``states/``. Pure."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

LATEST = 2
ANY = "*"
SECTIONS = {"carries", "pays", "timers", "agree", "alarms", "requester", "supplier", "pickup"}
# what a branch answers by itself: nobody says it by hand
INNER = frozenset(
    {"valid", "invalid", "duplicate", "unknown_title", "chosen", "nobody", "passed_on"}
)


class Role(StrEnum):
    """What a branch is in a request; one branch may be several of them."""

    REQUESTER = "requester"
    SUPPLIER = "supplier"
    PICKUP = "pickup"


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the table: what happens to a party that stands in one state."""

    start: str
    on: str
    to: str
    needs: str | None = None  # the flag that must be there, or after "not " must not
    tell: tuple[tuple[Role, str], ...] = ()
    do: tuple[str, ...] = ()
    set: frozenset[str] = frozenset()
    clear: frozenset[str] = frozenset()

    def fits(self, flags: frozenset[str]) -> bool:
        """Whether the flag that it needs is there."""
        if self.needs is None:
            return True
        if self.needs.startswith("not "):
            return self.needs[4:] not in flags
        return self.needs in flags


@dataclass(frozen=True, slots=True)
class Machine:
    """The states of one role."""

    start: str
    ends: frozenset[str]
    moves: Mapping[tuple[str, str], tuple[Move, ...]]  # (state, what happens): first fit wins
    alarms: Mapping[str, str]  # state: the timer that runs in it

    @property
    def states(self) -> list[str]:
        """Every state, in the order in which the table speaks of them."""
        all_moves = [move for some in self.moves.values() for move in some]
        named = (state for move in all_moves for state in (move.start, move.to))
        return list(dict.fromkeys([self.start, *named]))

    def acts(self, state: str) -> tuple[str, ...]:
        """What a person at this branch may do next: neither messages, timers nor own answers."""
        others = INNER | set(self.alarms.values())
        return tuple(
            on
            for start, on in self.moves
            if start == state and on[0].islower() and on not in others
        )


@dataclass(frozen=True, slots=True)
class Model:
    """All machines of one version, and what their messages carry."""

    version: int
    machines: Mapping[Role, Machine]
    carries: Mapping[str, tuple[str, ...]]
    timers: Mapping[str, Mapping[str, Any]]
    agree: Mapping[str, Mapping[Role, frozenset[str]]]
    pays: Mapping[str, str]  # what happens, and which role's branch then pays

    def speakers(self, role: Role, name: str) -> frozenset[Role]:
        """Who may tell this *role* a message of this *name*."""
        return frozenset(
            speaker
            for speaker, machine in self.machines.items()
            for some in machine.moves.values()
            for move in some
            if (role, name) in move.tell
        )


@cache
def speakers(version: int, role: Role, name: str) -> frozenset[Role]:
    """The same of a version, looked up once."""
    return model(version).speakers(role, name)


@cache
def model(version: int = LATEST) -> Model:
    """The model with this *version*: a request ends on the one with which it began."""
    return understood(table(version))


def table(version: int) -> dict[str, Any]:
    """All that holds in a *version*: its own lines, on top of those that it is based on."""
    source = files(__package__).joinpath("states", f"{version}.toml")
    told = tomllib.loads(source.read_text("utf-8"))
    return laid_on(table(told["based_on"]), told) if "based_on" in told else told


def laid_on(before: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are joined name by name; moves go before the older ones; all else is replaced."""
    joined = dict(before)
    for name, told in own.items():
        if name == "moves":
            joined[name] = [*told, *before[name]]
        elif name in SECTIONS and name in before:
            joined[name] = laid_on(before[name], told)
        else:
            joined[name] = told
    return joined


def understood(told: Mapping[str, Any]) -> Model:
    """A model out of its table; KeyError or ValueError when the table speaks of what is not."""
    return Model(
        version=told["version"],
        machines={role: machine(told[role]) for role in Role},
        carries={name: tuple(facts) for name, facts in told["carries"].items()},
        timers=told["timers"],
        agree={
            state: {Role(role): frozenset(states.split()) for role, states in others.items()}
            for state, others in told["agree"].items()
        },
        pays=told["pays"],
    )


def machine(told: Mapping[str, Any]) -> Machine:
    lines = told["moves"]
    named = {state for line in lines for state in line["from"].split()} - {ANY}
    states = sorted(named | {line["to"] for line in lines if "to" in line})
    found: dict[tuple[str, str], list[Move]] = {}
    for line in lines:
        for one in moves(line, states):
            found.setdefault((one.start, one.on), []).append(one)
    return Machine(
        start=told["start"],
        ends=frozenset(told["ends"]),
        moves={key: tuple(some) for key, some in found.items()},
        alarms=told["alarms"],
    )


def moves(line: Mapping[str, str], states: list[str]) -> Iterator[Move]:
    """The moves that one line of the table stands for."""
    for start in states if line["from"] == ANY else line["from"].split():
        yield Move(
            start=start,
            on=line["on"],
            to=line.get("to", start),
            needs=line.get("if"),
            tell=tuple(map(addressed, line.get("tell", "").split())),
            do=tuple(line.get("do", "").split()),
            set=frozenset(line.get("set", "").split()),
            clear=frozenset(line.get("clear", "").split()),
        )


def addressed(word: str) -> tuple[Role, str]:
    role, _, name = word.partition(":")
    return Role(role), name


def dot(model: Model) -> str:
    """The machines as a drawing for Graphviz; the ends have a double border."""
    lines = ["digraph lending {", "  rankdir=LR; node [shape=box, style=rounded];"]
    for role, one in model.machines.items():
        lines.append(f'  subgraph cluster_{role} {{ label="{role}";')
        for state in one.states:
            border = ", peripheries=2" if state in one.ends else ""
            lines.append(f'    {role}_{state} [label="{state}"{border}];')
        lines += sorted({arrow(role, move) for some in one.moves.values() for move in some})
        lines.append("  }")
    return "\n".join([*lines, "}"])


def arrow(role: Role, move: Move) -> str:
    when = f" [{move.needs}]" if move.needs else ""
    says = "".join(f"\\n→ {name}" for _, name in move.tell)
    return f'    {role}_{move.start} -> {role}_{move.to} [label="{move.on}{when}{says}"];'
