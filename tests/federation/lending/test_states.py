"""The state model: every status and action of ISO 18626 from both sides, and our own events."""

import dataclasses
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from msgspec import ValidationError
from msgspec.structs import replace

from pinakes.federation.lending import party as parties
from pinakes.federation.lending.facts import Facts, checked
from pinakes.federation.lending.model import LATEST, Model, Role, dot, model, understood
from pinakes.federation.lending.party import (
    DAY,
    MOST_NOTES,
    MoveRefused,
    Party,
    act,
    agree,
    asking,
    born,
    step,
)

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
NOW = 1_800_000_000
HOME, SUPPLIER, PICKUP = 1, 2, 3


def stands(role: Role, state: str, *flags: str, **facts: Any) -> Party:
    """A party that stands in this state of an ordinary request of three branches."""
    party = born(role, UUID(int=1), 1, HOME, PICKUP, SUPPLIER)
    return replace(party, state=state, flags=frozenset(flags), facts=facts)


def names(told: Sequence[parties.Told]) -> list[str]:
    return [f"{one.role}:{one.name}" for one in told]


STATUSES = [  # status, how the supplier comes to say it, what it makes of the requester
    ("RequestReceived", ("NEW", "StatusRequest", "NEW"), ("SENT", "SENT")),
    ("ExpectToSupply", ("NEW", "expect", "VALIDATED"), ("SENT", "SUPPLIER_LOCATED")),
    ("WillSupply", ("VALIDATED", "agree", "WILL_SUPPLY"), ("SUPPLIER_LOCATED", "WILL_SUPPLY")),
    ("Conditional", ("NEW", "condition", "CONDITION_PENDING"), ("SENT", "CONDITION_PENDING")),
    ("Loaned", ("WILL_SUPPLY", "ship", "SHIPPED"), ("WILL_SUPPLY", "SHIPPED")),
    ("Overdue", ("RECEIVED", "overdue", "OVERDUE"), ("CHECKED_OUT", "OVERDUE")),
    ("Recalled", ("RECEIVED", "recall", "RECALLED"), ("CHECKED_OUT", "RECALLED")),
    ("RetryPossible", ("NEW", "offer_retry", "COMPLETED_WITH_RETRY"), ("SENT", "RETRY_PENDING")),
    ("Unfilled", ("NEW", "decline", "UNFILLED"), ("SENT", "UNFILLED")),
    ("CopyCompleted", ("WILL_SUPPLY", "ship", "COMPLETED"), ("WILL_SUPPLY", "COMPLETED")),
    ("LoanCompleted", ("SHIPPED_RETURN", "home", "COMPLETED"), ("SHIPPED_RETURNED", "COMPLETED")),
    ("CompletedWithoutReturn",
     ("OVERDUE", "write_off", "COMPLETED_WITHOUT_RETURN"), ("OVERDUE", "LOST")),
    ("CancelYes", ("WILL_SUPPLY", "Cancel", "CANCELLED"), ("CANCEL_PENDING", "CANCELLED")),
    ("CancelNo", ("SHIPPED", "Cancel", "SHIPPED"), ("CANCEL_PENDING", "WILL_SUPPLY")),
    ("RenewYes", ("RENEW_REQUESTED", "renew_yes", "RECEIVED"), ("RENEW_PENDING", "CHECKED_OUT")),
    ("RenewNo", ("RENEW_REQUESTED", "renew_no", "RECEIVED"), ("RENEW_PENDING", "CHECKED_OUT")),
    ("HoldReturn", ("RECEIVED", "hold_return", "RECEIVED"), ("CHECKED_IN", "HOLD_RETURN")),
    ("ReleaseHoldReturn",
     ("RECEIVED", "release_return", "RECEIVED"), ("HOLD_RETURN", "CHECKED_IN")),
    ("Notification", ("RECEIVED", "write", "RECEIVED"), ("CHECKED_OUT", "CHECKED_OUT")),
]  # fmt: skip
NEEDS = {"CopyCompleted": ("copy",), "ReleaseHoldReturn": ("hold",)}

