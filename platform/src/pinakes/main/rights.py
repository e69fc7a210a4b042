"""Who may do what: the one table. An operation that is not listed stops the build.

An operation is a controller's name and a method's, in lower case; a field of
the graph is ``query.name``. What a role may do at a branch, it may do there
(and, with a starred grant, in the branches below); readers count everywhere.
A starred role is one that reaches the branches below: who acts on those needs
a starred grant, for ``ROLE@CODE`` means that branch alone.
"""

from collections.abc import Mapping

from pinakes.platform.identity import Role

EVERYBODY = "anonymous reader desk cataloguer administrator operator"
STAFF = "desk cataloguer administrator"
DESK = "desk administrator"

TABLE = {
    "health.live": EVERYBODY,
    "health.ready": EVERYBODY,
    "errors.list": EVERYBODY,
    "errorpages.show": EVERYBODY,
    "style.sheet": EVERYBODY,
    "entrance.show": EVERYBODY,
    "branchhome.show": EVERYBODY,
    "cataloguepages.search": EVERYBODY,
    "cataloguepages.record": EVERYBODY,
    "login.begin": EVERYBODY,
    "login.callback": EVERYBODY,
    "login.leave": EVERYBODY,
    "graph.ask": EVERYBODY,
    "query.version": EVERYBODY,
    "tenants.create": "operator",
    "tenants.show": "operator",
    "tenants.change": "operator",
    "tenants.act": "operator",
    "below.create": "administrator* operator",
    "below.show": "administrator* operator",
    "below.act": "administrator* operator",
    "branches.list": EVERYBODY,
    "query.branches": EVERYBODY,
    "query.branch": EVERYBODY,
    "settings.list": f"{STAFF} operator",
    "settings.show": f"{STAFF} operator",
    "settings.decide": "administrator operator",
    "settings.undecide": "administrator operator",
    "staff.list": "administrator operator",
    "staff.add": "administrator operator",
    "staff.change": "administrator operator",
    "staff.remove": "administrator operator",
    "staff.renew_password": "administrator operator",
    "readers.list": DESK,
    "readers.search": DESK,
    "readers.find": DESK,
    "readers.register": DESK,
    "readers.visit": DESK,
    "readers.show": DESK,
    "readers.change": DESK,
    "readers.block": DESK,
    "readers.unblock": DESK,
    "readers.leave": DESK,
    "readers.rejoin": DESK,
    "readers.add_card": DESK,
    "readers.first_pin": DESK,
    "tables.bring": "administrator",
    "tables.lines": "administrator",
    "tables.export": "administrator",
    "cards.replace": DESK,
    "cards.act": DESK,
    "consents.list": "reader",
    "consents.give": "reader",
    "consents.withdraw": "reader",
    "me.show": "reader",
    "me.choose": "reader",
    "me.lose_card": "reader",
    "mycardpages.show": "reader",
    "mycardpages.lose": "reader",
    "query.me": EVERYBODY,
    "items.list": STAFF,
    "items.show": STAFF,
    "items.add": "cataloguer administrator",
    "items.change": "cataloguer administrator",
    "items.act": STAFF,
    "loans.checkout": DESK,
    "loans.list": DESK,
    "loans.show": DESK,
    "loans.renew": "reader desk administrator",
    "returns.scan": DESK,
    "myloans.list": "reader",
    "myloanpages.show": "reader",
    "myloanpages.renew": "reader",
    "deskpages.ready": DESK,
    "deskpages.ready_to_return": DESK,
    "deskpages.scan": DESK,
    "deskpages.take_back": DESK,
    "deskpages.undo": DESK,
    "deskpages.renew": DESK,
    "query.myLoans": "reader",
    "branchsearch.search": EVERYBODY,
    "search.search": EVERYBODY,
    "search.edition": EVERYBODY,
    "query.search": EVERYBODY,
    "query.edition": EVERYBODY,
    "catalogue.upload": "cataloguer administrator",
    "catalogue.start": "cataloguer administrator",
    "catalogue.shelve": "cataloguer administrator",
    "catalogue.undo": "cataloguer administrator",
    "catalogue.kept": STAFF,
    "catalogue.quarantine": STAFF,
    "catalogue.piece": STAFF,
    "catalogue.items": STAFF,
    "catalogue.record": STAFF,
    "catalogue.raw": STAFF,
    "catalogue.suppress": "cataloguer administrator",
    "exports.start": "cataloguer administrator",
    "exports.file": "cataloguer administrator",
    "takeouts.start": "administrator",
    "takeouts.file": "administrator",
    "mendings.show": STAFF,
    "mendings.mend": "cataloguer administrator",
    "duplicates.search": "cataloguer administrator",
    "duplicates.list": STAFF,
    "duplicates.decide": "cataloguer administrator",
    "cataloguingpages.imports": "cataloguer administrator",
    "cataloguingpages.report": "cataloguer administrator",
    "cataloguingpages.quarantine": "cataloguer administrator",
    "cataloguingpages.piece": "cataloguer administrator",
    "cataloguingpages.mend": "cataloguer administrator",
    "cataloguingpages.duplicates": "cataloguer administrator",
    "cataloguingpages.search": "cataloguer administrator",
    "cataloguingpages.decide": "cataloguer administrator",
    "upkeep.withdraw": "cataloguer administrator",
    "upkeep.rederive": "cataloguer administrator",
    "exports.start": "cataloguer administrator",
    "exports.file": "cataloguer administrator",
    "jobs.list": STAFF,
    "jobs.show": STAFF,
    "jobs.cancel": "cataloguer administrator",
}


def known(role: str) -> str:
    """The *role*, starred or not; ValueError stops the build when it is none."""
    Role(role.removesuffix("*"))
    return role


RIGHTS: Mapping[str, frozenset[str]] = {
    operation: frozenset(map(known, roles.split())) for operation, roles in TABLE.items()
}
