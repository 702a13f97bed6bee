"""The names of log events; dashboards count them. `logger` says which fields go with them."""

from typing import Final

RUN_STARTED: Final = "run.started"
RUN_FINISHED: Final = "run.finished"
REFRESH_STATE_CHANGED: Final = "refresh.state_changed"
REFRESH_ENDED: Final = "refresh.ended"
