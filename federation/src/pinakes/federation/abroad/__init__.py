"""Other cells: what is for branches there leaves as signed mail; theirs comes in by one door."""

from pinakes.federation.abroad.carrying import carry_abroad
from pinakes.federation.abroad.routes import Mails
from pinakes.platform.feature import Feature

feature = Feature(name="abroad", common=[Mails], duties=[carry_abroad])
