"""The tree of branches: who they are, where they stand, how they come and go."""

from pinakes.platform.feature import Feature

feature = Feature(name="registry")
