"""What uvicorn serves: ``uvicorn pinakes.main.asgi:app``."""

from pinakes.main.app import create_app, dress
from pinakes.platform import log
from pinakes.platform.config import settings

log.set_up()
app = dress(create_app(settings()))
