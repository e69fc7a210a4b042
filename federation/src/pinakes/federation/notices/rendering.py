"""A stored notice in its reader's language and the branch's words."""

from dataclasses import dataclass

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.notices.models import Notice
from pinakes.federation.notices.service import choice_of
from pinakes.federation.notices.wording import SAMPLE, Facts, Scene, worded
from pinakes.platform.directory import Directory, Tenant
from pinakes.tenants.registry.noticing import Wording, Wordings, refuse_unknown
from pinakes.tenants.registry.settings import effective


@dataclass(frozen=True, slots=True)
class Renderer:
    """Knows the branches, and the address of the site."""

    directory: Directory
    site: str

    def scene(self, home: Tenant, pickup: str = "") -> Scene:
        link = f"{self.site}/b/{home.code}/me/loans"
        return Scene(home, self.directory.codes.get(pickup), link)

    async def render(self, session: AsyncSession, row: Notice) -> tuple[str, Wording]:
        """The language, and the words in it."""
        home = self.directory.ids[row.tenant_id]
        facts = msgspec.convert(row.facts, Facts)
        chosen = (await choice_of(session, row.person_id)).language
        language = chosen or (await effective(session, home.id, "notice.language")).value
        decided = await decided_at(session, home, row.kind)
        return language, worded(row.kind, language, decided, facts, self.scene(home, facts.pickup))

    async def preview(
        self,
        session: AsyncSession,
        home: Tenant,
        kind: str,
        language: str,
        wording: Wording | None = None,
    ) -> Wording:
        """What a reader would get by *wording*, or by what holds at the branch now.

        Raises:
            PlaceUnknown: it names something that this kind of notice does not know.
        """
        if wording is None:
            decided = await decided_at(session, home, kind)
        else:
            refuse_unknown(kind, wording)
            decided = Wordings(wording, wording)
        return worded(kind, language, decided, SAMPLE, self.scene(home, home.code))


async def decided_at(session: AsyncSession, home: Tenant, kind: str) -> Wordings:
    """The branch's own words, or those of a branch above it."""
    found = await effective(session, home.id, f"notice.{kind}")
    return msgspec.convert(found.value, Wordings)
