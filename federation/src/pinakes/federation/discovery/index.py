"""The search index: one process writes, any number read and see a commit within a moment."""

from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from uuid import UUID

import msgspec
import tantivy

from pinakes.federation.discovery import answering, generations
from pinakes.federation.discovery.answering import NOWHERE, Hits, Page, Where
from pinakes.federation.discovery.document import Document, schema, tokens
from pinakes.federation.discovery.frequent import Sight
from pinakes.federation.discovery.matching import Matcher
from pinakes.federation.discovery.memory import Memory
from pinakes.federation.discovery.query import Branch, Consortium, Query
from pinakes.federation.discovery.suggesting import Suggestion
from pinakes.platform.errors import Conflict, Unavailable

HEAP = 50_000_000
GLANCE = 0.1  # seconds between two looks for a newer commit


class IndexBusy(Conflict):
    code = "index_busy"
    title = "Another process writes the search index"


class IndexOutdated(Unavailable):
    code = "index_outdated"
    title = "The search index is being rebuilt; try again later"


class Index:
    """The index below a folder. A reader needs no more than ``search``.

    ``rebuild`` gives a new, empty generation with the same verbs; the old one serves until the
    new one's ``publish``. There is *room* to remember so many answers of many titles each.
    """

    def __init__(self, root: Path, generation: str = "", room: int = 0) -> None:
        self._root = root
        self._room = room
        self._fixed = generation
        self._schema = schema()
        self._matcher = Matcher(self._schema)
        self._name = ""
        self._index: tantivy.Index | None = None
        self._sight: Sight | None = None
        self._writer: tantivy.IndexWriter | None = None
        self._written: tantivy.Searcher | None = None  # what the last commit holds
        self._added: set[UUID] = set()  # since then
        self._seen: tuple[str, int] = ("", 0)
        self._looked = float("-inf")

    def page(self, query: Query, *, facets: bool = True) -> Page:
        """What answers the query, as of the last commit; its facets are still being counted.

        Raises:
            IndexOutdated: another version of the program wrote what lies here.
        """
        sight = self._refreshed()
        if sight is None:
            return answering.nothing()
        return answering.page(sight, self._matcher, query, facets=facets)

    def search(self, query: Query, *, facets: bool = True) -> Hits:
        """The same with its facets, unless they are not wanted."""
        found = self.page(query, facets=facets)
        return msgspec.structs.replace(found.hits, facets=found.facets.result())

    def where(self, query: Query) -> Where:
        """Who holds what answers the query, and how much can be borrowed now."""
        sight = self._refreshed()
        return NOWHERE if sight is None else answering.where(sight, self._matcher, query)

    def suggest(self, within: Branch | Consortium, typed: str) -> list[Suggestion]:
        """How what somebody is typing may go on."""
        sight = self._refreshed()
        if sight is None:
            return []
        return answering.suggest(sight.searcher, self._matcher, within, typed)

    def replace(self, documents: Iterable[Document]) -> None:
        """Put these in, each in the place of its former self. Seen after ``commit``."""
        writer = self._writing()
        for document in documents:
            self._delete(writer, document.id)
            if document.branches:
                writer.add_document(tokens(document))
                self._added.add(document.id)

    def add(self, prepared: Iterable[str]) -> None:
        """Put in documents that another process has prepared, and that are new here."""
        writer = self._writing()
        for document in prepared:
            writer.add_json(document)

    def remove(self, ids: Iterable[UUID]) -> None:
        """Take these out. Seen after ``commit``."""
        writer = self._writing()
        for id in ids:
            self._delete(writer, id)

    def commit(self) -> None:
        """Show everything that was put in and taken out since the last commit, in one step."""
        self._writing().commit()
        self._written = None
        self._added.clear()
        self._looked = float("-inf")

    def _delete(self, writer: tantivy.IndexWriter, id: UUID) -> None:
        """Ask first: most documents are new, and each deletion costs every segment a look."""
        if self._index is not None and self._written is None:
            self._index.reload()
            self._written = self._index.searcher()
        known = self._written.doc_freq("id", str(id)) if self._written else 1
        if known or id in self._added:
            writer.delete_documents_by_term("id", str(id))

    def rebuild(self) -> "Index":
        """A new generation, empty and seen by nobody until it is published."""
        self._root.mkdir(parents=True, exist_ok=True)
        return Index(self._root, generations.following(self._root))

    def publish(self) -> None:
        """Let this generation serve from now on, and remove the others."""
        self.commit()
        generations.publish(self._root, self._name)
        generations.sweep(self._root)
        self._fixed = ""

    def is_outdated(self) -> bool:
        """True when there is no index yet or another version of the program wrote it."""
        return generations.is_outdated(generations.current(self._root))

    def close(self) -> None:
        """End writing, and let go of the files."""
        if self._writer is not None:
            self._writer.wait_merging_threads()
        self._writer = self._index = self._sight = self._written = None
        self._added.clear()
        self._seen = ("", 0)

    def _writing(self) -> tantivy.IndexWriter:
        if self._writer is None:
            self._name = self._fixed or self._first_or_current()
            self._index = self._opened(self._name)
            try:
                self._writer = self._index.writer(heap_size=HEAP, num_threads=1)
            except ValueError as error:
                raise IndexBusy("Only the worker writes the search index.") from error
        return self._writer

    def _first_or_current(self) -> str:
        name = generations.current(self._root)
        if name:
            self._refuse_outdated(name)
            return name
        self._root.mkdir(parents=True, exist_ok=True)
        name = generations.following(self._root)
        generations.publish(self._root, name)
        return name

    def _opened(self, name: str) -> tantivy.Index:
        folder = self._root / name
        folder.mkdir(exist_ok=True)
        index = tantivy.Index(self._schema, path=str(folder))
        index.config_reader("manual")
        return index

    def _refreshed(self) -> Sight | None:
        """The index at its last commit, looked for no more often than GLANCE once there is one."""
        now = monotonic()
        if self._sight is not None and now - self._looked < GLANCE:
            return self._sight
        self._looked = now
        name = self._fixed or generations.current(self._root)
        state = self._state(name)
        if state == self._seen or not state[1]:
            return self._sight
        if self._writer is None and name != self._name:
            self._refuse_outdated(name)
            self._name, self._index = name, self._opened(name)
        if self._index is not None:
            self._index.reload()
            self._sight = Sight(self._index.searcher(), Memory(self._room))
        self._seen = state
        return self._sight

    def _state(self, name: str) -> tuple[str, int]:
        try:
            return name, (self._root / name / "meta.json").stat().st_mtime_ns
        except FileNotFoundError:
            return name, 0

    def _refuse_outdated(self, name: str) -> None:
        if generations.is_outdated(name):
            raise IndexOutdated("Rebuild it: pinakes search rebuild.", generation=name)
