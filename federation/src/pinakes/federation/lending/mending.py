"""What parties say of one another when their views differ, and what brings them together. Pure.

A party's ``trouble`` is who disagrees with it, and where each stands: ``pickup:LENT supplier:NEW``.
"""

from collections.abc import Mapping, Set

from msgspec.structs import replace

from pinakes.federation.lending.model import Machine, Move, Role, model
from pinakes.federation.lending.party import Party, Step, agree, alarm

UNKNOWN = "unknown"  # it has never heard of the request
FAR = 3  # steps that advice looks ahead

type Views = Mapping[Role, str]


def views(trouble: str | None) -> dict[Role, str]:
    """Who disagrees, and what each says."""
    words = (word.partition(":") for word in (trouble or "").split())
    return {Role(role): state for role, _, state in words}


def worded(found: Views) -> str | None:
    return " ".join(f"{role}:{state}" for role, state in sorted(found.items())) or None


def named(party: Party, role: Role, state: str | None) -> Views:
    """What one says of itself; a state that the model does not know is as good as none."""
    states = model(party.model).machines[role].states
    return {role: state if state in states else UNKNOWN}


def fits(party: Party, role: Role, state: str) -> bool:
    """Whether what the other one says agrees with where this party stands."""
    if party.role is Role.REQUESTER:
        return agree(party, role, None if state == UNKNOWN else state)
    return party.state in fitting(party, state, party.role)


def fitting(party: Party, requester: str, role: Role) -> Set[str]:
    """Where *role* may stand while the requester stands there; all states where no rule says."""
    rules = model(party.model)
    return rules.agree.get(requester, {}).get(role) or frozenset(rules.machines[role].states)


def left(trouble: str | None, party: Party) -> str | None:
    """What of the trouble is still so, now that the party stands where it does."""
    found = views(trouble)
    return worded({role: state for role, state in found.items() if not fits(party, role, state)})


def rights(party: Party, trouble: str | None) -> list[str]:
    """Open states of a requester that agree with all that the others say of themselves.

    It holds no book: to stand elsewhere moves nothing. The others do, and go by their acts alone.
    """
    found = views(trouble)
    if party.role is not Role.REQUESTER or not found:
        return []
    heard = {role: frozenset({state}) for role, state in found.items()}
    stand = {
        role: heard.get(role, fitting(party, party.state, role))
        for role in (Role.SUPPLIER, Role.PICKUP)
    }
    return [
        state
        for state, others in model(party.model).agree.items()
        if state not in party.machine.ends
        and found.keys() <= others.keys()
        and all(fitting(party, state, role) & some for role, some in stand.items())
        and left(trouble, replace(party, state=state)) is None
    ]


def righted(party: Party, state: str, now: int) -> Step:
    """The party as it stands there, with the timer that runs there; it tells nobody anything."""
    move = Move(party.state, "set_right", state)
    timer = alarm(model(party.model), party, move, party.facts, now)
    return Step(replace(party, state=state, **timer), move=move)


def advice(party: Party, trouble: str | None) -> list[str]:
    """What may bring them together when to say it all again did not; for people to judge."""
    told: dict[Role, list[str]] = {}
    for role, state in views(trouble).items():
        if party.role is Role.REQUESTER:
            told[role] = acts_towards(party, role, state, party.state)
        else:
            told[party.role] = acts_towards(party, party.role, party.state, state)
    return [f"at the {role}: {' or '.join(acts)}" for role, acts in told.items() if acts]


def acts_towards(party: Party, role: Role, state: str, requester: str) -> list[str]:
    """What a desk may do that leads soonest to where the requester's state expects it."""
    machine = model(party.model).machines[role]
    goals = fitting(party, requester, role)
    reached = {act: after(machine, {state}, act) for act in machine.acts(state)}
    for _ in range(FAR):
        if found := [act for act, states in reached.items() if states & goals]:
            return found
        reached = {act: after(machine, states) for act, states in reached.items()}
    return []


def after(machine: Machine, states: Set[str], act: str | None = None) -> Set[str]:
    """Where a step leads from there: this act, or any."""
    return {
        move.to
        for (start, on), some in machine.moves.items()
        if start in states and act in (None, on)
        for move in some
    }
