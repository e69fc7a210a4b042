"""Words: every kind has some, a branch has its own, and none of them is ever run."""

from typing import Any

import httpx
import msgspec
import pytest
from conftest import MakeTenant
from mint import Mint
from posting import ADDRESS, Posting
from sqlalchemy import text

from pinakes.federation.notices.machine import MOVES, Action, NoticeMoveRefused, State, move
from pinakes.federation.notices.reaching import address_in
from pinakes.federation.notices.wording import SAMPLE, Scene, ours, worded
from pinakes.platform.db import Database, public_work
from pinakes.platform.directory import Directory, Tenant
from pinakes.tenants.registry.keys import SettingInvalid, checked, key_of
from pinakes.tenants.registry.noticing import KINDS, PlaceUnknown, Wordings, refuse_unknown
from pinakes.tenants.registry.settings import decide

pytestmark = pytest.mark.anyio

HERE = Tenant(
    id=1, consortium=1, code="here", kind="county", path=[1], name_zh="甲馆", name_en="Here",
    state="active", zone="Asia/Shanghai",
)  # fmt: skip
RENAME = text("""
    UPDATE commons.tenant SET name_zh = :name, version = nextval('commons.tenant_version')
    WHERE id = :id
""")
OWN = {"subject": "《{title}》到了", "body": "{library}：{link}\n{until} {pickup}"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_has_words_of_the_house_in_both_languages(kind: str, language: str) -> None:
    refuse_unknown(kind, ours(kind, language))
    told = worded(kind, language, Wordings(), SAMPLE, Scene(HERE, HERE, "http://here"))
    assert told.subject
    assert HERE.name(language) in told.body
    assert "{" not in told.subject + told.body
    assert "—" not in told.subject + told.body


@pytest.mark.parametrize(("language", "words"), [("en", "goes on by itself"), ("zh", "自动继续")])
def test_who_may_not_borrow_is_told_that_nobody_has_to_begin_it_again(
    language: str, words: str
) -> None:
    assert words in ours("barred", language).body


async def test_a_branch_has_its_own_words_and_those_below_inherit_them(
    database: Database, make_tenant: MakeTenant, client: httpx.AsyncClient, mint: Mint
) -> None:
    above = await make_tenant(kind="province")
    below = await make_tenant(above)
    async with public_work(database.public) as session:
        await decide(session, above.id, "notice.ready", {"zh": OWN})
    asking = mint.staff(f"administrator@{below.code}")

    async def shown(**more: Any) -> Any:
        told = {"kind": "ready", "language": "zh"} | more
        path = f"/v1/b/{below.code}/notices/preview"
        return (await client.post(path, json=told, headers=asking)).json()

    assert (await shown())["subject"] == "《红楼梦》到了"
    assert (await shown())["text"].startswith(f"{below.code}：http")
    assert (await shown(language="en"))["subject"] == "Ready for you: 红楼梦"
    assert (await shown(wording={"subject": "x {title}", "body": "y"}))["subject"] == "x 红楼梦"
    assert (await shown(wording={"subject": "{due}", "body": "y"}))[
        "code"
    ] == "notice_place_unknown"


async def test_words_that_nobody_can_fill_in_are_not_kept(
    client: httpx.AsyncClient, mint: Mint, tenant: Tenant
) -> None:
    asking = mint.staff(f"administrator@{tenant.code}")
    value = {"en": {"subject": "Hello {reader}", "body": "{titel} {title}"}}
    path = f"/v1/b/{tenant.code}/settings/notice.ready"
    answer = await client.put(path, json={"value": value}, headers=asking)
    assert (answer.status_code, answer.json()["code"]) == (400, "notice_place_unknown")
    assert answer.json()["unknown"] == ["reader", "titel"]


@pytest.mark.parametrize("subject", ["a\nBcc: evil@example.org", "a\r", "", "x" * 201])
def test_a_subject_is_one_line(subject: str) -> None:
    with pytest.raises(SettingInvalid):
        checked(key_of("notice.ready"), {"zh": {"subject": subject, "body": "b"}})


@pytest.mark.parametrize(
    "written",
    ["{title.__class__}", "{{7*7}}", "{0}", "%(title)s", "${title!r}", "{% if 1 %}x{% endif %}"],
)
def test_words_are_not_run(written: str) -> None:
    own = checked(key_of("notice.ready"), {"zh": {"subject": "s", "body": written}})
    assert own["zh"]["body"] == written
    decided = msgspec.convert(own, Wordings)
    told = worded("ready", "zh", decided, SAMPLE, Scene(HERE, HERE, "http://here"))
    assert told.body == written


async def test_no_title_and_no_name_gets_into_the_headers(
    posting: Posting, database: Database
) -> None:
    evil = "书\r\nBcc: evil@example.org\r\n\r\nbody\u2028\u202ex\x00"
    async with public_work(database.public) as session:
        name = f'{evil}"<evil@example.org>'.replace("\x00", "")
        await session.execute(RENAME, {"name": name, "id": posting.here.id})
    directory: Directory = posting.courier.render.directory
    await directory.refresh(database.app)
    await posting.tell(title=evil.replace("\x00", "\x7f"))
    await posting.round()
    [letter] = posting.office.letters
    assert letter.get_all("Bcc") is None
    assert letter["To"].addresses[0].addr_spec == ADDRESS
    assert letter["From"].addresses[0].addr_spec == "library@example.net"
    assert len(letter["From"].addresses) == 1
    assert letter["Subject"] == "预约书已到：书 Bcc: evil@example.org body x"
    assert sum(word.upper().startswith(b"RCPT") for word in posting.office.words) == 1


@pytest.mark.parametrize(
    ("contact", "address"),
    [
        (None, None),
        ("13800000000", None),
        ("a.b+c@mail.example.org", "a.b+c@mail.example.org"),
        ("手机：13800000000；邮箱：ming@example.org", "ming@example.org"),
        ("<ming@example.org>", "ming@example.org"),
        ("ming@localhost", None),
        ("a..b@example.org", None),
        ("ming@example.org\r\nBcc: x", "ming@example.org"),
        ("ming@exa_mple.org", None),
        (f"{'x' * 65}@example.org", None),
        ("-f/etc/passwd@example.org", "passwd@example.org"),
    ],
)
def test_an_address_is_found_in_what_was_written_down(
    contact: str | None, address: str | None
) -> None:
    assert address_in(contact) == address


def test_what_is_unsure_moves_by_hand_alone() -> None:
    ways = {action for state, action in MOVES if state is State.UNSURE}
    assert ways == {Action.RETRY, Action.DISMISS, Action.DELIVER}
    assert not [state for state, action in MOVES if action is Action.BEGIN and state != "waiting"]
    with pytest.raises(NoticeMoveRefused):
        move(State.SENT, Action.RETRY)


def test_a_kind_tells_what_it_knows_alone() -> None:
    with pytest.raises(PlaceUnknown):
        checked(key_of("notice.overdue"), {"zh": {"subject": "{title}", "body": "b"}})
