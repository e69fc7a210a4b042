"""How long to wait before trying again."""

import random


def pause(attempt: int, *, base: float = 0.5, cap: float = 60.0) -> float:
    """Seconds to wait before retry number *attempt* (the first is 0).

    Full jitter: a uniform draw from [0, min(cap, base * 2**attempt)], so that
    many clients failing together do not return together.

    Args:
        attempt: retries already made, 0 or more.
        base: longest first pause, in seconds.
        cap: longest pause ever, in seconds.

    Raises:
        ValueError: *attempt* is negative.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture
    Blog, 2015.
    """
    if attempt < 0:
        raise ValueError(f"attempt must be 0 or more, not {attempt}")
    return random.uniform(0, min(cap, base * 2 ** min(attempt, 32)))  # noqa: S311 (jitter)
