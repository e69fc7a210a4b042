"""Every setting there is: one table. What is not in it cannot be set."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from pinakes.platform.errors import BadRequest, NotFound
from pinakes.platform.identity import Role
from pinakes.tenants.registry.noticing import KINDS, Address, Wordings, refuse_unknown
from pinakes.tenants.registry.sharing import Float, HoldRule, Money, Pause, Policy, Recall, Word

Days = Annotated[int, Meta(ge=0, le=3650)]
Count = Annotated[int, Meta(ge=0, le=1000)]
Agency = Annotated[str, Meta(min_length=1, max_length=40)]
ANY = "*"
Weekday = Annotated[int, Meta(ge=1, le=7)]  # Monday is 1


class SettingUnknown(NotFound):
    code = "setting_unknown"
    title = "There is no such setting"


class SettingInvalid(BadRequest):
    code = "setting_invalid"
    title = "This value does not fit the setting"


class LoanRule(Struct, frozen=True, forbid_unknown_fields=True):
    """How long a kind of reader may keep a kind of item; ``*`` is any, the most specific wins."""

    reader: Word = ANY
    item: Word = ANY
    days: Days = 30  # none: for use in the house
    renewals: Count = 1
    limit: Count | None = None  # items of this rule at a time; null: the overall limit alone

    @property
    def name(self) -> str:
        return f"{self.reader}/{self.item}"


class Key(Struct, frozen=True, kw_only=True):
    """One setting: its type, what holds where nobody decides, and whose role may decide."""

    type: Any
    default: Any
    zh: str
    en: str
    who: Role = Role.ADMINISTRATOR
    check: Callable[[Any], None] | None = None  # raises a Problem of its own


KEYS: Mapping[str, Key] = {
    "loan.rules": Key(
        type=Annotated[list[LoanRule], Meta(max_length=200)],
        default=[
            LoanRule(days=30, renewals=1),
            LoanRule(reader="child", days=21, renewals=1, limit=5),
            LoanRule(item="audio", days=14, renewals=0, limit=3),
            LoanRule(item="reference", days=0, renewals=0),
        ],
        zh="外借规则：读者类型 × 文献类型",
        en="Loan rules: kind of reader by kind of item",
    ),
    "loan.limit": Key(
        type=Count,
        default=10,
        zh="每位读者最多外借册数",
        en="Items that a reader may have at a time",
    ),
    "calendar.closed_weekdays": Key(
        type=Annotated[list[Weekday], Meta(max_length=6)],
        default=[1],
        zh="每周闭馆日（1 = 周一）",
        en="Weekdays on which the branch is closed (1 = Monday)",
    ),
    "calendar.closed_days": Key(
        type=Annotated[list[date], Meta(max_length=400)],
        default=[],
        zh="闭馆日期",
        en="Dates on which the branch is closed",
    ),
    "history.days": Key(
        type=Days,
        default=180,
        zh="归还后借阅记录保留天数",
        en="Days that a returned loan stays in the history",
    ),
    "catalogue.agency": Key(
        type=Agency | None,
        default=None,
        zh="编目机构代码",
        en="Code of the cataloguing agency",
        who=Role.OPERATOR,  # it tells the federation whose a record is
    ),
    "catalogue.aside_mb": Key(
        type=Annotated[int, Meta(ge=0, le=10_000_000)],
        default=10_000,
        zh="上传文件与搁置记录可占用的空间（MB）",
        en="Megabytes that uploaded files and records set aside may take",
        who=Role.OPERATOR,  # it is the operator's disk
    ),
    "lending.policy": Key(
        type=Annotated[list[Policy], Meta(min_length=1, max_length=50)],
        default=[Policy()],
        zh="供书馆选择办法（各附生效日期）",
        en="How suppliers are chosen, each version with the day from which it holds",
    ),
    "supply.answers": Key(
        type=Literal["hand", "automatic"],
        default="hand",
        zh="馆际请求由人工还是自动答复",
        en="Whether requests of other branches are answered by hand or automatically",
    ),
    "supply.pause": Key(
        type=Pause | None,
        default=None,
        zh="暂停外供的日期",
        en="Days on which the branch supplies nobody",
    ),
    "supply.daily_cap": Key(
        type=Count | None,
        default=None,
        zh="每日最多承接的馆际请求",
        en="Requests of other branches that it takes in a day",
    ),
    "supply.courier_days": Key(
        type=Days,
        default=2,
        zh="物流送达天数",
        en="Days that the courier needs from here",
    ),
    "supply.cost": Key(
        type=Money,
        default=0,
        zh="每次外供收费（分）",
        en="What a supply costs the borrowing branch, in cents",
    ),
    "supply.groups": Key(
        type=Annotated[list[Word], Meta(max_length=20)],
        default=[],
        zh="所属互借联盟",
        en="Groups of branches that lend to one another first",
    ),
    "supply.last_resort": Key(
        type=bool,
        default=False,
        zh="是否最后供书馆",
        en="Whether it is asked only when nobody else can supply",
    ),
    "hold.rules": Key(
        type=Annotated[list[HoldRule], Meta(min_length=1, max_length=200)],
        default=[HoldRule(), HoldRule(item="reference", holds=False)],
        zh="预约规则：读者类型 × 文献类型",
        en="Rules of reservation: kind of reader by kind of item",
    ),
    "hold.limit": Key(
        type=Count,
        default=10,
        zh="每位读者最多预约数",
        en="Reservations that a reader may have at a time",
    ),
    "hold.new_days": Key(
        type=Days,
        default=0,
        zh="新书只供本馆的天数",
        en="Days that a new item serves its own branch alone",
    ),
    "hold.local_days": Key(
        type=Days,
        default=0,
        zh="本馆读者优先的天数",
        en="Days that the own readers' reservations go before those of others",
    ),
    "hold.pickup": Key(
        type=Literal["anywhere", "province", "home"],
        default="anywhere",
        zh="可在何处取书",
        en="Where readers of this branch may pick up",
    ),
    "hold.shelf_days": Key(
        type=Days,
        default=7,
        zh="预约书保留天数",
        en="Days that a reserved item waits for its reader",
    ),
    "hold.recall": Key(
        type=Recall,
        default=Recall(),
        zh="催还规则",
        en="When a lent item is called back for those who wait",
    ),
    "item.float": Key(
        type=Float,
        default=Float(),
        zh="还在何处即留在何处的文献",
        en="Items that stay where they are returned",
    ),
    "notice.language": Key(
        type=Literal["zh", "en"],
        default="zh",
        zh="读者未选择时通知用的语言",
        en="Language of notices to readers who have chosen none",
    ),
    "notice.due_days": Key(
        type=Days,
        default=3,
        zh="到期前几天提醒",
        en="Days before the due date on which a reader is reminded",
    ),
    "notice.reply_to": Key(
        type=Address | None,
        default=None,
        zh="读者回信的地址",
        en="Address to which readers answer",
    ),
    **{
        f"notice.{kind}": Key(
            type=Wordings,
            default=Wordings(),
            zh=f"通知文字：{told.zh}",
            en=f"Words of the notice: {told.en}",
            check=partial(refuse_unknown, kind),
        )
        for kind, told in KINDS.items()
    },
}


def key_of(name: str) -> Key:
    """The setting of this name, or SettingUnknown."""
    if name not in KEYS:
        raise SettingUnknown("GET /v1/b/CODE/settings lists them all.")
    return KEYS[name]


def checked(key: Key, value: Any) -> Any:
    """*value* as plain JSON, or SettingInvalid when it is not of the key's type."""
    try:
        told = msgspec.convert(value, key.type)
    except msgspec.ValidationError as error:
        raise SettingInvalid(str(error)) from error
    if key.check is not None:
        key.check(told)
    return msgspec.to_builtins(told)


def defaults() -> str:
    """SQL that brings the database's copy of the defaults up to date."""
    pairs = {name: msgspec.to_builtins(key.default) for name, key in KEYS.items()}
    told = msgspec.json.encode(pairs).decode().replace("'", "''")
    return f"""
        DELETE FROM commons.setting_default;
        INSERT INTO commons.setting_default
        SELECT key, value FROM jsonb_each('{told}'::jsonb);
    """  # noqa: S608  (our own table, quoted above)
