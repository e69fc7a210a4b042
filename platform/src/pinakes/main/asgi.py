"""What uvicorn serves: ``uvicorn pinakes.main.asgi:app``."""

import gc
import sys

from pinakes.main.app import create_app, dress
from pinakes.platform import log, text
from pinakes.platform.config import settings

TURN = 0.001  # seconds; who comes back from the search index need not wait five times as long

log.set_up()
app = dress(create_app(settings()))
text.sort_key("书")  # reads the dictionaries: else the first who makes a slip waits for them
gc.freeze()  # what is loaded by now stays: no collection need look at it again
sys.setswitchinterval(TURN)
