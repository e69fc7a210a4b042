"""A branch that leaves takes everything along: each table says where it went, or why not."""

from pinakes.main.features import BELONGINGS
from pinakes.platform.db import Base
from pinakes.tenants.catalogue.leaflet import RECORDS

PACKED_WITH_OTHERS = {
    "record": "titles.mrc",
    "authority": "authorities.mrc",
    "card": "readers.jsonl",
    "upload": "imports.jsonl",  # by name: the file is what its owner has sent
}
STAYS = {
    "audit": "who did what here is evidence that stays where it happened",
    "ledger_event": "promises between branches, proved by the ledger",
    "ledger_waiting": "the same, on its way",
    "staff": "accounts of people who work here, not of the branch",
    "notice": "letters that were sent, or void by now",
    "notice_due": "machinery",
    "notice_hook": "an address with a secret of this deployment",
    "former": "what an undo would write back",
    "undo_kept": "counted in imports.jsonl",
    "tried": "what a trial has yet to know, gone with it",
    "reader_line": "lines of an import, empty when it is over",
    "standing": "follows from the reader",
    "onboarding": "how it moved in here",
    "placement": "where its files lie here",
    "alarm": "machinery",
    "job_due": "machinery",
    "inbox": "machinery",
    "inbox_ahead": "machinery",
    "outbox": "machinery",
    "outbox_sequence": "machinery",
    "reply": "machinery",
}


def test_of_every_table_of_a_branch_it_is_said_what_becomes_of_it() -> None:
    packed = {str(table) for one in BELONGINGS for table in one.rows.get_final_froms()}
    tables = {
        table.name
        for table in Base.metadata.tables.values()
        if "tenant_id" in table.c and table.schema != "commons"
    }
    assert tables - packed == STAYS.keys() | PACKED_WITH_OTHERS.keys()
    files = {one.name for one in BELONGINGS} | {name for name, _, _ in RECORDS}
    assert files >= set(PACKED_WITH_OTHERS.values())


def test_every_file_is_told_of_in_both_languages_and_once() -> None:
    names = [one.name for one in BELONGINGS]
    assert len(names) == len(set(names))
    assert all(one.zh and one.en and one.zh != one.en for one in BELONGINGS)
