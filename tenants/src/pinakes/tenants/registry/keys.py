"""Every setting there is: one table. What is not in it cannot be set."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from pinakes.platform.errors import BadRequest, NotFound
from pinakes.platform.identity import Role
from pinakes.platform.words import whole

Days = Annotated[int, Meta(ge=0, le=3650)]
Count = Annotated[int, Meta(ge=0, le=1000)]
Word = Annotated[str, Meta(pattern=whole(r"\*|[a-z0-9_-]{1,40}"))]
Agency = Annotated[str, Meta(min_length=1, max_length=40)]
Weekday = Annotated[int, Meta(ge=1, le=7)]  # Monday is 1


class SettingUnknown(NotFound):
    code = "setting_unknown"
    title = "There is no such setting"


class SettingInvalid(BadRequest):
    code = "setting_invalid"
    title = "This value does not fit the setting"


class LoanRule(Struct, forbid_unknown_fields=True):
    """How long a kind of reader may keep a kind of item; ``*`` is any, the most specific wins."""

    reader: Word = "*"
    item: Word = "*"
    days: Days = 30  # none: may not be lent
    renewals: Count = 1
    limit: Count | None = None  # items of this rule at a time; null: the overall limit alone


class Key(Struct, frozen=True, kw_only=True):
    """One setting: its type, what holds where nobody decides, and whose role may decide."""

    type: Any
    default: Any
    zh: str
    en: str
    who: Role = Role.ADMINISTRATOR


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
}


def key_of(name: str) -> Key:
    """The setting of this name, or SettingUnknown."""
    if name not in KEYS:
        raise SettingUnknown("GET /v1/b/CODE/settings lists them all.")
    return KEYS[name]


def checked(key: Key, value: Any) -> Any:
    """*value* as plain JSON, or SettingInvalid when it is not of the key's type."""
    try:
        return msgspec.to_builtins(msgspec.convert(value, key.type))
    except msgspec.ValidationError as error:
        raise SettingInvalid(str(error)) from error


def defaults() -> str:
    """SQL that brings the database's copy of the defaults up to date."""
    pairs = {name: msgspec.to_builtins(key.default) for name, key in KEYS.items()}
    told = msgspec.json.encode(pairs).decode().replace("'", "''")
    return f"""
        DELETE FROM commons.setting_default;
        INSERT INTO commons.setting_default
        SELECT key, value FROM jsonb_each('{told}'::jsonb);
    """  # noqa: S608  (our own table, quoted above)
