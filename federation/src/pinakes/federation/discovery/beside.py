"""Threads that look into the index beside the one that was asked, on whichever core is free."""

from concurrent.futures import ThreadPoolExecutor

BESIDE = ThreadPoolExecutor(4, "beside")
