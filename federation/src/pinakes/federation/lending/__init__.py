"""Lending between branches: a request and its three parties, each with a machine of its own."""
