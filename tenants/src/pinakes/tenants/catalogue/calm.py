"""How much long work leaves to those who are waiting at a desk."""

REST = 0.05  # share of its time that it rests
