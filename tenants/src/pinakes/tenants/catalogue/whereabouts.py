"""Where a copy is and what it cost, in the words of other systems. Pure."""

WORDS = {
    "processing": "in processing|on order|at bindery|bindery|编目|在编|加工中|在加工|订购中|装订",
    "missing": "missing|not found|缺失|找不到|下落不明",
    "lost": "lost|丢失|遗失|挂失",
    "damaged": "damaged|破损|损坏|污损|修补中",
    "withdrawn": "withdrawn|discarded|weeded|deleted|注销|剔旧|剔除|报废|下架|已注销|已剔除",
}
STATUSES = {word: status for status, words in WORDS.items() for word in words.split("|")}


def status_of(written: str) -> str:
    """The status that a word stands for; a copy of which nothing is known stands on its shelf.

    One that was lent in another system comes home like any other: nobody here has it.
    """
    return STATUSES.get(written.strip().lower(), "on_shelf")


def price_of(written: str) -> str:
    """The price as it is written; nothing where no figure stands behind the currency."""
    return written if any(map(str.isnumeric, written)) else ""
