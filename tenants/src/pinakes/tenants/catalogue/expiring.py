"""Files in the branch's bucket have their time: what came in as an upload, what was made to go out.

The records are in the database, and a new export is soon made; readers' data lies nowhere longer.
What a trial has named goes with its file, sooner behind many others; what it has counted stays.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Text, cast, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.clock import now
from pinakes.platform.db import Database
from pinakes.platform.former import Former
from pinakes.platform.jobs import OPEN, Job
from pinakes.platform.objects import objects
from pinakes.platform.turns import in_turn
from pinakes.tenants.catalogue.exporting import EXPORT, GONE, key_of_export
from pinakes.tenants.catalogue.models import ItemTrouble, Quarantined, Tried, Upload
from pinakes.tenants.catalogue.service import imports, key_of_upload
from pinakes.tenants.catalogue.takeout import TAKEOUT
from pinakes.tenants.catalogue.trying import FORGOTTEN, forget
from pinakes.tenants.registry import placement

KEPT = timedelta(days=7)
AT_ONCE = 100  # files of each kind, and trials, in one turn
TRIALS = 10  # of a branch that keep what they have named, the latest
ROWS = 50_000  # of each table in one turn
NAMED = Quarantined, ItemTrouble, Tried, Former


async def forget_files(database: Database) -> None:
    """Take away what has had its time, in the branches whose turn it is."""
    await in_turn(database, lambda session, _: expire(session))


async def expire(session: AsyncSession) -> None:
    """Take away the files of this branch that are old and that no job reads, and ended trials."""
    await forget(session)
    await forget_trials(session)
    uploads, exports = await old_uploads(session), await old_exports(session)
    if not (uploads or exports):
        return
    files = await placement.store(session, objects())
    for upload in uploads:
        await files.delete(key_of_upload(upload.id))
        upload.gone_at = now()
    for job in exports:
        await files.delete(key_of_export(job.id))
        job.memo = GONE
    await session.flush()


async def old_uploads(session: AsyncSession) -> Sequence[Upload]:
    read = exists().where(Job.state.in_(OPEN), Job.args["upload"].astext == cast(Upload.id, Text))
    there = Upload.gone_at.is_(None)
    rows = select(Upload).where(there, Upload.created_at < func.now() - KEPT, ~read)
    return (await session.scalars(rows.order_by(Upload.id).limit(AT_ONCE))).all()


async def old_exports(session: AsyncSession) -> Sequence[Job]:
    ended = Job.kind.in_((EXPORT, TAKEOUT)), Job.state.not_in(OPEN)
    since = func.coalesce(Job.heartbeat, Job.created_at)
    there = Job.memo["file"].astext.is_distinct_from(GONE["file"])
    rows = select(Job).where(*ended, since < func.now() - KEPT, there)
    return (await session.scalars(rows.order_by(Job.id).limit(AT_ONCE))).all()


async def forget_trials(session: AsyncSession) -> None:
    """Take away what old trials have named; what is left after so many rows goes the next time."""
    trials = await old_trials(session)
    if not trials:
        return
    full = False
    for table in NAMED:
        mine = table.job_id.in_([job.id for job in trials])
        some = select(table.id).where(mine).limit(ROWS)
        gone = await session.scalars(delete(table).where(table.id.in_(some)).returning(table.id))
        full |= len(gone.all()) == ROWS
    for job in () if full else trials:
        job.memo = FORGOTTEN
    await session.flush()


async def old_trials(session: AsyncSession) -> Sequence[Job]:
    """Trials that have ended and still name something: a week ago, or too many others since."""
    tried = imports().where(Job.args["dry_run"].astext == "true", Job.state.not_in(OPEN))
    latest = tried.with_only_columns(Job.id).order_by(Job.id.desc()).limit(TRIALS)
    since = func.coalesce(Job.heartbeat, Job.created_at)
    old = or_(since < func.now() - KEPT, Job.id.not_in(latest))
    there = Job.memo["names"].astext.is_distinct_from(FORGOTTEN["names"])
    return (await session.scalars(tried.where(old, there).order_by(Job.id).limit(AT_ONCE))).all()
