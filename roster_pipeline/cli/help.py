"""Makes `--help` name the values of options in words of an operator instead of types of Python."""

from __future__ import annotations

from functools import partial
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

NAMES = {"int": "NUMBER", "float": "NUMBER", "str": "TEXT", "list[str]": "TEXT", "bool": ""}
PATHS = ("path", "file", "dir")


def with_plain_help(group: TyperGroup) -> TyperGroup:
    """Return the program with help that shows `NUMBER` instead of `<int range> [1<=x<=65535]`."""
    for command in (group, *group.commands.values()):
        assert isinstance(command, TyperCommand | TyperGroup)
        if isinstance(command, TyperGroup) and command is not group:
            with_plain_help(command)
            continue
        context = typer.Context(command)
        for param in command.get_params(context):
            # `min` and `max` of a parameter are only shown. Its type is what checks a value.
            vars(param).update(min=None, max=None, display_type_rich=partial(_name_of, param))
    return group


def _name_of(param: Any, ctx: typer.Context) -> str:
    """Return what stands behind an option in the help: nothing for a flag, the choices, or the kind of value."""
    if param.param_type_name == "argument":
        return ""  # its name is already shown
    if param.metavar is not None:
        return str(param.metavar)
    kind = str(param.display_type(ctx)).strip("<>").removesuffix(" range")
    return "PATH" if kind in PATHS else NAMES.get(kind, kind)
