"""Who is who in the sample consortium; the places are invented."""

from collections.abc import Sequence

from msgspec import Struct

from pinakes.platform.identity import Role
from pinakes.tenants.registry.machine import Kind
from pinakes.tenants.registry.schemas import NewBranch


class Place(Struct, frozen=True):
    """One branch: where it stands, and which of the sample's books it has."""

    code: str
    kind: Kind
    parent: str | None
    zh: str
    en: str
    at: tuple[float, float]  # latitude, longitude
    books: slice | None = None

    def wish(self) -> NewBranch:
        return NewBranch(
            code=self.code,
            kind=self.kind,
            parent=self.parent,
            name_zh=self.zh,
            name_en=self.en,
            latitude=self.at[0],
            longitude=self.at[1],
        )


HUB, PROVINCE, CITY, COUNTY, POINT = Kind

PLACES: Sequence[Place] = (
    Place("hub", HUB, None, "联盟中心图书馆", "Hub Library", (39.95, 116.32), slice(0, 120, 4)),
    Place("jiangyuan", PROVINCE, "hub", "江源省图书馆", "Jiangyuan Provincial Library",
          (30.27, 120.15), slice(0, 120)),
    Place("yunzhou", CITY, "jiangyuan", "云州市图书馆", "Yunzhou City Library",
          (30.02, 120.58), slice(0, 120, 2)),
    Place("lanting", CITY, "jiangyuan", "兰汀市图书馆", "Lanting City Library",
          (29.87, 121.55), slice(1, 120, 2)),
    Place("shuangxi", COUNTY, "yunzhou", "双溪县图书馆", "Shuangxi County Library",
          (29.99, 120.87), slice(0, 120, 3)),
    Place("baishi", COUNTY, "yunzhou", "白石县图书馆", "Baishi County Library",
          (29.71, 120.25), slice(1, 120, 3)),
    Place("meiling", COUNTY, "yunzhou", "梅岭县图书馆", "Meiling County Library",
          (29.5, 120.9), slice(2, 120, 3)),
    Place("yuehu", COUNTY, "lanting", "月湖县图书馆", "Yuehu County Library",
          (29.66, 121.4), slice(0, 120, 5)),
    Place("zhushan", COUNTY, "lanting", "竹杉县图书馆", "Zhushan County Library",
          (29.29, 121.43), slice(3, 120, 5)),
    Place("shuangxi-station", POINT, "shuangxi", "双溪车站服务点", "Shuangxi Station Service Point",
          (29.98, 120.85)),
)  # fmt: skip

STAFF: Sequence[tuple[str, Role]] = (
    ("admin", Role.ADMINISTRATOR),
    ("desk", Role.DESK),
    ("cataloguer", Role.CATALOGUER),
)

READERS: Sequence[tuple[str, str]] = (  # one of each kind for every branch
    ("adult", "陈思远 林晓梅 王建国 赵雅琴 周文博 吴春燕 郑海涛 孙丽华 何志明 许佳音"),
    ("adult", "Mary Thompson,Li Wei,James Carter,Zhang Min,Anna Schmidt,Liu Yang,Peter Novak,"
              "Chen Jie,Laura Rossi,Huang Lei"),
    ("child", "小雨 乐乐 豆豆 安安 晨晨 朵朵 天天 果果 阳阳 可可"),
)  # fmt: skip

OLD_BARCODE = "10001"  # two branches have given it out, as happens
GIVEN_OUT_BY = ("shuangxi", "yuehu")


def readers_of(place: int) -> list[tuple[str, str]]:
    """Kind and name of the readers of the branch with this place in the list."""
    return [
        (kind, (names.split(",") if "," in names else names.split())[place])
        for kind, names in READERS
    ]
