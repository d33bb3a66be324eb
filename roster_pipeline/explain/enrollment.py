"""The states of a person in a class, as explanations of people and of classes name them."""

from __future__ import annotations

from roster_pipeline.messages import product

NOT_PLACED = "not placed"
"""The state of a person whom a class lists and who is not enrolled because of a finding."""
PAST = ("ended", "archived")
WAITING = ("pending", "held", "unpublished", NOT_PLACED)
STATES = {
    "published": product.plural("{n:,} published", "{n:,} published"),
    "native": product.plural("{n:,} created in the product", "{n:,} created in the product"),
    "hidden": product.plural("{n:,} hidden", "{n:,} hidden"),
    "pending": product.plural("{n:,} pending", "{n:,} pending"),
    "held": product.plural("{n:,} on hold", "{n:,} on hold"),
    "kept": product.plural("{n:,} kept", "{n:,} kept"),
    "unpublished": product.plural("{n:,} not published yet", "{n:,} not published yet"),
    NOT_PLACED: product.plural("{n:,} not enrolled", "{n:,} not enrolled"),
    "ended": product.plural("{n:,} ended", "{n:,} ended"),
    "archived": product.plural("{n:,} archived", "{n:,} archived"),
}
NOT_ENROLLED = {
    "teacher_is_student": product.mark("listed as a teacher, but a student in Clever, so does not teach here (R4.13)"),
    "student_is_teacher": product.mark("listed as a student, but a teacher in Clever, so is not enrolled here (R4.14)"),
}
"""By finding: why a person whom a class lists is not enrolled."""