ACTIONS = [  # action, how the requester comes to it, what it makes of the supplier
    ("StatusRequest", ("SENT", "ask_status", "SENT"), ("NEW", "NEW")),
    ("Received", ("SHIPPED", "Arrived", "RECEIVED"), ("SHIPPED", "RECEIVED")),
    ("Cancel", ("SENT", "cancel", "CANCEL_PENDING"), ("NEW", "CANCELLED")),
    ("Renew", ("CHECKED_OUT", "renew", "RENEW_PENDING"), ("RECEIVED", "RENEW_REQUESTED")),
    ("ShippedReturn", ("CHECKED_IN", "SentOn", "SHIPPED_RETURNED"), ("RECEIVED", "SHIPPED_RETURN")),
    ("ShippedForward",
     ("CHECKED_IN", "forward", "SHIPPED_RETURNED"), ("RECEIVED", "SHIPPED_RETURN")),
    ("Notification", ("SENT", "write", "SENT"), ("NEW", "NEW")),
    ("ConditionAccepted",
     ("CONDITION_PENDING", "accept", "SUPPLIER_LOCATED"),
     ("CONDITION_PENDING", "CONDITION_ACCEPTED")),
    ("Lost", ("CHECKED_OUT", "Gone", "LOST"), ("RECEIVED", "COMPLETED_WITHOUT_RETURN")),
]  # fmt: skip


@pytest.mark.parametrize(("status", "said", "heard"), STATUSES, ids=[row[0] for row in STATUSES])
def test_a_status_is_said_by_the_supplier_and_heard_by_the_requester(
    status: str, said: tuple[str, str, str], heard: tuple[str, str]
) -> None:
    start, on, end = said
    done = step(stands(S, start, *NEEDS.get(status, ())), on, {}, NOW)
    assert (done.party.state, names(done.told)[:1]) == (end, [f"requester:{status}"])
    before, after = heard
    assert step(stands(R, before), status, {}, NOW).party.state == after


@pytest.mark.parametrize(("action", "said", "heard"), ACTIONS, ids=[row[0] for row in ACTIONS])
def test_an_action_is_said_by_the_requester_and_heard_by_the_supplier(
    action: str, said: tuple[str, str, str], heard: tuple[str, str]
) -> None:
    start, on, end = said
    done = step(stands(R, start), on, {}, NOW)
    assert (done.party.state, names(done.told)) == (end, [f"supplier:{action}"])
    before, after = heard
    assert step(stands(S, before), action, {}, NOW).party.state == after


OUR_EVENTS: list[
    tuple[str, Role, str, str, str, list[str]]
] = [  # our event, the party at which it happens, what it tells
    ("check reader", R, "NEW", "valid", "VALIDATED", []),
    ("place at supplier", R, "VALIDATED", "chosen", "SENT", ["supplier:Request"]),
    ("supplier agrees", S, "NEW", "agree", "WILL_SUPPLY", ["requester:WillSupply"]),
    ("ship", S, "WILL_SUPPLY", "ship", "SHIPPED", ["requester:Loaned"]),
    ("arrive at pickup", P, "ON_ITS_WAY", "receive", "RECEIVED", ["requester:Arrived"]),
    ("reader takes it", P, "READY", "lend", "LENT", ["requester:Taken"]),
    ("renew", R, "CHECKED_OUT", "renew", "RENEW_PENDING", ["supplier:Renew"]),
    ("recall", S, "RECEIVED", "recall", "RECALLED", ["requester:Recalled"]),
    ("reader returns", P, "LENT", "return", "RETURNED", ["requester:GivenBack"]),
    ("send back", P, "RETURNED", "send_on", "SENT_ON", ["requester:SentOn"]),
    ("home again", S, "SHIPPED_RETURN", "home", "COMPLETED", ["requester:LoanCompleted"]),
    ("cancel", R, "SENT", "cancel", "CANCEL_PENDING", ["supplier:Cancel"]),
    ("cannot supply", S, "NEW", "decline", "UNFILLED", ["requester:Unfilled"]),
]


@pytest.mark.parametrize(
    ("role", "start", "on", "end", "told"),
    [row[1:] for row in OUR_EVENTS],
    ids=[row[0] for row in OUR_EVENTS],
)
def test_our_events_move_the_party_at_which_they_happen(
    role: Role, start: str, on: str, end: str, told: list[str]
) -> None:
    done = step(stands(role, start), on, {}, NOW)
    assert (done.party.state, names(done.told)) == (end, told)


