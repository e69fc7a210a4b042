"""Benches: both sides of each ratio in one run, started and ended by the bench itself."""
