"""How `--help` names the values of options: in words of an operator, and not as types of Python."""

from __future__ import annotations

from functools import partial
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

NAMES = {"int": "NUMBER", "float": "NUMBER", "str": "TEXT", "list[str]": "TEXT", "bool": ""}
PATHS = ("path", "file", "dir")


def with_plain_help(group: TyperGroup) -> TyperGroup:
    """Return the program with help that shows `NUMBER` and not `<int range> [1<=x<=65535]`; what is valid stays."""
    for command in (group, *group.commands.values()):
        assert isinstance(command, TyperCommand | TyperGroup)
        context = typer.Context(command)
        for param in command.get_params(context):
            # `min` and `max` of a parameter are only shown; its type holds what is checked.
            vars(param).update(min=None, max=None, display_type_rich=partial(_name_of, param))
    return group


def _name_of(param: Any, ctx: typer.Context) -> str:
    """What stands behind an option: nothing behind a flag, the choices, or what kind of value it takes."""
    if param.param_type_name == "argument":
        return ""  # whose name is shown already
    if param.metavar is not None:
        return str(param.metavar)
    kind = str(param.display_type(ctx)).strip("<>").removesuffix(" range")
    return "PATH" if kind in PATHS else NAMES.get(kind, kind)