LIFE = "Expect Coming receive shelve lend return send_on Done"


def test_the_pickup_branch_goes_its_way_from_expected_to_done() -> None:
    party, way = born(P, UUID(int=1), 1, HOME, PICKUP, SUPPLIER), list[str]()
    for on in LIFE.split():
        party = step(party, on, {}, NOW).party
        way.append(party.state)
    assert way == [
        "EXPECTED",
        "ON_ITS_WAY",
        "RECEIVED",
        "READY",
        "LENT",
        "RETURNED",
        "SENT_ON",
        "DONE",
    ]
    assert party.over


@pytest.mark.parametrize("role", list(Role))
def test_every_state_leads_to_an_end(role: Role) -> None:
    machine = model().machines[role]
    led = set(machine.ends)
    while True:
        more = {m.start for some in machine.moves.values() for m in some if m.to in led} - led
        if not more:
            break
        led |= more
    assert set(machine.states) - led == set()


def test_every_message_is_said_by_one_party_and_expected_by_the_other() -> None:
    machines = model().machines
    said = {
        (role, name)
        for machine in machines.values()
        for some in machine.moves.values()
        for move in some
        for role, name in move.tell
    }
    heard = {(role, on) for role in Role for _, on in machines[role].moves if on[0].isupper()}
    assert said == heard
    assert {name for _, name in said} == model().carries.keys()


def test_every_fact_that_a_message_carries_has_a_kind() -> None:
    versions = [model(version).carries for version in range(1, LATEST + 1)]
    carried = {fact for carries in versions for facts in carries.values() for fact in facts}
    assert carried == {*Facts.__struct_fields__}


def test_no_message_to_a_supplier_carries_a_reader() -> None:
    to_suppliers = {
        name
        for machine in model().machines.values()
        for some in machine.moves.values()
        for move in some
        for role, name in move.tell
        if role is S
    }
    carried = {fact for name in to_suppliers for fact in model().carries[name]}
    assert carried.isdisjoint({"person", "alias", "label"})


def test_no_message_names_a_reader_as_the_home_does() -> None:
    carried = {fact for facts in model().carries.values() for fact in facts}
    assert "person" not in carried


def test_a_message_that_nobody_expects_changes_nothing() -> None:
    party = stands(R, "CHECKED_OUT")
    assert step(party, "WillSupply", {"note": "twice"}, NOW) == (party, (), (), None)


def test_what_cannot_be_done_is_refused_and_what_can_is_named() -> None:
    with pytest.raises(MoveRefused) as refused:
        act(stands(S, "NEW"), "ship", {}, NOW)
    assert "agree" in refused.value.facts["acts"]


@pytest.mark.parametrize("on", ["chosen", "aged", "passed_on"])
def test_nobody_says_by_hand_what_a_branch_answers_by_itself(on: str) -> None:
    party = stands(S, "RECEIVED") if on == "passed_on" else stands(R, "WAITING")
    assert step(party, on, {}, NOW).move is not None
    with pytest.raises(MoveRefused):
        act(party, on, {}, NOW)


def test_a_request_that_is_given_up_asks_the_next_supplier_once() -> None:
    given_up = step(stands(R, "SENT"), "unanswered", {}, NOW)
    assert given_up.effects == ("next",)
    assert step(given_up.party, "CancelYes", {}, NOW).effects == ()
    late = step(given_up.party, "Loaned", {}, NOW)
    assert names(late.told) == ["pickup:Unwanted"]


def test_a_condition_told_twice_holds_up_no_book() -> None:
    accepted = step(stands(R, "CONDITION_PENDING"), "accept", {}, NOW).party
    twice = step(accepted, "Conditional", {}, NOW).party
    assert twice.state == "CONDITION_PENDING"
    promised = step(twice, "WillSupply", {}, NOW)
    assert names(promised.told) == ["pickup:Expect"]
    assert step(twice, "Loaned", {}, NOW).party.state == "SHIPPED"


