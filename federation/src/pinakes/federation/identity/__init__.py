"""How people log in on pages: a session in a sealed cookie, from the issuer's tokens."""

from pinakes.federation.identity.routes import Login
from pinakes.platform.feature import Feature

feature = Feature(name="identity", entrance=[Login])
