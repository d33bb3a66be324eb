"""The words of the connection checklist: what each step is, and who has to do what if it is missing."""

from __future__ import annotations

from dataclasses import dataclass

from roster_pipeline.messages import Catalogue, product
from roster_pipeline.product.connection_checklist import ChecklistStep, StepState

STEPS = {
    "connected": (
        product.mark("The district is connected in Clever"),
        product.mark(
            "The district's Clever admin connects the app in Clever. Our account team then connects the district here."
        ),
    ),
    "shared": (
        product.mark("The district shares classes with us"),
        product.mark("The district's Clever admin opens Applications in Clever, then our app, then Edit sharing."),
    ),
    "tier": (
        product.mark("The plan includes class lists"),
        product.mark("Our account team changes the plan. Ask us."),
    ),
    "first_admin": (
        product.mark("The district has an admin here"),
        product.mark("Our account team makes the first admin. Ask us."),
    ),
    "fix_list": (
        product.mark("An admin has looked at the fix list"),
        product.mark("A district admin opens the fix list. This is advice and blocks nothing."),
    ),
    "first_update": (
        product.mark("The first update is done"),
        product.mark("A district admin starts the first update, or waits for the night."),
    ),
}
"""By the name of the step: the step, and what has to be done if it is missing."""
STATES: dict[StepState, tuple[str, str]] = {
    "done": ("good", product.mark("done")),
    "missing": ("wait", product.mark("missing")),
    "unknown": ("muted", product.mark("not known yet")),
}
"""By the state: the kind of its chip, and its word."""


@dataclass(frozen=True)
class ChecklistLine:
    """A step on the screen. `todo` is empty unless the step is missing."""

    name: str
    title: str
    todo: str
    chip: str
    state: str


def describe_step(step: ChecklistStep, words: Catalogue) -> ChecklistLine:
    """Return a step of the checklist in words."""
    title, todo = STEPS[step.name]
    chip, state = STATES[step.state]
    return ChecklistLine(
        step.name, words.text(title), words.text(todo) if step.state == "missing" else "", chip, words.text(state)
    )
