"""Items: the copies on the shelves, each with a barcode and a status."""

from pinakes.platform.feature import Feature
from pinakes.tenants.items.routes import Items

feature = Feature(name="items", routes=[Items])
