"""Reading a log from its first leaf to its last: the roots it had on the way. Pure."""

from collections.abc import Iterable

from pinakes.federation.ledger import keys, merkle
from pinakes.federation.ledger.keys import Announcement, KeyBroken
from pinakes.federation.ledger.leaves import EVENT, KEY
from pinakes.federation.ledger.merkle import Frontier, Node
from pinakes.platform.words import counted


class Reading:
    """A log that is being read; it remembers its roots at the sizes *marks*."""

    def __init__(self, marks: Iterable[int]) -> None:
        self.marks = set(marks)
        self.tree = Frontier()
        self.roots = {0: merkle.EMPTY}
        self.places: dict[bytes, int] = {}
        self.announcing: list[tuple[int, bytes]] = []
        self.wrong: list[str] = []

    def take(self, data: bytes) -> list[tuple[Node, bytes]]:
        """The next leaf; answers the subtrees that it completes."""
        place, hash = self.tree.size, merkle.leaf_hash(data)
        if data.startswith(KEY):
            self.announcing.append((place, data))
        elif not data.startswith(EVENT):
            self.wrong.append(f"leaf {place} is neither an event nor a key")
        if self.places.setdefault(hash, place) != place:
            self.wrong.append(f"leaf {place} repeats leaf {self.places[hash]}")
        made = list(self.tree.add(hash))
        if self.tree.size in self.marks:
            self.roots[self.tree.size] = self.tree.root
        return made

    def chain(self) -> list[Announcement]:
        """The log's keys; what is wrong with them is written down."""
        try:
            return keys.followed(self.announcing)
        except KeyBroken as broken:
            self.wrong.append(str(broken))
            return []

    def root_differs(self, size: int, root: bytes) -> str | None:
        """Why the first *size* leaves are not those under *root*."""
        if size > self.tree.size:
            return f"it tells of {counted(size, 'leaves')}, and the log gives {self.tree.size}"
        if self.roots[size] != root:
            return f"its root is {root.hex()}, and the leaves make {self.roots[size].hex()}"
        return None
