"""What words of a request may look like."""


def whole(pattern: str) -> str:
    r"""*pattern* from the first character to the last.

    A bare ``$`` would let a line end follow; ``\Z`` is Python's alone, and clients read this too.
    """
    return rf"^(?:{pattern})$(?!\n)"
