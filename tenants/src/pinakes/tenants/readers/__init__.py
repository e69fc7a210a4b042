"""One reader is one person in the federation; cards and memberships point to the person."""

from pinakes.platform.feature import Feature

feature = Feature(name="readers", functions=__name__)
