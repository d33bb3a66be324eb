"""The sentences of Clever Library that several screens show."""

from __future__ import annotations

from typing import Literal

from roster_pipeline.library.update import LOG_IN_AGAIN, NOT_SHOWN
from roster_pipeline.messages import product

Refusal = Literal["login", "refused"]
MAX_CLASSES = 200
"""The most classes from Clever that one teacher has here. Each is read with a request of its own."""
TOO_MANY = product.mark("You can have at most {n:,} classes from Clever here. Check fewer. Nothing was changed.")
NO_ANSWER = product.mark("Clever did not answer. Nothing was changed. Try again in a minute.")
REFUSALS: dict[Refusal, str] = {"login": LOG_IN_AGAIN, "refused": NOT_SHOWN}
"""What a teacher reads if Clever refuses the update. `counts.refusal` of the sync has the key."""
