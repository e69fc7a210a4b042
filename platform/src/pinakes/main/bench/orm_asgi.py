"""What uvicorn serves as the yardstick: the application with the ORM's checkout."""

from pinakes.main.app import create_app, dress
from pinakes.main.bench import orm
from pinakes.main.features import FEATURES
from pinakes.platform import log
from pinakes.platform.config import settings

OTHERS = [feature for feature in FEATURES if feature.name != "circulation"]

log.set_up()
app = dress(create_app(settings(), [*OTHERS, orm.feature]))
