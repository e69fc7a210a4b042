"""The party logic under storm: what must never happen does not happen, whatever the seed."""
