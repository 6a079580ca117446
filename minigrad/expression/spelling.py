"""Mathematical spellings that an expression does not have, such as 2x, x² and |x|, and how to write them here."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Collection
from typing import NamedTuple

from minigrad.expression.sizes import BOUNDS

WORD = r"[^\W\d²³¹⁰⁴-⁹](?:(?![²³¹⁰⁴-⁹])\w)*"
TOKEN = re.compile(rf"\s*(?:((?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|({WORD})|('[^']*'|\"[^\"]*\")|(\*\*|//|[<>=!]=|\S))")
OPERATORS = dict.fromkeys("·×⋅∙•\u2217", "*") | dict.fromkeys("÷\u2215", "/") | dict.fromkeys("−\u2013\u2014", "-")
OPERATORS |= {"≤": "<=", "≥": ">=", "≠": "!="}
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True))
SYMBOLS = {"∞": "inf", "∑": "sum(x)", "∏": "prod(x)", "‖": "norm(x)"}

# Names of operations and constants elsewhere, and the spelling here.
FUNCTIONS = {f"a{f}": f"arc{f}" for f in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}
FUNCTIONS |= {"arctg": "arctan", "atan2": "arctan2", "tg": "tan", "sh": "sinh", "ch": "cosh", "th": "tanh"}
FUNCTIONS |= {"ln": "log", "lg": "log10", "ld": "log2", "sqr": "square", "sgn": "sign", "signum": "sign", "pow": "power"}
FUNCTIONS |= {"mod": "remainder", "fabs": "abs", "absolute": "abs", "magnitude": "abs", "avg": "mean", "inv": "reciprocal"}
FUNCTIONS |= {"sigma": "sigmoid", "logistic": "sigmoid", "mul": "multiply", "sub": "subtract", "div": "divide"}
FUNCTIONS |= {"neg": "negative", "mm": "matmul", "cat": "concatenate", "clamp": "clip", "view": "reshape", "mse": "mse_loss"}
FORMULAS = {
    "sec": "1/cos(x)",
    "csc": "1/sin(x)",
    "cosec": "1/sin(x)",
    "cot": "1/tan(x)",
    "ctg": "1/tan(x)",
    "root": "x**(1/n)",
}
FORMULAS |= {"Σ": "sum(x)", "Π": "prod(x)"}
CONSTANTS = {"π": "pi", "Pi": "pi", "PI": "pi", "infinity": "inf", "Infinity": "inf", "NaN": "nan", "Inf": "inf"}


class Advice(NamedTuple):
    """The spelling that works, and its place in the source."""

    message: str
    column: int
    width: int


class _Token(NamedTuple):
    text: str
    kind: int  # the group of TOKEN: 1 number, 2 name, 3 text, 4 symbol
    start: int
    end: int


def advice(source: str) -> Advice | None:
    """The first spelling in an expression that is mathematics, but not written so here; None if there is none.

    Examples
    --------
    >>> advice("1 + 2x").message, advice("1 + 2x").column
    ('write 2*x', 4)
    >>> [advice(text).message for text in ("x²", "|x - 1|", "√x", "sin x", "(x+1)(x-1)", "x·y")]
    ['write x**2', 'write abs(x - 1)', 'write sqrt(x)', 'write sin(x)', 'write (x+1)*(x-1)', 'write x*y']
    >>> advice("x + ")
    """
    tokens = [
        _Token(m[m.lastindex or 0], m.lastindex or 0, m.start(m.lastindex or 0), m.end()) for m in TOKEN.finditer(source)
    ]
    for i, token in enumerate(tokens):
        if token.kind == 4 and (message := _of_symbol(source, tokens, i)):
            return Advice(message, token.start, len(token.text))
        if i and _ends(tokens[i - 1]) and _starts(token):
            before = tokens[i - 1]
            if before.kind == 2 and token.text == "(":
                continue  # a call
            if before.kind == 2 and before.text in BOUNDS:
                return Advice(f"write {before.text}({_term(source, tokens, i)})", before.start, token.end - before.start)
            start = before.start if before.end == token.start and before.kind == 1 else token.start
            text = f"write {_before(source, tokens, i)}*{_term(source, tokens, i)}"
            return Advice(text, start, token.end - start)
    return None


def _of_symbol(source: str, tokens: list[_Token], i: int) -> str | None:
    """The spelling that works for a symbol of mathematics."""
    symbol = tokens[i].text
    if symbol in OPERATORS:
        return f"write {_before(source, tokens, i)}{OPERATORS[symbol]}{_operand(source, tokens, i + 1)[0]}"
    if symbol in SUPERSCRIPTS:
        return f"write {_before(source, tokens, i)}**{SUPERSCRIPTS[symbol]}"
    if symbol == "^":
        return f"a power is written **: write {_before(source, tokens, i)}**{_operand(source, tokens, i + 1)[0]}"
    if symbol in "√∛":
        operand = _operand(source, tokens, i + 1)[0]
        inside = operand[1:-1] if operand.startswith("(") else operand
        return f"write {'sqrt' if symbol == '√' else 'cbrt'}({inside})"
    if symbol == "|":
        bars = [t for t in tokens[i + 1 :] if t.text == "|"]
        return f"write abs({source[tokens[i].end : bars[0].start].strip() if bars else 'x'})"
    return f"write {SYMBOLS[symbol]}" if symbol in SYMBOLS else None


def unknown_operation(name: str) -> str:
    """The message for a call of something that is not an operation."""
    known = FUNCTIONS.get(name) or FUNCTIONS.get(name.lower()) or (name.lower() if name.lower() in BOUNDS else None)
    if name in FORMULAS:
        return f"unknown operation {name!r}; write {FORMULAS[name]}"
    if close := [known] if known else difflib.get_close_matches(name, sorted(BOUNDS), 1, 0.7):
        return f"unknown operation {name!r}; did you mean {close[0]}?"
    if len(name) <= 2:
        return f"unknown operation {name!r}; write a product as {name}*(...)"
    return f"unknown operation {name!r}; minigrad --help lists the operations"


def unknown_name(name: str, names: Collection[str]) -> str | None:
    """A hint for a name without a value: a constant or operation in another spelling, or a product of names."""
    if name in CONSTANTS:
        return f"did you mean {CONSTANTS[name]}?"
    if name in FUNCTIONS or name.lower() in BOUNDS:
        return f"did you mean {FUNCTIONS.get(name, name.lower())}(...)?"
    if len(name) > 1 and all(letter in names for letter in name):
        return f"write a product as {'*'.join(name)}"
    if close := difflib.get_close_matches(name, names, 1):
        return f"did you mean {close[0]}?"
    close = difflib.get_close_matches(name, sorted(BOUNDS), 1, 0.75) if len(name) > 2 else []
    return f"did you mean {close[0]}(...)?" if close else None


def _ends(token: _Token) -> bool:
    """True if an operand may end with this token."""
    return token.text in (")", "]") or (token.kind in (1, 2) and not keyword.iskeyword(token.text))


def _starts(token: _Token) -> bool:
    """True if an operand may start with this token."""
    return token.text == "(" or (token.kind in (1, 2) and not keyword.iskeyword(token.text))


def _before(source: str, tokens: list[_Token], i: int) -> str:
    """The operand that ends before token `i`; "x" if there is none."""
    if not i or not (_ends(tokens[i - 1]) or tokens[i - 1].text == "|"):
        return "x"
    k, depth = i - 1, 0
    while True:
        depth += (tokens[k].text in (")", "]")) - (tokens[k].text in ("(", "["))
        called = k and tokens[k].text in ("(", "[") and _ends(tokens[k - 1]) and tokens[k - 1].kind != 1
        if not k or (not depth and not (called and tokens[k].start == tokens[k - 1].end)):
            return source[tokens[k].start : tokens[i - 1].end]
        k -= 1


def _operand(source: str, tokens: list[_Token], i: int) -> tuple[str, int]:
    """The operand that starts with token `i`, a call with its arguments, and the token behind it; "x" if there is none."""
    first = i + (i < len(tokens) and tokens[i].text in ("-", "+"))
    if first >= len(tokens) or not _starts(tokens[first]):
        return "x", i
    k, depth = first, 0
    while k < len(tokens):
        depth += (tokens[k].text in ("(", "[")) - (tokens[k].text in (")", "]"))
        called = k + 1 < len(tokens) and tokens[k + 1].text in ("(", "[") and tokens[k + 1].start == tokens[k].end
        k += 1
        if not depth and not (called and tokens[k - 1].kind == 2):
            break
    return source[tokens[i].start : tokens[k - 1].end], k


def _term(source: str, tokens: list[_Token], i: int) -> str:
    """The product that starts with token `i`: operands side by side without a space, as in 2x."""
    text, k = _operand(source, tokens, i)
    while i < k < len(tokens) and tokens[k].start == tokens[k - 1].end and _starts(tokens[k]):
        more, k = _operand(source, tokens, k)
        text += f"*{more}"
    return text
