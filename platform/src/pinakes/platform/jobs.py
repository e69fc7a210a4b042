"""Long work: seen while it runs, cancelled when asked, taken up again after a crash."""

from collections.abc import Awaitable, Callable

type Handler = Callable[..., Awaitable[None]]
