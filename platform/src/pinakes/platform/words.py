"""What words of a request may look like, and how commands count things."""


def whole(pattern: str) -> str:
    r"""*pattern* from the first character to the last.

    A bare ``$`` would let a line end follow; ``\Z`` is Python's alone, and clients read this too.
    """
    return rf"^(?:{pattern})$(?!\n)"


def counted(count: int, things: str) -> str:
    """1 record, 2,000 records: in English, as commands speak; *things* is the plural."""
    one = "leaf" if things == "leaves" else things.removesuffix("s")
    return f"{count:,} {one if count == 1 else things}"
