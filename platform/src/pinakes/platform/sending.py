"""What can become of something that is sent out of the house."""


class Unsent(Exception):
    """It did not go as it should; *reason* is a code, and names nobody."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotNow(Unsent):
    """Nothing was taken; a later try may do better."""


class Never(Unsent):
    """Nothing was taken, and no other try would change that."""


class Doubtful(Unsent):
    """Nobody knows whether it was taken: the line broke before the answer came."""
