"""The sentences of Clever Library that several screens show."""

from __future__ import annotations

from typing import Literal

from roster_pipeline.messages import product

Refusal = Literal["login", "refused"]
LOGIN_AGAIN = product.mark("Clever asks you to log in again before it updates.")
NO_LONGER_SHOWN = product.mark("Clever no longer lets us see your classes. Everything here stays.")
NO_ANSWER = product.mark("Clever did not answer. Nothing was changed. Try again in a minute.")
REFUSALS: dict[Refusal, str] = {"login": LOGIN_AGAIN, "refused": NO_LONGER_SHOWN}
"""What a teacher reads if Clever refuses the update. `counts.refusal` of the sync has the key."""