def test_a_timer_runs_by_service_level_and_rings_once_for_one_moment() -> None:
    express = replace(stands(R, "VALIDATED"), service="Express")
    asked = step(asking(express, SUPPLIER), "chosen", {}, NOW).party
    assert (asked.alarm, asked.alarm_at) == ("unanswered", NOW + DAY // 2)
    lent = step(stands(P, "READY"), "lend", {"loan_due": NOW + DAY}, NOW).party
    assert (lent.alarm, lent.alarm_at) == ("late", NOW + DAY)
    rung = step(lent, "late", {}, NOW + 2 * DAY).party
    assert (rung.state, rung.alarm) == ("LENT", None)
    longer = step(rung, "Prolong", {"due": NOW + 9 * DAY, "loan_due": NOW + 9 * DAY}, NOW).party
    assert longer.alarm_at == NOW + 9 * DAY


def test_the_parties_views_are_compared_by_a_table() -> None:
    assert agree(stands(R, "CHECKED_OUT"), S, "RECEIVED")
    assert agree(stands(R, "CHECKED_OUT"), P, "LENT")
    assert not agree(stands(R, "CHECKED_OUT"), S, "NEW")
    assert not agree(stands(R, "READY_FOR_PICKUP"), P, None)


def changed() -> Model:
    """A second version, in which an item is on the shelf as soon as it arrives."""
    one = model()
    moves = dict(one.machines[P].moves)
    receive = moves["ON_ITS_WAY", "receive"][0]
    moves["ON_ITS_WAY", "receive"] = (dataclasses.replace(receive, to="READY"),)
    machine = type(one.machines[P])(
        one.machines[P].start, one.machines[P].ends, moves, one.machines[P].alarms
    )
    return dataclasses.replace(one, version=9, machines={**one.machines, P: machine})


def test_a_running_request_finishes_on_the_version_it_began_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    versions = {LATEST: model(), 9: changed()}
    monkeypatch.setattr(parties, "model", lambda version=9: versions[version])
    old, new = stands(P, "ON_ITS_WAY"), replace(stands(P, "ON_ITS_WAY"), model=9)
    assert step(old, "receive", {}, NOW).party.state == "RECEIVED"
    assert step(new, "receive", {}, NOW).party.state == "READY"


def test_a_table_that_speaks_of_a_role_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError):
        understood({"version": 9, "carries": {}, "timers": {}, "agree": {}})


def test_the_machines_can_be_drawn() -> None:
    drawn = dot(model())
    assert drawn.startswith("digraph lending {")
    assert "requester_SENT -> requester_UNFILLED" in drawn
    assert drawn.count("{") == drawn.count("}")


def test_of_notes_without_end_the_last_ones_are_kept() -> None:
    party = stands(R, "SENT")
    for number in range(MOST_NOTES + 10):
        party = step(party, "write", {"note": str(number)}, NOW).party
    notes = [one["note"] for one in party.facts["notes"]]
    assert (len(notes), notes[0], notes[-1]) == (MOST_NOTES, "10", str(MOST_NOTES + 9))


def test_the_branch_of_pickup_writes_to_the_home_and_hears_from_it() -> None:
    written = act(stands(P, "READY"), "write", {"note": "The cover is torn"}, NOW)
    assert names(written.told) == ["requester:PickupNotification"]
    heard = step(stands(R, "SHIPPED"), "PickupNotification", written.told[0].facts, NOW)
    assert heard.party.facts["notes"] == [{"by": P, "at": NOW, "note": "The cover is torn"}]
    answer = act(heard.party, "write", {"note": "Thank you"}, NOW)
    assert names(answer.told) == ["supplier:Notification", "pickup:PickupNotification"]
    assert [one.facts for one in answer.told] == [{"note": "Thank you"}] * 2
    assert step(written.party, "PickupNotification", answer.told[1].facts, NOW).effects == ("note",)


@pytest.mark.parametrize("fact", ["seen_by", "sent_from"])
def test_a_branch_that_a_message_tells_of_has_a_number_that_the_database_takes(fact: str) -> None:
    for number in (1, 2**31 - 1):
        assert checked({fact: number}) == {fact: number}
    for number in (-1, 0, 2**31):
        with pytest.raises(ValidationError):
            checked({fact: number})
