"""Who works at a branch, and with which rights."""

from pinakes.platform.feature import Feature

feature = Feature(name="staff")
