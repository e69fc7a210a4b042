"""Who works at a branch, and with which rights."""

from pinakes.platform.feature import Feature
from pinakes.tenants.staff.revocations import forget_expired
from pinakes.tenants.staff.routes import Staff

feature = Feature(name="staff", routes=[Staff], chores=[forget_expired])
