"""Holds: who waits for a title, who is asked for it, and where a returned copy goes."""

from pinakes.platform.feature import Feature

feature = Feature(name="holds", functions=__name__)
