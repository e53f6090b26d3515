"""What the source says of fields: the text beneath each, as people who read the code see it."""

import ast
import inspect
import sys
from functools import cache

from pydantic import BaseModel


def comments(kind: type[BaseModel]) -> dict[str, str]:
    """The texts by field, those of bases too."""
    told: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            told |= _in_module(base.__module__).get(base.__name__, {})
    return {name: text for name, text in told.items() if name in kind.model_fields}


@cache
def _in_module(module: str) -> dict[str, dict[str, str]]:
    """By class, and there by field."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: _in_class(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _in_class(node: ast.ClassDef) -> dict[str, str]:
    told = {}
    for statement, following in zip(node.body, node.body[1:], strict=False):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                value=ast.Constant(value=str(text))
            ):
                told[name] = inspect.cleandoc(text)
    return told
