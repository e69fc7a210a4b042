"""What travels over HTTP, and in files, about branches."""

from typing import Annotated, Literal, Self

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from pinakes.platform.words import whole
from pinakes.tenants.registry.machine import Action, Kind, State
from pinakes.tenants.registry.models import Tenant

Code = Annotated[str, Meta(pattern=whole(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]"))]
Name = Annotated[str, Meta(max_length=200)]
LogIn = Annotated[str, Meta(pattern=whole(r"[a-z][a-z0-9._-]{1,39}"))]
Host = Annotated[
    str,
    Meta(max_length=253, pattern=whole(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*")),
]


Zone = Annotated[str, Meta(max_length=60)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Result = Literal["created", "finished", "unchanged"]


class ChildBranch(Struct, forbid_unknown_fields=True, kw_only=True):
    """A branch that wants to stand below the one of the address."""

    code: Code
    kind: Kind
    name_zh: Name = ""
    name_en: Name = ""
    zone: Zone = "Asia/Shanghai"
    host: Host | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    admin: LogIn = "admin"  # the first member of staff logs in as ADMIN@CODE


class NewBranch(ChildBranch, forbid_unknown_fields=True, kw_only=True):
    """A branch that wants to move in, wherever it is to stand."""

    parent: Code | None = None  # its code; a hub has none
    consortium: Code = "main"  # of a hub: the one that it founds; others are in their parent's

    @classmethod
    def below(cls, parent: str, child: ChildBranch) -> Self:
        return cls(parent=parent, **asdict(child))


class ChangedBranch(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is to be different; what is not named stays. A new *parent* moves all below as well."""

    parent: Code | UnsetType = UNSET
    name_zh: Name | UnsetType = UNSET
    name_en: Name | UnsetType = UNSET
    zone: Zone | UnsetType = UNSET
    host: Host | UnsetType | None = UNSET
    latitude: Latitude | UnsetType | None = UNSET
    longitude: Longitude | UnsetType | None = UNSET


class BranchView(Struct):
    """A branch, as everybody may see it."""

    code: str
    kind: Kind
    parent: str | None
    name_zh: str
    name_en: str
    state: State
    zone: str
    host: str | None
    latitude: float | None
    longitude: float | None

    @classmethod
    def of(cls, row: Tenant, parent: str | None) -> Self:
        return cls(
            code=row.code,
            kind=row.kind,
            parent=parent,
            name_zh=row.name_zh,
            name_en=row.name_en,
            state=row.state,
            zone=row.zone,
            host=row.host,
            latitude=row.latitude,
            longitude=row.longitude,
        )


class Progress(Struct):
    """A branch with what is behind it of moving in, and what may be done with it next."""

    branch: BranchView
    steps: dict[str, bool]
    next: list[Action]


class MovedIn(Struct):
    """The answer to a wish; the password is told once, to whoever opens the account."""

    result: Result
    branch: BranchView
    admin: str  # whom to log in as
    password: str | None = None  # must be changed at the first log-in
